//! All articles that channels list, some at a time, with their listings on every channel. The channels' workers name
//! these: so nothing has to be sorted by article, and memory holds one page, whatever the catalogue has.

use super::explain::away;
use super::view::{ChannelView, DaemonView};
use crate::delivery::{FoundListing, FoundListings, decode_listing};
use crate::server::ApiError;
use crate::store::{Key, Kind};
use omnistock_planner::ListingDocument;
use omnistock_words::{ChannelName, Sku};
use std::time::Duration;
use tokio::sync::oneshot::Receiver;
use tokio::time::Instant;

/// Articles of a page.
const ARTICLES: usize = 200;
/// Documents in one read of the store.
const DOCUMENTS: usize = 1_000;
/// A worker that begins anew knows its listings by then.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two questions to one that does not know them yet.
const AGAIN: Duration = Duration::from_millis(50);

/// The listings of some articles at one channel, in the order of the articles.
pub(super) struct Listings<'a> {
    pub(super) channel: &'a ChannelName,
    pub(super) of: Vec<Vec<ListingDocument>>,
}

/// Some articles.
pub(super) struct Page<'a> {
    pub(super) skus: Vec<Sku>,
    pub(super) channels: Vec<Listings<'a>>,
}

/// The way from page to page.
pub(super) struct Pages<'a> {
    view: &'a DaemonView,
    next: Option<u32>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(view: &'a DaemonView) -> Self {
        Self { view, next: Some(0) }
    }

    /// The next page; `None`: that was the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Page<'a>>, ApiError> {
        let Some(from) = self.next else { return Ok(None) };
        let (skus, next) = self.view.house.skus.page(from, ARTICLES);
        self.next = next;
        // All are asked before one answers: each does at the end of its round.
        let channels = &self.view.house.channels;
        let asked: Vec<_> = channels.values().map(|channel| ask(channel, &skus)).collect();
        let mut page = Page {
            channels: Vec::with_capacity(channels.len()),
            skus,
        };
        for ((name, channel), asked) in channels.iter().zip(asked) {
            let named = named((name, channel), &page.skus, asked).await?;
            let of = self.listings(&page.skus, named).await?;
            page.channels.push(Listings { channel: name, of });
        }
        Ok(Some(page))
    }

    /// The documents of these ids, for each SKU.
    async fn listings(&self, skus: &[Sku], named: FoundListings) -> Result<Vec<Vec<ListingDocument>>, ApiError> {
        let mut found: Vec<Vec<ListingDocument>> = skus.iter().map(|_| Vec::new()).collect();
        let named = named.into_iter().enumerate();
        let keys: Vec<(usize, Key)> = named
            .flat_map(|(place, found)| {
                let key = move |found: FoundListing| (place, Key::new(Kind::Listing, found.document));
                found.into_iter().map(key)
            })
            .collect();
        for some in keys.chunks(DOCUMENTS) {
            let wanted: Vec<Key> = some.iter().map(|(_, key)| key.clone()).collect();
            let stored = self.view.house.store.load(&wanted).await;
            let stored = stored.map_err(|error| away(&error))?;
            for ((place, _), stored) in some.iter().zip(stored) {
                let listing = decode_listing(&stored.bytes).ok();
                // What sells another article by now is looked at with that one, or not at all.
                let listing = listing.filter(|listing| listing.sku.as_ref() == skus.get(*place));
                if let (Some(found), Some(listing)) = (found.get_mut(*place), listing) {
                    found.push(listing);
                }
            }
        }
        Ok(found)
    }
}

fn ask(channel: &ChannelView, skus: &[Sku]) -> Option<Receiver<FoundListings>> {
    let asked = channel.board.find(skus)?;
    channel.wake.notify_one();
    Some(asked)
}

/// What the channel's worker answers; it is asked again while it begins anew.
async fn named(
    (name, channel): (&ChannelName, &ChannelView),
    skus: &[Sku],
    mut asked: Option<Receiver<FoundListings>>,
) -> Result<FoundListings, ApiError> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(asked) = asked
            && let Ok(Ok(named)) = tokio::time::timeout_at(until, asked).await
        {
            return Ok(named);
        }
        if Instant::now() >= until {
            let error = ApiError::unavailable(format!("what {name} lists is not known at the moment"));
            return Err(error.help("`omnistock status` says what it waits for; ask again when it is at work"));
        }
        tokio::time::sleep(AGAIN).await;
        asked = ask(channel, skus);
    }
}
