//! A simulator's end is an end: its port is free, its tasks are gone, and nothing lands any more.

use super::server::Server;
use axum::Router;
use axum::routing::get;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Tells of its own end.
struct Told(Arc<AtomicBool>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

async fn open(port: u16) -> Server<Vec<&'static str>> {
    let routes = |_| Router::new().route("/", get(|| async { "open" }));
    Server::open(port, |_| Vec::new(), routes).await.unwrap()
}

#[tokio::test]
async fn it_says_where_it_is_and_its_port_is_free_after_its_end() {
    let server = open(0).await;
    let port = server.port();
    assert_eq!(server.origin(), format!("http://127.0.0.1:{port}"));
    assert_eq!(server.url().as_str(), format!("{}/", server.origin()));
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    assert!(Server::open(port, |_| (), |_| Router::new()).await.is_err());
    server.stop().await;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
}

#[tokio::test]
async fn what_is_left_for_later_lands_and_wakes() {
    let server = open(0).await;
    server.0.later(Duration::from_millis(5), |shop| shop.push("landed"));
    timeout(PATIENCE, server.changed()).await.unwrap();
    assert_eq!(*server.shop(), ["landed"]);
}

#[tokio::test]
async fn nothing_lands_and_nothing_runs_after_its_end() {
    let server = open(0).await;
    let ended = Arc::new(AtomicBool::new(false));
    let told = Told(Arc::clone(&ended));
    server.beside(|site| async move {
        let _told = told;
        loop {
            site.changed().await;
        }
    });
    server.0.later(Duration::from_hours(1), |shop| shop.push("landed"));
    // Waits for both, or it would last for an hour.
    timeout(PATIENCE, server.stop()).await.unwrap();
    assert!(ended.load(Ordering::Acquire) && server.shop().is_empty());
}

#[tokio::test]
async fn dropping_it_ends_it() {
    let server = open(0).await;
    let site = Arc::clone(&server.0);
    assert!(!site.is_stopping());
    drop(server);
    assert!(site.is_stopping());
    timeout(PATIENCE, site.stopped()).await.unwrap();
    timeout(PATIENCE, site.pause(Duration::from_hours(1))).await.unwrap();
}
