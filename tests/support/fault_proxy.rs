//! A TCP proxy that fails as networks do: it stands between the daemon and one other, and is switched while it runs.
//!
//! Bytes are delayed or never delivered, never changed or reordered, as with TCP itself. What was held up in a black
//! hole arrives when it ends, also what its sender has given up by then.

use super::merchant::free_port;
use omnistock_sdk::now;
use omnistock_words::Millis;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing wrong.
    None,
    /// Each piece takes so long each way: between these two.
    Latency(Duration, Duration),
    /// Connections are reset (RST): those that there are, and each new one.
    Reset,
    /// Each connection is reset behind so many bytes of answers.
    ResetBehind(usize),
    /// Half-open: connections are accepted, nothing is delivered in either direction, and none is closed. When it ends
    /// the bytes go on; of what was `forgotten` none ever does, as behind a firewall that was started anew.
    BlackHole {
        /// Connections of this time stay dead.
        forgotten: bool,
    },
    /// Half-closed: the far side says that it ends, and what is sent to it goes nowhere.
    HalfClosed,
    /// Answers come in pieces of so many bytes, with this pause behind each.
    Slow(usize, Duration),
    /// Nobody is there any more: connections are reset, and new ones refused.
    Refused,
}

/// Requests that were delivered: when, and their first lines.
type Asked = Arc<Mutex<Vec<(Millis, String)>>>;

/// A running proxy; everything of it ends when it is dropped.
pub(crate) struct FaultProxy {
    port: u16,
    fault: watch::Sender<Fault>,
    asked: Asked,
    end: CancellationToken,
}

/// What every connection is given.
#[derive(Clone)]
struct Line {
    upstream: u16,
    fault: watch::Receiver<Fault>,
    asked: Asked,
    /// Ends the connection by a reset.
    reset: CancellationToken,
}

/// Pieces on their way in one direction, at most: a network holds little.
const ON_THE_WAY: usize = 64;

impl FaultProxy {
    /// Stands before this loopback port.
    pub(crate) fn before(upstream: u16, seed: u64) -> Self {
        Self::on(free_port(), upstream, seed)
    }

    /// The same at a port that was chosen before: a shop may have to know its address.
    pub(crate) fn on(port: u16, upstream: u16, seed: u64) -> Self {
        let (fault, told) = watch::channel(Fault::None);
        let (asked, end) = (Asked::default(), CancellationToken::new());
        let line = Line {
            upstream,
            fault: told,
            asked: Arc::clone(&asked),
            reset: CancellationToken::new(),
        };
        let listener = listen(port).unwrap();
        let (tracker, ends) = (TaskTracker::new(), end.clone());
        let work = accept(
            (port, listener),
            line,
            StdRng::seed_from_u64(seed),
            tracker.clone(),
            ends,
        );
        tracker.spawn(end.clone().run_until_cancelled_owned(work));
        Self {
            port,
            fault,
            asked,
            end,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Nothing wrong any more.
    pub(crate) fn heal(&self) {
        self.set(Fault::None);
    }

    /// Requests over HTTP that were delivered: when, and their first lines. The oldest first.
    pub(crate) fn asked(&self) -> Vec<(Millis, String)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(256)
}

async fn accept(
    (port, listener): (u16, TcpListener),
    mut line: Line,
    mut seeds: StdRng,
    tracker: TaskTracker,
    end: CancellationToken,
) {
    let mut listener = Some(listener);
    loop {
        let refused = *line.fault.borrow_and_update() == Fault::Refused;
        if refused {
            listener = None;
        } else if listener.is_none() {
            listener = listen(port).ok();
        }
        let next = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = line.fault.changed() => if changed.is_err() { return },
            () = sleep(Duration::from_millis(50)), if listener.is_none() && !refused => {}
            Ok((client, _)) = next => {
                let line = Line { reset: CancellationToken::new(), ..line.clone() };
                let random = StdRng::seed_from_u64(seeds.random());
                tracker.spawn(end.clone().run_until_cancelled_owned(connection(client, line, random)));
            }
        }
    }
}

async fn connection(mut client: TcpStream, line: Line, mut random: StdRng) {
    let mut fault = line.fault.clone();
    // The kernel has accepted, and nobody is there.
    delivered(&mut fault).await;
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, line.upstream)).await else {
        drop(client.set_zero_linger());
        return;
    };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let up = Way {
        line: line.clone(),
        random: StdRng::seed_from_u64(random.random()),
        up: true,
    };
    let down = Way {
        line: line.clone(),
        random,
        up: false,
    };
    let reset = tokio::select! {
        biased;
        _ = fault.wait_for(|fault| matches!(fault, Fault::Reset | Fault::Refused)) => true,
        () = line.reset.cancelled() => true,
        _ = async { tokio::join!(up.run(from_client, to_server), down.run(from_server, to_client)) } => false,
    };
    if reset {
        drop((client.set_zero_linger(), server.set_zero_linger()));
    }
}

/// Returns when bytes are delivered; never, where the connection was forgotten.
async fn delivered(fault: &mut watch::Receiver<Fault>) {
    loop {
        match *fault.borrow_and_update() {
            Fault::BlackHole { forgotten: false } => {}
            Fault::BlackHole { forgotten: true } => break,
            _ => return,
        }
        if fault.changed().await.is_err() {
            break;
        }
    }
    std::future::pending::<()>().await;
}

/// One direction of a connection.
struct Way {
    line: Line,
    random: StdRng,
    /// Towards the far side.
    up: bool,
}

impl Way {
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) {
        let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
        let (fault, mut random) = (self.line.fault.clone(), self.random.clone());
        let read = async move {
            let (mut part, mut last) = (vec![0; 16_384], Instant::now());
            loop {
                // An end that is an error ends the other side, too.
                let count = from.read(&mut part).await.unwrap_or(0);
                let takes = match *fault.borrow() {
                    Fault::Latency(least, most) => random.random_range(least..=most),
                    _ => Duration::ZERO,
                };
                // In order, whatever each piece takes.
                last = last.max(Instant::now() + takes);
                if sender.send((last, part[..count].to_vec())).await.is_err() || count == 0 {
                    return;
                }
            }
        };
        let write = async {
            let mut fault = self.line.fault.clone();
            loop {
                let piece = tokio::select! {
                    piece = pieces.recv() => piece,
                    Ok(()) = fault.changed() => {
                        delivered(&mut fault).await;
                        if !self.up && *fault.borrow() == Fault::HalfClosed {
                            break;
                        }
                        continue;
                    }
                };
                let Some((at, piece)) = piece.filter(|(_, piece)| !piece.is_empty()) else {
                    break;
                };
                sleep_until(at).await;
                delivered(&mut fault).await;
                if self.deliver(&mut to, &piece).await.is_err() {
                    break;
                }
            }
            drop(to.shutdown().await);
        };
        tokio::join!(read, write);
    }

    async fn deliver(&mut self, to: &mut WriteHalf<'_>, piece: &[u8]) -> std::io::Result<()> {
        let fault = *self.line.fault.borrow();
        match fault {
            Fault::HalfClosed if self.up => return Ok(()),
            Fault::ResetBehind(bytes) if !self.up => {
                to.write_all(&piece[..bytes.min(piece.len())]).await?;
                // What was written leaves before the reset overtakes it.
                sleep(Duration::from_millis(5)).await;
                self.line.reset.cancel();
                return std::future::pending().await;
            }
            Fault::Slow(bytes, pause) if !self.up => {
                for part in piece.chunks(bytes.max(1)) {
                    to.write_all(part).await?;
                    if *self.line.fault.borrow() == fault {
                        sleep(pause).await;
                    }
                }
                return Ok(());
            }
            _ => {}
        }
        if self.up {
            self.note(piece);
        }
        to.write_all(piece).await
    }

    fn note(&self, piece: &[u8]) {
        let begins = |method: &str| piece.starts_with(method.as_bytes());
        if ["GET ", "POST ", "PUT ", "DELETE "].into_iter().any(begins) {
            let line = String::from_utf8_lossy(piece)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            self.line.asked.lock().unwrap().push((now(), line));
        }
    }
}
