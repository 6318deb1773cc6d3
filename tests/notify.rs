//! Being told at three in the morning: a real daemon, a receiver on this machine, and a program.

use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, until};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Somebody who is told: keeps what it was sent, and answers as it is set.
struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    answer: Arc<AtomicU16>,
}

impl Receiver {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            heard: Arc::default(),
            answer: Arc::new(AtomicU16::new(204)),
        };
        let (heard, answer) = (Arc::clone(&receiver.heard), Arc::clone(&receiver.answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
                let (mut text, mut part) = (String::new(), [0_u8; 4_096]);
                let whole = |text: &str| {
                    let (head, body) = text.split_once("\r\n\r\n")?;
                    let head = head.to_ascii_lowercase();
                    let length = head.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
                    (body.len() >= length).then(|| (head.clone(), body.to_owned()))
                };
                while whole(&text).is_none() {
                    match stream.read(&mut part) {
                        Ok(count @ 1..) => text.push_str(&String::from_utf8_lossy(&part[..count])),
                        _ => break,
                    }
                }
                let Some((head, body)) = whole(&text) else { continue };
                let status = answer.load(Ordering::Relaxed);
                if status < 300 {
                    heard.lock().unwrap().push((head, serde_json::from_str(&body).unwrap()));
                }
                drop(write!(
                    stream,
                    "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                ));
            }
        });
        receiver
    }

    /// What was said of held changes, and how.
    fn of_holds(&self, state: &str) -> Vec<(String, Value)> {
        let heard = self.heard.lock().unwrap();
        let wanted = |(_, said): &&(String, Value)| said["event"] == "hold" && said["state"] == state;
        heard.iter().filter(wanted).cloned().collect()
    }

    fn all(&self) -> String {
        format!("{:#?}", self.heard.lock().unwrap())
    }
}

/// A program beside the configuration.
fn program(merchant: &Merchant, text: &str) -> PathBuf {
    let path = merchant.folder.path().join("page");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The usual configuration with these keys in two `[[notify]]`.
fn told_by(merchant: &Merchant, receiver: &Receiver, url: &str, exec: &str) -> String {
    let address = format!("http://127.0.0.1:{}/hook/c0ffee5ec4e7-address", receiver.port);
    let (address, token) = (
        merchant.secret("night-url", &address),
        merchant.secret("night-token", "c0ffee5ec4e7-token"),
    );
    format!(
        "{}\n[[notify]]\nname = \"night\"\nurl = {address}\ntoken = {token}\nafter = \"1h\"\nsettle = \"500ms\"\n{url}\n\
         [[notify]]\nexec = [\"page\", \"--to\", \"night\"]\nafter = \"1h\"\nsettle = \"500ms\"\n{exec}\n",
        merchant.embedded()
    )
}

/// What a daemon at work measures of itself.
async fn figures_are_there(merchant: &Merchant) {
    let metrics = || merchant.get("/metrics").map(|answer| answer.body).unwrap_or_default();
    let observed = "omnistock_lag_seconds_count{channel=\"shop\",stage=\"observed\"}";
    let counted = |line: &str| line.strip_prefix(observed).is_some_and(|count| count.trim() != "0");
    let met = || metrics().lines().any(counted);
    until("changes are seen to be read back", met, metrics).await;
    for name in [
        "store_seconds_count{question=\"commit\"}",
        "breaker_open{channel=\"shop\"} 0",
        "safety_stock_units{channel=\"shop\"} 0",
    ] {
        assert!(metrics().contains(name), "{name}\n{}", metrics());
    }
}

/// The program was given the same, and nothing of the daemon's own.
fn is_what_was_said(page: &Path, written: &Path, said: &Value) {
    let given: Value = serde_json::from_str(&std::fs::read_to_string(written).unwrap()).unwrap();
    let key = |said: &Value| said["id"].as_str().unwrap().split('@').next().unwrap().to_owned();
    assert_eq!(key(&given), key(said), "the same to both");
    let environment = std::fs::read_to_string(page.with_file_name("page.env")).unwrap();
    assert!(environment.contains("OMNISTOCK_SUBJECT=erp"), "{environment}");
    assert!(!environment.contains("STATE_DIRECTORY"), "{environment}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_file_is_told_once_also_behind_a_restart_and_so_is_its_end() {
    let (merchant, receiver) = (Merchant::open().await, Receiver::open());
    let page = program(
        &merchant,
        "#!/bin/sh\nenv > \"$0.env\"\ncat > \"$0.part\"\nmv \"$0.part\" \"$0.$OMNISTOCK_STATE.$OMNISTOCK_EVENT$1$2\"\n",
    );
    let mut daemon = merchant.at_work_on(&told_by(&merchant, &receiver, "", "")).await;
    figures_are_there(&merchant).await;
    merchant.drop_stock(|_| Some(0));
    let told = |state: &str| !receiver.of_holds(state).is_empty();
    until(
        "the address is told",
        || told("open"),
        || format!("{}\n{}", receiver.all(), daemon.log()),
    )
    .await;
    let (head, said) = receiver.of_holds("open").remove(0);
    assert!(
        head.starts_with("post /hook/c0ffee5ec4e7-address")
            && head.contains("authorization: bearer c0ffee5ec4e7-token"),
        "{head}"
    );
    assert_eq!(
        (said["schema"].as_u64(), said["severity"].as_str()),
        (Some(1), Some("page"))
    );
    assert_eq!(
        (said["subject"].as_str(), said["help"].as_str()),
        (Some("erp"), Some("omnistock holds list"))
    );
    assert!(said["text"].as_str().unwrap().contains("is held"), "{said}");

    let written = page.with_file_name("page.open.hold--tonight");
    until("the program is told", || written.exists(), || daemon.log()).await;
    is_what_was_said(&page, &written, &said);

    // Whoever leads next knows what was told.
    merchant
        .status_says(&daemon, "/notifiers/0/open", |open| open.as_u64() == Some(1))
        .await;
    daemon.terminate();
    let mut daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant
        .status_says(&daemon, "/notifiers/0/open", |open| open.as_u64() == Some(1))
        .await;
    merchant
        .status_says(&daemon, "/sources/0/held/0/title", Value::is_string)
        .await;
    let list: Value = serde_json::from_str(&merchant.command(&["--json", "holds", "list"]).out).unwrap();
    let id = list["items"][0]["id"].as_str().unwrap();
    assert!(
        said["id"].as_str().unwrap().starts_with(&format!("hold/erp/{id}@")),
        "{said} {id}"
    );
    let rejected = merchant.command(&["holds", "reject", id, "--reason", "the export was cut off"]);
    assert_eq!(rejected.code, Some(0), "{rejected:?}");
    until(
        "its end is told",
        || told("over"),
        || format!("{}\n{}", receiver.all(), daemon.log()),
    )
    .await;
    assert_eq!(receiver.of_holds("over")[0].1["id"], said["id"]);
    assert_eq!(receiver.of_holds("open").len(), 1, "{}", receiver.all());
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_not_be_reached_is_named_and_told_as_soon_as_it_can() {
    let (merchant, receiver) = (Merchant::open().await, Receiver::open());
    program(&merchant, "#!/bin/sh\nexec sleep 60\n");
    receiver.answer.store(500, Ordering::Relaxed);
    let text = told_by(&merchant, &receiver, "", "timeout = \"300ms\"");
    let mut daemon = merchant.at_work_on(&text).await;
    let tried = merchant.command(&["notify", "test"]);
    assert_eq!(tried.code, Some(1), "{tried:?}");
    let words = tried.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("night (url): FAILED") && words.contains("127.0.0.1: answer 500"),
        "{words}"
    );
    assert!(
        words.contains("notify_2 (exec): FAILED") && words.contains("did not end within 0.3 s"),
        "{words}"
    );
    let unknown = merchant.command(&["notify", "test", "nobody"]);
    assert!(
        unknown.code != Some(0) && unknown.err.contains("there is no [[notify]] nobody"),
        "{unknown:?}"
    );
    let failing = merchant.get("/metrics").unwrap().body;
    assert!(
        failing.contains("omnistock_notify_failing{notifier=\"night\"} 1"),
        "{failing}"
    );
    let attention = merchant.status()["attention"].to_string();
    assert!(
        attention.contains("notify night: nothing gets through since"),
        "{attention}"
    );

    merchant.drop_stock(|_| Some(0));
    merchant
        .status_says(&daemon, "/notifiers/0/failed", |failed| failed.as_u64() > Some(1))
        .await;
    receiver.answer.store(200, Ordering::Relaxed);
    let told = || receiver.of_holds("open").len() == 1;
    until("it is told", told, || format!("{}\n{}", receiver.all(), daemon.log())).await;
    merchant
        .status_says(&daemon, "/notifiers/0/failing_since", Value::is_null)
        .await;
    let tried = merchant.command(&["notify", "test", "night"]);
    assert!(
        tried.code == Some(0) && tried.out.contains("night (url): taken within"),
        "{tried:?}"
    );
    assert!(
        receiver.all().contains("A test of [[notify]] night"),
        "{}",
        receiver.all()
    );
    daemon.terminate();
}
