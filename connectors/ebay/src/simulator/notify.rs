//! The Notification API: keys that rotate, destinations that have to prove themselves, subscriptions, signed messages.

use super::Shared;
use super::server::{Call, json_answer, refused};
use super::shop::Shop;
use crate::windows::stamp;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::verify::answer_challenge;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, VecDeque};

const PREFIX: &str = "/commerce/notification/v1";
const DOMAIN: &str = "API_NOTIFICATION";
/// Messages that wait, at most.
const MOST_WAITING: usize = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) endpoint: String,
    pub(super) status: String,
    token: String,
    name: String,
}

#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) topic: String,
    pub(super) status: String,
    pub(super) destination: String,
    made: String,
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) endpoint: String,
    pub(super) topic: String,
    pub(super) order: String,
    pub(super) id: String,
    pub(super) attempts: u32,
}

pub(super) struct Notices {
    /// Whether an address has to prove itself.
    challenges: bool,
    pub(super) email: Option<String>,
    pub(super) destinations: BTreeMap<String, Destination>,
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    keys: BTreeMap<String, SigningKey>,
    current: String,
    pub(super) waiting: VecDeque<Waiting>,
}

/// A key of its own for each number.
fn key(number: u8) -> Option<SigningKey> {
    let mut bytes = [7_u8; 32];
    if let Some(last) = bytes.last_mut() {
        *last = number;
    }
    SigningKey::from_slice(&bytes).ok()
}

impl Notices {
    pub(super) fn new(challenges: bool) -> Self {
        let mut notices = Self {
            challenges,
            email: None,
            destinations: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            keys: BTreeMap::new(),
            current: String::new(),
            waiting: VecDeque::new(),
        };
        notices.rotate();
        notices
    }

    /// From now on messages are signed with a new key; the old ones stay known.
    pub(super) fn rotate(&mut self) {
        let number = u8::try_from(self.keys.len() + 1).unwrap_or(u8::MAX);
        self.current = format!("9936261a-7d7b-4621-a0f1-{number:012}");
        self.keys.extend(key(number).map(|key| (self.current.clone(), key)));
    }

    /// The id of the key that signs now.
    pub(super) fn current(&self) -> &str {
        &self.current
    }

    /// The header over a body; of somebody else's key under our key's name where `foreign`.
    pub(super) fn signature(&self, body: &[u8], foreign: bool) -> String {
        let own = self.keys.get(&self.current).cloned();
        let signing = if foreign { key(251) } else { own };
        let hash = Sha1::digest(body);
        let signed: Option<Signature> = signing.and_then(|key| key.sign_prehash(&hash).ok());
        let bytes = signed
            .map(|signature| STANDARD.encode(signature.to_der()))
            .unwrap_or_default();
        STANDARD.encode(json!({"alg": "ecdsa", "kid": self.current, "signature": bytes, "digest": "SHA1"}).to_string())
    }

    fn public(&self, id: &str) -> Option<String> {
        let key = p256::PublicKey::from(self.keys.get(id)?.verifying_key());
        let der = key.to_public_key_der().ok()?;
        // All of it on one line.
        Some(format!(
            "-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----",
            STANDARD.encode(der.as_bytes())
        ))
    }
}

impl Shop {
    /// Everybody who subscribed to it is told of an order.
    pub(super) fn tell(&mut self, topic: &str, order: &str) {
        let enabled = |one: &&Subscription| one.topic == topic && one.status == "ENABLED";
        let to: Vec<String> = self
            .notices
            .subscriptions
            .values()
            .filter(enabled)
            .map(|one| one.destination.clone())
            .collect();
        for destination in to {
            let found = self
                .notices
                .destinations
                .get(&destination)
                .filter(|one| one.status == "ENABLED");
            let Some(endpoint) = found.map(|one| one.endpoint.clone()) else {
                continue;
            };
            if self.notices.waiting.len() >= MOST_WAITING {
                return;
            }
            let id = format!("49feeaeb-4982-42d9-a377-{:012}", self.number());
            self.notices.waiting.push_back(Waiting {
                endpoint,
                topic: topic.to_owned(),
                order: order.to_owned(),
                id,
                attempts: 0,
            });
        }
    }

    /// A message as it is sent.
    pub(super) fn message(&self, topic: &str, id: &str, attempts: u32, data: &Value) -> String {
        let (at, metadata) = (
            stamp(self.now()),
            json!({"topic": topic, "schemaVersion": "1.0", "deprecated": false}),
        );
        json!({"metadata": metadata, "notification": {"notificationId": id, "eventDate": at, "publishDate": at,
               "publishAttemptCount": attempts, "data": data}})
        .to_string()
    }
}

/// Before a destination is made or changed its address has to answer a challenge. An answer: it did not.
pub(super) async fn prove(shared: &Shared, call: &Call<'_>) -> Option<Response> {
    let changes = call.method == Method::POST || call.method == Method::PUT;
    let about = call.path.strip_prefix(PREFIX)?.starts_with("/destination");
    if !changes || !about || !shared.shop().notices.challenges || shared.shop().faults.every_call.is_some() {
        return None;
    }
    let body = call.json();
    let text = |path: &str| {
        body.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (endpoint, token) = (
        text("/deliveryConfig/endpoint"),
        text("/deliveryConfig/verificationToken"),
    );
    let failed = || {
        Some(refused(
            409,
            195_020,
            DOMAIN,
            "Challenge verification failed for requested endpoint",
        ))
    };
    let code = "a8628072-3d33-45ee-9004-bee86830a22d";
    let Some(http) = endpoint
        .parse()
        .ok()
        .and_then(|url| Http::new(HttpSettings::new(url)).ok())
    else {
        return failed();
    };
    let answer = http
        .send(http.request(Method::GET, &format!("?challenge_code={code}")))
        .await;
    let said = answer.and_then(|answer| answer.json::<Value>()).unwrap_or_default();
    let wanted = answer_challenge(&[code, &token, &endpoint]);
    if said.get("challengeResponse").and_then(Value::as_str) == Some(wanted.as_str()) {
        return None;
    }
    failed()
}

pub(super) fn answer(shop: &mut Shop, call: &Call<'_>, seller: bool) -> Response {
    let path = call.path.strip_prefix(PREFIX).unwrap_or_default();
    let denied = || refused(403, 1_100, "ACCESS", "Insufficient permissions to fulfill the request.");
    if path.starts_with("/subscription") {
        return if seller {
            subscriptions(shop, call, path)
        } else {
            denied()
        };
    }
    if seller {
        return denied();
    }
    match (call.method, path) {
        (&Method::GET, "/config") => match &shop.notices.email {
            Some(email) => json_answer(200, &json!({ "alertEmail": email })),
            None => refused(404, 195_026, DOMAIN, "Configuration Not Found."),
        },
        (&Method::PUT, "/config") => {
            shop.notices.email = call.json().get("alertEmail").and_then(Value::as_str).map(str::to_owned);
            StatusCode::NO_CONTENT.into_response()
        }
        _ if path.starts_with("/destination") => destinations(shop, call, path),
        _ => match (path.strip_prefix("/public_key/"), path.strip_prefix("/topic/")) {
            (Some(id), _) => match shop.notices.public(id) {
                Some(key) => json_answer(200, &json!({"key": key, "algorithm": "ECDSA", "digest": "SHA1"})),
                None => refused(404, 195_001, DOMAIN, "The specified key id is invalid."),
            },
            (_, Some(topic)) => {
                let payloads = json!([{"format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": false}]);
                json_answer(
                    200,
                    &json!({"topicId": topic, "status": "ENABLED", "supportedPayloads": payloads}),
                )
            }
            _ => refused(404, 195_000, DOMAIN, "There is no such resource."),
        },
    }
}

fn created(path: &str, id: &str) -> Response {
    let location = format!("https://api.ebay.com{PREFIX}{path}/{id}");
    let headers = [
        (header::LOCATION, location),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    (StatusCode::CREATED, headers, "{}").into_response()
}

fn destinations(shop: &mut Shop, call: &Call<'_>, path: &str) -> Response {
    let body = call.json();
    let text = |path: &str| {
        body.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let wanted = Destination {
        endpoint: text("/deliveryConfig/endpoint"),
        status: text("/status"),
        token: text("/deliveryConfig/verificationToken"),
        name: text("/name"),
    };
    let id = path.strip_prefix("/destination/").unwrap_or_default().to_owned();
    if call.method == Method::GET {
        let row = |(id, one): (&String, &Destination)| {
            let delivery = json!({"endpoint": one.endpoint, "verificationToken": one.token});
            json!({"destinationId": id, "name": one.name, "status": one.status, "deliveryConfig": delivery})
        };
        let rows: Vec<Value> = shop.notices.destinations.iter().map(row).collect();
        return json_answer(
            200,
            &json!({"total": rows.len(), "limit": 100, "href": path, "destinations": rows}),
        );
    }
    if shop.notices.email.is_none() {
        return refused(
            409,
            195_003,
            DOMAIN,
            "Please provide configurations required for notifications. Refer to /config",
        );
    }
    if !(32..=80).contains(&wanted.token.len()) {
        return refused(
            400,
            195_019,
            DOMAIN,
            "Invalid or missing verification token for this endpoint.",
        );
    }
    if call.method == Method::PUT && shop.notices.destinations.contains_key(&id) {
        shop.notices.destinations.insert(id, wanted);
        return StatusCode::NO_CONTENT.into_response();
    }
    if shop
        .notices
        .destinations
        .values()
        .any(|one| one.endpoint == wanted.endpoint)
    {
        return refused(409, 195_021, DOMAIN, "Destination exists for this endpoint");
    }
    let id = format!("d{}", shop.number());
    shop.notices.destinations.insert(id.clone(), wanted);
    created("/destination", &id)
}

fn subscriptions(shop: &mut Shop, call: &Call<'_>, path: &str) -> Response {
    let body = call.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if call.method == Method::GET {
        let row = |(id, one): (&String, &Subscription)| {
            let payload = json!({"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"});
            json!({"subscriptionId": id, "topicId": one.topic, "status": one.status, "destinationId": one.destination,
                   "creationDate": one.made, "payload": payload})
        };
        let rows: Vec<Value> = shop.notices.subscriptions.iter().map(row).collect();
        return json_answer(
            200,
            &json!({"total": rows.len(), "limit": 100, "href": path, "subscriptions": rows}),
        );
    }
    if let Some(id) = path
        .strip_prefix("/subscription/")
        .and_then(|rest| rest.strip_suffix("/enable"))
    {
        let Some(one) = shop.notices.subscriptions.get_mut(id) else {
            return refused(404, 195_013, DOMAIN, "The specified subscription id does not exist.");
        };
        "ENABLED".clone_into(&mut one.status);
        return StatusCode::NO_CONTENT.into_response();
    }
    let wanted = Subscription {
        topic: text("topicId"),
        status: text("status"),
        destination: text("destinationId"),
        made: stamp(shop.now()),
    };
    if !shop.notices.destinations.contains_key(&wanted.destination) {
        return refused(400, 195_007, DOMAIN, "Invalid or missing destination id.");
    }
    let same = |one: &Subscription| one.topic == wanted.topic && one.destination == wanted.destination;
    if shop.notices.subscriptions.values().any(same) {
        return refused(409, 195_012, DOMAIN, "Subscription already exists");
    }
    let id = format!("s{}", shop.number());
    shop.notices.subscriptions.insert(id.clone(), wanted);
    created("/subscription", &id)
}
