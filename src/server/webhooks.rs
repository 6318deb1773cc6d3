//! The webhook listener: `POST /webhooks/{connector}`, raw bytes to the [`View`], and an answer
//! that tells a stranger nothing.
//!
//! 200 only after what the request said is durable. One 401 for every doubt about the sender.
//! 503 with `Retry-After` when nothing could be kept: senders come again.

use super::listener::Limits;
use super::places::Place;
use super::{View, WebhookAnswer};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use omnistock_sdk::RawRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

#[derive(Clone)]
struct Shared {
    view: Arc<dyn View>,
    limits: Limits,
}

/// The routes of the webhook listener.
pub fn router(view: Arc<dyn View>, limits: &Limits) -> Router {
    Router::new()
        .route("/webhooks/{connector}", post(receive).get(challenge))
        .layer(DefaultBodyLimit::max(limits.most_body))
        .with_state(Shared {
            view,
            limits: limits.clone(),
        })
}

/// A vendor asks whether this address is ours. To others it is as if there were nothing to `GET`.
async fn challenge(State(shared): State<Shared>, Path(connector): Path<String>, request: Request) -> Response {
    reply(&shared, &connector, request.uri().query()).unwrap_or_else(|| StatusCode::METHOD_NOT_ALLOWED.into_response())
}

fn reply(shared: &Shared, connector: &str, query: Option<&str>) -> Option<Response> {
    let reply = shared.view.challenge(connector, query?)?;
    Some(([(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response())
}

async fn receive(State(shared): State<Shared>, Path(connector): Path<String>, request: Request) -> Response {
    let received_at = omnistock_sdk::now();
    let place = request.extensions().get::<Arc<Place>>().cloned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    if announced(&request).is_some_and(|length| length > shared.limits.most_body) {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body can't be taken");
    }
    let body = match timeout(shared.limits.body, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(refused)) => return plain(refused.status(), "the body can't be taken"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    // Whole now: from here on nobody takes the place of this connection.
    let _answering = place.as_ref().map(Place::answering);
    if body.is_empty()
        && let Some(reply) = reply(&shared, &connector, Some(query.as_str()))
    {
        return reply;
    }
    let raw = RawRequest {
        headers,
        query,
        body,
        received_at,
    };
    let busy = WebhookAnswer::Busy {
        retry_after: Duration::from_secs(5),
    };
    answer(
        timeout(shared.limits.answer, shared.view.webhook(&connector, raw))
            .await
            .unwrap_or(busy),
    )
}

/// How long the body is said to be: one that is too long is not waited for.
fn announced(request: &Request) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    // What is no number of ours is larger than any.
    Some(length.to_str().ok()?.parse().unwrap_or(usize::MAX))
}

fn answer(answer: WebhookAnswer) -> Response {
    match answer {
        WebhookAnswer::Accepted => StatusCode::OK.into_response(),
        WebhookAnswer::Unauthorized => plain(StatusCode::UNAUTHORIZED, "not accepted"),
        WebhookAnswer::NotFound => plain(StatusCode::NOT_FOUND, "not found"),
        WebhookAnswer::BadRequest => plain(StatusCode::BAD_REQUEST, "not understood"),
        WebhookAnswer::Busy { retry_after } => {
            let seconds = retry_after.as_secs().max(1).to_string();
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, seconds)],
                "come again later\n",
            )
                .into_response()
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, format!("{text}\n")).into_response()
}
