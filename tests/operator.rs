//! What an operator meets: a store that goes away, a full disk, a channel in trouble, a wrong
//! password, Ctrl-C in the middle. Nothing exits, everything is said, everything is right afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

#[path = "operator/audit.rs"]
mod audit;
#[path = "operator/holds.rs"]
mod holds;
#[path = "operator/redis_trouble.rs"]
mod redis_trouble;
#[path = "operator/reload.rs"]
mod reload;
#[path = "operator/secrets.rs"]
mod secrets;
#[path = "operator/steering.rs"]
mod steering;

use crate::support::daemon::Daemon;
use crate::support::merchant::{ARTICLES, Answer, Merchant, sku, until, usual};
use crate::support::redis::RedisServer;
use omnistock_medusa::simulator as medusa;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A signed webhook's body: an order of one unit that the shop does not have in its books.
fn order(id: u64) -> String {
    format!(
        r#"{{"id":{id},"status":"processing","date_created_gmt":"2026-01-05T12:00:00","date_modified_gmt":"2026-01-05T12:00:00","line_items":[{{"id":1,"sku":"{}","quantity":1,"product_id":1,"variation_id":0}}]}}"#,
        sku(0)
    )
}

/// Waits until readiness is refused; the answer.
async fn not_ready(merchant: &Merchant, daemon: &Daemon) -> Answer {
    let mut last = None;
    let met = || {
        last = merchant.get("/health/ready");
        last.as_ref().is_some_and(|answer| answer.status == 503)
    };
    until("not ready", met, || daemon.log()).await;
    last.unwrap()
}

async fn ready(merchant: &Merchant, daemon: &Daemon) {
    let met = || merchant.get("/health/ready").is_some_and(|answer| answer.status == 200);
    until("ready again", met, || daemon.log()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_goes_away_is_waited_for() {
    let merchant = Merchant::open().await;
    let mut redis = RedisServer::start();
    let text = merchant.text(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()));
    let mut daemon = merchant.at_work_on(&text).await;
    assert_eq!(merchant.webhook(&order(90_001)).unwrap().status, 200);
    merchant
        .settles(&daemon, |index| usual(index) - i64::from(index == 0))
        .await;

    redis.kill();
    let refused = not_ready(&merchant, &daemon).await;
    let address = format!("at 127.0.0.1:{}", redis.port());
    assert!(
        refused.body.contains("does not answer") && refused.body.contains(&address),
        "{}",
        refused.body
    );
    let begun = Instant::now();
    let webhook = merchant.webhook(&order(90_002)).unwrap();
    assert_eq!(webhook.status, 503, "{webhook:?}");
    assert!(webhook.head.contains("retry-after: "), "{webhook:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "senders hang up after 5 s: {:?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    let status = merchant.command(&["status"]);
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "status took {:?}",
        begun.elapsed()
    );
    let words: Vec<&str> = status.out.split_whitespace().collect();
    assert!(
        words.join(" ").contains(&format!("{address} does not answer")),
        "{status:?}"
    );
    assert_eq!(merchant.get("/health/live").unwrap().status, 200, "it lives");
    // The world goes on meanwhile.
    merchant.shop.buy(&sku(3), 2).unwrap();
    merchant.drop_stock(|index| Some(usual(index) + 5));
    assert!(daemon.runs());

    redis.start_again();
    ready(&merchant, &daemon).await;
    assert_eq!(merchant.webhook(&order(90_002)).unwrap().status, 200);
    merchant
        .settles(&daemon, |index| {
            usual(index) + 5 - [2, 0, 0, 2].get(index).unwrap_or(&0)
        })
        .await;
    let begun = Instant::now();
    daemon.terminate();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_stopped_while_redis_is_away() {
    let merchant = Merchant::open().await;
    let mut redis = RedisServer::start();
    let text = merchant.text(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()));
    let mut daemon = merchant.at_work_on(&text).await;
    redis.kill();
    not_ready(&merchant, &daemon).await;
    daemon.interrupt(Duration::from_secs(12));
    // Before systemd would kill it, and without its last lines being noise.
    assert!(daemon.everything().contains("stopped"), "{}", daemon.log());
}

/// A small file system of its own; taken away when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Self {
        std::fs::create_dir(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(&at)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test needs the right to mount a tmpfs: run it as root"
        );
        Self(at)
    }

    fn fill(&self) {
        let filler = std::fs::File::create(self.0.join("filler")).unwrap();
        let block = [0_u8; 4_096];
        while std::io::Write::write_all(&mut &filler, &block).is_ok() {}
    }

    fn clear(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    let merchant = Merchant::open().await;
    let disk = SmallDisk::mount(merchant.folder.path().join("disk"));
    let text = merchant.text(&format!("path = \"{}/state\"", disk.0.display()));
    let mut daemon = merchant.at_work_on(&text).await;

    disk.fill();
    let mut id = 90_000;
    let mut last = None;
    // What the log of the database has reserved may still be written to.
    let met = || {
        id += 1;
        last = merchant.webhook(&order(id));
        last.as_ref().is_some_and(|answer| answer.status == 503)
    };
    until("a webhook sent back", met, || daemon.log()).await;
    assert!(last.as_ref().unwrap().head.contains("retry-after: "), "{last:?}");
    let accepted = i64::try_from(id - 90_001).unwrap();
    let refused = not_ready(&merchant, &daemon).await;
    assert!(refused.body.contains("no space is left"), "{}", refused.body);
    let status = merchant.command(&["status"]);
    assert!(status.out.contains("no space is left"), "{status:?}");
    merchant.shop.buy(&sku(3), 2).unwrap();
    assert!(daemon.runs());

    disk.clear();
    ready(&merchant, &daemon).await;
    let lower = |index: usize| [accepted, 0, 0, 2].get(index).copied().unwrap_or_default();
    merchant
        .settles(&daemon, |index| (usual(index) - lower(index)).max(0))
        .await;
    daemon.terminate();
}

fn market_fails(merchant: &Merchant, rate: f64) {
    merchant.market.set_faults(medusa::Faults {
        error_rate: rate,
        ..medusa::Faults::default()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_in_trouble_keeps_no_other_from_its_pace() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    market_fails(&merchant, 1.0);
    merchant.shop.buy(&sku(1), 1).unwrap();
    let begun = Instant::now();
    for round in 1..=5 {
        merchant.drop_stock(|index| Some(usual(index) + round));
        let shown = |index: usize| usual(index) + round - i64::from(index == 1);
        until("the shop is right", || merchant.shop_shows(shown), || daemon.log()).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let named = |error: &Value| {
        error["reason"]
            .as_str()
            .is_some_and(|text| text.contains("An unknown error occurred"))
    };
    let error = merchant.status_says(&daemon, "/channels/0/last_error", named).await;
    assert!(error["reason"].as_str().unwrap().contains("500"), "{error}");
    let status = merchant.command(&["status"]).out;
    assert!(status.contains("market") && status.contains("500"), "{status}");
    assert!(merchant.market_shows(usual), "{}", merchant.shown());
    market_fails(&merchant, 0.0);
    merchant
        .settles(&daemon, |index| usual(index) + 5 - i64::from(index == 1))
        .await;
    merchant
        .status_says(&daemon, "/channels/0/waiting", Value::is_null)
        .await;
}

/// The market in a place of its own: what it does not know is no other channel's matter.
fn apart(text: &str) -> String {
    let (before, market) = text.split_once("[channels.market]").unwrap();
    format!("{before}[channels.market]{}", market.replace("berlin", "hamburg"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_of_one_channel_is_named_and_the_others_work() {
    let merchant = Merchant::open().await;
    let text = apart(&merchant.embedded());
    let password = merchant.folder.path().join("market-password");
    std::fs::write(&password, "marker-wrong-password").unwrap();
    let mut daemon = Daemon::start(&merchant.write(&text));
    let both = |index: usize| format!("{0};berlin;{1},0\n{0};hamburg;{1},0\n", sku(index), usual(index));
    let rows: String = (0..ARTICLES).map(both).collect();
    merchant.drop_file(format!("Artikel;Lager;Bestand\n{rows}").as_bytes());
    until("the shop is right", || merchant.shop_shows(usual), || daemon.log()).await;
    let told = |waiting: &Value| waiting.as_str().is_some_and(|text| text.contains("`password`"));
    merchant.status_says(&daemon, "/channels/0/waiting", told).await;
    let status = merchant.command(&["status"]).out;
    assert!(
        status.contains("`password`") && status.contains("ATTENTION"),
        "{status}"
    );
    let live = merchant.command(&["check", "--live"]);
    assert_eq!(live.code, Some(1), "{live:?}");
    assert!(
        live.out.contains("[connectors.market]") && live.out.contains("`password`"),
        "{live:?}"
    );
    let shop = live
        .out
        .lines()
        .find(|line| line.starts_with("shop "))
        .unwrap_or_default();
    assert!(shop.contains(" ok ") && shop.ends_with("same"), "{live:?}");
    assert!(
        !live.out.contains("marker") && !daemon.everything().contains("marker"),
        "{}",
        daemon.everything()
    );

    daemon.terminate();
    std::fs::write(&password, merchant.market.password()).unwrap();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    merchant.settles(&daemon, usual).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_that_share_a_place_say_whom_they_wait_for() {
    let merchant = Merchant::open().await;
    let text = merchant.embedded();
    std::fs::write(merchant.folder.path().join("market-password"), "wrong").unwrap();
    let daemon = Daemon::start(&merchant.write(&text));
    merchant.drop_stock(|index| Some(usual(index)));
    let told = |waiting: &Value| {
        waiting
            .as_str()
            .is_some_and(|text| text.contains("open orders of market"))
    };
    merchant.status_says(&daemon, "/channels/1/waiting", told).await;
    merchant
        .status_says(&daemon, "/sources/0/last", |last| !last.is_null())
        .await;
    assert_eq!(merchant.written(), 0, "nothing is published from incomplete knowledge");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_in_the_middle_of_writing_loses_nothing() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let file = merchant.folder.path().join("omnistock.toml");
    let mut faults = merchant.shop.faults();
    faults.latency = Duration::from_millis(300);
    merchant.shop.set_faults(faults);
    let mut sold = 0;
    for round in 1..=3 {
        let before = merchant.shop.counters().calls.values().sum::<u64>();
        let name = merchant.drop_stock(|index| Some(usual(index) + round));
        sold += i64::from(merchant.shop.buy(&sku(2), 1).is_ok());
        // Either the ledgers have it and no channel does, or calls are on their way.
        let taken = merchant.erp().join("done").join(name);
        let calls = || merchant.shop.counters().calls.values().sum::<u64>();
        let middle = || {
            if round == 2 {
                calls() > before + 1
            } else {
                taken.exists()
            }
        };
        until("the middle of it", middle, || daemon.log()).await;
        daemon.interrupt(Duration::from_secs(10));
        daemon = Daemon::start(&file);
        merchant
            .settles(&daemon, |index| {
                usual(index) + round - if index == 2 { sold } else { 0 }
            })
            .await;
    }
    let orders: u64 = merchant.shop.orders().len() as u64;
    assert_eq!(orders, u64::try_from(sold).unwrap());
}
