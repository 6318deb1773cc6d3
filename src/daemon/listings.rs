//! Listings and what they sell: exported, suggested for, and mapped by people.

mod import;
mod rows;
mod sheet;

pub(super) use import::import;
pub(super) use rows::{Nearest, page};

use super::view::DaemonView;
use crate::server::{ApiError, Listed, MappedBy, MappedView, Unmapped};
use crate::store::{Key, Store};
use omnistock_engine::{Attributes, SkuDocument, resolve_listing};
use omnistock_planner::ListingDocument;
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// Documents in one read.
const PAGE: usize = 1_000;

/// SKUs of ours out of those asked for: what a source has reported, and bundles.
#[derive(Default)]
struct Ours(BTreeMap<Sku, Attributes>);

impl Ours {
    async fn load(store: &dyn Store, settings: &Settings, skus: BTreeSet<Sku>) -> Result<Self, ApiError> {
        let skus: Vec<Sku> = skus.into_iter().collect();
        let mut ours = Self::default();
        for chunk in skus.chunks(PAGE) {
            let keys: Vec<Key> = chunk.iter().map(Key::sku).collect();
            let found = store.load(&keys).await;
            let found = found.map_err(|error| super::explain::away(&error))?;
            for (sku, stored) in chunk.iter().zip(&found) {
                let ledger = SkuDocument::decode(&stored.bytes).ok();
                let reported = ledger.filter(|ledger| !ledger.positions.is_empty());
                let bundle = settings.bundles.contains_key(sku);
                if let Some(attributes) = reported.map(|ledger| ledger.attributes) {
                    ours.0.insert(sku.clone(), attributes);
                } else if bundle {
                    ours.0.insert(sku.clone(), Attributes::default());
                }
            }
        }
        Ok(ours)
    }

    fn has(&self, sku: &Sku) -> bool {
        self.0.contains_key(sku)
    }

    /// What the listing sells now; `None`: no SKU of ours belongs to it.
    fn sold(&self, settings: &Settings, document: &ListingDocument) -> Option<MappedView> {
        let sku = document.sku.as_ref()?;
        let attributes = self.0.get(sku)?;
        let listing = Some(&document.listing);
        let policy = resolve_listing(settings, &document.channel, sku, attributes, listing, now());
        Some(MappedView {
            sku: sku.clone(),
            factor: policy.factor,
            by: if document.is_mapped() {
                MappedBy::Import
            } else {
                MappedBy::Sku
            },
        })
    }
}

/// Listings that no SKU of ours belongs to, the first of each channel.
pub(super) fn unmapped(
    view: &DaemonView,
    channel: Option<&ChannelName>,
    most: usize,
) -> Result<Listed<Unmapped>, ApiError> {
    let mut listed = Listed::whole(Vec::new());
    for (name, parts) in view.one_channel(channel)? {
        listed.total += parts.board.count(omnistock_planner::ListingState::Unmapped);
        listed
            .items
            .extend(parts.board.unmapped().into_iter().map(|unmapped| Unmapped {
                channel: name.clone(),
                listing: super::explain::listing_text(&unmapped.listing, unmapped.location.as_ref()),
                reason: match &unmapped.sku {
                    Some(_) => "not in any source".to_owned(),
                    None => "no SKU there".to_owned(),
                },
                sku_there: unmapped.sku.map(|sku| sku.to_string()),
            }));
    }
    listed.items.truncate(most);
    Ok(listed)
}
