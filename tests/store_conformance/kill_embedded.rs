//! `kill -9` of a process that commits: nothing acknowledged is lost, nothing is torn.

use super::batches::{LONG, mark, put, sku, tell as told};
use omnistock::store::embedded::Embedded;
use omnistock::store::{CommitBatch, CursorMove, EntryId, HistoryId, Store, Way};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const FOLDER: &str = "OMNISTOCK_TEST_COMMITS_INTO";
const ROUNDS: usize = 5;

/// Round `number` of the child: every part of the store says the same number.
fn round(number: u64, entry: EntryId, cursor: EntryId) -> CommitBatch {
    let text = number.to_string();
    CommitBatch {
        cursor: Some(CursorMove {
            from: cursor,
            to: entry,
        }),
        writes: vec![
            put(sku("left"), number - 1, number, text.as_bytes()),
            put(sku("right"), number - 1, number, text.repeat(2_000).as_bytes()),
            put(sku(&text), 0, 1, b""),
        ],
        marks: vec![mark("shop", &text, i64::try_from(number).unwrap())],
        history: vec![told(
            i64::try_from(number).unwrap(),
            &["sku/left", &text],
            text.as_bytes(),
        )],
        ..CommitBatch::default()
    }
}

#[allow(clippy::exit, reason = "only reached in the child: its parent is gone")]
fn tell(what: &str, number: u64) {
    if writeln!(std::io::stderr(), "{what} {number}").is_err() {
        std::process::exit(1);
    }
}

/// The child: commits and says each number once it is acknowledged, until it is killed.
async fn commit_for_ever(folder: &Path) {
    let store = Embedded::open(folder).unwrap();
    let lease = store.acquire("child", LONG).await.unwrap().unwrap();
    let mut number = store.load(&[sku("left")]).await.unwrap()[0].version;
    loop {
        number += 1;
        let cursor = store.cursor().await.unwrap();
        let entry = store.append(&[number.to_be_bytes().to_vec()]).await.unwrap()[0];
        tell("appended", number);
        assert_eq!(store.read(cursor, 10).await.unwrap().last().unwrap().id, entry);
        store.commit(&lease, &round(number, entry, cursor)).await.unwrap();
        tell("committed", number);
    }
}

/// Does something only when it is started by the test below.
#[tokio::test]
async fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        commit_for_ever(Path::new(&folder)).await;
    }
}

/// The last numbers that a child acknowledged.
#[derive(Debug, Default)]
struct Acknowledged {
    appended: u64,
    committed: u64,
}

impl Acknowledged {
    /// Takes note of a line; whether it told of a commit.
    fn note(&mut self, line: &str) -> bool {
        match line.split_once(' ').map(|(what, number)| (what, number.parse::<u64>())) {
            Some(("appended", Ok(number))) => self.appended = number,
            Some(("committed", Ok(number))) => self.committed = number,
            _ => {}
        }
        line.starts_with("committed ")
    }
}

/// Starts a child, kills it after so many more commits; what it said until it died.
fn run_and_kill(folder: &Path, commits: usize) -> Acknowledged {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "store_conformance::kill_embedded::child", "--nocapture"])
        .env(FOLDER, folder);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut last = Acknowledged::default();
    let reached = said.by_ref().filter(|line| last.note(line)).nth(commits);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached.is_some(), "the child stopped by itself after {last:?}");
    // What it said before it died and was not read yet.
    said.for_each(|line| {
        last.note(&line);
    });
    last
}

async fn check(folder: &Path, acknowledged: &Acknowledged) {
    let store = Embedded::open(folder).unwrap();
    let found = store.load(&[sku("left"), sku("right")]).await.unwrap();
    let number = found[0].version;
    let most = acknowledged.committed + 1;
    assert!(
        (acknowledged.committed..=most).contains(&number),
        "{acknowledged:?}, {number} found"
    );
    assert_eq!(found[0].bytes, number.to_string().into_bytes());
    assert_eq!(
        (found[1].version, &found[1].bytes),
        (number, &number.to_string().repeat(2_000).into_bytes())
    );
    assert_eq!(store.dirty_count("shop").await.unwrap(), number);
    // History and documents never disagree.
    let newest = store
        .history(Some("sku/left"), HistoryId::END, Way::Back, 2)
        .await
        .unwrap();
    assert_eq!(newest[0].bytes, number.to_string().into_bytes());
    assert_eq!(store.history_size().await.unwrap().entries, number);
    let numbered = store.scan(omnistock::store::Kind::Sku, None, 1_000_000).await.unwrap();
    assert_eq!(numbered.len() as u64, number + 2);
    let waiting = store.read(EntryId(0), 10).await.unwrap();
    assert!(waiting.len() <= 1 && waiting.iter().all(|entry| entry.bytes == (number + 1).to_be_bytes()));
    // An entry that was acknowledged waits, or was committed.
    assert!(
        number >= acknowledged.appended || waiting.len() == 1,
        "{acknowledged:?}, {number} and {waiting:?} found"
    );
    let leftover = store.cursor().await.unwrap();
    assert!(waiting.iter().all(|entry| entry.id > leftover));
    drop(store);
    let database = rusqlite::Connection::open(folder.join("omnistock.db")).unwrap();
    let sound: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    // The child repeats the append of an entry that was left over: take it away before the next round.
    database.execute("DELETE FROM inbox", []).unwrap();
}

#[tokio::test]
async fn a_killed_daemon_has_lost_nothing_acknowledged_and_torn_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for rounds in 1..=ROUNDS {
        let acknowledged = run_and_kill(folder.path(), rounds * 17);
        check(folder.path(), &acknowledged).await;
    }
}
