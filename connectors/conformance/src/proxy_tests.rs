//! Behind the proxy the server is as it is, but for the fault that is asked for.

use super::*;
use crate::until;
use omnistock_sdk::http::Answer;
use omnistock_sdk::{ConnectorError, ErrorClass};

/// Counts writes, and lets in who is not spent.
async fn server() -> Server<u32> {
    async fn answer(State(site): State<Arc<Site<u32>>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
        if headers
            .get(header::AUTHORIZATION)
            .is_some_and(|given| given == "Bearer spent")
        {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if method == Method::POST {
            site.edit(|writes| *writes += 1);
        }
        let told = [("x-told", uri.query().unwrap_or_default().to_owned())];
        (StatusCode::CREATED, told, format!("[\"{}\"]", uri.path())).into_response()
    }
    let routes = |site| Router::new().fallback(answer).with_state(site);
    Server::open(0, |_| 0, routes).await.unwrap()
}

async fn proxy(server: &Server<u32>) -> Proxy {
    let manner = Manner {
        server: server.url(),
        writes: |method, path| method == Method::POST && path == "/write",
        error: "{\"own\":true}",
        spent: "Bearer spent",
    };
    Proxy::start(manner).await.unwrap()
}

async fn ask(proxy: &Proxy, method: Method, path: &str, token: &str) -> Result<Answer, ConnectorError> {
    let settings = HttpSettings {
        deadline: Duration::from_millis(500),
        ..HttpSettings::new(proxy.url())
    };
    let http = Http::new(settings).unwrap();
    http.send(http.request(method, path).bearer_auth(token).body("x")).await
}

#[tokio::test]
async fn what_no_fault_concerns_goes_through_as_it_came() {
    let server = server().await;
    let proxy = proxy(&server).await;
    let answer = ask(&proxy, Method::POST, "/write?a=b%20c", "t").await.unwrap();
    assert_eq!(
        (answer.status, answer.headers["x-told"].to_str().unwrap()),
        (201, "a=b%20c")
    );
    assert_eq!((answer.body.as_ref(), *server.shop()), (&b"[\"/write\"]"[..], 1));
}

#[tokio::test]
async fn an_answer_in_place_of_the_servers_reaches_nobody() {
    let server = server().await;
    let proxy = proxy(&server).await;
    proxy.every_call(Trouble::ServerError);
    let error = ask(&proxy, Method::POST, "/write", "t").await.unwrap_err();
    assert!(
        error.message.contains("answer 500") && error.message.contains("own"),
        "{error}"
    );
    proxy.every_call(Trouble::CutOff);
    let half = ask(&proxy, Method::GET, "/read", "t").await.unwrap();
    assert_eq!(half.body.as_ref(), &b"[\"/r"[..]);
    assert_eq!(*server.shop(), 0);
    proxy.heal();
    ask(&proxy, Method::POST, "/write", "t").await.unwrap();
    assert_eq!(*server.shop(), 1);
}

#[tokio::test]
async fn writes_are_lost_or_land_unanswered_and_reads_are_not() {
    let server = server().await;
    let proxy = proxy(&server).await;
    for (trouble, done) in [
        (WriteTrouble::NeverDone, 0),
        (WriteTrouble::NeverAnswered, 1),
        (WriteTrouble::LandsLate(Duration::from_millis(700)), 2),
    ] {
        proxy.writes(trouble);
        let error = ask(&proxy, Method::POST, "/write", "t").await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Unknown, "{error}");
        if trouble == WriteTrouble::LandsLate(Duration::from_millis(700)) {
            assert_eq!(*server.shop(), 1, "it came at once");
        }
        until("the write", || *server.shop() == done).await;
        ask(&proxy, Method::GET, "/read", "t").await.unwrap();
    }
}

#[tokio::test]
async fn spent_tokens_are_refused_by_the_server_and_new_ones_are_not() {
    let server = server().await;
    let proxy = proxy(&server).await;
    ask(&proxy, Method::GET, "/read", "old").await.unwrap();
    proxy.spend_tokens();
    let error = ask(&proxy, Method::GET, "/read", "old").await.unwrap_err();
    assert!(error.message.contains("answer 401"), "{error}");
    ask(&proxy, Method::GET, "/read", "new").await.unwrap();
    proxy.stop().await;
    let error = ask(&proxy, Method::GET, "/read", "new").await.unwrap_err();
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error}");
}
