//! A file at an address of the web: fetched when it changed, each state handed out once.

use super::*;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};

/// A server that gives these answers in their order, the last one again and again.
pub(super) struct Answers {
    port: u16,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Answers {
    pub(super) fn of(answers: &[impl AsRef<[u8]>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.as_ref().to_vec()).collect();
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for (index, socket) in listener.incoming().flatten().enumerate() {
                let Some(head) = head(&socket) else { continue };
                log.lock().unwrap().push(head);
                let answer = &answers[index.min(answers.len() - 1)];
                let mut socket = socket;
                // Whoever asked may have gone, as with a body that is too large.
                drop(socket.write_all(answer));
                drop(socket.shutdown(std::net::Shutdown::Write));
                drop(socket.read(&mut [0; 64]));
            }
        });
        Self { port, asked }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The heads of the requests so far, in small letters.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(socket: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(socket).lines();
    let mut head = String::new();
    loop {
        let line = lines.next()?.ok()?;
        if line.is_empty() {
            return Some(head.to_ascii_lowercase());
        }
        head.extend([line.as_str(), "\n"]);
    }
}

/// The good file with these headers beside its length.
pub(super) fn good(headers: &str) -> String {
    with(headers, GOOD)
}

fn with(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A connector that asks this server.
pub(super) fn settings(server: &Answers, changes: Value) -> Arc<dyn Connector> {
    let url = format!("http://127.0.0.1:{}/export/stock.csv?key=marker-in-query", server.port);
    let mut table = german(json!({ "path": null, "url": url }));
    lay_over(&mut table, changes);
    let mut context = context(Path::new("/in"));
    context.secrets = Arc::new(Marker);
    (SPEC.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}"))
}

struct Marker;

impl SecretResolver for Marker {
    fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
        Ok(SecretString::from("marker-secret"))
    }
}

const FIRST: &str = "Last-Modified: Mon, 05 Jan 2026 12:00:00 GMT\r\nETag: \"one\"\r\n";
const SECOND: &str = "Last-Modified: Mon, 05 Jan 2026 12:05:00 GMT\r\nETag: \"two\"\r\n";
const SAME: &str = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n";

async fn poll(connector: &Arc<dyn Connector>) -> Option<StockReport> {
    match connector.stock().unwrap().poll().await.unwrap() {
        Some((_, Report::Stock(report))) => Some(report),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_is_fetched_when_it_changed_and_asked_for_by_what_it_was() {
    let server = Answers::of(&[good(FIRST), SAME.into(), good(SECOND)]);
    let connector = settings(&server, json!({}));
    let first = poll(&connector).await.unwrap();
    assert_eq!((first.title.as_str(), first.as_of), ("stock.csv", MODIFIED));
    assert_eq!(figures(&first), ["A-1@berlin=12", "A-2@hamburg=3.5"]);
    assert!(first.complete);
    assert!(poll(&connector).await.is_none(), "304");
    // The same content, written again: a newer word on the same figures.
    assert_eq!(poll(&connector).await.unwrap().as_of, MODIFIED.plus(300_000));
    let asked = server.asked();
    assert!(
        asked[0].starts_with("get /export/stock.csv?key=marker-in-query "),
        "{}",
        asked[0]
    );
    assert!(
        !asked[0].contains("if-") && asked[0].contains("accept-encoding: identity"),
        "{}",
        asked[0]
    );
    assert!(asked[2].contains("if-none-match: \"one\"\n"), "{}", asked[2]);
    assert!(
        asked[2].contains("if-modified-since: mon, 05 jan 2026 12:00:00 gmt\n"),
        "{}",
        asked[2]
    );
}

#[tokio::test]
async fn a_server_that_knows_no_conditions_is_not_believed_twice() {
    let dated = "Last-Modified: Mon, 05 Jan 2026 12:00:00 GMT\r\n";
    let server = Answers::of(&[good(dated), good(dated)]);
    let connector = settings(&server, json!({}));
    assert!(poll(&connector).await.is_some());
    assert!(poll(&connector).await.is_none(), "the same of the same time");
    // A new reader knows nothing of it.
    connector.stock().unwrap().begin().await.unwrap();
    assert!(poll(&connector).await.is_some());
}

#[tokio::test]
async fn figures_that_are_computed_when_asked_for_are_as_of_then() {
    let server = Answers::of(&[good("")]);
    let connector = settings(&server, json!({ "as_of": "request" }));
    let before = now();
    let report = poll(&connector).await.unwrap();
    assert!(before <= report.as_of && report.as_of <= now());
}

#[tokio::test]
async fn a_broken_transfer_is_an_error_and_the_next_one_counts() {
    let cut = good(FIRST).replace("Content-Length: ", "Content-Length: 9");
    let server = Answers::of(&[cut, good(FIRST)]);
    let connector = settings(&server, json!({}));
    let error = connector.stock().unwrap().poll().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unknown, "{error}");
    assert!(poll(&connector).await.is_some());
    assert!(!server.asked()[1].contains("if-none-match"), "nothing was taken before");
}

#[tokio::test]
async fn a_file_that_is_still_written_is_looked_at_again() {
    let half = with(FIRST, GOOD.trim_end());
    let server = Answers::of(&[half.clone(), good(SECOND), half.clone(), half]);
    let connector = settings(&server, json!({}));
    assert!(poll(&connector).await.is_none());
    assert_eq!(poll(&connector).await.unwrap().rows.len(), 2);
    assert!(poll(&connector).await.is_none());
    let refused = connector.stock().unwrap().poll().await.unwrap().unwrap().1;
    let Report::Refused(refused) = refused else {
        panic!("{refused:?}")
    };
    assert!(refused.reason.contains("cut off"), "{}", refused.reason);
}

#[tokio::test]
async fn credentials_are_sent_and_never_repeated() {
    let server = Answers::of(&["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    let reference = json!({ "env": "X" });
    for (login, header) in [
        (
            json!({ "user": "erp", "password": reference }),
            "authorization: basic zxjwom1hcmtlci1zzwnyzxq=\n",
        ),
        (json!({ "token": reference }), "authorization: bearer marker-secret\n"),
    ] {
        let connector = settings(&server, login);
        for error in [
            connector.stock().unwrap().poll().await.unwrap_err(),
            connector.check().await.unwrap_err(),
        ] {
            assert_eq!(error.class, ErrorClass::Operator);
            assert!(error.message.starts_with("stock.csv: answer 403"), "{error}");
            assert!(!error.message.contains("marker"), "{error}");
        }
        assert!(
            server.asked().last().unwrap().contains(header),
            "{:?}",
            server.asked().last()
        );
    }
}

#[tokio::test]
async fn a_check_finds_a_page_for_people() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    let connector = settings(&Answers::of(&[page]), json!({}));
    let error = connector.check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(error.message.contains("web page"), "{error}");
    assert!(settings(&Answers::of(&[good("")]), json!({})).check().await.is_ok());
}

#[tokio::test]
async fn statements_come_from_their_own_address_before_the_figures() {
    let lines = with(FIRST, "Kanal;Auftrag;Pos;Menge\nshop;1001;1;2\n");
    let server = Answers::of(&[lines, good(FIRST)]);
    let orders = json!({ "url": format!("http://127.0.0.1:{}/orders.csv", server.port),
        "columns": { "channel": "Kanal", "order": "Auftrag", "line": "Pos", "quantity": "Menge" } });
    let connector = settings(&server, json!({ "orders": orders }));
    let (_, report) = connector.stock().unwrap().poll().await.unwrap().unwrap();
    assert!(matches!(report, Report::Statements(report) if report.rows.len() == 1));
    assert!(server.asked()[0].starts_with("get /orders.csv "));
}
