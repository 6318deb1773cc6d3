//! A vendor that sends signed webhooks at an even pace: a process of its own. It prints what became of them.

use anyhow::{Context, Result};
use clap::Args;
use omnistock_sdk::SecretString;
use omnistock_sdk::http::hmac_sha256_base64;
use serde::{Deserialize, Serialize};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// Webhooks on their way at once, at most: fewer than one address may have connections.
const AT_ONCE: usize = 100;
/// Vendors hang up then.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to send, and where to.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sending {
    /// The whole address of the daemon's listener for this vendor.
    #[arg(long)]
    pub(crate) url: String,
    /// What it is signed with.
    #[arg(long)]
    pub(crate) secret: String,
    /// Webhooks a second.
    #[arg(long)]
    pub(crate) rate: u64,
    /// So long.
    #[arg(long)]
    pub(crate) seconds: u64,
    /// Each sells one unit of one of so many articles.
    #[arg(long)]
    pub(crate) skus: usize,
}

/// What became of them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// Numbers of the orders that were answered with 2xx.
    pub(crate) accepted: Vec<u64>,
    /// From the instant at which each was due to its 2xx, milliseconds, sorted.
    pub(crate) took: Vec<f64>,
    /// Answered otherwise or not at all.
    pub(crate) refused: u64,
}

fn body(number: u64, sku: &str, at: &str) -> String {
    format!(
        r#"{{"id":{number},"status":"processing","date_created_gmt":"{at}","date_modified_gmt":"{at}","line_items":[{{"id":1,"quantity":1,"sku":"{sku}"}}]}}"#
    )
}

/// Sends, and prints a [`Sent`].
pub(crate) async fn run(sending: &Sending) -> Result<()> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let secret = SecretString::from(sending.secret.as_str());
    let (sent, places) = (Arc::new(Mutex::new(Sent::default())), Arc::new(Semaphore::new(AT_ONCE)));
    let tracker = tokio_util::task::TaskTracker::new();
    let begun = Instant::now();
    for number in 0..sending.rate * sending.seconds {
        let due = begun + Duration::from_micros(number * 1_000_000 / sending.rate.max(1));
        sleep_until(due).await;
        let place = Arc::clone(&places).acquire_owned().await?;
        let at: String = omnistock_sdk::now().to_string().chars().take(19).collect();
        let sku = crate::channels::sku(usize::try_from(number)? % sending.skus.max(1));
        let body = body(number + 1, &sku, &at);
        let request = client
            .post(&sending.url)
            .header("x-wc-webhook-topic", "order.created")
            .header("x-wc-webhook-signature", hmac_sha256_base64(&secret, body.as_bytes()))
            .body(body);
        let sent = Arc::clone(&sent);
        tracker.spawn(async move {
            let accepted = request.send().await.is_ok_and(|answer| answer.status().is_success());
            let took = due.elapsed();
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            if accepted {
                sent.accepted.push(number + 1);
                sent.took.push(milliseconds(took));
            } else {
                sent.refused += 1;
            }
            drop(place);
        });
    }
    tracker.close();
    tracker.wait().await;
    let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    sent.took.sort_by(f64::total_cmp);
    println!("{}", serde_json::to_string(&*sent)?);
    Ok(())
}

#[allow(clippy::float_arithmetic, reason = "a measurement")]
fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

/// The vendor as another process.
pub(crate) struct Sender(Child);

impl Sender {
    /// Begins to send; ends with this value.
    pub(crate) fn begin(sending: &Sending) -> Result<Self> {
        let numbers = [sending.rate, sending.seconds, sending.skus as u64];
        let [rate, seconds, skus] = numbers.map(|number| number.to_string());
        let child = Command::new(std::env::current_exe()?)
            .args(["sender", "--url", &sending.url, "--secret", &sending.secret])
            .args(["--rate", &rate, "--seconds", &seconds, "--skus", &skus])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(child))
    }

    /// What became of all it sent.
    pub(crate) async fn end(mut self) -> Result<Sent> {
        let mut text = String::new();
        let mut output = self.0.stdout.take().context("the sender has no output")?;
        output.read_to_string(&mut text).await?;
        serde_json::from_str(&text).context("the sender did not come to its end")
    }
}
