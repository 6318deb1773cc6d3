//! The seller's queue at Amazon SQS: signed requests, long polls, messages that hide and come again, and a dead queue.
//!
//! AWS's JSON protocol on the same server as the rest, told apart by `x-amz-target`. Its signatures are checked with the
//! arithmetic that is held to AWS's published values, over the headers as they came in.

use super::Shared;
use super::answer::{Answer, ok, with_status};
use super::shop::Shop;
use crate::signature::{Scope, Signable, compact};
use axum::http::HeaderMap;
use omnistock_sdk::SecretString;
use omnistock_words::Millis;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Where the queue is.
pub(super) const REGION: &str = "eu-central-1";
/// How often a long poll looks.
const GRAIN: Duration = Duration::from_millis(10);

/// What goes wrong with the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent faults, named")]
pub struct QueueFaults {
    /// It was deleted.
    pub gone: bool,
    /// The user has no right to it any more.
    pub denied: bool,
    /// Calls are refused because there were too many.
    pub throttled: bool,
    /// Every message is laid down twice.
    pub doubled: bool,
    /// The newest message is handed out first.
    pub backwards: bool,
    /// Deletions answer yes, and change nothing.
    pub undeleted: bool,
    /// A message that was handed out so often goes to the dead queue instead.
    pub dead_after: Option<u32>,
}

/// What was done with the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounters {
    /// `ReceiveMessage`, refused ones too.
    pub receives: u64,
    /// Messages handed out, each time.
    pub handed_out: u64,
    /// Messages deleted.
    pub deleted: u64,
    /// Requests whose signature was not right.
    pub unsigned: u64,
}

struct Held {
    body: String,
    sent: Millis,
    visible: Instant,
    receives: u32,
    /// Of the last time that it was handed out.
    handle: String,
}

/// The queue of a shop.
#[derive(Default)]
pub(super) struct SellersQueue {
    pub(super) open: bool,
    pub(super) faults: QueueFaults,
    pub(super) counters: QueueCounters,
    held: Vec<Held>,
    dead: Vec<String>,
    /// Everything that was ever laid down.
    told: Vec<String>,
}

impl SellersQueue {
    pub(super) fn lay_down(&mut self, body: &str, sent: Millis) {
        self.told.push(body.to_owned());
        for _ in 0..=u8::from(self.faults.doubled) {
            self.held.push(Held {
                body: body.to_owned(),
                sent,
                visible: Instant::now(),
                receives: 0,
                handle: String::new(),
            });
        }
    }

    /// Takes up to `most` messages that are not hidden, and hides them.
    fn take(&mut self, most: usize, hidden: Duration, number: u64) -> Vec<Value> {
        let now = Instant::now();
        if let Some(limit) = self.faults.dead_after {
            let (dead, held) = std::mem::take(&mut self.held)
                .into_iter()
                .partition(|held| held.visible <= now && held.receives >= limit);
            self.held = held;
            let dead: Vec<Held> = dead;
            self.dead.extend(dead.into_iter().map(|held| held.body));
        }
        let mut ready: Vec<&mut Held> = self.held.iter_mut().filter(|held| held.visible <= now).collect();
        if self.faults.backwards {
            ready.reverse();
        }
        let mut messages = Vec::new();
        for (place, held) in ready.into_iter().take(most).enumerate() {
            held.receives += 1;
            held.visible = now + hidden;
            held.handle = format!("handle-{number}-{place}");
            messages.push(
                json!({"MessageId": format!("m-{number}-{place}"), "ReceiptHandle": held.handle,
                "Body": held.body, "Attributes": {"SentTimestamp": held.sent.0.to_string()}}),
            );
        }
        self.counters.handed_out += messages.len() as u64;
        messages
    }

    /// Deletes the message of this handle; one that was handed out again since stays, and nobody is told.
    fn delete(&mut self, handle: &str) -> bool {
        if !handle.starts_with("handle-") {
            return false;
        }
        let before = self.held.len();
        if !self.faults.undeleted {
            self.held.retain(|held| held.handle != handle);
        }
        self.counters.deleted += (before - self.held.len()) as u64;
        true
    }
}

impl Shop {
    /// The id of the user's access key.
    pub(super) fn key_id() -> String {
        format!("AKIA{}", Shop::secret("queue"))
    }
}

impl super::Simulator {
    /// Notifications are laid down in the queue from now on.
    pub fn open_queue(&self) {
        self.shared.shop().queue.open = true;
    }

    /// Its address, as in `queue_url = "…"`.
    pub fn queue_url(&self) -> String {
        format!("{}/123456789012/omnistock", self.shared.origin())
    }

    /// Where it is, as in `queue_region = "…"`.
    pub fn queue_region(&self) -> &'static str {
        REGION
    }

    /// The id of the user's access key.
    pub fn queue_access_key_id(&self) -> String {
        Shop::key_id()
    }

    /// The key's secret.
    pub fn queue_secret_access_key(&self) -> String {
        Shop::secret("queue-key")
    }

    /// Changes what goes wrong with the queue from now on.
    pub fn set_queue(&self, faults: QueueFaults) {
        self.shared.shop().queue.faults = faults;
    }

    /// What was done with the queue so far.
    pub fn queue_counters(&self) -> QueueCounters {
        self.shared.shop().queue.counters
    }

    /// Lays down any message.
    pub fn lay_down(&self, body: &str) {
        self.shared.shop().queue.lay_down(body, omnistock_sdk::now());
    }

    /// Messages that were not deleted, hidden ones too.
    pub fn queued_messages(&self) -> usize {
        self.shared.shop().queue.held.len()
    }

    /// Messages in the dead queue.
    pub fn dead_messages(&self) -> usize {
        self.shared.shop().queue.dead.len()
    }

    /// Every message that was laid down, once each.
    pub fn notifications(&self) -> Vec<Value> {
        let told = self.shared.shop().queue.told.clone();
        told.iter().filter_map(|body| serde_json::from_str(body).ok()).collect()
    }
}

fn error(status: u16, kind: &str, message: &str) -> Answer {
    with_status(status, &json!({"__type": kind, "message": message}))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The value behind `name=` in an authorization.
fn part<'a>(authorization: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = authorization.split_once(name)?;
    rest.split([',', ' ']).next()
}

/// Why the signature is not right.
fn refused(headers: &HeaderMap, body: &[u8]) -> Option<Answer> {
    let authorization = text(headers, "authorization");
    let found = (|| {
        let credential = part(authorization, "Credential=")?.split_once('/')?;
        Some((
            credential,
            part(authorization, "SignedHeaders=")?,
            part(authorization, "Signature=")?,
        ))
    })();
    let Some(((key_id, told), names, signature)) = found else {
        return Some(error(
            403,
            "com.amazon.coral.service#MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ));
    };
    if key_id != Shop::key_id() {
        return Some(error(
            403,
            "com.amazon.coral.service#UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ));
    }
    let time = text(headers, "x-amz-date");
    let (scope, now) = (
        Scope {
            time,
            region: REGION,
            service: "sqs",
        },
        omnistock_sdk::now(),
    );
    let near = (-15..=15).any(|minutes| {
        let at = compact(now.plus(minutes * 60_000));
        at.get(..13) == time.get(..13)
    });
    let invalid = |message: &str| {
        Some(error(
            403,
            "com.amazon.coral.service#InvalidSignatureException",
            message,
        ))
    };
    if !near {
        return invalid("Signature expired: it is not within 15 minutes of the time here");
    }
    let headers: Vec<(&str, &str)> = names.split(';').map(|name| (name, text(headers, name))).collect();
    let needed = ["host", "x-amz-date", "x-amz-target"];
    let whole = needed.iter().all(|name| headers.iter().any(|(own, _)| own == name));
    let signable = Signable {
        method: "POST",
        path: "/",
        headers: &headers,
        body,
    };
    let right = signable.signature(&SecretString::from(Shop::secret("queue-key")), scope);
    if !whole || told != scope.text() || signature != right {
        return invalid("The request signature we calculated does not match the signature you provided.");
    }
    None
}

/// Why the queue does not answer.
fn unavailable(faults: QueueFaults, url: &str, base: &str) -> Option<Answer> {
    if faults.throttled {
        let kind = "com.amazon.coral.availability#ThrottlingException";
        return Some(error(400, kind, "Rate exceeded"));
    }
    if faults.denied {
        let words = "User: arn:aws:iam::123456789012:user/omnistock is not authorized to perform this action";
        return Some(error(403, "com.amazon.coral.service#AccessDeniedException", words));
    }
    let there = !faults.gone && url == format!("{base}/123456789012/omnistock");
    let missing = || {
        error(
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "The specified queue does not exist.",
        )
    };
    (!there).then(missing)
}

/// A request to SQS.
pub(super) async fn call(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    let action = text(headers, "x-amz-target")
        .trim_start_matches("AmazonSQS.")
        .to_owned();
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let url = asked.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
    {
        let queue = &mut shared.shop().queue;
        queue.counters.receives += u64::from(action == "ReceiveMessage");
        if let Some(refused) = refused(headers, body) {
            queue.counters.unsigned += 1;
            return refused;
        }
        if let Some(answer) = unavailable(queue.faults, url, &shared.origin()) {
            return answer;
        }
    }
    match action.as_str() {
        "ReceiveMessage" => receive(shared, &asked).await,
        "DeleteMessageBatch" => delete(&mut shared.shop(), &asked),
        "GetQueueAttributes" => {
            let held = shared.shop().queue.held.len();
            ok(&json!({"Attributes": {"ApproximateNumberOfMessages": held.to_string()}}))
        }
        _ => error(
            400,
            "com.amazonaws.sqs#UnsupportedOperation",
            "There is no such operation",
        ),
    }
}

async fn receive(shared: &Shared, asked: &Value) -> Answer {
    let number = |name: &str, usual| asked.get(name).and_then(Value::as_u64).unwrap_or(usual);
    let (most, wait, hidden) = (
        number("MaxNumberOfMessages", 1),
        number("WaitTimeSeconds", 0),
        number("VisibilityTimeout", 30),
    );
    if !(1..=10).contains(&most) || wait > 20 || hidden > 43_200 {
        return error(
            400,
            "com.amazonaws.sqs#InvalidParameterValue",
            "Value for a parameter is invalid",
        );
    }
    let until = Instant::now() + Duration::from_secs(wait);
    loop {
        let messages = {
            let shop = &mut *shared.shop();
            shop.settle();
            let number = shop.number();
            let most = usize::try_from(most).unwrap_or(1);
            shop.queue.take(most, Duration::from_secs(hidden), number)
        };
        if !messages.is_empty() {
            return ok(&json!({"Messages": messages}));
        }
        if Instant::now() >= until || shared.is_stopping() {
            return ok(&json!({}));
        }
        sleep(GRAIN).await;
    }
}

fn delete(shop: &mut Shop, asked: &Value) -> Answer {
    let entries = asked
        .get("Entries")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if !(1..=10).contains(&entries.len()) {
        let kind = "com.amazonaws.sqs#TooManyEntriesInBatchRequest";
        return error(400, kind, "A batch has 1 to 10 entries");
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let handle = entry.get("ReceiptHandle").and_then(Value::as_str).unwrap_or_default();
        let id = entry.get("Id").cloned().unwrap_or_default();
        if shop.queue.delete(handle) {
            done.push(json!({"Id": id}));
        } else {
            failed.push(json!({"Id": id, "SenderFault": true, "Code": "ReceiptHandleIsInvalid",
                "Message": "The input receipt handle is not a valid receipt handle."}));
        }
    }
    ok(&json!({"Successful": done, "Failed": failed}))
}
