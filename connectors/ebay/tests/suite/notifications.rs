//! Notifications: the vendor's own signatures, keys that rotate, an address that proves itself, deliveries.

use crate::support::{Shop, WORD, start};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use omnistock_ebay::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::verify::{Digest, PublicKey};
use omnistock_sdk::{Connector, Hint, RawRequest, Received, SubscriptionState, WebhookError, now};
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

fn request(signature: &str, body: &str) -> RawRequest {
    RawRequest {
        headers: vec![("x-ebay-signature".to_owned(), signature.to_owned())],
        query: String::new(),
        body: Bytes::from(body.to_owned()),
        received_at: now(),
    }
}

/// As the daemon does.
async fn receive(connector: &dyn Connector, request: &RawRequest) -> Result<Received, WebhookError> {
    let role = connector.webhooks().unwrap();
    match role.receive(request) {
        Err(WebhookError::Key(id)) => {
            role.fetch_key(&id).await.unwrap();
            role.receive(request)
        }
        said => said,
    }
}

#[tokio::test]
async fn a_key_is_fetched_once_and_a_new_one_when_it_rotates() {
    let shop = start().await;
    let about = async |foreign| {
        let (signature, body) = shop.notification("ORDER_CONFIRMATION", "12-34567-89012", foreign);
        receive(shop.connector.as_ref(), &request(&signature, &body)).await
    };
    let look = Received::Look(vec![Hint::Order("12-34567-89012".parse().unwrap())]);
    for _ in 0..5 {
        assert_eq!(about(false).await, Ok(look.clone()));
    }
    let keys = |shop: &Shop| {
        let calls = shop.counters().calls;
        calls
            .iter()
            .filter(|(name, _)| name.contains("public_key"))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    assert_eq!(keys(&shop), 1);
    shop.rotate_key();
    assert_eq!(about(false).await, Ok(look));
    assert_eq!(keys(&shop), 2);
    assert!(
        matches!(about(true).await, Err(WebhookError::Unsigned(_))),
        "somebody else's key"
    );
}

#[tokio::test]
async fn a_key_that_ebay_does_not_know_is_asked_for_once() {
    let shop = start().await;
    let (signature, body) = shop.notification("ORDER_CONFIRMATION", "1-2", false);
    let invented = start().await;
    invented.rotate_key();
    let (other, _) = invented.notification("ORDER_CONFIRMATION", "1-2", false);
    assert_ne!(signature, other);
    for _ in 0..3 {
        let said = receive(shop.connector.as_ref(), &request(&other, &body)).await;
        assert!(matches!(said, Err(WebhookError::Unsigned(_))), "{said:?}");
    }
    let calls = shop.counters().calls;
    assert_eq!(
        calls
            .iter()
            .filter(|(name, _)| name.contains("public_key"))
            .map(|(_, count)| *count)
            .sum::<u64>(),
        1
    );
}

/// The daemon's listener: answers challenges, keeps what comes, refuses the first few.
struct Listener {
    connector: Arc<dyn Connector>,
    refuse: Mutex<u32>,
    came: Mutex<Vec<(String, String)>>,
}

async fn hear(
    State(listener): State<Arc<Listener>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let role = listener.connector.webhooks().unwrap();
    if method == Method::GET {
        return role.challenge(uri.query().unwrap_or_default()).map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            |reply| ([("content-type", reply.content_type)], reply.body).into_response(),
        );
    }
    let mut refuse = listener.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let signature = headers["x-ebay-signature"].to_str().unwrap().to_owned();
    listener
        .came
        .lock()
        .unwrap()
        .push((signature, String::from_utf8(body.to_vec()).unwrap()));
    StatusCode::NO_CONTENT.into_response()
}

async fn listen(connector: Arc<dyn Connector>, refuse: u32) -> (Arc<Listener>, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/webhooks/ebay", listener.local_addr().unwrap());
    let heard = Arc::new(Listener {
        connector,
        refuse: Mutex::new(refuse),
        came: Mutex::default(),
    });
    let router = Router::new().fallback(hear).with_state(Arc::clone(&heard));
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
    (heard, url)
}

#[tokio::test]
async fn an_address_proves_itself_and_a_sale_is_told_again_until_it_is_heard() {
    let shop = start().await;
    let (heard, url) = listen(Arc::clone(&shop.connector), 2).await;
    let role = shop.connector.webhooks().unwrap();
    let said = role.subscribe(&url).await.unwrap();
    assert!(
        matches!(&said, SubscriptionState::Mended(what) if what.contains("ORDER_CONFIRMATION")),
        "{said:?}"
    );
    assert_eq!(role.subscribe(&url).await.unwrap(), SubscriptionState::Active);
    shop.add("A", 5);
    let order = shop.buy("A", 1).unwrap();
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while heard.came.lock().unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < until, "it never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (signature, body) = heard.came.lock().unwrap()[0].clone();
    assert!(body.contains("\"publishAttemptCount\":3"), "{body}");
    let said = receive(shop.connector.as_ref(), &request(&signature, &body)).await;
    assert_eq!(said, Ok(Received::Look(vec![Hint::Order(order.parse().unwrap())])));
    assert!(!body.contains(WORD));
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_for_a_person() {
    let shop = start().await;
    let role = shop.connector.webhooks().unwrap();
    let error = role.subscribe("http://127.0.0.1:9/webhooks/ebay").await.unwrap_err();
    assert!(error.message.contains("`public_url`"), "{error}");
    assert_eq!(role.challenge("x=1"), None);
    let proof = role.challenge("challenge_code=abc").unwrap();
    assert_eq!(proof.content_type, "application/json");
}

#[tokio::test]
async fn without_an_address_for_alerts_the_setting_is_named() {
    let simulator = Simulator::start(SimulatorSettings {
        challenges: false,
        ..SimulatorSettings::default()
    })
    .await
    .unwrap();
    let mut table = crate::support::table(&simulator);
    table.as_object_mut().unwrap().remove("alert_email");
    let connector = crate::support::connect(table);
    let error = connector
        .webhooks()
        .unwrap()
        .subscribe("http://127.0.0.1:9/x")
        .await
        .unwrap_err();
    assert!(error.message.contains("`alert_email`"), "{error}");
}

/// eBay's own vectors: `ebay/event-notification-test-vectors.json` in the folder that `OMNISTOCK_SPECS` names.
#[test]
fn the_vendors_published_signatures_are_judged_as_it_says() {
    let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
        eprintln!("eBay's published signatures were not looked at: OMNISTOCK_SPECS is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join("ebay/event-notification-test-vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut judged = 0;
    for (name, vector) in vectors.as_object().unwrap() {
        let Some((key, signature)) = vector.pointer("/response/key").zip(vector.get("signature")) else {
            continue;
        };
        let keys = omnistock_sdk::verify::KeyCache::default();
        let key = PublicKey::parse(key.as_str().unwrap()).unwrap();
        let header = signature.as_str().unwrap();
        // The bytes that were signed are the message without blanks, its members in the order they stand in.
        let body = compact(&text, name);
        let decoded = decode(header);
        let valid = key.verifies(Digest::Sha1, body.as_bytes(), &decoded);
        assert_eq!(valid, name == "VALID", "{name}");
        keys.learned("x", Some(key), now());
        judged += 1;
    }
    eprintln!("{judged} of eBay's published signatures are judged as it says");
    assert!(judged >= 2);
}

/// The signature inside a header.
fn decode(header: &str) -> Vec<u8> {
    use base64::Engine;
    let standard = &base64::engine::general_purpose::STANDARD;
    let inner: Value = serde_json::from_slice(&standard.decode(header).unwrap()).unwrap();
    assert_eq!(
        (inner["alg"].as_str(), inner["digest"].as_str()),
        (Some("ecdsa"), Some("SHA1"))
    );
    standard.decode(inner["signature"].as_str().unwrap()).unwrap()
}

/// The message of a vector as it stands in the file, without the blanks between its signs.
fn compact(text: &str, name: &str) -> String {
    let (_, own) = text.split_once(&format!("\"{name}\"")).unwrap();
    let (_, message) = own.split_once("\"message\":").unwrap();
    let (mut depth, mut quoted, mut escaped, mut out) = (0, false, false, String::new());
    for sign in message.chars() {
        if quoted || !sign.is_whitespace() {
            out.push(sign);
        }
        match sign {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    out
}
