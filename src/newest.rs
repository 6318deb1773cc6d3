//! The newest ledgers as their one owner has just made them durable: whoever looks at a SKU because it was marked need
//! not read and decode again what this process wrote a moment ago.
//!
//! What is found here is what the store has. Before a commit the owner takes out what it writes, and puts the new state
//! in once the commit is done: so whoever has seen a mark of that commit finds its ledger, or none and asks the store. Who
//! needs what is just being committed waits a moment for it: the store would answer behind that commit as well.
//! All of it is of one term: another daemon may have written between two of them. What a report of stock leads to is not
//! kept: it may be of a million articles, each of which is looked at once.

use omnistock_engine::{DocumentKey, Documents, SkuDocument, SourceDocument};
use omnistock_words::{ConnectorName, Sku};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

/// What the younger half may take, about; as much again for the older one.
const MOST_BYTES: usize = 16 << 20;
/// Bytes of a document with its key, and of each entry of its lists, about.
const DOCUMENT: usize = 1_024;
const ENTRY: usize = 256;
/// So long a commit is waited for before the store is asked.
const PATIENCE: Duration = Duration::from_millis(50);

type Of<T> = (Arc<T>, u64);

/// Ledgers and sources with the versions they have in the store.
#[derive(Debug, Default)]
pub struct Newest {
    halves: Mutex<Halves>,
    /// Rung behind each commit.
    settled: Notify,
    /// Since when the owner has had nothing to apply.
    rest: watch::Sender<Option<Instant>>,
}

/// What was written lately, and what was before that: the older half goes as a whole.
#[derive(Debug, Default)]
struct Halves {
    young: HashMap<Sku, Of<SkuDocument>>,
    old: HashMap<Sku, Of<SkuDocument>>,
    /// What the younger half takes, about.
    bytes: usize,
    sources: BTreeMap<ConnectorName, Of<SourceDocument>>,
    /// What is being committed.
    doubted: HashSet<Sku>,
}

/// What was found at one moment.
#[derive(Debug, Default)]
pub struct Found {
    /// Ledgers and sources that are known.
    pub documents: Documents,
    /// Their versions.
    pub versions: HashMap<Sku, u64>,
    /// Ledgers that are not.
    pub lacking: BTreeSet<Sku>,
    /// The versions of the sources, in the order they were asked for; `None`: one of them is not known.
    pub sources: Option<Vec<u64>>,
}

/// Bytes of a ledger in memory, about.
pub fn size(document: &SkuDocument) -> usize {
    let figures = document.positions.len() + document.movements.len() + document.prices.len();
    DOCUMENT + ENTRY * (figures + document.lines.len() + document.reservations.len())
}

impl Newest {
    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are about to be written.
    pub fn doubt<'a>(&self, keys: impl IntoIterator<Item = &'a DocumentKey>) {
        let mut halves = self.lock();
        for key in keys {
            match key {
                DocumentKey::Sku(sku) => {
                    halves.take(sku);
                    halves.doubted.insert(sku.clone());
                }
                DocumentKey::Source(source) => drop(halves.sources.remove(source)),
                DocumentKey::Order(_) => {}
            }
        }
    }

    /// A ledger is durable in this state.
    pub fn keep(&self, sku: &Sku, document: Arc<SkuDocument>, version: u64) {
        let mut halves = self.lock();
        halves.take(sku);
        halves.bytes += size(&document);
        halves.young.insert(sku.clone(), (document, version));
        if halves.bytes > MOST_BYTES {
            (halves.old, halves.bytes) = (std::mem::take(&mut halves.young), 0);
        }
    }

    /// A source is durable in this state.
    pub fn keep_source(&self, source: &ConnectorName, document: &SourceDocument, version: u64) {
        let mut halves = self.lock();
        if halves.sources.get(source).is_none_or(|(_, known)| *known != version) {
            let document = Arc::new(document.clone());
            halves.sources.insert(source.clone(), (document, version));
        }
    }

    /// The commit is done, and what is kept of it was handed over.
    pub fn settle(&self) {
        self.lock().doubted.clear();
        self.settled.notify_waiters();
    }

    /// What the store has is no longer certain.
    pub fn forget(&self) {
        *self.lock() = Halves::default();
        self.settled.notify_waiters();
    }

    /// The owner has applied everything that came.
    pub fn rests(&self) {
        self.rest.send_if_modified(|since| {
            let begins = since.is_none();
            since.get_or_insert_with(Instant::now);
            begins
        });
    }

    /// The owner has something to apply.
    pub fn works(&self) {
        self.rest.send_if_modified(|since| since.take().is_some());
    }

    /// Since when the owner has had nothing to apply; `None`: it has.
    pub fn rest(&self) -> watch::Receiver<Option<Instant>> {
        self.rest.subscribe()
    }

    /// Until none of these is being committed, or for so long that the store may be asked as well.
    async fn settled(&self, skus: &BTreeSet<Sku>) {
        let patience = Instant::now() + PATIENCE;
        loop {
            // Before it is looked at what is doubted: no ring is missed then.
            let rung = self.settled.notified();
            let doubted = {
                let halves = self.lock();
                !halves.doubted.is_empty() && skus.iter().any(|sku| halves.doubted.contains(sku))
            };
            if !doubted || timeout_at(patience, rung).await.is_err() {
                return;
            }
        }
    }

    /// These ledgers and sources, as far as they are known, all as of one moment.
    pub async fn find(&self, skus: BTreeSet<Sku>, sources: &[ConnectorName]) -> Found {
        self.settled(&skus).await;
        let (mut known, mut found) = (Vec::with_capacity(skus.len()), Found::default());
        let of_sources: Option<Vec<_>> = {
            let halves = self.lock();
            for sku in skus {
                match halves.young.get(&sku).or_else(|| halves.old.get(&sku)).cloned() {
                    Some(ledger) => known.push((sku, ledger)),
                    None => drop(found.lacking.insert(sku)),
                }
            }
            sources
                .iter()
                .map(|source| halves.sources.get(source).cloned())
                .collect()
        };
        // Long ledgers take a while to copy: their owner does not wait for that.
        for (sku, (document, version)) in known {
            found.versions.insert(sku.clone(), version);
            found.documents.skus.insert(sku, SkuDocument::clone(&document));
        }
        let named = sources.iter().zip(of_sources.iter().flatten());
        let named = named.map(|(source, (document, _))| (source.clone(), SourceDocument::clone(document)));
        found.documents.sources.extend(named);
        found.sources = of_sources.map(|all| all.iter().map(|(_, version)| *version).collect());
        found
    }
}

impl Halves {
    fn take(&mut self, sku: &Sku) {
        if let Some((document, _)) = self.young.remove(sku) {
            self.bytes = self.bytes.saturating_sub(size(&document));
        }
        self.old.remove(sku);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_engine::Movement;
    use omnistock_words::{Millis, Quantity};

    fn sku(name: &str) -> Sku {
        name.parse().unwrap()
    }

    fn ledger(movements: usize) -> Arc<SkuDocument> {
        let movement = |number: usize| Movement {
            source: "erp".parse().unwrap(),
            id: number.to_string().parse().unwrap(),
            location: "berlin".parse().unwrap(),
            quantity: Quantity::ONE,
            at: Millis(1),
            contained_from: Millis(2),
        };
        Arc::new(SkuDocument {
            movements: (0..movements).map(movement).collect(),
            ..SkuDocument::default()
        })
    }

    async fn find(newest: &Newest, names: &[&str]) -> Found {
        let skus = names.iter().map(|name| sku(name)).collect();
        newest.find(skus, &["erp".parse().unwrap()]).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_about_to_be_written_is_not_found_until_it_is_durable() {
        let newest = Newest::default();
        newest.keep(&sku("A"), ledger(1), 1);
        newest.keep(&sku("B"), ledger(1), 4);
        newest.keep_source(&"erp".parse().unwrap(), &SourceDocument::default(), 7);
        let found = find(&newest, &["A", "B", "C"]).await;
        assert_eq!(found.lacking, BTreeSet::from([sku("C")]));
        assert_eq!((found.versions[&sku("B")], found.sources), (4, Some(vec![7])));
        newest.doubt(&[DocumentKey::Sku(sku("A")), DocumentKey::Source("erp".parse().unwrap())]);
        let found = find(&newest, &["A", "B"]).await;
        assert_eq!((found.lacking, found.sources), (BTreeSet::from([sku("A")]), None));
        newest.keep(&sku("A"), ledger(2), 2);
        let found = find(&newest, &["A"]).await;
        assert_eq!(found.documents.skus.get(&sku("A")).unwrap().movements.len(), 2);
        newest.forget();
        assert_eq!(find(&newest, &["A", "B"]).await.lacking.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_just_being_committed_is_waited_for_and_not_for_ever() {
        let newest = Newest::default();
        newest.keep(&sku("A"), ledger(1), 1);
        newest.doubt(&[DocumentKey::Sku(sku("A"))]);
        let begun = Instant::now();
        let commit = async {
            tokio::time::sleep(PATIENCE / 2).await;
            newest.keep(&sku("A"), ledger(2), 2);
            newest.settle();
        };
        let (found, ()) = tokio::join!(find(&newest, &["A", "B"]), commit);
        assert_eq!((found.versions[&sku("A")], begun.elapsed()), (2, PATIENCE / 2));
        newest.doubt(&[DocumentKey::Sku(sku("A"))]);
        assert_eq!(find(&newest, &["B"]).await.lacking.len(), 1);
        assert_eq!(
            begun.elapsed(),
            PATIENCE / 2,
            "whoever needs something else waits for nothing"
        );
        assert_eq!(find(&newest, &["A"]).await.lacking.len(), 1);
        assert_eq!(begun.elapsed(), PATIENCE * 3 / 2, "the store may be asked as well");
    }

    #[tokio::test(start_paused = true)]
    async fn the_owner_rests_since_it_had_nothing_more_to_apply() {
        let newest = Newest::default();
        let mut rest = newest.rest();
        assert_eq!(*rest.borrow_and_update(), None, "nothing is known of it");
        newest.rests();
        let since = *rest.borrow_and_update();
        assert_eq!(since, Some(Instant::now()));
        tokio::time::advance(PATIENCE).await;
        newest.rests();
        assert!(!rest.has_changed().unwrap(), "it has rested on");
        assert_eq!(*rest.borrow(), since);
        newest.works();
        assert_eq!(*rest.borrow_and_update(), None);
        newest.works();
        assert!(!rest.has_changed().unwrap());
    }

    #[tokio::test]
    async fn it_takes_no_more_than_two_halves_and_knows_what_was_written_last() {
        let (newest, long) = (Newest::default(), ledger(100));
        let each = MOST_BYTES / size(&long);
        for number in 0..5 * each {
            newest.keep(&sku(&format!("S{number}")), Arc::clone(&long), 1);
            // One that is written all the time is never among those that go.
            newest.keep(&sku("hot"), Arc::clone(&long), 1);
            let halves = newest.lock();
            assert!(halves.young.len() + halves.old.len() <= 2 * (each + 1));
        }
        let last = format!("S{}", 5 * each - 1);
        assert!(find(&newest, &["hot", &last]).await.lacking.is_empty());
        assert!(!find(&newest, &["S0"]).await.lacking.is_empty());
    }
}
