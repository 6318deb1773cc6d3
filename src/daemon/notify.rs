//! Notifiers at work: as the configuration has them, also after a reload, each fed with how things stand.

use super::matters::ParkedWatch;
use super::supervise::{Ends, keep_alive};
use super::view::DaemonView;
use crate::config::{Configuration, NotifySettings, NotifyWay, StoreChoice, process_environment};
use crate::notify::{Message, Notifier, Sight};
use crate::secrets::EnvironmentSecrets;
use crate::server::{ApiError, NotifierStatus, NotifyAnswer, NotifyTestBody};
use omnistock_sdk::{SecretResolver, now};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Between two questions to the store what it warns of.
const STORE_EVERY: u32 = 30;
/// What is not answered by then says nothing.
const STORE: Duration = Duration::from_secs(1);
/// A test answers within the admin listener's deadline.
const TEST: Duration = Duration::from_secs(8);

/// Tells whoever is to be told, until `cancel`.
pub(super) async fn keep(view: Arc<DaemonView>, cancel: CancellationToken) {
    let (sight, seen) = watch::channel(Arc::new(Sight::default()));
    let (mut at_work, mut ends, tracker) = (Vec::new(), Ends::default(), TaskTracker::new());
    let (mut parked, mut warnings, mut turn) = (ParkedWatch::default(), Vec::new(), 0_u32);
    while !cancel.is_cancelled() {
        let wanted = view.house.current.load().notify.clone();
        if wanted != at_work {
            ends.at_once.cancel();
            (ends, at_work) = (Ends::default(), wanted);
            for notifier in hire(&view).iter() {
                let (notifier, store, seen) = (Arc::clone(notifier), Arc::clone(&view.house.store), seen.clone());
                keep_alive(&tracker, &ends, format!("notify {}", notifier.name()), move |_| {
                    crate::notify::run(Arc::clone(&notifier), Arc::clone(&store), seen.clone())
                });
            }
        }
        if !at_work.is_empty() {
            if turn.is_multiple_of(STORE_EVERY) {
                warnings = warned(&view).await;
            }
            turn = turn.wrapping_add(1);
            sight.send_replace(Arc::new(view.sight(&mut parked, &warnings)));
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    // Nobody waits for a receiver: what was not told is told at the next start.
    ends.at_once.cancel();
    drop(
        tokio::time::timeout(EVERY, async {
            tracker.close();
            tracker.wait().await;
        })
        .await,
    );
}

/// The notifiers of the configuration; one that stays keeps its figures.
fn hire(view: &DaemonView) -> Arc<Vec<Arc<Notifier>>> {
    let configuration = view.house.current.load();
    let old = view.house.notifiers.load_full();
    let secrets: Arc<dyn SecretResolver> =
        Arc::new(EnvironmentSecrets::new(process_environment(), &configuration.folder));
    let one = |settings: &NotifySettings| {
        let before = old.iter().find(|notifier| notifier.name() == settings.name);
        let board = before.map(|notifier| Arc::clone(&notifier.board)).unwrap_or_default();
        let merchant = merchant(&configuration);
        Arc::new(Notifier::new(settings.clone(), Arc::clone(&secrets), merchant, board))
    };
    let all: Arc<Vec<_>> = Arc::new(configuration.notify.iter().map(one).collect());
    view.house.notifiers.store(Arc::clone(&all));
    all
}

fn merchant(configuration: &Configuration) -> String {
    match &configuration.store {
        StoreChoice::Redis(choice) => choice.prefix.clone(),
        StoreChoice::Embedded { .. } => "omnistock".to_owned(),
    }
}

async fn warned(view: &DaemonView) -> Vec<String> {
    match tokio::time::timeout(STORE, view.house.store.status()).await {
        Ok(Ok(status)) => status.warnings,
        // That it is away is known elsewhere.
        _ => Vec::new(),
    }
}

impl DaemonView {
    /// Whom it tells, and whether that works.
    pub(super) fn notifier_status(&self) -> Vec<NotifierStatus> {
        let all = self.house.notifiers.load_full();
        let one = |notifier: &Arc<Notifier>| {
            let counts = notifier.board.counts();
            NotifierStatus {
                name: notifier.name().to_owned(),
                way: way(notifier).to_owned(),
                sent: counts.sent,
                failed: counts.failed,
                left_out: counts.left_out,
                open: counts.open,
                failing_since: counts.failing_since,
                last_error: counts.error.map(|(_, why)| why),
            }
        };
        all.iter().map(one).collect()
    }

    /// Sends a test through one notifier, or all, at the same time.
    pub(super) async fn try_notifiers(&self, asked: NotifyTestBody) -> Result<Vec<NotifyAnswer>, ApiError> {
        let all = self.house.notifiers.load_full();
        let wanted = |name: &str| asked.name.as_deref().is_none_or(|wanted| wanted == name);
        let tracker = TaskTracker::new();
        let mut asked_for = Vec::new();
        for notifier in all.iter().filter(|notifier| wanted(notifier.name())) {
            let (name, kind, notifier) = (
                notifier.name().to_owned(),
                way(notifier).to_owned(),
                Arc::clone(notifier),
            );
            let task = tracker.spawn(async move {
                let begun = tokio::time::Instant::now();
                let message = Message::test(notifier.name(), now());
                let error = notifier.deliver(&message, TEST).await.err();
                (error, begun.elapsed().as_millis())
            });
            asked_for.push((name, kind, task));
        }
        if asked_for.is_empty() {
            let names: Vec<&str> = all.iter().map(|notifier| notifier.name()).collect();
            return Err(match &asked.name {
                Some(name) if !names.is_empty() => ApiError::not_found(format!("there is no [[notify]] {name}"))
                    .help(format!("there are {}", names.join(", "))),
                _ => ApiError::not_found("there is no [[notify]] in the configuration").help("see docs/notify.md"),
            });
        }
        let mut answers = Vec::new();
        for (name, way, task) in asked_for {
            let (error, milliseconds) = task
                .await
                .unwrap_or_else(|stopped| (Some(format!("the test stopped: {stopped}")), 0));
            answers.push(NotifyAnswer {
                name,
                way,
                error,
                milliseconds: u64::try_from(milliseconds).unwrap_or(u64::MAX),
            });
        }
        Ok(answers)
    }
}

fn way(notifier: &Notifier) -> &'static str {
    match notifier.settings().way {
        NotifyWay::Exec { .. } => "exec",
        NotifyWay::Url(_) => "url",
    }
}
