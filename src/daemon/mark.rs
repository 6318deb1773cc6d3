//! How far the store had come, remembered beside it: in memory, and in a file of this machine.
//!
//! The file is written at most once a second and only with what the store had answered, so it lags a
//! little and is never ahead. A store that is behind it has lost something.

use crate::store::{Mark, Standing, replace};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between two writes of the file.
const EVERY: Duration = Duration::from_secs(1);

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Known {
    /// How far the store has come, at least.
    pub(super) mark: Mark,
    /// The server that said so.
    pub(super) server: String,
}

/// What a look at the store says beside what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// All that is known of is there.
    Whole,
    /// The same, but another server answers, or it was started anew: said once.
    Moved,
    /// Something is gone.
    Lost {
        /// What, in one sentence.
        what: String,
        /// What is left does not fit together: it is not the state of any earlier moment.
        torn: bool,
    },
}

impl Known {
    /// Judges a look.
    pub(super) fn judge(&self, standing: &Standing) -> Finding {
        // Between two looks changes are answered, too: commits go by them, and a store behind them takes none.
        let (there, known) = (standing.mark, self.mark.later(standing.seen));
        let lost = |what| Finding::Lost { what, torn: false };
        if known.generation > 0 && there.generation == 0 {
            return lost(format!(
                "it is empty and should hold {known}: flushed, or another server"
            ));
        }
        if there.lacks(&known) {
            let which = if there.generation < known.generation {
                "it is a copy from before it was begun anew".to_owned()
            } else {
                format!("it holds {there} and should hold {known}")
            };
            return lost(format!(
                "{which}: restored from an older copy, or failed over without the last"
            ));
        }
        if let Some(missing) = &standing.missing {
            let what = format!("{missing}: evicted or deleted");
            return Finding::Lost { what, torn: true };
        }
        let moved = !self.server.is_empty() && !standing.server.is_empty() && self.server != standing.server;
        if moved { Finding::Moved } else { Finding::Whole }
    }

    /// Takes over a look in which nothing was lost.
    pub(super) fn see(&mut self, standing: &Standing) {
        self.mark = self.mark.later(standing.mark);
        if !standing.server.is_empty() {
            self.server.clone_from(&standing.server);
        }
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct Mirror {
    folder: PathBuf,
    name: String,
}

impl Mirror {
    /// In `folder`, which is created when missing; one file for each merchant.
    pub(super) fn new(folder: &Path, merchant: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            name: format!("mark-{merchant}.json"),
        }
    }

    /// What was written last; nothing where there is no file, or none that can be read, which is said.
    pub(super) fn read(&self) -> Known {
        let path = self.folder.join(&self.name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    tracing::warn!("{} can't be read: {error}", path.display());
                }
                return Known::default();
            }
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!("{} makes no sense and counts for nothing: {error}", path.display());
            Known::default()
        })
    }

    async fn write_aside(&self, known: Known) -> std::io::Result<()> {
        let path = self.folder.join(&self.name);
        tokio::task::spawn_blocking(move || replace(&path, &serde_json::to_vec(&known)?))
            .await
            .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)))
    }

    /// Follows what is known until `cancel`, then writes it once more. `trouble` says why it can't be written.
    pub(super) async fn follow(
        self,
        mut known: watch::Receiver<Known>,
        trouble: watch::Sender<Option<String>>,
        cancel: CancellationToken,
    ) {
        loop {
            let ended = tokio::select! {
                () = cancel.cancelled() => true,
                changed = known.changed() => changed.is_err(),
            };
            let now = known.borrow_and_update().clone();
            if now.mark.generation > 0 {
                let failed = self.write_aside(now).await.err().map(|error| self.sentence(&error));
                if trouble.send_if_modified(|old| std::mem::replace(old, failed.clone()) != failed)
                    && let Some(sentence) = failed
                {
                    tracing::warn!("{sentence}");
                }
            }
            if ended {
                return;
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    fn sentence(&self, error: &std::io::Error) -> String {
        format!(
            "{} can't be written ({error}), so a store that is put back while no daemon runs would not be noticed: make the folder writable, or set `path` under [store]",
            self.folder.join(&self.name).display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(generation: u64, commits: u64, entries: u64) -> Standing {
        let mark = Mark {
            generation,
            commits,
            entries,
        };
        Standing {
            mark,
            server: "a".to_owned(),
            ..Standing::default()
        }
    }

    fn known(generation: u64, commits: u64, entries: u64) -> Known {
        let mut known = Known::default();
        known.see(&standing(generation, commits, entries));
        known
    }

    #[test]
    fn what_is_lost_is_said_and_what_is_new_is_not() {
        let lost = |known: &Known, standing: &Standing| match known.judge(standing) {
            Finding::Lost { what, .. } => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            Known::default().judge(&standing(0, 0, 0)),
            Finding::Whole,
            "the first start"
        );
        assert_eq!(
            Known::default().judge(&standing(7, 5, 5)),
            Finding::Whole,
            "a new standby"
        );
        let seen = known(7, 5, 5);
        assert_eq!(seen.judge(&standing(7, 9, 9)), Finding::Whole);
        assert_eq!(
            seen.judge(&standing(8, 0, 0)),
            Finding::Whole,
            "another daemon has begun it anew"
        );
        assert!(lost(&seen, &standing(0, 0, 0)).contains("flushed"));
        assert!(lost(&seen, &standing(7, 4, 5)).contains("holds 4 commits and 5 reports and should hold 5 commits"));
        assert!(lost(&seen, &standing(7, 5, 4)).contains("older copy"));
        assert!(lost(&seen, &standing(6, 9, 9)).contains("before it was begun anew"));
        let answered = Standing {
            seen: standing(7, 6, 9).mark,
            ..standing(7, 5, 9)
        };
        assert!(
            lost(&seen, &answered).contains("should hold 6 commits"),
            "since the last look"
        );
        let anew = Standing {
            seen: standing(7, 6, 9).mark,
            ..standing(8, 0, 0)
        };
        assert_eq!(seen.judge(&anew), Finding::Whole);
        let gone = Standing {
            missing: Some("3 of 7 documents are there".to_owned()),
            ..standing(7, 5, 5)
        };
        assert!(lost(&seen, &gone).contains("evicted"));
        assert!(matches!(seen.judge(&gone), Finding::Lost { torn: true, .. }));
        let elsewhere = Standing {
            server: "b".to_owned(),
            ..standing(7, 5, 5)
        };
        assert_eq!(seen.judge(&elsewhere), Finding::Moved);
    }

    #[tokio::test]
    async fn the_file_comes_back_as_written_and_nonsense_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::new(&folder.path().join("state"), "shop");
        assert_eq!(mirror.read(), Known::default());
        mirror.write_aside(known(7, 5, 5)).await.unwrap();
        assert_eq!(mirror.read(), known(7, 5, 5));
        std::fs::write(folder.path().join("state/mark-shop.json"), b"{\"mark\":").unwrap();
        assert_eq!(mirror.read(), Known::default());
    }

    #[tokio::test]
    async fn what_can_not_be_written_is_said_and_nothing_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state"), b"a file").unwrap();
        let mirror = Mirror::new(&folder.path().join("state"), "shop");
        let (sender, receiver) = watch::channel(Known::default());
        let (trouble, told) = watch::channel(None);
        let cancel = CancellationToken::new();
        sender.send_replace(known(7, 5, 5));
        cancel.cancel();
        mirror.follow(receiver, trouble, cancel).await;
        assert!(told.borrow().as_ref().unwrap().contains("`path` under [store]"));
    }
}
