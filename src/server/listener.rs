//! Accepting connections: one sentence when an address can't be bound, a limit on everything a
//! stranger could make us wait for, and a stop that ends.

use super::places::{Place, Places};
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An address can't be listened on. `key` is the setting that names it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum BindError {
    #[error("port {} on {} is in use: stop the other program or set `{key}` to another port", address.port(), address.ip())]
    InUse { address: SocketAddr, key: &'static str },
    #[error("port {} on {} needs a right that this process lacks: set `{key}` to a port above 1023", address.port(), address.ip())]
    Denied { address: SocketAddr, key: &'static str },
    #[error("{} is no address of this machine: correct `{key}`", address.ip())]
    NotHere { address: SocketAddr, key: &'static str },
    #[error("can't listen on {address} (`{key}`): {cause}")]
    Other {
        address: SocketAddr,
        key: &'static str,
        cause: std::io::Error,
    },
}

/// What a connection may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once. Further ones take the place of those that only wait, see `places`; while all are being
    /// answered they wait in the system's queue.
    pub connections: usize,
    /// Of those, connections from one address; behind it there may be a proxy that speaks for many.
    pub per_address: usize,
    /// From the first byte awaited to the end of the header, also on a connection that is kept.
    pub header: Duration,
    /// For the whole body.
    pub body: Duration,
    /// For the daemon's answer.
    pub answer: Duration,
    /// Largest body, bytes.
    pub most_body: usize,
    /// A connection is closed after this time, when its request in flight is answered.
    pub life: Duration,
    /// After a stop, or at the end of its life, a connection has this long to finish.
    pub grace: Duration,
}

impl Limits {
    /// Of the webhook listener, which may face the internet: at most 256 bodies of 1 MiB in memory.
    /// Senders hang up after 5 s: what is not durable a little before that is sent back.
    pub fn webhooks() -> Self {
        Self {
            connections: 256,
            per_address: 128,
            header: Duration::from_secs(10),
            body: Duration::from_secs(15),
            answer: Duration::from_secs(4),
            most_body: 1 << 20,
            life: Duration::from_mins(10),
            grace: Duration::from_secs(5),
        }
    }

    /// Of the admin listener.
    pub fn admin() -> Self {
        Self {
            connections: 256,
            // A checkout asks from one address: what is too much waits, and is not refused.
            per_address: usize::MAX,
            answer: Duration::from_secs(10),
            most_body: 64 << 10,
            ..Self::webhooks()
        }
    }
}

/// Where a request's connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) std::net::IpAddr);

/// Listens on `address`; port 0 takes a free one. `key` is the setting to name when it fails.
pub async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        ErrorKind::AddrInUse => BindError::InUse { address, key },
        ErrorKind::PermissionDenied => BindError::Denied { address, key },
        ErrorKind::AddrNotAvailable => BindError::NotHere { address, key },
        _ => BindError::Other { address, key, cause },
    })
}

/// Serves until `stop`, then until the requests in flight are answered, at most `limits.grace` longer.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Places::new(limits.connections, limits.per_address);
    let tracker = TaskTracker::new();
    loop {
        let next = async {
            let (stream, address) = accept(&listener).await;
            (stream, address.ip(), places.take(address.ip()).await)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            (stream, from, place) = next => {
                if let Some(place) = place {
                    let router = router.clone().layer(Extension(Peer(from)));
                    tracker.spawn(connection(stream, router, limits.clone(), stop.clone(), place));
                } else {
                    tracing::debug!("a connection was closed: its address has too many");
                }
            }
        }
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

/// The next connection. Running out of file descriptors passes: it waits instead of spinning.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection, trying again");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, stop: CancellationToken, place: Arc<Place>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection was gone before it began");
        return;
    }
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    // Without a timer hyper would ignore the header deadline.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(64 << 10);
    let leave = place.leave.clone();
    let service = TowerToHyperService::new(router.layer(Extension(place)));
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    tokio::select! {
        () = leave.cancelled() => return tracing::debug!("a connection that waited was closed for another one"),
        ended = served.as_mut() => return trace_end(ended),
        () = stop.cancelled() => {}
        () = tokio::time::sleep(limits.life) => {}
    }
    served.as_mut().graceful_shutdown();
    if let Ok(ended) = tokio::time::timeout(limits.grace, served).await {
        trace_end(ended);
    } else {
        tracing::debug!("a connection was cut off after its time to finish");
    }
}

fn trace_end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_one_sentence_that_says_what_to_do() {
        let first = bind("127.0.0.1:0".parse().unwrap(), "server.admin").await.unwrap();
        let address = first.local_addr().unwrap();
        let refused = bind(address, "server.admin").await.unwrap_err().to_string();
        let port = address.port();
        assert_eq!(
            refused,
            format!("port {port} on 127.0.0.1 is in use: stop the other program or set `server.admin` to another port")
        );
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_named() {
        let refused = bind("192.0.2.1:0".parse().unwrap(), "server.webhooks")
            .await
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "192.0.2.1 is no address of this machine: correct `server.webhooks`"
        );
    }
}
