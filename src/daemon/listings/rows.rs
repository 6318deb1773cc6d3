//! Pages of listings with what they sell, and with what those may mean that no SKU of ours belongs to.

use super::{Ours, PAGE};
use crate::daemon::view::DaemonView;
use crate::delivery::decode_listing;
use crate::near::{Candidate, Near, Stranger, gtin, plain};
use crate::server::{ApiError, CandidateView, ListingRow, ListingRows, Rows, RowsAsked};
use crate::store::{Kind, Store};
use omnistock_engine::{Attributes, SkuDocument, resolve_listing};
use omnistock_planner::{ListingDocument, ListingState, StateFacts, Target, document_id, document_prefix, state};
use omnistock_sdk::now;
use omnistock_words::{Quantity, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Listings looked through for one page, at most: where few of them are wanted, pages are short and go on.
const MOST_LOOKED: usize = 50_000;
/// So long an index of all SKUs serves the pages that follow the first.
const NEAR_FOR: Duration = Duration::from_mins(1);

/// The index of all SKUs, while somebody goes through the pages.
#[derive(Default)]
pub(in crate::daemon) struct Nearest(Mutex<Option<(Instant, Arc<Near>)>>);

/// A page, as asked for.
pub(in crate::daemon) async fn page(view: &DaemonView, asked: RowsAsked) -> Result<ListingRows, ApiError> {
    let further = asked.after.is_some();
    let (mut page, wanted) = (read(view, &asked).await?, asked.rows == Rows::Suggested);
    if wanted && !page.items.is_empty() {
        let near = near(view, further).await?;
        let suggested = tokio::task::spawn_blocking(move || {
            page.items.iter_mut().for_each(|row| suggest(&near, row));
            page
        });
        let lost = |_| ApiError::unavailable("the suggestions were not made to their end");
        page = suggested.await.map_err(lost)?;
    }
    if page.next.is_none() {
        *view.nearest.0.lock().await = None;
    }
    Ok(page)
}

async fn read(view: &DaemonView, asked: &RowsAsked) -> Result<ListingRows, ApiError> {
    let (store, settings) = (view.house.store.as_ref(), view.house.settings.load_full());
    let prefix = asked.channel.as_ref().map(document_prefix).unwrap_or_default();
    let mut after = asked.after.clone().unwrap_or_else(|| prefix.clone());
    if !after.starts_with(&prefix) {
        return Err(ApiError::bad_request("`after` is of another channel"));
    }
    let (mut items, mut looked) = (Vec::new(), 0);
    let mut gates = BTreeMap::new();
    while items.len() < asked.most && looked < MOST_LOOKED {
        let most = PAGE.min(MOST_LOOKED - looked);
        let found = store.scan(Kind::Listing, Some(&after), most).await;
        let found = found.map_err(|error| super::super::explain::away(&error))?;
        let (count, whole) = (found.len(), found.len() == most);
        let of = found.into_iter().take_while(|(id, _)| id.starts_with(&prefix));
        let documents: Vec<ListingDocument> = of
            .filter_map(|(_, stored)| decode_listing(&stored.bytes).ok())
            .collect();
        let ended = !whole || documents.len() < count;
        looked += count;
        let ours = Ours::load(
            store,
            &settings,
            documents.iter().filter_map(|one| one.sku.clone()).collect(),
        )
        .await?;
        for document in documents {
            if items.len() >= asked.most {
                return Ok(next(items, after));
            }
            // Of a vendor with several locations a listing has several documents: it sells one SKU at all of them.
            let place = format!("{}/\u{10ffff}", document_id(&document.channel, &document.listing, None));
            if place == after || !view.house.channels.contains_key(&document.channel) {
                continue;
            }
            after = place;
            let open = gates
                .entry(document.channel.clone())
                .or_insert_with_key(|channel| view.closed(channel).is_none());
            let row = row(&settings, &ours, document, *open);
            if asked.rows == Rows::All || row.sku.is_none() {
                items.push(row);
            }
        }
        if ended {
            return Ok(ListingRows { items, next: None });
        }
    }
    Ok(next(items, after))
}

fn next(items: Vec<ListingRow>, after: String) -> ListingRows {
    ListingRows {
        items,
        next: Some(after),
    }
}

fn row(settings: &Settings, ours: &Ours, document: ListingDocument, gate: bool) -> ListingRow {
    let sold = ours.sold(settings, &document);
    let attributes = document.sku.as_ref().and_then(|sku| ours.0.get(sku));
    let attributes = attributes.cloned().unwrap_or_default();
    let state = standing(settings, (&document, &attributes), sold.is_some(), gate);
    let there = document.sku_there().map(ToString::to_string);
    let about = document.there.map(|there| *there).unwrap_or_default();
    let by = sold.as_ref().map(|sold| sold.by);
    ListingRow {
        channel: document.channel,
        listing: document.listing.to_string(),
        sku_there: there,
        title: about.title,
        gtin: about.gtin,
        factor: sold.as_ref().map(|sold| sold.factor),
        sku: sold.map(|sold| sold.sku),
        mapped_by: by,
        state,
        candidates: Vec::new(),
    }
}

/// How it stands by its document; what is on its way right now is not in there.
fn standing(
    settings: &Settings,
    (document, attributes): (&ListingDocument, &Attributes),
    known: bool,
    gate: bool,
) -> ListingState {
    let Some(sku) = &document.sku else {
        return ListingState::Unmapped;
    };
    let listing = Some(&document.listing);
    let mode = resolve_listing(settings, &document.channel, sku, attributes, listing, now()).mode;
    let facts = StateFacts {
        mode,
        gate,
        target: if known {
            Target::Number(document.desired.unwrap_or_default())
        } else {
            Target::Unknown
        },
        in_flight: false,
        dirty: document.desired.is_none(),
        held: document.held.is_some(),
    };
    state(document, &facts)
}

/// An index of all our SKUs: made anew for a first page.
async fn near(view: &DaemonView, further: bool) -> Result<Arc<Near>, ApiError> {
    let mut kept = view.nearest.0.lock().await;
    if let Some((since, near)) = kept.as_ref().filter(|_| further)
        && since.elapsed() < NEAR_FOR
    {
        return Ok(Arc::clone(near));
    }
    *kept = None;
    let skus = all_skus(view.house.store.as_ref(), &view.house.settings.load()).await?;
    let made = tokio::task::spawn_blocking(move || Arc::new(Near::new(skus)));
    let near = made.await;
    let near = near.map_err(|_| ApiError::unavailable("the SKUs were not looked through to their end"))?;
    *kept = Some((Instant::now(), Arc::clone(&near)));
    Ok(near)
}

/// Every SKU of ours with the GTINs that its tags name.
async fn all_skus(store: &dyn Store, settings: &Settings) -> Result<BTreeMap<Sku, Vec<u64>>, ApiError> {
    let bundles: BTreeSet<Sku> = settings.bundles.keys().cloned().collect();
    let mut skus: BTreeMap<Sku, Vec<u64>> = bundles.into_iter().map(|sku| (sku, Vec::new())).collect();
    let mut after: Option<String> = None;
    loop {
        let found = store.scan(Kind::Sku, after.as_deref(), PAGE).await;
        let found = found.map_err(|error| super::super::explain::away(&error))?;
        let whole = found.len() == PAGE;
        after = found.last().map(|(sku, _)| sku.clone());
        for (sku, stored) in found {
            let ledger = SkuDocument::decode(&stored.bytes).ok();
            let reported = ledger.filter(|ledger| !ledger.positions.is_empty());
            if let (Ok(sku), Some(ledger)) = (Sku::new(&sku), reported) {
                skus.insert(sku, gtins(&ledger.attributes));
            }
        }
        if !whole {
            return Ok(skus);
        }
        tokio::task::yield_now().await;
    }
}

/// GTINs that tags name, such as `gtin:4006381333931`.
fn gtins(attributes: &Attributes) -> Vec<u64> {
    let named = |tag: &String| {
        let (name, number) = tag.split_once(':')?;
        let known = ["gtin", "ean", "upc", "isbn"].contains(&name.trim().to_ascii_lowercase().as_str());
        gtin(number).filter(|_| known)
    };
    attributes.tags.iter().filter_map(named).collect()
}

fn suggest(near: &Near, row: &mut ListingRow) {
    let stranger = Stranger {
        sku: row.sku_there.as_deref(),
        gtin: row.gtin.as_deref(),
    };
    let candidates = near.candidates(stranger);
    row.sku = plain(stranger, &candidates).cloned();
    row.factor = row.sku.is_some().then_some(Quantity::ONE);
    let view = |one: Candidate| CandidateView {
        reason: one.likeness.reason().to_owned(),
        confidence: one.likeness.confidence(),
        sku: one.sku,
    };
    row.candidates = candidates.into_iter().map(view).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{ChannelName, ChannelPolicy, ChannelSettings, ListingId, Match, Mode, PolicyPatch, Rule};

    #[test]
    fn a_rule_for_a_tag_decides_how_a_listing_stands() {
        let shop: ChannelName = "shop".parse().unwrap();
        let policy = ChannelPolicy {
            mode: Mode::Shadow,
            ..ChannelPolicy::default()
        };
        let rule = Rule {
            matches: Match {
                tag: Some("pilot".to_owned()),
                ..Match::default()
            },
            channels: None,
            from: None,
            until: None,
            set: PolicyPatch {
                mode: Some(Mode::Live),
                ..PolicyPatch::default()
            },
            place: "omnistock.toml:9".to_owned(),
        };
        let declared = ChannelSettings {
            connector: "shop".parse().unwrap(),
            template: None,
            policy,
        };
        let settings = Settings {
            channels: [(shop.clone(), declared)].into(),
            rules: vec![rule].into(),
            ..Settings::default()
        };
        let mut document = ListingDocument::new(shop, "7".parse::<ListingId>().unwrap(), None);
        (document.sku, document.desired) = (Some("A".parse().unwrap()), Some(Quantity::ONE));
        let with = |tags: &[&str]| Attributes {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Attributes::default()
        };
        let stands = |tags: &[&str]| standing(&settings, (&document, &with(tags)), true, true);
        assert_eq!(stands(&["pilot"]), ListingState::Accepted);
        assert_eq!(stands(&[]), ListingState::Paused);
    }

    #[test]
    fn tags_may_name_gtins() {
        let attributes = Attributes {
            tags: ["pilot", "EAN: 4006381333931", "gtin:1", "size:4006381333931"]
                .map(str::to_owned)
                .to_vec(),
            ..Attributes::default()
        };
        assert_eq!(gtins(&attributes), [4_006_381_333_931]);
    }
}
