//! Commits through our store client beside redis-benchmark: the same script, arguments and server, one
//! connection and no pipelining on both sides, as the owner commits one batch after the other.

use crate::figure::{Figure, load_average};
use crate::redis_server::RedisServer;
use anyhow::{Context, Result, bail};
use omnistock::store::redis::RedisStore;
use omnistock::store::{CommitBatch, CursorMove, DirtyMark, DocumentWrite, Key, Store};
use omnistock_words::{ChannelName, Millis, OrderId, Sku};
use secrecy::SecretString;
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

const COMMITS: u64 = 20_000;
/// ABBA: ours, theirs, theirs, ours.
const PASSES: usize = 2;

/// The commit of one order: its document, the ledger of its SKU, four channels marked, the cursor.
fn batch(order: u64, version: u64, cursor: Option<CursorMove>) -> Result<CommitBatch> {
    let shop = ChannelName::new("shop")?;
    let write = |key: Key, bytes: usize| DocumentWrite {
        key,
        expected: version - 1,
        version,
        bytes: Some(vec![b'x'; bytes]),
    };
    let sku = Sku::new(format!("SKU-{order:07}"))?;
    let mark = |channel: &str| DirtyMark {
        channel: channel.to_owned(),
        sku: sku.to_string(),
        since: Millis(1_700_000_000_000),
    };
    Ok(CommitBatch {
        cursor,
        writes: vec![
            write(Key::order(&shop, &OrderId::new(order.to_string())?), 600),
            write(Key::sku(&sku), 900),
        ],
        marks: ["shop", "market", "till", "outlet"].map(mark).to_vec(),
        ..CommitBatch::default()
    })
}

pub(crate) async fn run() -> Result<Vec<Figure>> {
    let server = RedisServer::start().await?;
    let store = RedisStore::connect(&SecretString::from(server.url()), "bench").await?;
    let lease = store.acquire("bench", Duration::from_mins(30)).await?;
    let lease = lease.context("the lease is free on a new server")?;
    // The document exists on both sides: an update, as most commits are.
    store.commit(&lease, &batch(0, 1, None)?).await?;
    let script = script(&server, &store, &lease).await?;
    eprintln!(
        "limit: redis {} everysec, load average {:.2}",
        server.version().await?,
        load_average()
    );
    let (mut ours, mut theirs) = (0.0, 0.0);
    let mut version = 2;
    for pass in 0..PASSES {
        let order = if pass % 2 == 0 { [true, false] } else { [false, true] };
        for own in order {
            #[allow(clippy::float_arithmetic, reason = "sums of measurements")]
            if own {
                ours += commits(&store, &lease, &mut version).await?;
            } else {
                theirs += benchmark(&server, &script)?;
            }
        }
    }
    #[allow(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        reason = "means and a ratio of measurements"
    )]
    let figures = vec![
        Figure::plain("commits_per_s", ours / PASSES as f64, "commits/s"),
        Figure::plain("redis_benchmark_per_s", theirs / PASSES as f64, "commits/s"),
        Figure::at_least("commit_share_of_limit", ours / theirs, "ratio", 0.6),
    ];
    Ok(figures)
}

/// Our commits a second.
async fn commits(store: &RedisStore, lease: &omnistock::store::Lease, version: &mut u64) -> Result<f64> {
    let begun = Instant::now();
    for _ in 0..COMMITS {
        store.commit(lease, &batch(0, *version, None)?).await?;
        *version += 1;
    }
    #[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a rate")]
    Ok(COMMITS as f64 / begun.elapsed().as_secs_f64())
}

/// One of our commits as the server sees it, made repeatable: versions without zero bytes, the same
/// before and after, on documents of their own.
async fn script(server: &RedisServer, store: &RedisStore, lease: &omnistock::store::Lease) -> Result<Vec<String>> {
    use std::io::{BufRead as _, BufReader, Write as _};
    let mut monitor = std::net::TcpStream::connect(("127.0.0.1", server.port))?;
    monitor.set_read_timeout(Some(Duration::from_secs(5)))?;
    monitor.write_all(b"MONITOR\r\n")?;
    let mut lines = BufReader::new(monitor);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    store.commit(lease, &batch(1, 1, None)?).await?;
    for _ in 0..200 {
        line.clear();
        lines.read_line(&mut line)?;
        if line.to_ascii_lowercase().contains("\"evalsha\"") {
            return repeatable(server, &words(&line)).await;
        }
    }
    bail!("no EVALSHA among the commands of a commit")
}

/// The quoted words of a line of MONITOR, bytes in `\x..` kept as they are written there.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.split_once('"').map(|(_, rest)| rest).unwrap_or_default();
    while let Some(end) = rest.find('"') {
        words.push(rest.get(..end).unwrap_or_default().to_owned());
        rest = rest
            .get(end + 1..)
            .and_then(|rest| rest.split_once('"'))
            .map(|(_, rest)| rest)
            .unwrap_or_default();
    }
    words
}

/// A version that can stand in an argument of a program.
const VERSION: &str = "VERSION1";

async fn repeatable(server: &RedisServer, words: &[String]) -> Result<Vec<String>> {
    let none = "\\x00".repeat(8);
    let first = format!("{}\\x01", "\\x00".repeat(7));
    let mut connection = server.connect().await?;
    let keys: usize = words.get(2).context("EVALSHA names its keys")?.parse()?;
    let mut out: Vec<String> = words.to_vec();
    for at in 3 + keys..words.len() {
        if words.get(at) != Some(&none) {
            continue;
        }
        let (id, value) = words.get(at - 1).zip(words.get(at + 1)).context("id, version, value")?;
        let value = value
            .strip_prefix(first.as_str())
            .context("a value begins with its version")?;
        let value = format!("{VERSION}{value}");
        for key in words.iter().skip(3).take(keys) {
            // The document's hash is the one that has this id.
            let known: redis::RedisResult<bool> = redis::cmd("HEXISTS")
                .arg(key)
                .arg(id)
                .query_async(&mut connection)
                .await;
            if known == Ok(true) {
                redis::cmd("HSET")
                    .arg(key)
                    .arg(id)
                    .arg(&value)
                    .exec_async(&mut connection)
                    .await?;
            }
        }
        for (place, text) in [(at, VERSION.to_owned()), (at + 1, value)] {
            if let Some(word) = out.get_mut(place) {
                *word = text;
            }
        }
    }
    Ok(out)
}

/// What redis-benchmark reaches with it, calls a second.
fn benchmark(server: &RedisServer, script: &[String]) -> Result<f64> {
    let output = Command::new("redis-benchmark")
        .args([
            "-p",
            &server.port.to_string(),
            "-c",
            "1",
            "-P",
            "1",
            "-n",
            &COMMITS.to_string(),
            "--csv",
        ])
        .args(script)
        .output()
        .context("redis-benchmark does not start: is redis-tools installed?")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    let rate = line
        .split("\",\"")
        .nth(1)
        .and_then(|word| word.trim_matches('"').parse().ok());
    rate.with_context(|| {
        format!(
            "redis-benchmark said: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
