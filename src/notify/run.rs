//! The loop of one notifier: look, say what is to be said, remember it.
//!
//! Only who speaks for the merchant says anything. What was told is written to the store behind the message: a crash
//! between both tells it once more, with the same id.

use super::matter::Matter;
use super::message::{Message, Saying};
use super::notifier::Notifier;
use super::tally::Tally;
use crate::retry;
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Lease, Store, Versioned};
use omnistock_sdk::now;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The store is asked for so long at most.
const STORE: Duration = Duration::from_secs(2);
/// From so many failures on, attempts are rare: a receiver that takes a message and still says no is not flooded.
const MANY: u32 = 8;
/// Between attempts from then on.
const SELDOM: Duration = Duration::from_mins(5);

/// How things stand now.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Whether this daemon speaks for the merchant: it leads, or led last and nobody else does.
    pub speaks: bool,
    /// Only what concerns the store itself is known: of everything else nothing can be said.
    pub blind: bool,
    /// The lease under which what was told is remembered; `None`: in memory only.
    pub lease: Option<Lease>,
    /// What needs a person.
    pub matters: Vec<Matter>,
}

struct Voice {
    notifier: Arc<Notifier>,
    store: Arc<dyn Store>,
    tally: Tally,
    /// The lease whose start has read what was told before, and the version of that.
    read: Option<(u64, u64)>,
    failures: u32,
    not_before: Option<Instant>,
}

/// Tells what is to be told, for ever.
pub async fn run(notifier: Arc<Notifier>, store: Arc<dyn Store>, mut sight: watch::Receiver<Arc<Sight>>) {
    let mut voice = Voice {
        notifier,
        store,
        tally: Tally::default(),
        read: None,
        failures: 0,
        not_before: None,
    };
    loop {
        let seen = Arc::clone(&sight.borrow_and_update());
        if seen.speaks {
            voice.turn(&seen).await;
        } else {
            (voice.tally, voice.read) = (Tally::default(), None);
            voice.notifier.board.looked(0, 0);
        }
        if sight.changed().await.is_err() {
            return;
        }
    }
}

impl Voice {
    async fn turn(&mut self, seen: &Sight) {
        if let Some(lease) = &seen.lease
            && self.read.is_none_or(|(token, _)| token != lease.token)
            && !self.recall(lease).await
            && !seen.blind
        {
            return; // What was told before is not known yet; of the store's own trouble it is told all the same.
        }
        let limits = self.notifier.limits();
        let left_out = self.tally.look(now(), &limits, &self.others(seen), seen.blind);
        let told = u64::try_from(self.tally.told()).unwrap_or(u64::MAX);
        self.notifier.board.looked(told, u64::from(left_out));
        if self.not_before.is_some_and(|until| until > Instant::now()) {
            return;
        }
        // One a turn: the next one goes by how things stand then.
        let Some(message) = self.tally.next(now(), &limits) else {
            return;
        };
        match self.notifier.deliver(&message, Duration::MAX).await {
            Ok(()) => self.told(&message, seen.lease.as_ref()).await,
            Err(why) => self.failed(&why),
        }
    }

    /// All matters but that this notifier itself fails.
    fn others(&self, seen: &Sight) -> Vec<Matter> {
        let own =
            |matter: &Matter| matter.event == super::Event::NotifierFails && matter.subject == self.notifier.name();
        seen.matters.iter().filter(|matter| !own(matter)).cloned().collect()
    }

    async fn told(&mut self, message: &Message, lease: Option<&Lease>) {
        if self.failures > 0 {
            tracing::info!(notifier = self.notifier.name(), "messages get through again");
        }
        (self.failures, self.not_before) = (0, None);
        self.tally.sent(now(), message);
        if message.state != Saying::Test {
            tracing::info!(
                notifier = self.notifier.name(),
                id = message.id,
                "told: {}",
                message.text
            );
        }
        if let Some(lease) = lease {
            self.remember(lease).await;
        }
    }

    fn failed(&mut self, why: &str) {
        if self.failures == 0 {
            tracing::warn!(notifier = self.notifier.name(), "a message did not get through: {why}");
        }
        self.failures = self.failures.saturating_add(1);
        let mut pause = retry::delay(self.failures, rand::random());
        if self.failures >= MANY {
            pause = pause.max(SELDOM);
        }
        self.not_before = Some(Instant::now() + pause);
    }

    fn key(&self) -> Key {
        Key::new(Kind::Merchant, format!("notified/{}", self.notifier.name()))
    }

    /// Reads what an earlier leader told; `false`: the store did not answer.
    async fn recall(&mut self, lease: &Lease) -> bool {
        let keys = [self.key()];
        match tokio::time::timeout(STORE, self.store.load(&keys)).await {
            Ok(Ok(found)) => {
                let Versioned { version, bytes } = found.into_iter().next().unwrap_or_default();
                if !bytes.is_empty() {
                    self.tally.absorb(Tally::decode(&bytes), now());
                }
                self.read = Some((lease.token, version));
                true
            }
            _ => false,
        }
    }

    /// A failure only costs a repetition after a take-over.
    async fn remember(&mut self, lease: &Lease) {
        let Some((token, version)) = self.read.filter(|(token, _)| *token == lease.token) else {
            return;
        };
        let write = DocumentWrite {
            key: self.key(),
            expected: version,
            version: version + 1,
            bytes: Some(self.tally.encode()),
        };
        let batch = CommitBatch {
            writes: vec![write],
            ..CommitBatch::default()
        };
        match tokio::time::timeout(STORE, self.store.commit(lease, &batch)).await {
            Ok(Ok(())) => self.read = Some((token, version + 1)),
            // Whether it is there is not known: it is read again.
            _ => self.read = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Least, NotifySettings, NotifyWay};
    use crate::notify::Event;
    use crate::store::memory::Memory;
    use omnistock_sdk::{SecretReference, SecretResolver, SecretString};
    use tokio_util::task::TaskTracker;

    struct NoSecrets;

    impl SecretResolver for NoSecrets {
        fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
            Err("there is none".to_owned())
        }
    }

    fn notifier(script: &str) -> Arc<Notifier> {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let settings = NotifySettings {
            name: "night".to_owned(),
            way: NotifyWay::Exec {
                program: "/bin/sh".into(),
                arguments,
            },
            token: None,
            min: Least::Page,
            after: Duration::from_mins(5),
            settle: Duration::from_mins(1),
            most_per_hour: 20,
            timeout: Duration::from_secs(10),
        };
        Arc::new(Notifier::new(
            settings,
            Arc::new(NoSecrets),
            String::new(),
            Arc::default(),
        ))
    }

    fn sight(speaks: bool, ids: &[&str]) -> Arc<Sight> {
        let hold = |id: &&str| Matter::new(Event::Hold, "erp", "x").part(*id);
        Arc::new(Sight {
            speaks,
            matters: ids.iter().map(hold).collect(),
            ..Sight::default()
        })
    }

    /// Shows this again and again until so many messages got through; how many did not.
    async fn until_sent(notifier: &Notifier, sights: &watch::Sender<Arc<Sight>>, seen: &Arc<Sight>, sent: u64) -> u64 {
        for _ in 0..1_000 {
            sights.send_replace(Arc::clone(seen));
            tokio::time::sleep(Duration::from_millis(10)).await;
            if notifier.board.counts().sent >= sent {
                return notifier.board.counts().failed;
            }
        }
        panic!("{:?}", notifier.board.counts());
    }

    #[tokio::test]
    async fn only_who_speaks_for_the_merchant_says_anything() {
        let (notifier, tracker) = (notifier("exit 0"), TaskTracker::new());
        let (sights, seen) = watch::channel(sight(false, &["h-1", "h-2", "h-3"]));
        let task = tracker.spawn(run(Arc::clone(&notifier), Arc::new(Memory::new()), seen));
        for _ in 0..10 {
            sights.send_replace(sight(false, &["h-1", "h-2", "h-3"]));
            tokio::task::yield_now().await;
        }
        until_sent(&notifier, &sights, &sight(true, &["h-4"]), 1).await;
        assert_eq!(notifier.board.counts().sent, 1);
        drop(sights);
        task.await.unwrap();
    }

    #[tokio::test]
    async fn what_fails_is_tried_again_and_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let shown = mark.display();
        let (notifier, tracker) = (
            notifier(&format!(
                "test -e {shown} && exit 0; touch {shown}; echo no line >&2; exit 3"
            )),
            TaskTracker::new(),
        );
        let (sights, seen) = watch::channel(sight(true, &["h-1"]));
        let task = tracker.spawn(run(Arc::clone(&notifier), Arc::new(Memory::new()), seen));
        let failed = until_sent(&notifier, &sights, &sight(true, &["h-1"]), 1).await;
        assert_eq!(failed, 1);
        assert_eq!(notifier.board.counts().error, None, "it gets through again");
        drop(sights);
        task.await.unwrap();
    }
}
