//! Start, supervise, stop: wires the rooms together and owns the tasks.

mod cause;
mod explain;
mod history;
mod holds;
mod lease;
mod measure;
mod parts;
mod past;
mod seen;
mod shorts;
mod start_error;
mod status;
mod store;
mod supervise;
mod view;

pub use start_error::StartError;
pub use view::DaemonView;

use crate::config::{Configuration, Connectors, load_and_build, process_environment};
use crate::intake::Cutovers;
use crate::secrets::EnvironmentSecrets;
use crate::server::listener::{Limits, bind, serve};
use crate::server::{View, admin, webhooks};
use crate::store::{Lease, Store};
use omnistock_sdk::SecretResolver;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a leader may be silent before a standby takes over.
const LEASE: Duration = Duration::from_millis(1_500);
/// How long all tasks together may take to end; less than the unit's `TimeoutStopSec`.
const STOP: Duration = Duration::from_secs(25);

/// A daemon at work.
pub struct Running {
    view: Arc<DaemonView>,
    store: Arc<dyn Store>,
    lease: watch::Receiver<Option<Lease>>,
    /// Listeners end first, then the work.
    listening: (CancellationToken, TaskTracker),
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
    let store = crate::store::open(&store::settings(&configuration.store, secrets)?).await?;

    let store_title = store.status().await?.title;
    // Before anybody reads the settings: what a past start has set counts from the first moment.
    let cutovers = Cutovers::load(store.as_ref(), seen::mirror(&configuration)).await?;
    configuration.settings = Arc::new(cutovers.settle(&configuration.settings));
    let (leading, working, listening) = (stage(), stage(), stage());
    let (keeper, lease) = lease::LeaseKeeper::new(Arc::clone(&store), store_title.clone(), LEASE);
    let why = keeper.why();
    leading.1.spawn(keeper.run(leading.0.clone()));
    let configuration = Arc::new(configuration);
    let parts = parts::Parts::new(
        &configuration,
        &connectors,
        Arc::clone(&store),
        lease.clone(),
        (store_title, why),
        cutovers,
    );
    let view = parts.spawn(&working.1, &working.0);

    let served: Arc<dyn View> = Arc::clone(&view) as Arc<dyn View>;
    let (tracker, cancel) = (&listening.1, &listening.0);
    let limits = Limits::admin();
    tracker.spawn(serve(
        admin_listener,
        admin::router(Arc::clone(&served), &limits),
        limits,
        cancel.clone(),
    ));
    let limits = Limits::webhooks();
    tracker.spawn(serve(
        webhook_listener,
        webhooks::router(served, &limits),
        limits,
        cancel.clone(),
    ));
    tracing::info!(%admin, webhooks = %webhooks_address, "listening");
    Ok(Running {
        view,
        store,
        lease,
        listening,
        working,
        leading,
        admin,
        webhooks: webhooks_address,
    })
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
        let lease = self.lease.borrow().clone();
        self.leading.0.cancel();
        supervise::stopped(&self.leading.1, Duration::from_secs(1)).await;
        lease::LeaseKeeper::release(self.store.as_ref(), lease).await;
    }
}

/// Runs the daemon until SIGTERM or SIGINT. Tells systemd when it is ready, how it is, and that it is alive.
pub async fn run(file: &Path) -> Result<(), StartError> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let running = start_file(file).await?;
    notify(&[sd_notify::NotifyState::Ready]);
    let mut tick = tokio::time::interval(Duration::from_secs(2));
    let cause = loop {
        tokio::select! {
            _ = terminate.recv() => break "SIGTERM",
            _ = interrupt.recv() => break "SIGINT",
            _ = tick.tick() => {
                let line = running.view.line().await;
                let mut states = vec![sd_notify::NotifyState::Status(&line)];
                if running.view.live() {
                    states.push(sd_notify::NotifyState::Watchdog);
                }
                notify(&states);
            }
        }
    };
    tracing::info!("{cause}: stopping");
    notify(&[sd_notify::NotifyState::Stopping]);
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd was not told: {error}");
    }
}
