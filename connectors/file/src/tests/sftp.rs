//! Files on an SFTP server: as those of a folder, with everything that can go wrong on the way.

use super::sshd::{Sshd, served_folder, shut, user};
use super::*;

pub(super) async fn failed(connector: &Arc<dyn Connector>) -> ConnectorError {
    connector.stock().unwrap().poll().await.unwrap_err()
}

#[tokio::test]
async fn a_file_is_read_once_and_moves_to_done() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({}));
    rig.connector
        .check()
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", sshd.log()));
    assert!(
        rig.poll().await.unwrap().is_none(),
        "an empty folder is nothing to report"
    );
    rig.deliver("stock-1.csv", GOOD, 7);
    rig.deliver("other.csv", GOOD, 7);
    let (ticket, report) = rig.next().await;
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    assert_eq!(figures(&report), ["A-1@berlin=12", "A-2@hamburg=3.5"]);
    assert_eq!((report.as_of, report.complete), (MODIFIED.plus(7_000), true));
    assert!(rig.poll().await.unwrap().is_none(), "handed out once");
    for _ in 0..2 {
        rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
        assert_eq!(
            (rig.names(""), rig.names("done")),
            (vec!["done".into(), "other.csv".into()], vec!["stock-1.csv".into()])
        );
    }
    // Nothing that lies there is ever replaced.
    rig.deliver("stock-1.csv", GOOD.replace("12", "11"), 9);
    let (ticket, _) = rig.next().await;
    rig.acknowledge(&ticket, Verdict::Superseded).await.unwrap();
    assert_eq!(rig.names("done"), ["stock-1.csv", "stock-1.csv-1"]);
    assert_eq!(rig.text("done/stock-1.csv"), GOOD);
}

#[tokio::test]
async fn what_can_not_be_read_is_put_aside_with_its_reason() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({ "max_bytes": 100 }));
    rig.deliver("stock-1.csv", GOOD.replace("12", "12,x"), 0);
    rig.deliver("stock-2.csv", "x".repeat(101), 1);
    for reason in [
        r#"stock-1.csv:2:10: quantity "12,x" is not a number"#,
        "stock-2.csv: has 101 bytes, more than max_bytes",
    ] {
        let (ticket, report) = rig.next().await;
        let Report::Refused(refused) = report else {
            panic!("{report:?}")
        };
        assert!(refused.reason.starts_with(reason), "{}", refused.reason);
        assert_eq!(
            rig.text(&format!("rejected/{}.reason", refused.title)),
            format!("{}\n", refused.reason)
        );
        rig.acknowledge(&ticket, Verdict::Rejected(refused.reason))
            .await
            .unwrap();
    }
    assert_eq!(rig.names(""), ["rejected"]);
    assert_eq!(
        rig.names("rejected"),
        ["stock-1.csv", "stock-1.csv.reason", "stock-2.csv", "stock-2.csv.reason"]
    );
    // As a crash leaves it: the reason is written, the file has not moved.
    fs::rename(rig.path("rejected/stock-1.csv"), rig.path("stock-1.csv")).unwrap();
    rig.connector.stock().unwrap().begin().await.unwrap();
    rig.next().await;
    assert_eq!(rig.names("rejected").len(), 4);
}

#[tokio::test]
async fn statements_come_from_their_own_folder_of_the_server() {
    let sshd = Sshd::start();
    let orders = served_folder();
    let url = format!("sftp://127.0.0.1:{}{}/orders-*.csv", sshd.port, orders.path().display());
    let rig = sshd.rig(json!({ "orders": { "url": url,
        "columns": { "channel": "Kanal", "order": "Auftrag", "line": "Pos", "quantity": "Menge" } } }));
    fs::write(
        orders.path().join("orders-1.csv"),
        "Kanal;Auftrag;Pos;Menge\nshop;1001;1;2\n",
    )
    .unwrap();
    let (ticket, report) = rig.next().await;
    assert!(matches!(report, Report::Statements(report) if report.rows.len() == 1));
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert!(orders.path().join("done/orders-1.csv").exists());
}

#[tokio::test]
async fn a_server_with_another_key_is_not_logged_in_to() {
    let sshd = Sshd::start();
    let (right, wrong) = (sshd.print("host"), sshd.print("other"));
    let rig = sshd.rig(json!({ "host_key": wrong }));
    rig.deliver("stock-1.csv", GOOD, 0);
    for error in [failed(&rig.connector).await, rig.connector.check().await.unwrap_err()] {
        assert_eq!(error.class, ErrorClass::Operator, "{error}");
        assert!(
            error
                .message
                .contains(&format!("ssh-ed25519 {right}, none of which is `host_key`")),
            "{error}"
        );
        assert!(
            error.message.contains(&format!("set host_key = \"{right}\"")) && error.message.ends_with("Not logged in"),
            "{error}"
        );
    }
    assert!(!sshd.log().contains("Accepted"), "{}", sshd.log());
    let known = rig.path(".known_hosts");
    fs::write(&known, sshd.known_host("other")).unwrap();
    let by_file = sshd.connector(
        rig.folder.path(),
        sshd.port,
        json!({ "host_key": null, "known_hosts": ".known_hosts" }),
    );
    let error = failed(&by_file).await;
    assert!(
        error.class == ErrorClass::Operator && error.message.contains(".known_hosts") && error.message.contains(&right),
        "{error}"
    );
    // The operator corrects the file; and one of several pins is enough.
    fs::write(&known, sshd.known_host("host")).unwrap();
    by_file.check().await.unwrap();
    let pinned = sshd.connector(rig.folder.path(), sshd.port, json!({ "host_key": [wrong, right] }));
    pinned.check().await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_refused_says_with_what_it_was_tried() {
    let sshd = Sshd::start();
    let other = sshd.print("other");
    for (login, said) in [
        (
            json!({ "private_key": { "env": "other" } }),
            format!("with the key ssh-ed25519 {other}; it takes publickey, password"),
        ),
        (
            json!({ "private_key": null, "password": { "env": "marker-password" } }),
            "with the password; it takes publickey, password".into(),
        ),
    ] {
        let rig = sshd.rig(login);
        let error = failed(&rig.connector).await;
        assert_eq!(error.class, ErrorClass::Operator, "{error}");
        assert!(error.message.contains(&format!("refuses {} {said}", user())), "{error}");
        assert!(!error.message.contains("marker"), "{error}");
    }
    let locked = json!({ "private_key": { "env": "locked" }, "passphrase": { "env": "open sesame" } });
    sshd.rig(locked).connector.check().await.unwrap();
    for (changes, key) in [
        (json!({ "private_key": { "env": "locked" } }), "passphrase"),
        (
            json!({ "private_key": { "env": "locked" }, "passphrase": { "env": "marker" } }),
            "passphrase",
        ),
        (json!({ "private_key": { "env": "marker" } }), "private_key"),
    ] {
        let problems = sshd.try_connector(Path::new("/in"), sshd.port, changes).err().unwrap();
        assert_eq!(problems[0].key, key, "{problems:?}");
        assert!(!problems[0].message.contains("marker"), "{problems:?}");
    }
}

#[tokio::test]
async fn what_is_missing_and_what_is_forbidden_are_told_apart_and_neither_is_empty() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({}));
    let at = |folder: &str| sshd.connector(&rig.path(folder), sshd.port, json!({}));
    let missing = at("nowhere");
    fs::create_dir(rig.path("shut")).unwrap();
    shut(&rig.path("shut"));
    for (connector, said) in [
        (missing, "nowhere does not exist there: create it, or correct `url`"),
        (at("shut"), "can't be listed: have"),
    ] {
        for error in [failed(&connector).await, connector.check().await.unwrap_err()] {
            assert!(
                error.class == ErrorClass::Operator && error.message.contains(said),
                "{error}"
            );
        }
    }
    // One file in trouble doesn't keep the others waiting.
    rig.deliver("stock-1.csv", GOOD, 0);
    shut(&rig.path("stock-1.csv"));
    rig.deliver("stock-2.csv", GOOD, 1);
    assert_eq!(title(&rig.next().await.1), "stock-2.csv");
    let error = failed(&rig.connector).await;
    assert!(
        error.class == ErrorClass::Operator && error.message.contains("stock-1.csv can't be read: have"),
        "{error}"
    );
}

#[tokio::test]
async fn where_nothing_may_be_moved_it_is_said_and_a_file_is_read_once() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({}));
    fs::create_dir(rig.path("done")).unwrap();
    shut(&rig.path("done"));
    rig.deliver("stock-1.csv", GOOD, 0);
    let (ticket, _) = rig.next().await;
    let error = rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(
        error.message.contains("can't be moved to") && error.message.contains("put_away = false"),
        "{error}"
    );
    assert!(rig.poll().await.unwrap().is_none(), "it is remembered");
    let check = rig.connector.check().await.unwrap_err();
    assert!(check.message.contains("nothing can be put away in"), "{check}");
    // An account that may only read.
    let reader = sshd.connector(rig.folder.path(), sshd.port, json!({ "put_away": false }));
    reader.check().await.unwrap();
    let rig = Rig {
        folder: rig.folder,
        connector: reader,
    };
    rig.deliver("stock-2.csv", "broken\n", 1);
    let (ticket, report) = rig.next().await;
    assert_eq!(title(&report), "stock-1.csv");
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert!(matches!(rig.next().await.1, Report::Refused(_)));
    assert!(rig.poll().await.unwrap().is_none());
    assert_eq!(rig.names(""), ["done", "stock-1.csv", "stock-2.csv"]);
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told() {
    let sshd = Sshd::start();
    let web = super::web::Answers::of(&["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    let rig = sshd.rig_at(web.port(), json!({ "deadline_ms": 700 }));
    let error = failed(&rig.connector).await;
    assert!(
        error.message.starts_with(&format!("127.0.0.1:{}: ", web.port())),
        "{error}"
    );
}

#[tokio::test]
async fn with_a_checksum_beside_it_a_file_is_taken_at_once_and_only_whole() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({ "done_file": ".sha256", "settle": null }));
    let sum = |text: &str| {
        use sha2::{Digest, Sha256};
        let digest = crate::done_file::hexadecimal(&Sha256::digest(text));
        format!("{digest}  stock-1.csv\n")
    };
    rig.deliver("stock-1.csv", GOOD, 3);
    assert!(rig.poll().await.unwrap().is_none(), "nothing says that it is finished");
    // That of the file before.
    rig.deliver("stock-1.csv.sha256", sum("before"), 0);
    assert!(rig.poll().await.unwrap().is_none());
    rig.deliver("stock-1.csv.sha256", sum(GOOD), 4);
    let (ticket, report) = rig.poll().await.unwrap().expect("one poll is enough");
    assert_eq!(title(&report), "stock-1.csv");
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert_eq!(
        (rig.names(""), rig.names("done")),
        (vec!["done".into()], vec!["stock-1.csv".into()])
    );
    // Well-formed, but not what was sent.
    rig.deliver("stock-1.csv", GOOD.replace("12", "11"), 5);
    rig.deliver("stock-1.csv.sha256", sum(GOOD), 6);
    let (_, report) = rig.next().await;
    assert!(
        matches!(&report, Report::Refused(refused) if refused.reason.contains("is not what stock-1.csv.sha256 was computed from")),
        "{report:?}"
    );
}
