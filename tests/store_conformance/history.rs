//! The history: told with the commit, found by time and by subject, forgotten oldest first.

use super::backend::Backend;
use super::batches::{LONG, lease, put, sku, tell, writes};
use omnistock::store::{CommitBatch, CommitError, HistoryEntry, HistoryId, HistorySize, Store, Way};
use omnistock_words::Millis;

fn told(entries: Vec<HistoryEntry>) -> CommitBatch {
    CommitBatch {
        history: entries,
        ..CommitBatch::default()
    }
}

async fn found(store: &dyn Store, about: Option<&str>, way: Way) -> Vec<(i64, Vec<u8>)> {
    let from = if way == Way::Back { HistoryId::END } else { HistoryId(0) };
    let found = store.history(about, from, way, 1_000_000).await.unwrap();
    found.into_iter().map(|entry| (entry.id.at().0, entry.bytes)).collect()
}

pub(crate) async fn entries_are_found_by_time_and_by_subject(mut backend: Backend) {
    let lease = lease(&*backend.store).await;
    let batch = told(vec![
        tell(1_000, &["sku/A", "sku/B"], b"first"),
        tell(1_000, &["sku/B", "sku/B"], &[0, 255, 10]),
        tell(2_000, &[], b""),
    ]);
    backend.store.commit(&lease, &batch).await.unwrap();
    backend.reopen().await;
    let store = &*backend.store;
    let all = [(1_000, b"first".to_vec()), (1_000, vec![0, 255, 10]), (2_000, vec![])];
    assert_eq!(found(store, None, Way::Forward).await, all);
    assert_eq!(found(store, Some("sku/A"), Way::Forward).await, all[..1]);
    assert_eq!(found(store, Some("sku/B"), Way::Forward).await, all[..2]);
    let back: Vec<_> = all[..2].iter().rev().cloned().collect();
    assert_eq!(found(store, Some("sku/B"), Way::Back).await, back);
    assert_eq!(found(store, Some("sku"), Way::Back).await, []);
}

pub(crate) async fn a_page_goes_on_where_the_last_one_ended(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    for number in 0..30_u8 {
        let about = ["even", "odd"][usize::from(number % 2)];
        let entry = tell(i64::from(number / 4), &[about], &[number]);
        store.commit(&lease, &told(vec![entry])).await.unwrap();
    }
    for (way, mut expected) in [
        (Way::Forward, (0..30_u8).collect::<Vec<_>>()),
        (Way::Back, (0..30).rev().collect()),
    ] {
        for about in [None, Some("odd")] {
            let mut from = if way == Way::Back { HistoryId::END } else { HistoryId(0) };
            let mut seen = Vec::new();
            loop {
                let page = store.history(about, from, way, 4).await.unwrap();
                let Some(last) = page.last() else { break };
                from = last.id;
                assert!(page.len() <= 4);
                seen.extend(page.into_iter().map(|entry| entry.bytes[0]));
            }
            expected.retain(|number| about.is_none() || number % 2 == 1);
            assert_eq!(seen, expected, "{way:?} {about:?}");
        }
    }
    assert_eq!(
        store.history(Some("odd"), HistoryId(0), Way::Forward, 0).await.unwrap(),
        []
    );
    assert_eq!(store.history(None, HistoryId(0), Way::Forward, 0).await.unwrap(), []);
}

pub(crate) async fn an_instant_finds_what_was_before_and_behind_it(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let hours = [1, 2, 3].map(|hour| tell(hour * 3_600_000, &["sku/A"], &[u8::try_from(hour).unwrap()]));
    store.commit(&lease, &told(hours.to_vec())).await.unwrap();
    let at = HistoryId::first_at(Millis(2 * 3_600_000 + 1));
    for about in [None, Some("sku/A")] {
        let before = store.history(about, at, Way::Back, 1).await.unwrap();
        let behind = store.history(about, at, Way::Forward, 9).await.unwrap();
        assert_eq!((before[0].bytes[0], behind[0].bytes[0], behind.len()), (2, 3, 1));
    }
}

pub(crate) async fn a_clock_that_is_set_back_does_not_change_the_order(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    for (number, at) in [(1, 9_000), (2, 4_000), (3, -5), (4, 9_001)] {
        let entry = tell(at, &["sku/A"], &[number]);
        store.commit(&lease, &told(vec![entry])).await.unwrap();
    }
    let expected = [(9_000, vec![1]), (9_000, vec![2]), (9_000, vec![3]), (9_001, vec![4])];
    assert_eq!(found(store, None, Way::Forward).await, expected);
    assert_eq!(found(store, Some("sku/A"), Way::Forward).await, expected);
}

pub(crate) async fn a_commit_that_is_not_applied_tells_nothing(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &writes(vec![put(sku("a"), 0, 1, b"")]))
        .await
        .unwrap();
    let mut conflict = writes(vec![put(sku("a"), 0, 1, b"")]);
    conflict.history = vec![tell(1, &["sku/a"], b"never")];
    assert!(matches!(
        store.commit(&lease, &conflict).await,
        Err(CommitError::Conflict(_))
    ));
    let mut stale = lease.clone();
    stale.token += 1;
    assert_eq!(
        store.commit(&stale, &told(vec![tell(1, &[], b"never")])).await,
        Err(CommitError::Fenced)
    );
    assert_eq!(found(store, None, Way::Forward).await, []);
    assert_eq!(store.history_size().await.unwrap(), HistorySize::default());
}

pub(crate) async fn the_oldest_is_forgotten_with_its_subjects(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    for number in 0..10_u8 {
        let about = ["sku/all", if number < 5 { "sku/old" } else { "sku/new" }];
        let entry = tell(i64::from(number) * 1_000, &about, &[number; 10]);
        store.commit(&lease, &told(vec![entry])).await.unwrap();
    }
    let size = store.history_size().await.unwrap();
    assert_eq!((size.entries, size.bytes), (10, 10 * (10 + 14)));
    assert_eq!(size.oldest.unwrap().at(), Millis(0));

    let before = HistoryId::first_at(Millis(5_000));
    assert_eq!(store.forget_history(&lease, before, 3).await, Ok(3));
    assert_eq!(store.forget_history(&lease, before, 100).await, Ok(2));
    assert_eq!(store.forget_history(&lease, before, 100).await, Ok(0));
    assert_eq!(found(store, Some("sku/old"), Way::Forward).await, []);
    assert_eq!(found(store, Some("sku/new"), Way::Forward).await.len(), 5);
    assert_eq!(
        found(store, Some("sku/all"), Way::Forward).await[0],
        (5_000, vec![5; 10])
    );
    let size = store.history_size().await.unwrap();
    assert_eq!((size.entries, size.bytes), (5, 5 * (10 + 14)));
    assert_eq!(size.oldest.unwrap().at(), Millis(5_000));

    // What was forgotten leaves no place behind that would be given again.
    assert_eq!(store.forget_history(&lease, HistoryId::END, 100).await, Ok(5));
    assert_eq!(store.history_size().await.unwrap(), HistorySize::default());
    store
        .commit(&lease, &told(vec![tell(1_000, &["sku/all"], b"new")]))
        .await
        .unwrap();
    assert_eq!(
        found(store, Some("sku/all"), Way::Back).await,
        [(9_000, b"new".to_vec())]
    );
}

pub(crate) async fn only_the_holder_of_the_lease_forgets(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    store
        .commit(&lease, &told(vec![tell(1, &["sku/a"], b"x")]))
        .await
        .unwrap();
    store.release(&lease).await.unwrap();
    let next = store.acquire("another", LONG).await.unwrap().unwrap();
    for most in [0, 10] {
        assert_eq!(
            store.forget_history(&lease, HistoryId::END, most).await,
            Err(CommitError::Fenced)
        );
    }
    assert_eq!(store.history_size().await.unwrap().entries, 1);
    assert_eq!(store.forget_history(&next, HistoryId::END, 10).await, Ok(1));
}

pub(crate) async fn ten_thousand_subjects_in_one_batch(backend: Backend) {
    let store = &*backend.store;
    let lease = lease(store).await;
    let subjects: Vec<String> = (0..10_000).map(|number| format!("sku/{number}")).collect();
    let entries = subjects.chunks(100).map(|chunk| {
        let about: Vec<&str> = chunk.iter().map(String::as_str).collect();
        tell(7, &about, chunk[0].as_bytes())
    });
    store.commit(&lease, &told(entries.collect())).await.unwrap();
    for number in [0, 99, 100, 9_999] {
        let entry = found(store, Some(&format!("sku/{number}")), Way::Back).await;
        assert_eq!(entry, [(7, format!("sku/{}", number / 100 * 100).into_bytes())]);
    }
    assert_eq!(store.forget_history(&lease, HistoryId::END, 1_000).await, Ok(100));
}
