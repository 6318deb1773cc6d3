//! What every vendor's simulator is and can be made to do wrong, in one form: a server, answers that are none, and
//! writes that are left alone.

mod server;
#[cfg(test)]
mod server_tests;

pub use server::{Server, Site};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// Stands in every credential that a simulator takes or hands out: where it is seen anywhere else, one got out.
pub const CANARY: &str = "c0ffee5ec4e7";

/// What every call is answered with, in place of what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused for now, with the seconds after which to come back where the vendor says them.
    Throttled(Option<u64>),
    /// The vendor's own 500; nothing is carried out.
    ServerError,
    /// 200 and a web page; nothing is carried out.
    Page,
    /// 200 and `{}`; nothing is carried out.
    EmptyObject,
    /// A redirect to another host; nothing is carried out.
    Redirect,
    /// It is carried out, and the answer ends in the middle.
    CutOff,
}

/// What becomes of writes that are left without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteTrouble {
    /// They are not carried out.
    NeverDone,
    /// They are carried out at once.
    NeverAnswered,
    /// They are carried out after this long, whether or not anybody still waits.
    LandsLate(Duration),
}

impl Trouble {
    /// The answer in place of the one that was asked for; `None` where the call is carried out all the same.
    /// `own` is the vendor's 500. Throttling is 429, as a proxy in front of any vendor answers.
    pub fn answer(self, own: impl FnOnce() -> Response<Body>) -> Option<Response<Body>> {
        Some(match self {
            Self::Throttled(None) => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response(),
            Self::Throttled(Some(seconds)) => {
                let after = [(header::RETRY_AFTER, seconds.to_string())];
                (StatusCode::TOO_MANY_REQUESTS, after, "Too Many Requests").into_response()
            }
            Self::ServerError => own(),
            Self::Page => {
                let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
                (html, "<!DOCTYPE html><title>Just a moment...</title>").into_response()
            }
            Self::EmptyObject => ([(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
            Self::Redirect => {
                let to = [(header::LOCATION, "http://elsewhere.example.test/")];
                (StatusCode::FOUND, to).into_response()
            }
            Self::CutOff => return None,
        })
    }
}

/// The body of an answer that was made in one piece, as simulators make theirs.
pub async fn body_of(mut body: Body) -> Bytes {
    let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
    let data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok());
    data.unwrap_or_default()
}

/// The first half of an answer.
pub async fn cut_off(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = body_of(body).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}
