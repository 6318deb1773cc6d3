//! Fetching a file: only if it changed, and only as a whole.

use super::client::{Answer, Http};
use crate::ConnectorError;
use reqwest::Version;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};

/// What a conditional request brought.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// 304: what the request's headers name is still the present one.
    Unchanged,
    /// 200, with a body of which the end is proven.
    Whole(Answer),
}

impl Http {
    /// Sends a request whose answer is a file; `If-None-Match` and `If-Modified-Since` are the caller's. A body that
    /// ends with its connection is refused: where that broke, it would look the same. Other statuses are errors as
    /// for [`Http::send`], and so is any 2xx but 200.
    pub async fn fetch(&self, request: reqwest::RequestBuilder) -> Result<Fetched, ConnectorError> {
        // As it is: behind a compressed one its own length can't be seen any more.
        let request = request.header(ACCEPT_ENCODING, "identity");
        crate::learn::requested();
        let response = request.send().await.map_err(|error| Self::transport(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        crate::clock::note(&headers);
        let ends = ends(response.version(), &headers);
        if status == 304 {
            return Ok(Fetched::Unchanged);
        }
        let body = self.body(response).await?;
        match status {
            200 if ends => Ok(Fetched::Whole(Answer { status, headers, body })),
            200 => Err(ConnectorError::unknown(
                "the answer does not say where it ends (neither Content-Length nor chunked, or compressed without being \
                 asked to): it could be cut off and is not taken",
            )),
            201..300 => Err(ConnectorError::unknown(format!(
                "answer {status} is not the whole file, which has status 200"
            ))),
            _ => Err(Self::refused(status, &headers, &body)),
        }
    }
}

/// Whether the end of the body can be told from a broken connection.
fn ends(version: Version, headers: &HeaderMap) -> bool {
    version >= Version::HTTP_2 || headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}
