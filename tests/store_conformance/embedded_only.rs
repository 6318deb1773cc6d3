//! What is special about the store in a folder: one daemon, migrations, its own file.

use super::batches::{LONG, put, sku, writes};
use omnistock::store::embedded::Embedded;
use omnistock::store::{EntryId, Store, StoreError};
use std::path::Path;

fn refusal(opened: Result<Embedded, StoreError>) -> String {
    match opened {
        Err(StoreError::Refused(sentence)) => sentence,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn a_second_daemon_is_refused_with_folder_and_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = Embedded::open(folder.path()).unwrap();
    let said = refusal(Embedded::open(folder.path()));
    assert!(said.contains(&folder.path().display().to_string()), "{said}");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    assert_eq!(first.append(&[b"goes on".to_vec()]).await.unwrap(), [EntryId(1)]);
    drop(first);
    Embedded::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_can_not_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    // Both fail for every user, also for root.
    for path in [file.as_path(), Path::new("/proc/omnistock")] {
        let said = refusal(Embedded::open(path));
        assert!(
            said.contains(&path.display().to_string()) && said.contains("[store]"),
            "{said}"
        );
        assert!(!said.contains('\n'));
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("omnistock.db");
    let text = "SKU;quantity\n".repeat(1_000);
    std::fs::write(&file, &text).unwrap();
    let said = refusal(Embedded::open(folder.path()));
    assert!(said.contains(&file.display().to_string()), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_database_from_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Embedded::open(folder.path()).unwrap());
    let database = rusqlite::Connection::open(folder.path().join("omnistock.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let said = refusal(Embedded::open(folder.path()));
    assert!(said.contains("newer omnistock"), "{said}");
}

#[tokio::test]
async fn a_restarted_daemon_does_not_wait_for_its_own_old_lease() {
    let folder = tempfile::tempdir().unwrap();
    let first = Embedded::open(folder.path()).unwrap();
    let before = first.acquire("process 1", LONG).await.unwrap().unwrap();
    drop(first);
    let second = Embedded::open(folder.path()).unwrap();
    let after = second.acquire("process 2", LONG).await.unwrap().unwrap();
    assert!(after.token > before.token);
    assert!(second.commit(&before, &writes(Vec::new())).await.is_err());
}

#[tokio::test]
async fn the_database_keeps_the_promised_settings_and_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let lease = store.acquire("tester", LONG).await.unwrap().unwrap();
    for version in 1..50 {
        store
            .commit(&lease, &writes(vec![put(sku("a"), version - 1, version, &[7; 5_000])]))
            .await
            .unwrap();
    }
    // Anybody may look at it while the daemon runs.
    let looking = rusqlite::Connection::open(folder.path().join("omnistock.db")).unwrap();
    let mode: String = looking.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    let sound: String = looking
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    let version: i64 = looking
        .query_row("SELECT version FROM document WHERE id = 'a'", [], |row| row.get(0))
        .unwrap();
    assert_eq!((mode.as_str(), sound.as_str(), version), ("wal", "ok", 49));
    let status = store.status().await.unwrap();
    assert_eq!(status.title, format!("embedded {}", folder.path().display()));
    assert_eq!(status.warnings, Vec::<String>::new());
}

/// What an idle daemon has written lies in the database, not only in the log beside it.
#[tokio::test]
async fn an_idle_store_copies_its_log_into_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let needle = b"a needle that is easy to find";
    store.append(&[needle.to_vec()]).await.unwrap();
    let copied = async {
        loop {
            let bytes = std::fs::read(folder.path().join("omnistock.db")).unwrap();
            if bytes.windows(needle.len()).any(|window| window == needle) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), copied)
        .await
        .expect("a checkpoint when idle");
}
