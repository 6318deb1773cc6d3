//! Who holds connections open, sends slowly or sends too much does not slow the others down: their worst answers are
//! compared with those of quiet minutes of the same run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test program: a panic is how it fails"
)]

use crate::fake_view::{FakeView, Served};
use omnistock::server::listener::Limits;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const PATIENCE: Duration = Duration::from_mins(1);
/// Requests that one comparison is made of: the second slowest is its p99.
const REQUESTS: usize = 150;
/// Quiet and busy times in turn, so that what else the machine does concerns both.
const ROUNDS: usize = 3;

/// A connection from one of many addresses of this machine.
async fn connect(to: SocketAddr, from: u8) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((Ipv4Addr::new(127, 0, 1, from), 0).into()).ok()?;
    socket.connect(to).await.ok()
}

/// One webhook of an honest sender: how long its answer took.
async fn honest(served: &Served) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("no answer")
        .unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    begun.elapsed()
}

async fn p99(served: &Served) -> Duration {
    let mut took = Vec::new();
    for _ in 0..REQUESTS {
        took.push(honest(served).await);
    }
    took.sort();
    took.into_iter().rev().nth(1).unwrap()
}

/// An attack that is under way: it ends with this value.
struct Attack {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Attack {
    /// So many attackers, each from one of 100 addresses, each beginning anew when it was thrown out.
    fn begin<F, Fut>(served: &Served, attackers: u16, attack: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        for number in 0..attackers {
            let (to, attack, stop) = (served.address, attack.clone(), stop.clone());
            tracker.spawn(async move {
                let again = async {
                    loop {
                        if let Some(stream) = connect(to, u8::try_from(number % 100).unwrap()).await {
                            attack(stream).await;
                        }
                        tokio::time::sleep(Duration::from_secs(2)).await;
                    }
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = again => {}
                }
            });
        }
        Self { stop, tracker }
    }

    async fn end(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Compares times of an attack on somebody else with times of the same attack on us: whatever it costs the machine it
/// costs both times. `reached` says when the attack is at its height.
async fn unharmed<F, Fut>(attackers: u16, attack: F, reached: impl Fn() -> bool)
where
    F: Fn(TcpStream) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let ours = crate::fake_view::webhooks(FakeView::new(&[]), Limits::webhooks()).await;
    let other = crate::fake_view::webhooks(FakeView::new(&[]), Limits::webhooks()).await;
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    p99(&ours).await;
    for _ in 0..ROUNDS {
        for (attacked, measured) in [(&other, &mut quiet), (&ours, &mut busy)] {
            let attack = Attack::begin(attacked, attackers, attack.clone());
            let begun = Instant::now();
            while !reached() {
                assert!(begun.elapsed() < PATIENCE, "the attack did not get going");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            measured.push(p99(&ours).await);
            attack.end().await;
        }
    }
    let (quietest, normal) = (busy.iter().min().unwrap(), quiet.iter().max().unwrap());
    assert!(
        *quietest <= *normal * 2,
        "others attacked {quiet:?}, we attacked {busy:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_header_or_body_a_byte_at_a_time_slows_nobody() {
    let begun = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&begun);
    let drip = move |mut stream: TcpStream| {
        let counted = Arc::clone(&counted);
        async move {
            let body = counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
            let opening: &[u8] = if body {
                b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 999999\r\n\r\n"
            } else {
                b"POST /webhooks/shop HTTP/1.1\r\nx-"
            };
            let mut sent = stream.write_all(opening).await;
            while sent.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sent = stream.write_all(b"x").await;
            }
        }
    };
    let reached = move || begun.load(Ordering::Relaxed) >= 300;
    unharmed(300, drip, reached).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_slow_nobody_and_are_not_kept() {
    let served = crate::fake_view::webhooks(FakeView::new(&[]), Limits::webhooks()).await;
    p99(&served).await;
    let (mut quiet, mut busy, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for connections in [10_000, 1_000, 1_000_u32] {
        quiet.push(p99(&served).await);
        let mut idle = Vec::new();
        for number in 0..connections {
            let from = u8::try_from(number % 200).unwrap();
            idle.extend(
                timeout(PATIENCE, connect(served.address, from))
                    .await
                    .expect("not even accepted"),
            );
            if number % 200 == 0 {
                // Served meanwhile; and the system's own queue, which is short, does not run over.
                honest(&served).await;
            }
        }
        assert!(idle.len() * 100 > 99 * connections as usize, "{}", idle.len());
        busy.push(p99(&served).await);
        let open = idle.iter().filter(|stream| {
            let waits = |error: &std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
            stream.try_read(&mut [0]).is_err_and(|error| waits(&error))
        });
        left.push(open.count());
    }
    let most = Limits::webhooks().connections;
    assert!(left.iter().any(|left| *left <= most), "{left:?} are still open");
    let (quietest, normal) = (busy.iter().min().unwrap(), quiet.iter().max().unwrap());
    assert!(*quietest <= *normal * 2, "quiet {quiet:?}, beside the idle {busy:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_a_gigabyte_is_refused_early_and_slows_nobody() {
    let (most, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, over) = (Arc::clone(&most), Arc::clone(&ended));
    let flood = move |mut stream: TcpStream| {
        let (most, ended) = (Arc::clone(&seen), Arc::clone(&over));
        async move {
            let head = b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
            let part = [&b"10000\r\n"[..], &vec![b'x'; 0x1_0000], b"\r\n"].concat();
            let (mut sent, mut alive) = (0_u64, stream.write_all(head).await.is_ok());
            while alive && sent < 1 << 30 {
                alive = stream.write_all(&part).await.is_ok();
                sent += 0x1_0000;
            }
            most.fetch_max(sent, Ordering::Relaxed);
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let begun = Arc::clone(&ended);
    unharmed(4, flood, move || begun.load(Ordering::Relaxed) >= 4).await;
    let (most, ended) = (most.load(Ordering::Relaxed), ended.load(Ordering::Relaxed));
    assert!(
        ended >= 4 && most < 1 << 26,
        "{most} bytes were taken of one, {ended} ended"
    );
}

#[tokio::test]
async fn a_length_of_a_gigabyte_is_refused_without_waiting_for_it() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::webhooks(view.clone(), Limits::webhooks()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = b"POST /webhooks/shop HTTP/1.1\r\nhost: a\r\ncontent-length: 1073741824\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert!(view.webhooks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_address_has_half_of_the_places_at_most() {
    let limits = Limits::webhooks();
    let (most, whole) = (limits.per_address, limits.connections);
    assert_eq!(most * 2, whole);
    let served = crate::fake_view::webhooks(FakeView::new(&[]), limits).await;
    let mut held = Vec::new();
    for _ in 0..whole {
        held.push(connect(served.address, 7).await.unwrap());
    }
    let open = || held.iter().filter(|stream| stream.try_read(&mut [0]).is_err()).count();
    let begun = Instant::now();
    while open() > most {
        assert!(begun.elapsed() < PATIENCE, "{} are open", open());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    honest(&served).await;
}
