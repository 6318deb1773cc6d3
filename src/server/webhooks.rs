//! The webhook listener: `POST /webhooks/{connector}`, raw bytes to the [`View`], and an answer
//! that tells a stranger nothing.
//!
//! 200 only after what the request said is durable. One 401 for every doubt about the sender.
//! 503 with `Retry-After` when nothing could be kept: senders come again.

use super::listener::Limits;
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
        .route("/webhooks/{connector}", post(receive))
        .layer(DefaultBodyLimit::max(limits.most_body))
        .with_state(Shared {
            view,
            limits: limits.clone(),
        })
}

async fn receive(State(shared): State<Shared>, Path(connector): Path<String>, request: Request) -> Response {
    let received_at = omnistock_sdk::now();
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
    let body = match timeout(shared.limits.body, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => body,
        Ok(Err(refused)) => return plain(refused.status(), "the body can't be taken"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
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
