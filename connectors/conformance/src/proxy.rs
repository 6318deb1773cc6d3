//! A proxy in front of a vendor's real server: it makes the faults that such a server doesn't let be made.
//!
//! What no fault concerns goes through as it came. A write that went through is carried out to its end by the server,
//! also where nobody waits for its answer any more.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::simulated::{Server, Site, Trouble, WriteTrouble, cut_off};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;
use url::Url;

/// How long a call is left without an answer.
const HANG: Duration = Duration::from_mins(1);

/// The longest that the server may take, and its largest answer, bytes.
const DEADLINE: Duration = Duration::from_mins(1);
const MOST: usize = 32 << 20;

/// What of the server the proxy has to know.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Where the server answers.
    pub server: Url,
    /// Whether a call with this method and path is a write in the sense of [`WriteTrouble`].
    pub writes: fn(&Method, &str) -> bool,
    /// The body of the server's own 500: JSON.
    pub error: &'static str,
    /// What an authorization is replaced by once it shall be good no more, so that the server itself refuses it.
    pub spent: &'static str,
}

struct Front {
    manner: Manner,
    client: reqwest::Client,
    every_call: Option<Trouble>,
    writes: Option<WriteTrouble>,
    /// Authorizations that came by, and those of them that are good no more.
    seen: BTreeSet<Vec<u8>>,
    spent: BTreeSet<Vec<u8>>,
    under_way: TaskTracker,
}

/// A running proxy. Dropping it stops it too.
pub struct Proxy(Server<Front>);

impl Proxy {
    /// Opens it on a free loopback port.
    pub async fn start(manner: Manner) -> std::io::Result<Self> {
        // The first client of a process installs what TLS needs, and no other kind of client does.
        drop(Http::new(HttpSettings::new(manner.server.clone())));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .timeout(DEADLINE)
            .build()
            .map_err(std::io::Error::other)?;
        let front = Front {
            manner,
            client,
            every_call: None,
            writes: None,
            seen: BTreeSet::new(),
            spent: BTreeSet::new(),
            under_way: TaskTracker::new(),
        };
        let routes = |site| Router::new().fallback(call).with_state(site);
        Server::open(0, |_| front, routes).await.map(Self)
    }

    /// Its address.
    pub fn url(&self) -> Url {
        self.0.url()
    }

    /// Every call is answered with this from now on.
    pub fn every_call(&self, trouble: Trouble) {
        self.0.shop().every_call = Some(trouble);
    }

    /// This becomes of every write from now on.
    pub fn writes(&self, trouble: WriteTrouble) {
        self.0.shop().writes = Some(trouble);
    }

    /// The server refuses every authorization that came by so far.
    pub fn spend_tokens(&self) {
        let mut front = self.0.shop();
        let seen = std::mem::take(&mut front.seen);
        front.spent.extend(seen);
    }

    /// Everything goes through again; what is spent stays so.
    pub fn heal(&self) {
        let mut front = self.0.shop();
        (front.every_call, front.writes) = (None, None);
    }

    /// Nobody listens any more. Returns when the port is free.
    pub async fn stop(&self) {
        self.0.stop().await;
    }
}

/// A call on its way to the server.
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

async fn call(
    State(site): State<Arc<Site<Front>>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map_or_else(|| uri.path(), |whole| whole.as_str());
    let (trouble, late, client, to) = {
        let mut front = site.shop();
        authorize(&mut front, &mut headers);
        let write = (front.manner.writes)(&method, uri.path());
        let late = front.writes.filter(|_| write);
        let to = format!("{}{path}", front.manner.server.as_str().trim_end_matches('/'));
        (front.every_call, late, front.client.clone(), to)
    };
    let own = || {
        let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        (StatusCode::INTERNAL_SERVER_ERROR, json, site.shop().manner.error).into_response()
    };
    if let Some(answer) = trouble.and_then(|trouble| trouble.answer(own)) {
        return answer;
    }
    let call = Call {
        method,
        path: to,
        headers,
        body,
    };
    if late == Some(WriteTrouble::NeverDone) {
        site.pause(HANG).await;
        return unreachable("it was not sent on");
    }
    let after = match late {
        Some(WriteTrouble::LandsLate(after)) => after,
        _ => Duration::ZERO,
    };
    let tasks = site.shop().under_way.clone();
    let passed = tasks.spawn(async move {
        tokio::time::sleep(after).await;
        passed(client, call).await
    });
    let answer = passed.await.unwrap_or_else(|error| unreachable(&error.to_string()));
    if late.is_some() {
        site.pause(HANG).await;
    }
    if trouble == Some(Trouble::CutOff) {
        return cut_off(answer).await;
    }
    answer
}

/// Notes the authorization of a call, and replaces one that is good no more.
fn authorize(front: &mut Front, headers: &mut HeaderMap) {
    let Some(given) = headers
        .get(header::AUTHORIZATION)
        .map(|value| value.as_bytes().to_vec())
    else {
        return;
    };
    if front.spent.contains(&given) {
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(front.manner.spent));
    } else {
        front.seen.insert(given);
    }
}

fn unreachable(why: &str) -> Response {
    (StatusCode::BAD_GATEWAY, why.to_owned()).into_response()
}

/// Headers that are about one connection.
fn of_connection(name: &header::HeaderName) -> bool {
    [
        header::HOST,
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
    ]
    .contains(name)
        || name.as_str() == "keep-alive"
}

fn kept(headers: HeaderMap) -> HeaderMap {
    let mut name = None;
    let mut kept = HeaderMap::new();
    for (next, value) in headers {
        name = next.or(name);
        if let Some(name) = name.as_ref().filter(|name| !of_connection(name)) {
            kept.append(name, value);
        }
    }
    kept
}

/// The server's answer.
async fn passed(client: reqwest::Client, call: Call) -> Response {
    let sent = client
        .request(call.method, call.path)
        .headers(kept(call.headers))
        .body(call.body);
    let mut answer = match sent.send().await {
        Ok(answer) => answer,
        Err(error) => return unreachable(&error.to_string()),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MOST => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Ok(Some(_)) => return unreachable("the answer is too large"),
            Err(error) => return unreachable(&error.to_string()),
        }
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = kept(headers);
    response
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
