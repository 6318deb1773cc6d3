//! Answers that are none, and writes that are left alone or land late.

use super::Shared;
use super::answer::Reply;
use super::records::{Trouble, WriteTrouble};
use super::server::{answer, page, respond};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Method, Response, Uri, header};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

/// The answer in place of the one that was asked for; `None` where the call is carried out all the same.
pub(super) fn in_place(trouble: Trouble) -> Option<Response<Body>> {
    Some(match trouble {
        Trouble::Throttled(None) => page(429, "<html><body><h1>429 Too Many Requests</h1></body></html>"),
        Trouble::Throttled(Some(seconds)) => {
            let mut reply = Reply::error(429, "too_many_requests", "Too many requests.");
            reply.headers.push(("retry-after", seconds.to_string()));
            respond(reply)
        }
        Trouble::ServerError => respond(Reply::error(
            500,
            "internal_server_error",
            "<p>There has been a critical error on this website.</p>",
        )),
        Trouble::Page => page(200, "<!DOCTYPE html><title>Just a moment...</title>"),
        Trouble::EmptyObject => respond(Reply::ok(serde_json::json!({}))),
        Trouble::Redirect => {
            let mut response = page(301, "<html><body>Moved.</body></html>");
            let location = HeaderValue::from_static("http://elsewhere.example.test/");
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Trouble::CutOff => return None,
    })
}

/// The first half of an answer.
pub(super) async fn cut_off(response: Response<Body>) -> Response<Body> {
    let (parts, mut body) = response.into_parts();
    let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
    let whole = frame
        .and_then(Result::ok)
        .and_then(|frame| frame.into_data().ok())
        .unwrap_or_default();
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}

/// Whether this write is not to be answered, and not carried out yet; one that lands late is carried out in its time.
pub(super) fn keeps_back(shared: &Arc<Shared>, method: &Method, uri: &Uri, body: &Bytes) -> bool {
    let writes = shared.shop().faults.writes.filter(|_| method != Method::GET);
    match writes {
        None | Some(WriteTrouble::NeverAnswered) => false,
        Some(WriteTrouble::NeverDone) => true,
        Some(WriteTrouble::LandsLate(after)) => {
            let (late, method, uri, body) = (Arc::clone(shared), method.clone(), uri.clone(), body.clone());
            shared.late.spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(after) => drop(answer(&mut late.shop(), &method, &uri, &body)),
                    () = late.stopping.cancelled() => {}
                }
            });
            true
        }
    }
}
