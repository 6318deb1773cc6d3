//! Who shares an append, and what becomes of each.

use super::*;
use crate::store::memory::Memory;
use crate::store::{StoreTimes, Timed};

fn appends(times: &StoreTimes) -> u64 {
    times
        .counts(crate::store::Question::Append)
        .iter()
        .map(|(_, count)| count)
        .sum()
}

async fn all(store: &Arc<dyn Store>, gathered: &Arc<Gathered>, count: u64) -> Vec<EntryId> {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        let (store, gathered) = (Arc::clone(store), Arc::clone(gathered));
        tasks.spawn(async move {
            let events = vec![format!("{number}a").into_bytes(), format!("{number}b").into_bytes()];
            let last = gathered.append(&store, events).await.unwrap().unwrap();
            let before = EntryId(last.0 - 2);
            let own = store.read(before, 2).await.unwrap();
            let text = |entry: &crate::store::Entry| String::from_utf8(entry.bytes.clone()).unwrap();
            assert_eq!(
                own.iter().map(text).collect::<Vec<_>>(),
                [format!("{number}a"), format!("{number}b")]
            );
            last
        });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn many_share_appends_and_each_is_told_its_own_place() {
    let (store, times) = Timed::around(Arc::new(Memory::new()));
    let gathered = Arc::<Gathered>::default();
    let mut places = all(&store, &gathered, 1_000).await;
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 1_000);
    let shared = appends(&times);
    assert!(shared <= 100, "{shared} appends of 1,000");
    assert!(!gathered.state().led && gathered.state().waiting.is_empty());
}

#[tokio::test]
async fn one_that_comes_alone_goes_by_itself_at_once() {
    let (store, times) = Timed::around(Arc::new(Memory::new()));
    let gathered = Arc::<Gathered>::default();
    for number in 1..=3 {
        all(&store, &gathered, 1).await;
        assert_eq!(appends(&times), number);
        assert!(!gathered.state().led, "nobody leads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_refusal_is_told_to_all_and_a_leader_that_ends_leaves_nobody_waiting() {
    let gathered = Arc::<Gathered>::default();
    let (answer, answered) = oneshot::channel();
    tell(
        vec![(vec![vec![1]], answer)],
        &Err(StoreError::Unavailable("away".to_owned())),
    );
    assert!(matches!(answered.await.unwrap(), Err(StoreError::Unavailable(_))));
    let (answer, answered) = oneshot::channel();
    gathered.state().waiting.push_back((vec![vec![1]], answer));
    gathered.state().led = true;
    drop(Leader {
        gathered: Arc::clone(&gathered),
        done: false,
    });
    assert!(answered.await.is_err());
    assert!(!gathered.state().led);
}
