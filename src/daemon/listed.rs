//! Which listings a SKU has on a channel.

use super::explain::away;
use super::view::DaemonView;
use crate::delivery::{FoundListing, decode_listing};
use crate::server::ApiError;
use crate::store::{Key, Kind};
use omnistock_planner::{ListingDocument, document_prefix};
use omnistock_words::{ChannelName, Sku};
use std::time::Duration;

/// Pages of a search, at most.
const PAGES: usize = 1_000;
/// A worker at work answers between two rounds; beyond that the store is searched.
const NAMED: Duration = Duration::from_secs(1);

/// A listing, with what its worker is about to do.
pub(super) struct Listed {
    pub(super) document: ListingDocument,
    /// See [`FoundListing`]; a worker that is not at work does nothing.
    pub(super) dirty: bool,
    pub(super) in_flight: bool,
}

/// The listings of a SKU on a channel: its worker names them; where none is at work, all are read.
pub(super) async fn listings(view: &DaemonView, channel: &ChannelName, sku: &Sku) -> Result<Vec<Listed>, ApiError> {
    let Some(named) = named(view, channel, sku).await else {
        let idle = |document| Listed {
            document,
            dirty: false,
            in_flight: false,
        };
        return Ok(searched(view, channel, sku).await?.into_iter().map(idle).collect());
    };
    let key = |found: &FoundListing| Key::new(Kind::Listing, found.document.clone());
    let keys: Vec<Key> = named.iter().map(key).collect();
    let stored = view.house.store.load(&keys).await.map_err(|error| away(&error))?;
    let listed = named.into_iter().zip(stored).filter_map(|(found, stored)| {
        Some(Listed {
            document: decode_listing(&stored.bytes).ok()?,
            dirty: found.dirty,
            in_flight: found.in_flight,
        })
    });
    Ok(listed
        .filter(|listed| listed.document.sku.as_ref() == Some(sku))
        .collect())
}

/// A SKU's listings, from the worker that knows them.
async fn named(view: &DaemonView, channel: &ChannelName, sku: &Sku) -> Option<Vec<FoundListing>> {
    let there = view.house.channels.get(channel)?;
    let answer = there.board.find(std::slice::from_ref(sku))?;
    there.wake.notify_one();
    tokio::time::timeout(NAMED, answer).await.ok()?.ok()?.pop()
}

async fn searched(view: &DaemonView, channel: &ChannelName, sku: &Sku) -> Result<Vec<ListingDocument>, ApiError> {
    let prefix = document_prefix(channel);
    let (mut after, mut found) = (Some(prefix.clone()), Vec::new());
    for _ in 0..PAGES {
        let page = view
            .house
            .store
            .scan(Kind::Listing, after.as_deref(), 1_000)
            .await
            .map_err(|error| away(&error))?;
        let own = page.iter().take_while(|(id, _)| id.starts_with(&prefix));
        found.extend(
            own.filter_map(|(_, stored)| decode_listing(&stored.bytes).ok())
                .filter(|l| l.sku.as_ref() == Some(sku)),
        );
        match page.last() {
            Some((id, _)) if page.len() == 1_000 && id.starts_with(&prefix) => after = Some(id.clone()),
            _ => break,
        }
    }
    Ok(found)
}
