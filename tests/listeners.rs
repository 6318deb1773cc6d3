//! Both listeners over real sockets: what a sender, a stranger and a slow attacker get.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program: a panic is how it fails"
)]

use crate::fake_view::{FakeView, Served};
use omnistock::server::listener::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends raw bytes and reads until the server closes.
async fn raw(served: &Served, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server never closed")
        .unwrap_or_default();
    String::from_utf8(answer).unwrap()
}

pub(crate) async fn ask(served: &Served, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let host = served.address;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    let answer = raw(served, request.as_bytes()).await;
    let status = answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    // The webhook listener says nothing to strangers.
    let strange = path.starts_with("/webhooks/") || (status, body) == (404, "");
    if !strange && status != 0 {
        crate::support::documented::is_documented(method, path, status, body);
    }
    (status, answer)
}

pub(crate) async fn get(served: &Served, path: &str) -> (u16, String) {
    ask(served, "GET", path, "", "").await
}

pub(crate) const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_webhook_arrives_to_the_byte_and_is_answered_by_what_became_of_it() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::webhooks(view.clone(), Limits::webhooks()).await;
    let (status, _) = ask(
        &served,
        "POST",
        "/webhooks/shop?a=%20b",
        "X-WC-Signature: s=\r\n",
        "{\"id\": 1}\n",
    )
    .await;
    assert_eq!(status, 200);
    {
        let seen = view.webhooks.lock().unwrap();
        let (connector, request) = seen.first().unwrap();
        assert_eq!((connector.as_str(), request.query.as_str()), ("shop", "a=%20b"));
        assert_eq!(request.body.as_ref(), b"{\"id\": 1}\n");
        assert_eq!(request.header("x-wc-signature"), Some("s="));
    }
    for (connector, expected) in [("unsigned", 401), ("malformed", 400), ("nobody", 404)] {
        assert_eq!(
            ask(&served, "POST", &format!("/webhooks/{connector}"), "", "x").await.0,
            expected,
            "{connector}"
        );
    }
    let (status, answer) = ask(&served, "POST", "/webhooks/away", "", "x").await;
    assert_eq!(status, 503);
    assert!(answer.to_lowercase().contains("retry-after: 1\r\n"), "{answer}");
    assert_eq!(get(&served, "/webhooks/shop").await.0, 405);
    assert_eq!(
        get(&served, "/api/v1/status").await.0,
        404,
        "the admin routes are not on the public listener"
    );
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_the_daemon_sees_it() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::webhooks(
        view.clone(),
        Limits {
            most_body: 1_000,
            ..Limits::webhooks()
        },
    )
    .await;
    assert_eq!(
        ask(&served, "POST", "/webhooks/shop", "", &"x".repeat(1_001)).await.0,
        413
    );
    let chunked = format!(
        "POST /webhooks/shop HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n",
        "x".repeat(2_000)
    );
    assert!(raw(&served, chunked.as_bytes()).await.starts_with("HTTP/1.1 413"));
    assert!(view.webhooks.lock().unwrap().is_empty());
    assert_eq!(
        ask(&served, "POST", "/webhooks/shop", "", &"x".repeat(1_000)).await.0,
        200
    );
    assert_eq!(Limits::webhooks().most_body, 1_048_576);
}

#[tokio::test]
async fn who_sends_headers_slowly_is_cut_off_in_time() {
    let limits = Limits {
        header: Duration::from_millis(300),
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(FakeView::new(&[]), limits).await;
    for opening in [&b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\nx-"[..], b""] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(opening).await.unwrap();
        let begun = Instant::now();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("never cut off")
            .unwrap_or_default();
        assert!(
            begun.elapsed() >= Duration::from_millis(200),
            "cut off before the deadline"
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_goes_silent_is_closed() {
    let limits = Limits {
        header: Duration::from_millis(300),
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(FakeView::new(&[]), limits).await;
    let answer = raw(
        &served,
        b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn who_sends_the_body_slowly_is_answered_408() {
    let limits = Limits {
        body: Duration::from_millis(300),
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(FakeView::new(&[]), limits).await;
    let answer = raw(
        &served,
        b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_store_that_hangs_is_answered_503() {
    let limits = Limits {
        answer: Duration::from_millis(300),
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(FakeView::new(&[]), limits).await;
    assert_eq!(ask(&served, "POST", "/webhooks/slow", "", "x").await.0, 503);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_takes_the_place_of_one_that_only_waits() {
    let view = FakeView::new(&[]);
    let limits = Limits {
        connections: 1,
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(view.clone(), limits).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.writable().await.unwrap();
    let (status, _) = ask(&served, "POST", "/webhooks/shop", "", "x").await;
    assert_eq!(status, 200);
    let closed = timeout(PATIENCE, silent.read(&mut [0])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)));
    // One that is being answered keeps it: the next one waits.
    let late = async { ask(&served, "POST", "/webhooks/late", "", "x").await.0 };
    let next = async {
        while view.webhooks.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        ask(&served, "POST", "/webhooks/shop", "", "x").await.0
    };
    assert_eq!(tokio::join!(late, next), (200, 200));
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_finish_and_ends_the_rest() {
    let view = FakeView::new(&[]);
    let limits = Limits {
        // Longer than the grace: what ends the slow one is the stop.
        answer: Duration::from_mins(1),
        grace: Duration::from_secs(4),
        ..Limits::webhooks()
    };
    let served = crate::fake_view::webhooks(view.clone(), limits).await;
    let _idle = TcpStream::connect(served.address).await.unwrap();
    let slow = ask(&served, "POST", "/webhooks/slow", "", "x");
    let late = ask(&served, "POST", "/webhooks/late", "", "x");
    let stopping = async {
        while view.webhooks.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        served.stop.cancel();
        timeout(PATIENCE, served.tracker.wait()).await.expect("never stopped");
    };
    let ((slow, _), (late, _), ()) = timeout(PATIENCE, async { tokio::join!(slow, late, stopping) })
        .await
        .unwrap();
    assert_eq!(
        (slow, late),
        (0, 200),
        "one that never ends is cut off, one in flight is answered"
    );
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn health_says_why_not() {
    let well = crate::fake_view::admin(FakeView::new(&[])).await;
    assert_eq!(
        (get(&well, "/health/live").await.0, get(&well, "/health/ready").await.0),
        (200, 200)
    );
    let ill = crate::fake_view::admin(FakeView::new(&["the store is away"])).await;
    let (status, answer) = get(&ill, "/health/ready").await;
    assert_eq!(status, 503);
    assert!(
        answer.ends_with(r#"{"ok":false,"reasons":["the store is away"]}"#),
        "{answer}"
    );
    assert_eq!(get(&ill, "/health/live").await.0, 503);
}

#[tokio::test]
async fn reads_answer_json_and_refusals_say_what_to_do() {
    let served = crate::fake_view::admin(FakeView::new(&[])).await;
    let (status, answer) = get(&served, "/api/v1/status").await;
    assert!(status == 200 && answer.contains(r#""version":"9.9.9""#), "{answer}");
    let (status, answer) = get(&served, "/api/v1/items/A%2FB%20%C3%A4/explain?channel=amazon").await;
    assert!(
        status == 200 && answer.contains(r#""sku":"A/B ä","channel":"amazon""#),
        "{answer}"
    );
    let (status, answer) = get(&served, "/api/v1/explain?sku=..").await;
    assert!(status == 200 && answer.contains(r#""sku":"..""#), "{answer}");
    let (status, answer) = get(&served, "/api/v1/items/UNKNOWN/explain").await;
    assert_eq!(status, 404);
    assert!(
        answer.ends_with(r#"{"error":"no source ever named the SKU `UNKNOWN`","help":"check its spelling"}"#),
        "{answer}"
    );
    for (path, expected) in [
        ("/api/v1/items/A", 200),
        ("/api/v1/holds", 200),
        ("/api/v1/parked", 503),
        ("/api/v1/listings/unmapped?limit=7", 200),
        ("/api/v1/listings/unmapped?limit=many", 400),
        ("/api/v1/listings/unmapped?chanel=shop", 400),
        ("/api/v1/explain?sku=A&channel=Shop", 400),
        ("/api/v1/nothing", 404),
        ("/api/v1/sync", 405),
        ("/webhooks/shop", 404),
    ] {
        let (status, answer) = get(&served, path).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(status == 200 || answer.contains(r#"{"error":""#), "{path}: {answer}");
    }
    let (status, answer) = get(&served, "/metrics").await;
    assert!(
        status == 200 && answer.contains("omnistock_ready 0") && answer.contains("text/plain; version=0.0.4"),
        "{answer}"
    );
}

#[tokio::test]
async fn changes_need_json_and_a_reason() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::admin(view.clone()).await;
    let approve = "/api/v1/holds/h-1/approve";
    for (headers, body) in [
        ("", r#"{"reason":"x"}"#),
        ("content-type: text/plain\r\n", r#"{"reason":"x"}"#),
        (JSON, ""),
        (JSON, "{}"),
        (JSON, r#"{"reason":"  "}"#),
        (JSON, r#"{"reason":"x","extra":1}"#),
    ] {
        let (status, answer) = ask(&served, "POST", approve, headers, body).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    assert!(view.decisions.lock().unwrap().is_empty());
    assert_eq!(
        ask(&served, "POST", approve, JSON, r#"{"reason":" right "}"#).await.0,
        200
    );
    assert_eq!(
        ask(&served, "POST", "/api/v1/holds/h-9/reject", JSON, r#"{"reason":"no"}"#)
            .await
            .0,
        404
    );
    let decided = view.decisions.lock().unwrap().clone();
    assert_eq!(
        decided,
        [
            ("h-1".to_owned(), true, "right".to_owned()),
            ("h-9".to_owned(), false, "no".to_owned())
        ]
    );
    let (status, answer) = ask(
        &served,
        "POST",
        "/api/v1/sync",
        JSON,
        r#"{"connector":"erp","full":true}"#,
    )
    .await;
    assert!(
        status == 200 && answer.ends_with(r#"{"connectors":["erp"]}"#),
        "{answer}"
    );
    assert_eq!(
        ask(&served, "POST", "/api/v1/sync", JSON, r#"{"conector":"erp"}"#)
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn pages_in_a_browser_are_refused() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::admin(view.clone()).await;
    let origin = format!("{JSON}origin: http://evil.example\r\n");
    let (status, answer) = ask(
        &served,
        "POST",
        "/api/v1/holds/h-1/approve",
        &origin,
        r#"{"reason":"x"}"#,
    )
    .await;
    assert_eq!(status, 403, "{answer}");
    assert!(view.decisions.lock().unwrap().is_empty());
    let rebound = b"GET /api/v1/status HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert!(raw(&served, rebound).await.starts_with("HTTP/1.1 403"));
}
