//! The seller's queue at Amazon SQS: messages are taken out by long polls, and deleted once they are handed over.
//!
//! AWS's JSON protocol with signed requests. Nothing else of AWS is used, and nothing is changed but messages that are
//! deleted.

use crate::settings::QueueParts;
use crate::signature::{ALGORITHM, Scope, Signable, compact};
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString, Ticket, now};
use omnistock_words::Millis;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// Messages in one answer, and deletions in one call, at most [documented].
pub(crate) const MOST: usize = 10;
/// The longest that a call waits for messages [documented].
const MOST_WAIT: Duration = Duration::from_secs(20);
/// How long a message that was handed out is hidden.
pub(crate) const HIDDEN: Duration = Duration::from_mins(2);
/// Beyond the wait, for the way there and back.
const GRACE: Duration = Duration::from_secs(10);
/// Ten messages of a mebibyte, which is the most that one can have [documented], written as JSON.
const MOST_BODY: usize = 24 << 20;
/// As what requests are announced.
const TYPE: &str = "application/x-amz-json-1.0";

/// A message as the queue hands it out.
pub(crate) struct Taken {
    pub(crate) body: String,
    pub(crate) ticket: Ticket,
    pub(crate) sent_at: Option<Millis>,
}

#[derive(Deserialize)]
struct Received {
    #[serde(rename = "Messages", default)]
    messages: Option<Vec<ReceivedMessage>>,
}

#[derive(Deserialize)]
struct ReceivedMessage {
    #[serde(rename = "Body", default)]
    body: String,
    #[serde(rename = "ReceiptHandle")]
    handle: String,
    #[serde(rename = "Attributes", default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    #[serde(rename = "SentTimestamp")]
    sent: Option<String>,
}

#[derive(Deserialize)]
struct Deleted {
    #[serde(rename = "Failed", default)]
    failed: Option<Vec<NotDeleted>>,
}

#[derive(Deserialize)]
struct NotDeleted {
    #[serde(rename = "Code")]
    code: String,
}

/// One queue.
pub(crate) struct Queue {
    http: Http,
    /// `host`, as the request names it.
    host: String,
    url: String,
    region: String,
    key_id: SecretString,
    secret: SecretString,
}

impl Queue {
    /// The queue of these settings; nothing is asked yet.
    pub(crate) fn new(parts: &QueueParts) -> Result<Self, ConnectorError> {
        let mut base = parts.url.clone();
        base.set_path("");
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", base.host_str().unwrap_or_default());
        let settings = HttpSettings {
            deadline: MOST_WAIT + GRACE,
            most_body: MOST_BODY,
            ..HttpSettings::new(base)
        };
        Ok(Self {
            http: Http::new(settings)?,
            host,
            url: parts.url.to_string(),
            region: parts.region.clone(),
            key_id: parts.key_id.clone(),
            secret: parts.secret.clone(),
        })
    }

    /// Up to ten messages; waits for one up to `wait`, 20 s at most.
    pub(crate) async fn receive(&self, wait: Duration) -> Result<Vec<Taken>, ConnectorError> {
        let body = json!({"QueueUrl": self.url, "MaxNumberOfMessages": MOST, "WaitTimeSeconds": wait.min(MOST_WAIT).as_secs(),
            "VisibilityTimeout": HIDDEN.as_secs(), "MessageSystemAttributeNames": ["SentTimestamp"]});
        let received: Received = self.call("ReceiveMessage", &body).await?;
        let messages = received.messages.unwrap_or_default().into_iter().take(MOST);
        let taken = messages.map(|message| Taken {
            sent_at: message.attributes.sent.and_then(|sent| sent.parse().ok()).map(Millis),
            body: message.body,
            ticket: Ticket(message.handle),
        });
        Ok(taken.collect())
    }

    /// Deletes messages. One whose handle is too old comes again, which harms nothing.
    pub(crate) async fn delete(&self, tickets: &[Ticket]) -> Result<(), ConnectorError> {
        for some in tickets.chunks(MOST) {
            let entry =
                |(number, ticket): (usize, &Ticket)| json!({"Id": number.to_string(), "ReceiptHandle": ticket.0});
            let entries: Vec<Value> = some.iter().enumerate().map(entry).collect();
            let body = json!({"QueueUrl": self.url, "Entries": entries});
            let deleted: Deleted = self.call("DeleteMessageBatch", &body).await?;
            for failed in deleted.failed.unwrap_or_default() {
                tracing::debug!("a message was not deleted and comes again: {}", failed.code);
            }
        }
        Ok(())
    }

    /// Asks for the queue's number of messages: whether it is there, and may be asked.
    pub(crate) async fn check(&self) -> Result<(), ConnectorError> {
        let body = json!({"QueueUrl": self.url, "AttributeNames": ["ApproximateNumberOfMessages"]});
        let answer: Value = self.call("GetQueueAttributes", &body).await?;
        let there = answer.pointer("/Attributes/ApproximateNumberOfMessages").is_some();
        let strange = "`queue_url`: what answers there is no queue; check `queue_url`";
        there.then_some(()).ok_or_else(|| ConnectorError::operator(strange))
    }

    async fn call<T: DeserializeOwned>(&self, action: &str, body: &Value) -> Result<T, ConnectorError> {
        let (body, time) = (body.to_string(), compact(now()));
        let target = format!("AmazonSQS.{action}");
        let signable = Signable {
            method: "POST",
            path: "/",
            headers: &[
                ("content-type", TYPE),
                ("host", &self.host),
                ("x-amz-date", &time),
                ("x-amz-target", &target),
            ],
            body: body.as_bytes(),
        };
        let scope = Scope {
            time: &time,
            region: &self.region,
            service: "sqs",
        };
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
            self.key_id.expose_secret(),
            scope.text(),
            signable.names(),
            signable.signature(&self.secret, scope)
        );
        let unusable = |_| ConnectorError::operator("`queue_access_key_id` has characters that can't be in it");
        let mut authorization = HeaderValue::try_from(authorization).map_err(unusable)?;
        authorization.set_sensitive(true);
        let request = self.http.request(Method::POST, "/");
        let request = request.header("content-type", TYPE).header("x-amz-date", &time);
        let request = request
            .header("x-amz-target", &target)
            .header("authorization", authorization);
        let answer = self.http.send(request.body(body)).await;
        let answer = answer.map_err(|error| explain(action, &error))?;
        // Its words may be those of a message: they are not repeated.
        let unread =
            |_| ConnectorError::unknown(format!("Amazon SQS, {action}: the answer is not the JSON it should be"));
        serde_json::from_slice(&answer.body).map_err(unread)
    }
}

/// Says what to do where only a person can. The vendor tells errors by their type, under several statuses.
fn explain(action: &str, error: &ConnectorError) -> ConnectorError {
    let says = |words: &[&str]| words.iter().any(|word| error.message.contains(word));
    let (class, advice) = if says(&["QueueDoesNotExist", "NonExistentQueue"]) {
        (
            ErrorClass::Operator,
            "; check `queue_url` and `queue_region`: the queue is gone, or not this user's",
        )
    } else if says(&["Signature expired", "Signature not yet current", "RequestExpired"]) {
        (ErrorClass::Operator, "; set this machine's clock: it is off by minutes")
    } else if says(&["Throttl", "OverLimit", "TooManyRequests"]) {
        (ErrorClass::Retry { after: None }, "")
    } else if says(&["AccessDenied"]) {
        (
            ErrorClass::Operator,
            "; grant the user the rights of the README for this queue",
        )
    } else if matches!(error.class, ErrorClass::Operator | ErrorClass::Rejected) {
        let keys = "; check `queue_access_key_id`, `queue_secret_access_key` and `queue_region`";
        (ErrorClass::Operator, keys)
    } else {
        (error.class.clone(), "")
    };
    ConnectorError {
        class,
        message: format!("Amazon SQS, {action}: {}{advice}", error.message),
    }
}
