//! Random operations give the same answers on every store.

use super::batches::{LONG, clear, delete, intent, mark, put, tell};
use super::redis_cluster::RedisCluster;
use super::redis_sentinel::RedisSentinels;
use super::redis_server::{Persistence, RedisServer};
use super::whole::by_sentinels;
use omnistock::store::embedded::Embedded;
use omnistock::store::memory::Memory;
use omnistock::store::redis::{RedisPlace, RedisSettings, RedisStore};
use omnistock::store::{
    CommitBatch, CommitError, CursorMove, EntryId, HistoryId, Key, Kind, Lease, Store, StoreError, Way,
};
use omnistock_words::Millis;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

const IDS: [&str; 5] = ["", "a", "b {x}", "ä\n", "a\0"];
const CHANNELS: [&str; 2] = ["shop", "}{"];
const CASES: u32 = 48;
/// On places that take long to answer.
const FEW_CASES: u32 = 12;

#[derive(Debug, Clone)]
enum Operation {
    Acquire(usize),
    Renew(usize),
    Release(usize),
    Append(Vec<Vec<u8>>),
    Commit(usize, Changes),
    Name(usize, u64),
    Forget(usize, i64, usize),
    Look,
}

/// Expected versions, cursors and mark versions are near the right ones, not always right.
#[derive(Debug, Clone)]
struct Changes {
    cursor: Option<(u8, u8)>,
    writes: Vec<(usize, usize, bool, bool, Vec<u8>)>,
    marks: Vec<(usize, usize, i64)>,
    clears: Vec<(usize, usize, u64)>,
    intents: Vec<(usize, usize, bool)>,
    history: Vec<(i64, Vec<usize>, Vec<u8>)>,
}

fn changes() -> impl Strategy<Value = Changes> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..6);
    let mostly = prop_oneof![9 => Just(true), 1 => Just(false)];
    let writes = proptest::collection::vec((0..2_usize, 0..IDS.len(), mostly, any::<bool>(), bytes), 0..4);
    let marks = proptest::collection::vec((0..CHANNELS.len(), 0..IDS.len(), -3..3_i64), 0..4);
    let clears = proptest::collection::vec((0..CHANNELS.len(), 0..IDS.len(), 1..15_u64), 0..4);
    let intents = proptest::collection::vec((0..CHANNELS.len(), 0..IDS.len(), any::<bool>()), 0..4);
    let about = proptest::collection::vec(0..IDS.len(), 0..3);
    let told = proptest::collection::vec(any::<u8>(), 0..5);
    let history = proptest::collection::vec((-2..9_i64, about, told), 0..4);
    (
        proptest::option::weighted(0.4, (0..5_u8, 0..4_u8)),
        writes,
        marks,
        clears,
        intents,
        history,
    )
        .prop_map(|(cursor, writes, marks, clears, intents, history)| Changes {
            cursor,
            writes,
            marks,
            clears,
            intents,
            history,
        })
}

fn operation() -> impl Strategy<Value = Operation> {
    let event = proptest::collection::vec(any::<u8>(), 0..5);
    prop_oneof![
        2 => (0..2_usize).prop_map(Operation::Acquire),
        1 => (0..2_usize).prop_map(Operation::Renew),
        1 => (0..2_usize).prop_map(Operation::Release),
        3 => proptest::collection::vec(event, 0..4).prop_map(Operation::Append),
        10 => (0..2_usize, changes()).prop_map(|(who, changes)| Operation::Commit(who, changes)),
        1 => (0..2_usize, 1..9_u64).prop_map(|(who, generation)| Operation::Name(who, generation)),
        1 => (0..2_usize, 0..9_i64, 0..6_usize).prop_map(|(who, at, most)| Operation::Forget(who, at, most)),
        3 => Just(Operation::Look),
    ]
}

/// What the test knows of one store: tokens may differ between stores, their order may not.
struct Subject {
    store: Box<dyn Store>,
    leases: [Lease; 2],
    ranks: Vec<u64>,
}

const OWNERS: [&str; 2] = ["first", "second"];

impl Subject {
    fn new(store: Box<dyn Store>) -> Self {
        let leases = OWNERS.map(|owner| Lease {
            owner: owner.to_owned(),
            token: 0,
        });
        Self {
            store,
            leases,
            ranks: Vec::new(),
        }
    }

    fn rank(&mut self, token: u64) -> usize {
        if self.ranks.last().is_none_or(|last| *last < token) {
            self.ranks.push(token);
        }
        self.ranks
            .iter()
            .position(|known| *known == token)
            .expect("tokens never fall")
    }

    async fn batch(&self, changes: &Changes) -> CommitBatch {
        let mut found = BTreeMap::new();
        for (kind, id, right, deletes, bytes) in &changes.writes {
            let key = Key::new([Kind::Sku, Kind::Order][*kind], IDS[*id]);
            let version = self.store.load(std::slice::from_ref(&key)).await.unwrap()[0].version;
            let expected = if *right { version } else { version + 1 };
            let write = if *deletes {
                delete(key.clone(), expected, expected + 1)
            } else {
                put(key.clone(), expected, expected + 1, bytes)
            };
            found.insert(key, write);
        }
        let cursor = self.store.cursor().await.unwrap();
        let moved = |(wrong, by): (u8, u8)| {
            let from = EntryId(cursor.0 + u64::from(wrong == 0));
            CursorMove {
                from,
                to: EntryId(from.0 + u64::from(by)),
            }
        };
        CommitBatch {
            cursor: changes.cursor.map(moved),
            writes: found.into_values().collect(),
            marks: changes
                .marks
                .iter()
                .map(|(channel, id, since)| mark(CHANNELS[*channel], IDS[*id], *since))
                .collect(),
            clears: changes
                .clears
                .iter()
                .map(|(channel, id, version)| clear(CHANNELS[*channel], IDS[*id], *version))
                .collect(),
            intents: changes
                .intents
                .iter()
                .map(|(channel, id, open)| intent(CHANNELS[*channel], IDS[*id], *open))
                .collect(),
            history: changes
                .history
                .iter()
                .map(|(at, about, bytes)| {
                    let about: Vec<&str> = about.iter().map(|id| IDS[*id]).collect();
                    tell(*at, &about, bytes)
                })
                .collect(),
        }
    }

    async fn look(&self) -> Result<String, StoreError> {
        let mut seen = vec![format!(
            "{:?} {:?}",
            self.store.cursor().await?,
            self.store.read(EntryId(0), 100).await?
        )];
        let standing = self.store.standing().await?;
        let leader = standing.leader.map(|leader| leader.owner);
        let mark = standing.mark;
        seen.push(format!(
            "{leader:?} {} {} {:?}",
            mark.generation, mark.commits, standing.note
        ));
        for kind in [Kind::Sku, Kind::Order, Kind::Hold] {
            let all = self.store.scan(kind, None, 100).await?;
            let behind = self.store.scan(kind, Some("a"), 2).await?;
            let keys: Vec<Key> = IDS.iter().map(|id| Key::new(kind, *id)).collect();
            seen.push(format!(
                "{kind:?} {all:?} {behind:?} {:?}",
                self.store.load(&keys).await?
            ));
        }
        for channel in CHANNELS {
            let (all, two) = (
                self.store.dirty(channel, 100).await?,
                self.store.dirty_behind(channel, 1, 2).await?,
            );
            let (count, open) = (
                self.store.dirty_count(channel).await?,
                self.store.intents(channel).await?,
            );
            seen.push(format!("{channel} {all:?} {two:?} {count} {open:?}"));
        }
        for about in [None].into_iter().chain(IDS.map(Some)) {
            let all = self.store.history(about, HistoryId(0), Way::Forward, 100).await?;
            let middle = HistoryId::first_at(Millis(4));
            let back = self.store.history(about, middle, Way::Back, 3).await?;
            let on = self.store.history(about, middle, Way::Forward, 2).await?;
            seen.push(format!("{about:?} {all:?} {back:?} {on:?}"));
        }
        seen.push(format!("{:?}", self.store.history_size().await?));
        Ok(seen.join("\n"))
    }

    async fn run(&mut self, operation: &Operation) -> String {
        match operation {
            Operation::Acquire(who) => match self.store.acquire(OWNERS[*who], LONG).await.unwrap() {
                Some(lease) => {
                    self.leases[*who] = lease.clone();
                    format!("{} {}", lease.owner, self.rank(lease.token))
                }
                None => "taken".to_owned(),
            },
            Operation::Renew(who) => format!("{:?}", self.store.renew(&self.leases[*who], LONG).await),
            Operation::Release(who) => format!("{:?}", self.store.release(&self.leases[*who]).await),
            Operation::Append(events) => format!("{:?}", self.store.append(events).await),
            Operation::Commit(who, changes) => {
                let batch = self.batch(changes).await;
                let said: Result<(), CommitError> = self.store.commit(&self.leases[*who], &batch).await;
                format!("{said:?}")
            }
            Operation::Name(who, generation) => {
                let note = generation.is_multiple_of(2).then_some("a note");
                format!(
                    "{:?}",
                    self.store
                        .name(&self.leases[*who], *generation, note, *generation == 5)
                        .await
                )
            }
            Operation::Forget(who, at, most) => {
                let before = HistoryId::first_at(Millis(*at));
                format!(
                    "{:?}",
                    self.store.forget_history(&self.leases[*who], before, *most).await
                )
            }
            Operation::Look => self.look().await.unwrap(),
        }
    }
}

async fn compare(operations: &[Operation], places: &[RedisSettings], prefix: &str) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Subject::new(Box::new(Memory::new()));
    let mut others = vec![Subject::new(Box::new(Embedded::open(folder.path()).unwrap()))];
    for place in places {
        let settings = RedisSettings {
            prefix: prefix.to_owned(),
            ..place.clone()
        };
        others.push(Subject::new(Box::new(RedisStore::open(&settings).await.unwrap())));
    }
    for operation in operations.iter().chain([&Operation::Look]) {
        let expected = model.run(operation).await;
        for other in &mut others {
            let said = other.run(operation).await;
            prop_assert_eq!(&said, &expected, "{:?} of {:?}", operation, operations);
        }
    }
    Ok(())
}

fn random_operations_on(places: &[RedisSettings], cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let case = std::cell::Cell::new(0_u32);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let sequences = proptest::collection::vec(operation(), 1..40);
    let outcome = runner.run(&sequences, |mut operations| {
        case.set(case.get() + 1);
        // Somebody has to be in charge for anything to happen.
        operations.insert(0, Operation::Acquire(0));
        runtime.block_on(compare(&operations, places, &format!("case-{}", case.get())))
    });
    outcome.unwrap();
}

#[test]
fn random_operations_give_equal_answers_everywhere() {
    let server = RedisServer::keeping(Persistence::Nothing);
    random_operations_on(&[RedisSettings::at(server.url().into(), "")], CASES);
}

#[test]
fn random_operations_give_equal_answers_on_a_cluster_and_by_sentinels() {
    let (cluster, sentinels) = (RedisCluster::start(), RedisSentinels::start());
    let place = RedisPlace::Cluster(cluster.urls());
    let places = [RedisSettings::of(place, ""), by_sentinels(&sentinels)];
    random_operations_on(&places, FEW_CASES);
}
