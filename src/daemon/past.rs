//! Why a number was what it was: the decisions of then, computed again from the ledgers and the
//! settings of then, and the events that led there.

use super::cause::cause;
use super::explain::{away, listing_text, steps, unreadable};
use super::view::DaemonView;
use crate::history::{Basis, Decision, PastError, Person, Record, about, blocks, ledger_at, settings_named};
use crate::server::{ApiError, Change, Explanation, Stamped};
use crate::store::{HistoryId, Way};
use omnistock_engine::{DocumentKey, Documents, Held, Offer, SkuDocument, explained, needs};
use omnistock_planner::ListingState;
use omnistock_words::{ChannelName, Millis, Quantity, Settings, Sku};
use std::collections::BTreeMap;

/// Causes that are told of one number.
const CAUSES: usize = 10;
/// Entries read for one SKU, at most, and in one read.
const MOST: usize = 4_000;
const PAGE: usize = 128;
/// A ledger that a decision has seen was replaced at most so long before the decision, milliseconds.
const MARGIN: i64 = 60_000;

pub(super) fn lost(error: &PastError) -> ApiError {
    match error {
        PastError::Store(error) => away(error),
        PastError::Block(error) => ApiError::unavailable(error.to_string()),
    }
}

/// What a person decided, as a cause.
fn told(person: &Person) -> String {
    let Person {
        what, decided, reason, ..
    } = person;
    if reason.is_empty() {
        format!("{what}: {decided}")
    } else {
        format!("{what}: {decided} ({reason})")
    }
}

/// A listing as people name it.
type Listing = (ChannelName, String);

/// What the history says of one SKU up to an instant; newest first.
#[derive(Default)]
pub(super) struct Memory {
    decisions: BTreeMap<Listing, Vec<(HistoryId, Decision, Basis)>>,
    sent: BTreeMap<Listing, Stamped>,
    accepted: BTreeMap<Listing, Stamped>,
    causes: Vec<(HistoryId, String)>,
}

impl Memory {
    fn take(&mut self, id: HistoryId, records: Vec<Record>, sku: &Sku) {
        let (at, mut basis, mut decided, mut causes) = (id.at(), None, Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Basis(of) => basis = Some(*of),
                Record::Decision(decision) if decision.sku == *sku => {
                    decided.extend(basis.clone().map(|basis| (id, *decision, basis)));
                }
                Record::Sent(sent) => {
                    let key = (sent.channel, listing_text(&sent.listing, sent.location.as_ref()));
                    let quantity = sent.quantity;
                    self.sent.entry(key).or_insert(Stamped { quantity, at });
                }
                Record::Answered(answered) => {
                    let key = (
                        answered.channel,
                        listing_text(&answered.listing, answered.location.as_ref()),
                    );
                    if let Some(quantity) = answered.yes {
                        self.accepted.entry(key).or_insert(Stamped { quantity, at });
                    }
                }
                Record::Event { e } => causes.extend(cause(&e, sku).map(|cause| (id, cause))),
                Record::Person(person) => causes.push((id, told(&person))),
                Record::Decision(_) | Record::Short(_) => {}
            }
        }
        for (id, decision, basis) in decided.into_iter().rev() {
            let listing = listing_text(&decision.listing, decision.location.as_ref());
            let key = (decision.channel.clone(), listing);
            self.decisions.entry(key).or_default().push((id, decision, basis));
        }
        self.causes.extend(causes.into_iter().rev());
    }

    /// The last changes of what a listing should show, newest first.
    fn changes(&self, listing: &Listing) -> Vec<Change> {
        let decisions = self.decisions.get(listing).map(Vec::as_slice).unwrap_or_default();
        let before = |id: HistoryId| -> Option<Quantity> {
            let decided = decisions.iter().find(|(decided, ..)| *decided < id);
            decided.map(|(_, decision, _)| decision.quantity)
        };
        let mut newer = HistoryId::END;
        let mut changes = Vec::new();
        for (id, cause) in self.causes.iter().take(CAUSES) {
            let (from, to) = (before(*id), before(newer));
            newer = *id;
            changes.push(Change {
                at: id.at(),
                from,
                to,
                cause: cause.clone(),
            });
        }
        changes
    }
}

/// Reads back from `until`. Enough once there are causes, and a decision of each of `listings`.
async fn remember(
    view: &DaemonView,
    settings: &Settings,
    sku: &Sku,
    until: HistoryId,
    listings: &[Listing],
) -> Result<Memory, ApiError> {
    let mut memory = Memory::default();
    for part in needs(settings, sku) {
        let (mut from, mut read, own) = (until, 0, part == *sku);
        let before = memory.causes.len();
        loop {
            let page = blocks(view.house.store.as_ref(), &about(&part), from, Way::Back, PAGE).await;
            let page = page.map_err(|error| lost(&error))?;
            let ended = page.len() < PAGE;
            read += page.len();
            for (id, block) in page {
                from = id;
                memory.take(id, block.records, &part);
            }
            let decided = !own || listings.iter().all(|listing| memory.decisions.contains_key(listing));
            let enough = decided && memory.causes.len() - before > CAUSES;
            if ended || enough || read >= MOST {
                break;
            }
        }
    }
    // Causes of a bundle are those of its parts; an order of it is told once.
    memory.causes.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    memory.causes.dedup();
    Ok(memory)
}

/// Adds the last changes to explanations of the present, or why they can't be told.
pub(super) async fn add_changes(view: &DaemonView, sku: &Sku, found: &mut [Explanation]) {
    let settings = view.house.settings.load_full();
    let memory = match remember(view, &settings, sku, HistoryId::END, &[]).await {
        Ok(memory) => memory,
        Err(error) => {
            let note = format!("Its last changes can't be told: {error}.");
            return found.iter_mut().for_each(|one| one.notes.push(note.clone()));
        }
    };
    for one in found {
        let listing = one.listing.clone().unwrap_or_default();
        one.changes = memory.changes(&(one.channel.clone(), listing));
    }
}

/// Explanations as of an instant, on one channel or on all that had the SKU then.
pub(super) async fn explain_at(
    view: &DaemonView,
    sku: &Sku,
    channel: Option<&ChannelName>,
    at: Millis,
) -> Result<Vec<Explanation>, ApiError> {
    let (settings, until) = (view.house.settings.load_full(), HistoryId::first_at(at.plus(1)));
    let mut listings = Vec::new();
    for name in settings
        .channels
        .keys()
        .filter(|name| channel.is_none_or(|channel| channel == *name))
    {
        let found = super::listed::listings(view, name, sku).await?;
        let text = |listed: &super::listed::Listed| {
            let listing = &listed.document;
            (name.clone(), listing_text(&listing.listing, listing.location.as_ref()))
        };
        listings.extend(found.iter().map(text));
    }
    let memory = remember(view, &settings, sku, until, &listings).await?;
    let mut explanations = Vec::new();
    for (listing, decided) in &memory.decisions {
        let asked = channel.is_none_or(|channel| *channel == listing.0);
        if let (true, Some((_, decision, basis))) = (asked, decided.first()) {
            explanations.push(explanation(view, &memory, listing, decision, basis, at).await?);
        }
    }
    if explanations.is_empty() {
        let error = ApiError::not_found(format!("no number had been decided for the SKU {sku} by {at}"));
        return Err(error.help("the history begins with the first decision, and goes back as far as [history] keep"));
    }
    Ok(explanations)
}

async fn explanation(
    view: &DaemonView,
    memory: &Memory,
    listing: &Listing,
    decision: &Decision,
    basis: &Basis,
    at: Millis,
) -> Result<Explanation, ApiError> {
    let mut one = Explanation {
        sku: decision.sku.clone(),
        channel: decision.channel.clone(),
        listing: Some(listing.1.clone()),
        as_of: Some(at),
        mode: omnistock_words::Mode::default(),
        state: ListingState::Pending,
        stock_state: String::new(),
        desired: Some(decision.quantity),
        sent: memory.sent.get(listing).cloned(),
        accepted: memory.accepted.get(listing).cloned(),
        observed: None,
        notes: Vec::new(),
        steps: Vec::new(),
        price: None,
        changes: memory.changes(listing),
    };
    if one
        .accepted
        .as_ref()
        .is_some_and(|accepted| accepted.quantity == decision.quantity)
    {
        one.state = ListingState::InSync;
    }
    let Some(settings) = settings_named(view.house.store.as_ref(), &basis.settings)
        .await
        .map_err(|error| lost(&error))?
    else {
        one.notes.push("The settings of then are not kept any more.".to_owned());
        return Ok(one);
    };
    let Some(documents) = documents(view, decision, basis).await? else {
        one.notes.push("The ledgers of then are not kept any more.".to_owned());
        return Ok(one);
    };
    let name = &decision.channel;
    let offer = Offer {
        listing: Some(&decision.listing),
        all: &decision.offers,
    };
    let promise = explained(&settings, &documents, name, &decision.sku, offer, decision.at);
    let again = match &decision.place {
        None => promise.quantity,
        Some(place) => {
            let part = promise.split.iter().find(|(location, _)| location == place);
            Some(part.map(|(_, quantity)| *quantity).unwrap_or_default())
        }
    };
    if again != Some(decision.quantity) {
        let again = again.map_or_else(|| "nothing".to_owned(), |again| again.to_string());
        let sentence = "Computed again it would be";
        one.notes.push(format!(
            "{sentence} {again}: this program decides otherwise than the one of then."
        ));
    }
    one.mode = settings
        .channels
        .get(name)
        .map(|channel| channel.policy.mode)
        .unwrap_or_default();
    one.stock_state = super::explain::stock_state(promise.state);
    one.steps = steps((&settings, &documents), (name, &decision.sku), &promise, decision.at);
    Ok(one)
}

/// The documents that a decision was made from; `None`: they are not kept any more.
async fn documents(view: &DaemonView, decision: &Decision, basis: &Basis) -> Result<Option<Documents>, ApiError> {
    let lags = basis.lags.iter().map(|(name, lags)| (name.clone(), (*lags).into()));
    let mut documents = Documents::measured(lags.collect());
    documents.sources.clone_from(&basis.sources);
    documents
        .last_units
        .extend(decision.last.clone().map(|home| (decision.sku.clone(), home)));
    if let Some((units, lower_from)) = decision.kept {
        let key = (decision.channel.clone(), decision.sku.clone());
        documents.held.insert(key, Held { units, lower_from });
    }
    let near = HistoryId::first_at(decision.at.plus(-MARGIN));
    for (sku, version) in &decision.ledgers {
        let bytes = ledger_at(view.house.store.as_ref(), sku, *version, near).await;
        let Some(bytes) = bytes.map_err(|error| lost(&error))? else {
            return Ok(None);
        };
        let ledger = if bytes.is_empty() {
            Ok(SkuDocument::default())
        } else {
            SkuDocument::decode(&bytes)
        };
        let ledger = ledger.map_err(|error| unreadable(&DocumentKey::Sku(sku.clone()), error))?;
        documents.skus.insert(sku.clone(), ledger);
    }
    Ok(Some(documents))
}
