//! Writes that are left alone or land late.

use super::Shared;
use super::records::WriteTrouble;
use super::server::carry_out;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use std::sync::Arc;

/// Whether this write is not to be answered, and not carried out yet; one that lands late is carried out in its time.
pub(super) fn keeps_back(shared: &Arc<Shared>, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> bool {
    let writes = shared.shop().faults.writes;
    match writes {
        None | Some(WriteTrouble::NeverAnswered) => false,
        Some(WriteTrouble::NeverDone) => true,
        Some(WriteTrouble::LandsLate(after)) => {
            let (method, uri, headers, body) = (method.clone(), uri.clone(), headers.clone(), body.clone());
            shared.later(after, move |shop| drop(carry_out(shop, &method, &uri, &headers, &body)));
            true
        }
    }
}
