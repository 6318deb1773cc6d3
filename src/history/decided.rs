//! What a channel's worker tells with its commits: numbers decided, sent and answered.

use super::told::Blocks;
use super::{Answered, Basis, Decision, PEOPLE, Person, Record, Sent, settings_name};
use crate::store::HistoryEntry;
use omnistock_engine::{Documents, SourceDocument, needs};
use omnistock_planner::ListingDocument;
use omnistock_words::{ListingId, Millis, Missing, Quantity, Settings, Sku};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Collects until the next commit; bounded by what one round of a worker looks at.
#[derive(Default)]
pub struct Decided {
    settings: Option<(Arc<Settings>, String)>,
    basis: Option<Arc<Basis>>,
    versions: HashMap<Sku, u64>,
    told: Vec<(Arc<Basis>, Decision)>,
    calls: Vec<(Sku, Record)>,
}

/// What a promise depends on of a source.
fn essence(source: &SourceDocument, snapshots: bool) -> SourceDocument {
    SourceDocument {
        complete_as_of: source.complete_as_of,
        read_until: source.read_until,
        newest: source.newest,
        snapshots: if snapshots {
            source.snapshots.clone()
        } else {
            Vec::new()
        },
        ..SourceDocument::default()
    }
}

impl Decided {
    /// What the decisions that follow are made from.
    pub fn look(&mut self, settings: &Arc<Settings>, documents: &Documents, versions: HashMap<Sku, u64>) {
        self.versions = versions;
        let name = match &self.settings {
            Some((known, name)) if Arc::ptr_eq(known, settings) => name.clone(),
            _ => settings_name(settings),
        };
        self.settings = Some((Arc::clone(settings), name.clone()));
        let counts = |name| {
            let policy = settings.sources.get(name);
            policy.is_some_and(|policy| matches!(policy.missing, Missing::ZeroAfter(_)))
        };
        let sources: BTreeMap<_, _> = documents
            .sources
            .iter()
            .map(|(name, source)| (name.clone(), essence(source, counts(name))))
            .collect();
        let lags = documents.lags.iter().map(|(name, lags)| (name.clone(), (*lags).into()));
        let basis = Basis {
            settings: name,
            sources,
            lags: lags.collect(),
        };
        if self.basis.as_deref() != Some(&basis) {
            self.basis = Some(Arc::new(basis));
        }
    }

    /// A listing should show another number than before.
    pub fn decided(
        &mut self,
        listing: &ListingDocument,
        sku: &Sku,
        quantity: Quantity,
        offers: &[ListingId],
        documents: &Documents,
        at: Millis,
    ) {
        let (Some(basis), Some((settings, _))) = (&self.basis, &self.settings) else {
            return;
        };
        let version = |sku: Sku| {
            let version = self.versions.get(&sku).copied().unwrap_or_default();
            (sku, version)
        };
        let kept = documents.held.get(&(listing.channel.clone(), sku.clone()));
        let decision = Decision {
            channel: listing.channel.clone(),
            listing: listing.listing.clone(),
            location: listing.location.clone(),
            place: listing.place.clone(),
            sku: sku.clone(),
            quantity,
            at,
            ledgers: needs(settings, sku).into_iter().map(version).collect(),
            last: documents.last_units.get(sku).cloned(),
            offers: if offers.len() > 1 { offers.to_vec() } else { Vec::new() },
            kept: kept.map(|kept| (kept.units, kept.lower_from)),
        };
        self.told.push((Arc::clone(basis), decision));
    }

    /// A number goes on the wire.
    pub fn sent(&mut self, listing: &ListingDocument, quantity: Quantity, target: Quantity) {
        let Some(sku) = listing.sku.clone() else { return };
        let sent = Sent {
            channel: listing.channel.clone(),
            listing: listing.listing.clone(),
            location: listing.location.clone(),
            quantity,
            target,
        };
        self.calls.push((sku, Record::Sent(sent)));
    }

    /// What became of it: the number that the vendor said yes to, if it did.
    pub fn answered(&mut self, listing: &ListingDocument, yes: Option<Quantity>) {
        let Some(sku) = listing.sku.clone() else { return };
        let answered = Answered {
            channel: listing.channel.clone(),
            listing: listing.listing.clone(),
            location: listing.location.clone(),
            yes,
        };
        self.calls.push((sku, Record::Answered(answered)));
    }

    /// A person decided something about it.
    pub fn person(&mut self, sku: Sku, person: Person) {
        self.calls.push((sku, Record::Person(person)));
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.calls.is_empty()
    }

    /// What was collected, for the commit that makes it true.
    pub fn take(&mut self, at: Millis) -> Vec<HistoryEntry> {
        let (mut blocks, mut stands): (Blocks, Option<Arc<Basis>>) = (Blocks::default(), None);
        for (basis, decision) in std::mem::take(&mut self.told) {
            let known = stands.as_ref().is_some_and(|stands| Arc::ptr_eq(stands, &basis));
            if !known || blocks.is_fresh() {
                blocks.close();
                blocks.add(Record::Basis(Box::new(Basis::clone(&basis))), []);
                stands = Some(basis);
            }
            let sku = decision.sku.clone();
            blocks.add(Record::Decision(Box::new(decision)), [&sku]);
        }
        for (sku, record) in std::mem::take(&mut self.calls) {
            let person = matches!(record, Record::Person(_));
            blocks.add(record, [&sku]);
            if person {
                blocks.about(PEOPLE);
            }
        }
        blocks.entries(at)
    }
}
