//! What every simulator is beside its vendor: state behind a loopback port, tasks that work on it, and one end for all.

use axum::Router;
use std::future::Future;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// How long an end is waited for.
const END: Duration = Duration::from_secs(10);

/// What the routes, the background tasks and the holder of a simulator share: the vendor's state, `S`.
pub struct Site<S> {
    shop: Mutex<S>,
    url: Url,
    port: u16,
    changed: Notify,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl<S> Site<S> {
    /// What the vendor knows. Not to be held over an await.
    pub fn shop(&self) -> MutexGuard<'_, S> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the vendor knows, and wakes who waits for [`Self::changed`].
    pub fn edit<T>(&self, change: impl FnOnce(&mut S) -> T) -> T {
        let result = change(&mut self.shop());
        self.wake();
        result
    }

    /// Wakes who waits for [`Self::changed`], or the next one who does.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Until something changed since the last time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Until it stops.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// Whether it stops or has stopped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// As long as this, or until it stops.
    pub async fn pause(&self, long: Duration) {
        if !long.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(long) => {}
                () = self.stopped() => {}
            }
        }
    }

    /// Its address, as in `url = "…"`.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address without a slash at the end, as it stands in what the vendor sends.
    pub fn origin(&self) -> String {
        origin(self.port)
    }
}

impl<S: Send + 'static> Site<S> {
    /// Changes what the vendor knows after so long, whether or not anybody still waits for it; never once it stops.
    pub fn later(self: &Arc<Self>, after: Duration, change: impl FnOnce(&mut S) + Send + 'static) {
        let site = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => site.edit(change),
                () = site.stopped() => {}
            }
        });
    }
}

fn origin(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

/// A running simulator, in the hands of who started it. Dropping it stops it too, without waiting.
pub struct Server<S>(pub(super) Arc<Site<S>>);

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl<S> Deref for Server<S> {
    type Target = Site<S>;

    fn deref(&self) -> &Site<S> {
        &self.0
    }
}

impl<S: Send + 'static> Server<S> {
    /// Opens it on this port of the loopback; 0 takes a free one. `shop` is told the address, as in [`Site::origin`].
    /// Fails where the port is taken.
    pub async fn open(
        port: u16,
        shop: impl FnOnce(String) -> S,
        routes: impl FnOnce(Arc<Site<S>>) -> Router,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        let site = Arc::new(Site {
            shop: Mutex::new(shop(origin(port))),
            url: origin(port).parse().map_err(std::io::Error::other)?,
            port,
            changed: Notify::new(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let served = axum::serve(listener, routes(Arc::clone(&site)));
        let served = served.with_graceful_shutdown(site.stopping.clone().cancelled_owned());
        // It ends by its end only: failures to accept are tried again inside.
        site.tasks.spawn(async move { drop(served.await) });
        Ok(Self(site))
    }

    /// Does this beside the routes, until it is finished or the simulator stops, wherever it stands then.
    pub fn beside<W: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Arc<Site<S>>) -> W) {
        let (site, work) = (Arc::clone(&self.0), work(Arc::clone(&self.0)));
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = site.stopped() => {}
            }
        });
    }

    /// Closes it and waits until its port is free again, 10 seconds at most. What it knew is lost.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        drop(tokio::time::timeout(END, self.tasks.wait()).await);
    }
}
