//! Answers of our own processes as JSON.

use anyhow::Result;
use serde::de::DeserializeOwned;

/// Sends and reads the answer.
#[allow(
    clippy::disallowed_methods,
    reason = "both ends are ours: the body is as long as we made it"
)]
pub(crate) async fn json<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}
