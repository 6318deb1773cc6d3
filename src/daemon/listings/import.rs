//! Taking a table of listings into force: everything is checked first, then all of it is changed, or nothing.
//!
//! The change and its record are one commit. Numbers follow by the way of all numbers: behind the orders, by the
//! channel's mode and limits, and within its guards.

use super::sheet::{self, Problems, Row};
use super::{Ours, PAGE};
use crate::daemon::mappings::Said;
use crate::daemon::steering_view::not_made;
use crate::daemon::view::DaemonView;
use crate::delivery::decode_listing;
use crate::history::{Person, decided_by_person};
use crate::server::{ApiError, ImportBody, ImportView, MappedBy, MappedView, MappingChange, caller};
use crate::store::{HistoryEntry, Kind};
use omnistock_planner::{ListingDocument, document_prefix};
use omnistock_sdk::{OrderSource, now};
use omnistock_words::{ChannelName, ListingId, MOST_MAPPED, Mapped, Mappings, Quantity, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Changes that are named in the answer, and recorded one by one, at most.
const MOST_NAMED: usize = 500;

type Documents = HashMap<(ChannelName, ListingId), ListingDocument>;

/// Takes the table into force; of a dry run only what would change.
pub(in crate::daemon) async fn import(view: &DaemonView, asked: ImportBody) -> Result<ImportView, ApiError> {
    let lease = view.lease()?;
    let (rows, mut problems) = sheet::read(&asked.csv, asked.remove);
    check_channels(view, &rows, &mut problems);
    refused(&problems)?;
    let (documents, doubles) = listed(view, &rows).await?;
    let settings = view.house.settings.load_full();
    let named = rows
        .iter()
        .filter_map(|row| row.sold.as_ref().map(|(sku, _)| sku.clone()));
    let skus: BTreeSet<Sku> = named
        .chain(documents.values().filter_map(|one| one.sku.clone()))
        .collect();
    let ours = Ours::load(view.house.store.as_ref(), &settings, skus).await?;
    let mut import = Import {
        view,
        documents: &documents,
        ours: &ours,
        in_force: view.house.steer.mappings().load_full(),
        said: Said::new(),
        answer: ImportView {
            applied: false,
            changed: 0,
            same: 0,
            blank: 0,
            changes: Vec::new(),
        },
    };
    for row in &rows {
        import.take(row, asked.remove, &settings, &mut problems);
    }
    import.check_room(&mut problems);
    import.check_told_apart(&doubles, &rows, &mut problems);
    refused(&problems)?;
    let Import { said, mut answer, .. } = import;
    if !asked.dry_run && answer.changed > 0 {
        let history = record(&answer, &asked.reason);
        let changed = view.house.steer.map(&view.house, &lease, &said, history).await;
        changed.map_err(|error| not_made(&error))?;
        // Lines that were sold before count in our units from now on.
        let life = view.life.load_full();
        for orders in said.keys().filter_map(|channel| life.intake.orders.get(channel)) {
            orders.read_all(false);
        }
        tracing::warn!(
            reason = asked.reason,
            "{} listings were mapped, by a person",
            answer.changed
        );
    }
    answer.applied = !asked.dry_run;
    answer.changes.truncate(MOST_NAMED);
    Ok(answer)
}

fn refused(problems: &Problems) -> Result<(), ApiError> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(ApiError::bad_request(problems.to_string()))
}

fn check_channels(view: &DaemonView, rows: &[Row], problems: &mut Problems) {
    for row in rows {
        if !view.house.channels.contains_key(&row.channel) {
            problems.at(row.line, "channel", format!("there is no channel {}", row.channel));
        }
    }
}

/// Whether the channel's orders name what was sold even where that has no SKU there.
fn names_listings(view: &DaemonView, channel: &ChannelName) -> bool {
    let connector = view.house.connector(channel);
    connector.is_some_and(|connector| connector.orders().is_none_or(OrderSource::names_listings))
}

/// The listings that the rows name, of each one document; and, of channels whose orders name SKUs only, which listings
/// have which SKU there.
async fn listed(view: &DaemonView, rows: &[Row]) -> Result<(Documents, Doubles), ApiError> {
    let wanted: BTreeSet<(&ChannelName, &ListingId)> = rows.iter().map(|row| (&row.channel, &row.listing)).collect();
    let channels: BTreeSet<&ChannelName> = rows.iter().map(|row| &row.channel).collect();
    let (mut documents, mut doubles) = (Documents::new(), Doubles::new());
    for channel in channels {
        let (prefix, by_sku) = (document_prefix(channel), !names_listings(view, channel));
        let mut after = prefix.clone();
        loop {
            let found = view.house.store.scan(Kind::Listing, Some(&after), PAGE).await;
            let found = found.map_err(|error| super::super::explain::away(&error))?;
            let whole = found.len() == PAGE && found.last().is_some_and(|(id, _)| id.starts_with(&prefix));
            after = found.last().map(|(id, _)| id.clone()).unwrap_or_default();
            for (_, stored) in found.into_iter().take_while(|(id, _)| id.starts_with(&prefix)) {
                let Ok(document) = decode_listing(&stored.bytes) else {
                    continue;
                };
                if let Some(there) = document.sku_there().filter(|_| by_sku) {
                    let having = doubles.entry((channel.clone(), there.clone())).or_default();
                    having.insert(document.listing.clone());
                }
                if wanted.contains(&(channel, &document.listing)) {
                    documents.insert((channel.clone(), document.listing.clone()), document);
                }
            }
            if !whole {
                break;
            }
        }
    }
    doubles.retain(|_, listings| listings.len() > 1);
    Ok((documents, doubles))
}

/// Which listings of a channel have one SKU there.
type Doubles = BTreeMap<(ChannelName, Sku), BTreeSet<ListingId>>;

struct Import<'a> {
    view: &'a DaemonView,
    documents: &'a Documents,
    ours: &'a Ours,
    in_force: Arc<Mappings>,
    said: Said,
    answer: ImportView,
}

impl Import<'_> {
    fn take(&mut self, row: &Row, remove: bool, settings: &Settings, problems: &mut Problems) {
        let Some(document) = self.documents.get(&(row.channel.clone(), row.listing.clone())) else {
            let what = format!(
                "{} has no listing {}; `omnistock listings export` names them",
                row.channel, row.listing
            );
            return problems.at(row.line, "listing", what);
        };
        let mapped = self.mapped(&row.channel, &row.listing).cloned();
        let before = match &mapped {
            Some(mapped) => Some(view_of(mapped)),
            None => self.ours.sold(settings, document),
        };
        let after = match &row.sold {
            _ if remove && mapped.is_none() => return self.answer.same += 1,
            _ if remove => None,
            None => return self.answer.blank += 1,
            Some((sku, factor)) => Some((sku, *factor)),
        };
        if after.is_some_and(|(sku, factor)| {
            before
                .as_ref()
                .is_some_and(|one| (&one.sku, one.factor) == (sku, factor))
        }) {
            return self.answer.same += 1;
        }
        let there = document.sku_there();
        if let Some((sku, _)) = after {
            if !self.ours.has(sku) {
                let what =
                    format!("no source knows the SKU {sku}; SKUs are exact: check case, spaces and leading zeros");
                return problems.at(row.line, "sku", what);
            }
            if there.is_none() && !names_listings(self.view, &row.channel) {
                let what = format!(
                    "{} has no SKU at {}, whose orders name nothing else: give it one there first",
                    row.listing, row.channel
                );
                return problems.at(row.line, "listing", what);
            }
        }
        let said = after.map(|(sku, factor)| Mapped {
            sku: sku.clone(),
            factor,
            there: there.cloned(),
        });
        self.answer.changed += 1;
        self.answer.changes.push(MappingChange {
            channel: row.channel.clone(),
            listing: row.listing.to_string(),
            before,
            after: match &said {
                Some(mapped) => Some(view_of(mapped)),
                None => there.filter(|sku| self.ours.has(sku)).map(|sku| MappedView {
                    sku: sku.clone(),
                    factor: Quantity::ONE,
                    by: MappedBy::Sku,
                }),
            },
        });
        self.said
            .entry(row.channel.clone())
            .or_default()
            .insert(row.listing.clone(), said);
    }

    /// What people have said of a listing so far, also where the channel's worker has yet to follow.
    fn mapped(&self, channel: &ChannelName, listing: &ListingId) -> Option<&Mapped> {
        self.in_force.get(channel, listing)
    }

    fn check_room(&self, problems: &mut Problems) {
        for (channel, listings) in &self.said {
            let known = self
                .in_force
                .0
                .get(channel)
                .map_or(0, |mapping| mapping.entries().len());
            if known + listings.len() > MOST_MAPPED {
                let what = format!("{channel} would have more than {MOST_MAPPED} mapped listings");
                problems.at(1, "the table", what);
            }
        }
    }

    /// Listings with one SKU there, whose orders name only that, have to sell the same.
    fn check_told_apart(&self, doubles: &Doubles, rows: &[Row], problems: &mut Problems) {
        let after = |channel: &ChannelName, listing: &ListingId| {
            let said = self.said.get(channel).and_then(|listings| listings.get(listing));
            let mapped = said.map_or_else(|| self.mapped(channel, listing), Option::as_ref);
            mapped.map(|mapped| (mapped.sku.clone(), mapped.factor))
        };
        for row in rows {
            let Some(Some(Mapped { there: Some(there), .. })) = self
                .said
                .get(&row.channel)
                .and_then(|listings| listings.get(&row.listing))
            else {
                continue;
            };
            let Some(having) = doubles.get(&(row.channel.clone(), there.clone())) else {
                continue;
            };
            let own = after(&row.channel, &row.listing);
            if let Some(other) = having.iter().find(|other| after(&row.channel, other) != own) {
                let what = format!(
                    "listing {other} has the SKU {there} at {} too, and its orders name only that: map both alike, or give one of them another SKU there",
                    row.channel
                );
                problems.at(row.line, "listing", what);
            }
        }
    }
}

fn view_of(mapped: &Mapped) -> MappedView {
    MappedView {
        sku: mapped.sku.clone(),
        factor: mapped.factor,
        by: MappedBy::Import,
    }
}

fn told(view: Option<&MappedView>) -> String {
    view.map_or_else(
        || "no SKU of ours".to_owned(),
        |one| format!("{} x {}", one.sku, one.factor),
    )
}

/// Each change with what was before; of very many the first, and how many more.
fn record(answer: &ImportView, reason: &str) -> Vec<HistoryEntry> {
    let (who, at) = (caller(), now());
    let person = |what: String, before: Option<String>, decided: String| Person {
        who: who.clone(),
        what,
        before,
        decided,
        reason: reason.to_owned(),
    };
    let one = |change: &MappingChange| {
        let what = format!("listing {} of {}", change.listing, change.channel);
        let skus: BTreeSet<Sku> = [&change.before, &change.after]
            .into_iter()
            .flatten()
            .map(|one| one.sku.clone())
            .collect();
        let skus: Vec<Sku> = skus.into_iter().collect();
        decided_by_person(
            person(what, Some(told(change.before.as_ref())), told(change.after.as_ref())),
            &skus,
            at,
        )
    };
    let mut history: Vec<HistoryEntry> = answer.changes.iter().take(MOST_NAMED).flat_map(one).collect();
    if let Some(more) = answer.changes.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        let all = format!("{more} more, of one import of {}", answer.changed);
        history.extend(decided_by_person(person("listings".to_owned(), None, all), &[], at));
    }
    history
}
