//! The judge beside a Redis that is killed: how many commits the store had had at each moment, by the server's own word,
//! and how long its file was then. Knows nothing of what the daemon thinks.

use crate::support::redis::RedisServer;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How far a store was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Rises when a loss was noticed and the store is begun anew.
    pub(super) generation: u64,
    pub(super) commits: u64,
}

/// How far it was at a moment, and how many bytes the server had written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) place: Place,
    pub(super) bytes: u64,
}

/// The one file to which the server appends: it is never written anew in these tests.
pub(super) fn file(server: &RedisServer) -> PathBuf {
    let folder = server.folder().join("appendonlydir");
    let name = |path: &PathBuf| path.to_string_lossy().ends_with(".incr.aof");
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(name);
    let only = files.next().expect("it appends to a file");
    assert!(files.next().is_none(), "one file");
    only
}

/// How far the store is now.
pub(super) fn place(server: &RedisServer) -> Place {
    let (generation, commits): (Option<u64>, Option<u64>) =
        server.ask(&["HMGET", "{omnistock}:lease", "generation", "commits"]);
    Place {
        generation: generation.unwrap_or(0),
        commits: commits.unwrap_or(0),
    }
}

/// A judge at work: looks every few milliseconds until the server is gone, or it is told to end.
pub(super) struct Judge {
    looking: JoinHandle<Vec<Sample>>,
    enough: Arc<AtomicBool>,
}

impl Judge {
    pub(super) fn start(server: &RedisServer) -> Self {
        let (url, file, enough) = (server.url(), file(server), Arc::new(AtomicBool::new(false)));
        let end = Arc::clone(&enough);
        let looking = std::thread::spawn(move || {
            let client = redis::Client::open(url).unwrap();
            let mut connection = client.get_connection_with_timeout(Duration::from_secs(5)).unwrap();
            let mut samples = Vec::new();
            while !end.load(Ordering::SeqCst) {
                // Before it is asked: what is known later was true then at the latest.
                let at = Instant::now();
                let Ok(about) = std::fs::metadata(&file) else { break };
                let bytes = about.len();
                let mut question = redis::cmd("HMGET");
                question.arg("{omnistock}:lease").arg("generation").arg("commits");
                let told: redis::RedisResult<(Option<u64>, Option<u64>)> = question.query(&mut connection);
                let Ok((generation, commits)) = told else { break };
                let place = Place {
                    generation: generation.unwrap_or(0),
                    commits: commits.unwrap_or(0),
                };
                samples.push(Sample { at, place, bytes });
                std::thread::sleep(Duration::from_millis(5));
            }
            samples
        });
        Self { looking, enough }
    }

    /// What it saw; oldest first.
    pub(super) fn seen(self) -> Vec<Sample> {
        self.enough.store(true, Ordering::SeqCst);
        self.looking.join().unwrap()
    }
}
