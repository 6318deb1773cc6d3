//! Start, supervise, stop: wires the rooms together and owns the tasks.

mod access;
mod accounts;
mod aged;
mod answers;
mod audits;
mod cause;
mod door;
mod explain;
mod explain_price;
mod gate_view;
mod hang_up;
mod history;
mod holds;
mod house;
mod leaks;
mod lease;
mod listed;
mod listings;
mod log;
mod mappings;
mod mark;
mod matters;
mod measure;
mod missing;
mod notify;
mod order_walk;
mod orders;
mod overrides;
mod parts;
mod past;
mod plan;
mod plan_causes;
mod plan_count;
mod plan_pages;
mod planned;
mod planning;
mod rebuild;
mod reload;
mod reservations;
mod seen;
mod share;
mod shorts;
mod stance;
mod start_error;
mod status;
mod steering;
mod steering_view;
mod store;
mod supervise;
mod term;
mod turn;
mod view;

pub use start_error::StartError;
pub use view::DaemonView;

use crate::config::{Configuration, Connectors, StoreChoice, load_and_build, process_environment};
use crate::intake::Cutovers;
use crate::secrets::EnvironmentSecrets;
use crate::server::listener::{Limits, bind, serve};
use crate::server::{Access, View, admin, webhooks};
use crate::store::{Store, Timed};
use arc_swap::ArcSwap;
use door::Door;
use hang_up::HangUps;
use house::House;
use lease::{Grant, LeaseKeeper};
use mark::Mirror;
use omnistock_sdk::SecretResolver;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use supervise::{Ends, keep_alive};
use term::{Life, Terms};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use view::Leading;

/// The lease of a store that only one process can open: nobody waits for its end.
const ALONE: Duration = Duration::from_secs(30);
/// How long all tasks together may take to end; less than the unit's `TimeoutStopSec`.
const STOP: Duration = Duration::from_secs(25);

/// A daemon at work.
pub struct Running {
    view: Arc<DaemonView>,
    store: Arc<dyn Store>,
    grants: watch::Receiver<Option<Grant>>,
    /// Listeners end first, then the work.
    listening: (CancellationToken, TaskTracker),
    _door: Door,
    working: (CancellationToken, TaskTracker),
    leading: (CancellationToken, TaskTracker),
    admin: SocketAddr,
    webhooks: SocketAddr,
}

/// Reads a configuration with this process's environment and secrets, and starts.
pub async fn start_file(file: &Path) -> Result<Running, StartError> {
    let environment = process_environment();
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let secrets: Arc<dyn SecretResolver> = Arc::new(EnvironmentSecrets::new(environment.clone(), folder));
    let (configuration, connectors) =
        load_and_build(file, &environment, &secrets).map_err(|problems| StartError::configuration(&problems))?;
    start(configuration, connectors, secrets.as_ref()).await
}

/// Starts a daemon: binds, opens the store, spawns everything. What can't be mended by waiting is an error.
pub async fn start(
    mut configuration: Configuration,
    connectors: Connectors,
    secrets: &dyn SecretResolver,
) -> Result<Running, StartError> {
    for warning in &configuration.warnings {
        tracing::warn!("{warning}");
    }
    let admin_listener = bind(configuration.server.admin, "server.admin").await?;
    let webhook_listener = bind(configuration.server.webhooks, "server.webhooks").await?;
    let (admin, webhooks_address) = (admin_listener.local_addr()?, webhook_listener.local_addr()?);
    let door = Door::open()?;
    let opened = crate::store::open(&store::settings(&configuration.store, secrets)?, door.handle()).await?;
    let (store, store_times) = Timed::around(opened);

    let access = access::access(&configuration.server, secrets)?;
    let title = store.status().await?.title;
    let (length, folder, merchant) = beside(&configuration.store);
    // Before anybody reads the settings: what a past start has set counts from the first moment.
    let cutovers = Cutovers::load(store.as_ref(), folder.join(format!("cutover-{merchant}.json"))).await?;
    configuration.settings = Arc::new(cutovers.settle(&configuration.settings));
    let (leading, working, listening) = (stage(), stage(), stage());
    let mirror = Mirror::new(&folder, &merchant);
    let keeper = LeaseKeeper::new(Arc::clone(&store), title.clone(), length, mirror.read());
    let (grants, stance) = (keeper.grants(), keeper.stance());
    let (trouble, told) = watch::channel(None);
    leading
        .1
        .spawn(mirror.follow(keeper.known(), trouble, leading.0.clone()));
    let seen = Leading {
        stance: stance.subscribe(),
        beat: keeper.beat(),
        mirror: told,
    };
    leading.1.spawn(keeper.run(leading.0.clone()));
    let house = Arc::new(House::new(
        Arc::new(configuration),
        connectors,
        (Arc::clone(&store), store_times),
        cutovers,
    ));
    let life = Arc::new(ArcSwap::from_pointee(Life::idle(&house)));
    let terms = Terms {
        house: Arc::clone(&house),
        life: Arc::clone(&life),
        stance,
    };
    working.1.spawn(terms.run(grants.clone(), working.0.clone()));
    let view = Arc::new(DaemonView::new(house, life, seen, (title, access.clone())));

    keep_beside(&view, &working);
    let served: Arc<dyn View> = Arc::clone(&view) as Arc<dyn View>;
    if let Some(warning) = admin::exposure_warning(admin, &access) {
        tracing::warn!("{warning}");
    }
    let webhook_listener = door.take_over(webhook_listener)?;
    listen(&served, (admin_listener, webhook_listener), access, &door, &listening);
    tracing::info!(%admin, webhooks = %webhooks_address, "listening");
    Ok(Running {
        view,
        store,
        grants,
        listening,
        _door: door,
        working,
        leading,
        admin,
        webhooks: webhooks_address,
    })
}

/// How long a leader may be silent; the folder and the merchant's name of what is written down beside the store.
fn beside(choice: &StoreChoice) -> (Duration, PathBuf, String) {
    match choice {
        StoreChoice::Embedded { path } => (ALONE, path.clone(), "embedded".to_owned()),
        StoreChoice::Redis(choice) => (choice.lease, choice.path.clone(), choice.prefix.clone()),
    }
}

/// Answers on both listeners until the stage ends.
fn listen(
    served: &Arc<dyn View>,
    (admin_listener, webhook_listener): (TcpListener, TcpListener),
    access: Access,
    door: &Door,
    (cancel, tracker): &(CancellationToken, TaskTracker),
) {
    let limits = Limits::admin();
    tracker.spawn(serve(
        admin_listener,
        admin::router_for(Arc::clone(served), &limits, access),
        limits,
        cancel.clone(),
    ));
    let limits = Limits::webhooks();
    let router = webhooks::router(Arc::clone(served), &limits);
    let webhooks = serve(webhook_listener, router, limits, cancel.clone());
    tracker.spawn_on(webhooks, &door.handle());
}

/// Tells whoever is to be told, and carries out plans and reloads; also again after a panic.
fn keep_beside(view: &Arc<DaemonView>, (cancel, tracker): &(CancellationToken, TaskTracker)) {
    let ends = Ends {
        gently: cancel.clone(),
        ..Ends::default()
    };
    let told = Arc::clone(view);
    keep_alive(tracker, &ends, "notify".to_owned(), move |cancel| {
        notify::keep(Arc::clone(&told), cancel)
    });
    let planned = Arc::clone(view);
    keep_alive(tracker, &ends, "plans".to_owned(), move |cancel| {
        planned::keep(Arc::clone(&planned), cancel)
    });
}

fn stage() -> (CancellationToken, TaskTracker) {
    (CancellationToken::new(), TaskTracker::new())
}

impl Running {
    /// What is asked of it from outside.
    pub fn view(&self) -> &DaemonView {
        &self.view
    }

    /// The address of the admin listener.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The address of the webhook listener.
    pub fn webhooks(&self) -> SocketAddr {
        self.webhooks
    }

    /// Stops: no new requests, then no new work, then the lease is given back. What is not finished
    /// in time is left to the next start, which treats it as unknown.
    pub async fn stop(self) {
        for (name, (cancel, tracker)) in [("listeners", &self.listening), ("work", &self.working)] {
            cancel.cancel();
            if !supervise::stopped(tracker, STOP / 2).await {
                tracing::error!("{name} did not end in time; the next start takes care of it");
            }
        }
        let grant = self.grants.borrow().clone();
        self.leading.0.cancel();
        supervise::stopped(&self.leading.1, Duration::from_secs(1)).await;
        LeaseKeeper::release(self.store.as_ref(), grant).await;
    }
}

/// Runs the daemon until SIGTERM or SIGINT. Tells systemd when it is ready, how it is, and that it is alive.
pub async fn run(file: &Path) -> Result<(), StartError> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    let (running, hang_ups) = (start_file(file).await?, HangUps::default());
    tell_systemd(&[sd_notify::NotifyState::Ready]);
    let mut tick = tokio::time::interval(Duration::from_secs(2));
    let cause = loop {
        tokio::select! {
            _ = terminate.recv() => break "SIGTERM",
            _ = interrupt.recv() => break "SIGINT",
            _ = hangup.recv() => hang_ups.take(&running.view, &running.working),
            _ = tick.tick() => {
                let line = running.view.line().await;
                let mut states = vec![sd_notify::NotifyState::Status(&line)];
                if running.view.live() {
                    states.push(sd_notify::NotifyState::Watchdog);
                }
                tell_systemd(&states);
            }
        }
    };
    tracing::info!("{cause}: stopping");
    tell_systemd(&[sd_notify::NotifyState::Stopping]);
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd was not told: {error}");
    }
}
