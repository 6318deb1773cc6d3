//! Bad input at the real program: files that are refused, files that are held, names that nobody
//! knows, configurations and surroundings with which a daemon must not start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

#[path = "bad_input/exports.rs"]
mod exports;

use crate::support::daemon::Daemon;
use crate::support::merchant::{Ended, Merchant, free_port, omnistock, read, table, until, usual};
use crate::support::redis::{Persistence, RedisServer};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;

/// A file, and what its reason must say: a place and a word of what is wrong.
struct Bad {
    bytes: Vec<u8>,
    place: &'static str,
    words: &'static [&'static str],
}

fn bad_files() -> Vec<Bad> {
    let good = table(|index| Some(usual(index) + 100));
    let bad = |text: &str, place, words| Bad {
        bytes: text.as_bytes().to_vec(),
        place,
        words,
    };
    let mut encoding = good.replacen("ART-05", "ART-\u{fc}", 1).into_bytes();
    let at = encoding
        .windows(2)
        .position(|pair| pair == "\u{fc}".as_bytes())
        .unwrap();
    // A lone byte of Windows-1252 in a file that should be UTF-8.
    encoding.splice(at..at + 2, [0xfc]);
    vec![
        bad(&good.replacen("Bestand", "Menge", 1), ":1:", &["Bestand", "Menge"]),
        bad(&good.replacen(";115,0", ";1x5,0", 1), ":7:15", &["quantity", "1x5,0"]),
        bad(&good.replacen("ART-03;", "\"ART-03;", 1), ":5:1", &["quot"]),
        Bad {
            bytes: encoding,
            place: ":7:5",
            words: &["utf-8"],
        },
        bad("", "", &["empty"]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_file_is_refused_as_a_whole_and_the_last_good_numbers_stay() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    for bad in bad_files() {
        let name = merchant.drop_file(&bad.bytes);
        let beside = merchant.erp().join("rejected").join(format!("{name}.reason"));
        let instead = || format!("{}: {:?}\n{}", bad.words[0], read(&beside), daemon.log());
        until("a reason", || read(&beside).is_some(), instead).await;
        let reason = read(&beside).unwrap();
        assert!(reason.contains(&format!("{name}{}", bad.place)), "{reason}");
        for word in bad.words {
            assert!(
                reason.to_lowercase().contains(&word.to_lowercase()),
                "{word} is not in: {reason}"
            );
        }
        until(
            "the file beside it",
            || merchant.erp().join("rejected").join(&name).exists(),
            || daemon.log(),
        )
        .await;
        let listed = |refused: &Value| refused[0]["title"] == name.as_str();
        let refused = merchant.status_says(&daemon, "/sources/0/refused", listed).await;
        assert_eq!(refused[0]["reason"].as_str().unwrap().trim(), reason.trim());
    }
    let shown = merchant.command(&["status"]);
    assert!(
        shown.out.contains("ATTENTION") && shown.out.contains("refused"),
        "{}",
        shown.out
    );
    // What comes behind them is taken, and nothing of them was ever written.
    merchant.drop_stock(|index| Some(usual(index) + 1));
    merchant.settles(&daemon, |index| usual(index) + 1).await;
    let calm = |attention: &Value| attention.as_array().is_some_and(Vec::is_empty);
    merchant.status_says(&daemon, "/attention", calm).await;
    let odd: Vec<_> = merchant
        .shop
        .writes()
        .into_iter()
        .filter(|write| write.after >= 100)
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

/// Waits until something is held; its id.
async fn held(merchant: &Merchant, daemon: &Daemon, name: &str) -> String {
    let listed = |held: &Value| held[0]["title"] == name;
    merchant.status_says(daemon, "/sources/0/held", listed).await;
    let list = merchant.command(&["--json", "holds", "list"]);
    let list: Value = serde_json::from_str(&list.out).unwrap();
    assert!(list["items"][0]["subject"].as_str().unwrap().contains(name), "{list}");
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_file_is_held_until_a_newer_one_has_all_rows() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let half = merchant.drop_stock(|index| (index % 2 == 0).then(|| usual(index) + 200));
    held(&merchant, &daemon, &half).await;
    let text = merchant.command(&["status"]).out;
    assert!(
        text.contains("held") && text.contains("rows_missing") && text.contains("holds list"),
        "{text}"
    );
    assert!(merchant.erp().join(&half).exists(), "it waits where it is");
    merchant.drop_stock(|index| Some(usual(index) + 2));
    merchant.settles(&daemon, |index| usual(index) + 2).await;
    merchant
        .status_says(&daemon, "/sources/0/held", |held| {
            held.as_array().is_some_and(Vec::is_empty)
        })
        .await;
    assert!(
        merchant.shop.writes().iter().all(|write| write.after < 200),
        "nothing of the half file went out"
    );
    assert_eq!(merchant.command(&["holds", "list"]).out, "nothing held\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_zeros_are_held_until_a_person_approves() {
    let merchant = Merchant::open().await;
    let mut daemon = merchant.at_work().await;
    let zeros = merchant.drop_stock(|_| Some(0));
    let id = held(&merchant, &daemon, &zeros).await;
    // A restart forgets neither that it is held nor the numbers before it.
    daemon.terminate();
    daemon = Daemon::start(&merchant.folder.path().join("omnistock.toml"));
    until("an answer", || merchant.get("/health/live").is_some(), || daemon.log()).await;
    assert_eq!(
        held(&merchant, &daemon, &zeros).await,
        id,
        "the same name after a restart"
    );
    assert!(merchant.both_show(usual), "{}", merchant.shown());
    let wrong = merchant.command(&["holds", "approve", "h-nothere", "--reason", "typing error"]);
    assert_eq!(
        (wrong.code, wrong.err.contains("h-nothere")),
        (Some(1), true),
        "{wrong:?}"
    );
    let approved = merchant.command(&["holds", "approve", &id, "--reason", "the shop closes"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    merchant.settles(&daemon, |_| 0).await;
    until(
        "done",
        || merchant.erp().join("done").join(&zeros).exists(),
        || daemon.log(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_hold_is_put_aside_with_the_persons_reason() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let zeros = merchant.drop_stock(|_| Some(0));
    let id = held(&merchant, &daemon, &zeros).await;
    let rejected = merchant.command(&["holds", "reject", &id, "--reason", "the export was cut off"]);
    assert_eq!(rejected.code, Some(0), "{rejected:?}");
    let beside = merchant.erp().join("rejected").join(format!("{zeros}.reason"));
    until("a reason", || read(&beside).is_some(), || daemon.log()).await;
    let reason = read(&beside).unwrap();
    assert!(
        reason.contains(&zeros) && reason.contains("the export was cut off"),
        "{reason}"
    );
    merchant
        .status_says(&daemon, "/sources/0/held", |held| {
            held.as_array().is_some_and(Vec::is_empty)
        })
        .await;
    // The same fault again stays rejected, without a new page.
    let again = merchant.drop_stock(|_| Some(0));
    held(&merchant, &daemon, &again).await;
    let quiet = |attention: &Value| attention.as_array().is_some_and(Vec::is_empty);
    merchant.status_says(&daemon, "/attention", quiet).await;
    let list = merchant.command(&["holds", "list"]).out;
    assert!(list.contains("rejected before: the export was cut off"), "{list}");
    merchant.drop_stock(|index| Some(usual(index) + 3));
    merchant.settles(&daemon, |index| usual(index) + 3).await;
    assert!(
        merchant.shop.writes().iter().all(|write| write.after > 0),
        "no zero went out"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_nobody_knows_are_counted_and_listed() {
    let merchant = Merchant::open().await;
    // On the shop only: no source will ever speak of it.
    merchant.shop.add_product("ONLY-SHOP", 7);
    let daemon = Daemon::start(&merchant.write(&merchant.embedded()));
    let strangers = "ONLY-ERP;berlin;5,0\nART-00;atlantis;9,0\nART-01;atlantis;9,0\n";
    merchant.drop_file(format!("{}{strangers}", table(|index| Some(usual(index)))).as_bytes());
    merchant.settles(&daemon, usual).await;
    let all = |unknown: &Value| unknown["skus"]["count"] == 1 && unknown["locations"]["count"] == 1;
    let unknown = merchant.status_says(&daemon, "/sources/0/unknown", all).await;
    assert_eq!(unknown["skus"]["examples"][0], "ONLY-ERP", "{unknown}");
    assert_eq!(unknown["locations"]["examples"][0], "atlantis", "{unknown}");
    merchant
        .status_says(&daemon, "/channels/1/listings/unmapped", |count| *count == 1)
        .await;
    let unmapped = merchant.command(&["listings", "unmapped"]);
    assert!(unmapped.out.contains("ONLY-SHOP"), "{unmapped:?}");
    let text = merchant.command(&["status"]).out;
    for word in ["ONLY-ERP", "atlantis", "listings unmapped"] {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
    assert_eq!(
        merchant.shop.shown("ONLY-SHOP"),
        Some(7),
        "what nobody keeps is left alone"
    );
    // Once the shop lists it, it is unknown no more; the next report finds out.
    merchant.shop.add_product("ONLY-ERP", 0);
    until("listed", || merchant.shop.shown("ONLY-ERP") == Some(5), || daemon.log()).await;
    merchant.drop_file(format!("{}ONLY-ERP;berlin;6,0\n", table(|index| Some(usual(index)))).as_bytes());
    merchant
        .status_says(&daemon, "/sources/0/unknown", |unknown| unknown["skus"].is_null())
        .await;
}

/// Exit 2 with these words, on standard error nothing but log lines and the sentence.
fn refuses(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.out, "", "{ended:?}");
    let said = ended.sentences();
    assert!(said.starts_with("omnistock: "), "{ended:?}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

fn run(file: &Path) -> Ended {
    omnistock(&["-c", file.to_str().unwrap(), "run"], &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_configuration_is_refused_with_its_place_and_the_nearest_name() {
    let merchant = Merchant::open().await;
    let good = merchant.embedded();
    let line = |text: &str, of: &str| text.lines().position(|line| line.contains(of)).unwrap() + 1;
    let cases = [
        (
            good.replacen("mode         =", "moed         =", 1),
            "moed",
            1,
            "`mode`",
        ),
        (
            good.replacen("kind     = \"medusa\"", "kind     = \"meduza\"", 1),
            "meduza",
            12,
            "medusa",
        ),
        (
            good.replacen("shop-secret", "shop-sekret", 1),
            "shop-sekret",
            1,
            "shop-sekret",
        ),
        (good.replacen("columns  =", "colums   =", 1), "colums", 1, "columns"),
        (
            good.replacen("locations    = [\"berlin\"]", "locations    = [\"berln\"]", 1),
            "berln",
            17,
            "berlin",
        ),
    ];
    for (text, fault, column, word) in cases {
        let file = merchant.write(&text);
        let place = format!("{}:{}:{column}: error", file.display(), line(&text, fault));
        refuses(&run(&file), &[&place, word]);
        let checked = omnistock(&["-c", file.to_str().unwrap(), "check"], &[]);
        assert_eq!(checked.code, Some(2), "{checked:?}");
        assert!(
            checked.out.contains(&place) && checked.out.contains(word),
            "{checked:?}"
        );
        assert!(checked.sentences().lines().count() == 1, "{checked:?}");
    }
    merchant.write(&good);
    let fine = merchant.command(&["check"]);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    refuses(&run(Path::new("/nowhere/omnistock.toml")), &["/nowhere/omnistock.toml"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_and_an_unwritable_folder_are_refused() {
    let merchant = Merchant::open().await;
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let good = merchant.embedded();
    for (own, key) in [(merchant.admin, "server.admin"), (merchant.webhooks, "server.webhooks")] {
        let text = good.replacen(&format!("127.0.0.1:{own}"), &format!("127.0.0.1:{port}"), 1);
        refuses(&run(&merchant.write(&text)), &[&port.to_string(), key, "in use"]);
    }
    // Root may write everywhere, but not below a file.
    let file = merchant.folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let text = merchant.text(&format!("path = \"{}/state\"", file.display()));
    refuses(&run(&merchant.write(&text)), &["a-file/state", "[store]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_on_the_same_folder_is_refused_and_the_first_works_on() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    let mut text = merchant.embedded();
    for own in [merchant.admin, merchant.webhooks] {
        text = text.replacen(&format!("127.0.0.1:{own}"), &format!("127.0.0.1:{}", free_port()), 1);
    }
    let second = merchant.folder.path().join("second.toml");
    std::fs::write(&second, text).unwrap();
    refuses(&run(&second), &["state", "in use", &daemon.id().to_string()]);
    merchant.drop_stock(|index| Some(usual(index) + 1));
    merchant.settles(&daemon, |index| usual(index) + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_not_to_be_used_is_refused() {
    let merchant = Merchant::open().await;
    let on = |url: &str| run(&merchant.write(&merchant.text(&format!("kind = \"redis\"\nurl = \"{url}\""))));
    let nobody = free_port();
    let ended = on(&format!("redis://127.0.0.1:{nobody}/"));
    refuses(&ended, &[&format!("127.0.0.1:{nobody}"), "[store]"]);
    assert!(
        !ended.sentences().contains("may have happened"),
        "{}",
        ended.sentences()
    );

    let right = ["--requirepass", "marker-right-password"];
    let guarded = RedisServer::keeping_with(Persistence::Nothing, &right);
    let at = format!("127.0.0.1:{}", guarded.port());
    refuses(&on(&format!("redis://{at}/")), &["wants a password", "[store]", &at]);
    // In the file itself a password is refused at once, and not repeated.
    let plain = on(&format!("redis://:marker-wrong-password@{at}/"));
    refuses(&plain, &["omnistock.toml:3:", "secret"]);
    let url = merchant.secret("redis-url", &format!("redis://:marker-wrong-password@{at}/"));
    let wrong = run(&merchant.write(&merchant.text(&format!("kind = \"redis\"\nurl = {url}"))));
    refuses(&wrong, &["password", "[store]", &at]);
    assert!(
        !plain.err.contains("marker") && !wrong.err.contains("marker"),
        "{plain:?} {wrong:?}"
    );

    let evicting = RedisServer::keeping_with(Persistence::Always, &["--maxmemory-policy", "allkeys-lru"]);
    refuses(
        &on(&evicting.url()),
        &["maxmemory-policy", "noeviction", &evicting.port().to_string()],
    );
}
