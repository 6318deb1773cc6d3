//! Answers that are none, and writes that are left alone or land late.

use super::Shared;
use super::records::{Trouble, WriteTrouble};
use super::server::{broken, carry_out};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

/// The answer in place of the one that was asked for; `None` where the call is carried out all the same.
pub(super) fn answer(trouble: Trouble) -> Option<Response> {
    Some(match trouble {
        Trouble::Throttled(None) => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response(),
        Trouble::Throttled(Some(seconds)) => {
            let after = [(header::RETRY_AFTER, seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after, "Too Many Requests").into_response()
        }
        Trouble::ServerError => broken(),
        Trouble::Page => {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (html, "<!DOCTYPE html><title>Back soon</title>").into_response()
        }
        Trouble::EmptyObject => ([(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
        Trouble::Redirect => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://elsewhere.example.test/")],
        )
            .into_response(),
        Trouble::CutOff => return None,
    })
}

/// The first half of an answer.
pub(super) async fn cut_off(response: Response) -> Response {
    let (mut parts, mut body) = response.into_parts();
    let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
    let whole = frame
        .and_then(Result::ok)
        .and_then(|frame| frame.into_data().ok())
        .unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}

/// Whether this write is not to be answered, and not carried out yet; one that lands late is carried out in its time.
pub(super) fn keeps_back(shared: &Arc<Shared>, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> bool {
    let writes = shared.shop().faults.writes;
    match writes {
        None | Some(WriteTrouble::NeverAnswered) => false,
        Some(WriteTrouble::NeverDone) => true,
        Some(WriteTrouble::LandsLate(after)) => {
            let (late, method, uri, headers, body) = (
                Arc::clone(shared),
                method.clone(),
                uri.clone(),
                headers.clone(),
                body.clone(),
            );
            shared.late.spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(after) => drop(carry_out(&mut late.shop(), &method, &uri, &headers, &body)),
                    () = late.stopping.cancelled() => {}
                }
            });
            true
        }
    }
}
