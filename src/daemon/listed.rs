//! Which listings a SKU has on a channel.

use super::explain::away;
use super::view::DaemonView;
use crate::delivery::decode_listing;
use crate::server::ApiError;
use crate::store::{Key, Kind};
use omnistock_planner::{ListingDocument, document_prefix};
use omnistock_words::{ChannelName, Sku};
use std::time::Duration;

/// Pages of a search, at most.
const PAGES: usize = 1_000;
/// A worker at work answers between two rounds; beyond that the store is searched.
const NAMED: Duration = Duration::from_secs(1);

/// The listings of a SKU on a channel: its worker names them; where none is at work, all are read.
pub(super) async fn listings(
    view: &DaemonView,
    channel: &ChannelName,
    sku: &Sku,
) -> Result<Vec<ListingDocument>, ApiError> {
    let Some(named) = named(view, channel, sku).await else {
        return searched(view, channel, sku).await;
    };
    let keys: Vec<Key> = named.into_iter().map(|id| Key::new(Kind::Listing, id)).collect();
    let stored = view.house.store.load(&keys).await.map_err(|error| away(&error))?;
    let documents = stored.iter().filter_map(|stored| decode_listing(&stored.bytes).ok());
    Ok(documents.filter(|listing| listing.sku.as_ref() == Some(sku)).collect())
}

/// The ids of a SKU's listings, from the worker that knows them.
async fn named(view: &DaemonView, channel: &ChannelName, sku: &Sku) -> Option<Vec<String>> {
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
