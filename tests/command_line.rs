//! The program itself: exit codes, standard output and standard error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test program: a panic is how it fails"
)]

use crate::fake_view::FakeView;
use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

async fn omnistock(arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_omnistock"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("OMNISTOCK__SERVER__ADMIN")
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(30), command.output()).await;
    ended.expect("the program never ended").unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn answer(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn help_and_version_are_fine_and_wrong_usage_is_2() {
    for (arguments, expected) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["holds", "approve", "--help"], 0),
        (&[], 2),
        (&["staus"], 2),
        (&["explain"], 2),
        (&["explain", "A", "--channel", "Not A Name"], 2),
        (&["explain", ""], 2),
        (&["demo", "--for", "0"], 2),
        (&["demo", "--with", "amazon,bazar"], 2),
        (&["holds", "approve", "h-1"], 2),
    ] {
        let output = omnistock(arguments).await;
        assert_eq!(code(&output), expected, "{arguments:?}: {}", complaint(&output));
    }
}

#[tokio::test]
async fn without_a_daemon_clients_end_with_3_and_name_the_address() {
    // A port that was free a moment ago: nobody answers there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    for arguments in [
        &["status"][..],
        &["explain", "A"],
        &["holds", "list"],
        &["sync"],
        &["parked", "list"],
    ] {
        let mut all = vec!["--json", "--admin", &address];
        all.extend(arguments);
        let output = omnistock(&all).await;
        assert_eq!(code(&output), 3, "{arguments:?}");
        assert_eq!(answer(&output), "", "{arguments:?}");
        let said = complaint(&output);
        assert!(
            said.starts_with(&format!("omnistock: no daemon answers on {address} (")),
            "{said}"
        );
        assert!(
            said.ends_with("start it with `systemctl start omnistock` or name its address with --admin\n"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let output = omnistock(&["--admin", "not an address", "status"]).await;
    assert_eq!(code(&output), 2, "{}", complaint(&output));
}

#[tokio::test]
async fn the_configuration_says_where_the_daemon_is() {
    let served = crate::fake_view::admin(FakeView::new(&[])).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("omnistock.toml");
    std::fs::write(&config, format!("[server]\nadmin = \"{}\"\n", served.address)).unwrap();
    let output = omnistock(&["-c", config.to_str().unwrap(), "status"]).await;
    assert_eq!(code(&output), 0, "{}", complaint(&output));
    assert!(answer(&output).starts_with("omnistock 9.9.9 "), "{}", answer(&output));
    assert!(!answer(&output).contains('\u{1b}'), "no colours in a pipe");
}

#[tokio::test]
async fn a_daemon_that_says_no_ends_with_1_and_with_its_help() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::admin(view.clone()).await;
    let address = served.address.to_string();
    let output = omnistock(&["--admin", &address, "explain", "UNKNOWN"]).await;
    assert_eq!(code(&output), 1);
    assert_eq!(
        complaint(&output),
        "omnistock: no source ever named the SKU `UNKNOWN`: check its spelling\n"
    );
    let output = omnistock(&["--admin", &address, "parked", "list"]).await;
    assert_eq!(
        (code(&output), complaint(&output).as_str()),
        (1, "omnistock: the store is away\n")
    );
    let output = omnistock(&["--admin", &address, "holds", "approve", "h/../9", "--reason", "x"]).await;
    assert_eq!(
        (code(&output), complaint(&output).as_str()),
        (1, "omnistock: there is no hold `h/../9`\n")
    );
    let output = omnistock(&["--admin", &address, "holds", "reject", "h-1", "--reason", " "]).await;
    assert_eq!(code(&output), 2);
}

#[tokio::test]
async fn text_and_json_carry_the_same_facts() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::admin(view.clone()).await;
    let address = served.address.to_string();
    let text = omnistock(&["--admin", &address, "explain", "A/B ä?#", "--channel", "amazon"]).await;
    assert_eq!(answer(&text), "Never read and never written, wanted 7: pending.\n");
    let json = omnistock(&[
        "--admin",
        &address,
        "--json",
        "explain",
        "A/B ä?#",
        "--channel",
        "amazon",
    ])
    .await;
    let facts: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(facts["items"][0]["sku"], "A/B ä?#");
    assert_eq!(facts["items"][0]["channel"], "amazon");
    assert_eq!(facts["items"][0]["desired"], "7");
    let output = omnistock(&["--admin", &address, "holds", "approve", "h-1", "--reason", "asked"]).await;
    assert_eq!(
        (code(&output), answer(&output).as_str()),
        (0, "approved h-1: stock, erp, berlin\n")
    );
    assert_eq!(view.decisions.lock().unwrap().len(), 1);
    let output = omnistock(&["--admin", &address, "sync", "erp"]).await;
    assert_eq!(
        answer(&output),
        "erp will be read again; `omnistock status` shows what comes\n"
    );
}

#[tokio::test]
async fn something_else_on_the_port_is_not_taken_for_the_daemon() {
    let view = FakeView::new(&[]);
    let served = crate::fake_view::webhooks(view, omnistock::server::listener::Limits::webhooks()).await;
    let output = omnistock(&["--admin", &served.address.to_string(), "status"]).await;
    assert_eq!(code(&output), 3);
    assert!(
        complaint(&output).contains("is not this version of omnistock"),
        "{}",
        complaint(&output)
    );
}

#[tokio::test]
async fn a_faulty_configuration_is_2_with_its_place_and_the_right_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("omnistock.toml");
    std::fs::write(&config, "[server]\nwebhoks = \"127.0.0.1:0\"\n").unwrap();
    let file = config.to_str().unwrap();
    let place = format!("{file}:2:1: error: unknown setting `webhoks` in [server]; did you mean `webhooks`?");
    let checked = omnistock(&["check", "-c", file]).await;
    assert_eq!(code(&checked), 2);
    assert!(answer(&checked).starts_with(&place), "{}", answer(&checked));
    assert!(
        answer(&checked).ends_with("\n1 error, 0 warnings\n"),
        "{}",
        answer(&checked)
    );
    let json = omnistock(&["check", "--json", "-c", file]).await;
    let facts: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (code(&json), &facts["errors"], &facts["problems"][0]["line"]),
        (2, &1.into(), &2.into())
    );
    let run = omnistock(&["run", "-c", file]).await;
    assert_eq!(code(&run), 2);
    assert!(complaint(&run).contains(&place), "{}", complaint(&run));
}

#[tokio::test]
async fn a_busy_port_is_2_and_one_clear_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("omnistock.toml");
    let state = folder.path().join("state");
    let text = format!(
        "[store]\nkind = \"embedded\"\npath = \"{}\"\n[server]\nadmin = \"127.0.0.1:{port}\"\nwebhooks = \"127.0.0.1:0\"\n",
        state.display()
    );
    std::fs::write(&config, text).unwrap();
    let run = omnistock(&["run", "-c", config.to_str().unwrap()]).await;
    assert_eq!(code(&run), 2, "{}", complaint(&run));
    let sentence = format!(
        "omnistock: port {port} on 127.0.0.1 is in use: stop the other program or set `server.admin` to another port\n"
    );
    assert!(complaint(&run).ends_with(&sentence), "{}", complaint(&run));
}

#[tokio::test]
async fn connectors_are_listed_without_a_daemon() {
    let listed = omnistock(&["connectors", "--json"]).await;
    let facts: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let kinds: Vec<&str> = facts
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    for kind in ["file", "woocommerce", "medusa", "odoo", "shopify", "amazon", "ebay"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let mistyped = omnistock(&["connectors", "wocommerce"]).await;
    assert_eq!(code(&mistyped), 1);
    assert_eq!(
        complaint(&mistyped),
        "omnistock: there is no connector `wocommerce`; did you mean `woocommerce`?\n"
    );
}
