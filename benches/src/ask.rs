//! Answers of our own processes.

use anyhow::Result;
use serde::de::DeserializeOwned;

/// Sends and reads the answer, which is JSON.
#[allow(
    clippy::disallowed_methods,
    reason = "both ends are ours: the body is as long as we made it"
)]
pub(crate) async fn json<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}

/// The same as text.
#[allow(
    clippy::disallowed_methods,
    reason = "both ends are ours: the body is as long as we made it"
)]
pub(crate) async fn text(request: reqwest::RequestBuilder) -> Result<String> {
    Ok(request.send().await?.error_for_status()?.text().await?)
}
