//! Files that come over a network: still written, changed on the way, cut off, or never sent.

use super::sftp::failed;
use super::sshd::{Proxy, Rule, Sshd, free_port};
use super::*;

#[tokio::test]
async fn a_file_that_is_still_uploaded_is_never_read_half() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({ "settle": "1500ms" }));
    let path = rig.path("stock-1.csv");
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::create(path).unwrap();
        file.write_all(b"Artikelnummer;Lager;Bestand\r\n").unwrap();
        for number in 0..40 {
            // Each state is well-formed.
            file.write_all(format!("A-{number};B/01;{number}\r\n").as_bytes())
                .unwrap();
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    let (_, report) = rig.next().await;
    assert!(writer.is_finished(), "picked up while it was written");
    assert!(matches!(report, Report::Stock(report) if report.rows.len() == 40));
}

#[tokio::test]
async fn an_upload_that_broke_off_is_waited_for_and_taken_when_it_is_repeated() {
    let sshd = Sshd::start();
    let rig = sshd.rig(json!({}));
    fs::write(rig.path("stock-1.csv"), GOOD.split_at(GOOD.len() - 4).0).unwrap();
    // Settled, and looks cut off: read, but neither taken nor refused yet.
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        assert!(rig.poll().await.unwrap().is_none());
    }
    assert_eq!(rig.names(""), ["stock-1.csv"]);
    rig.deliver("stock-1.csv", GOOD, 3);
    assert!(matches!(rig.next().await.1, Report::Stock(report) if report.rows.len() == 2));
}

/// More than one call gets of it.
fn large() -> String {
    let mut text = "Artikelnummer;Lager;Bestand\r\n".to_owned();
    text.extend((0..60_000).map(|number| format!("A-{number};B/01;{number}\r\n")));
    text
}

#[tokio::test]
async fn what_changes_while_it_is_read_is_not_taken_and_what_a_mailbox_takes_away_is() {
    let sshd = Sshd::start();
    let proxy = Proxy::to(sshd.port);
    let rig = sshd.rig_at(proxy.port, json!({ "done_file": ".done", "settle": null }));
    rig.deliver("stock-1.csv", large(), 0);
    rig.deliver("stock-1.csv.done", "", 1);
    proxy.set(Rule::Pause(300_000));
    let grown = async {
        proxy.paused().await;
        let mut file = fs::File::options().append(true).open(rig.path("stock-1.csv")).unwrap();
        file.write_all(b"A-0;hamburg;1\r\n").unwrap();
        proxy.set(Rule::Pass);
    };
    let (polled, ()) = tokio::join!(rig.poll(), grown);
    assert!(polled.unwrap().is_none(), "it grew while it was read");
    rig.deliver("stock-1.csv", large(), 2);
    rig.deliver("stock-1.csv.done", "", 3);
    proxy.set(Rule::Pause(300_000));
    let fetched = async {
        proxy.paused().await;
        fs::remove_file(rig.path("stock-1.csv")).unwrap();
        proxy.set(Rule::Pass);
    };
    let (polled, ()) = tokio::join!(rig.poll(), fetched);
    let (ticket, report) = polled.unwrap().expect("it was the whole of it");
    assert!(matches!(report, Report::Stock(report) if report.rows.len() == 60_000));
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_within_a_file_leaves_nothing_behind_and_the_next_poll_reads_it() {
    let sshd = Sshd::start();
    let proxy = Proxy::to(sshd.port);
    let rig = sshd.rig_at(proxy.port, json!({}));
    rig.deliver("stock-1.csv", large(), 0);
    rig.deliver("stock-2.csv", GOOD, 1);
    assert!(rig.poll().await.unwrap().is_none(), "seen for the first time");
    proxy.set(Rule::Cut(300_000));
    let error = loop {
        match rig.poll().await {
            Ok(None) => {}
            Ok(Some(report)) => panic!("{}", title(&report.1)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error}");
    assert_eq!(proxy.connections(), 1, "the second file would only have met the same");
    proxy.set(Rule::Pass);
    let (ticket, report) = rig.next().await;
    assert!(matches!(report, Report::Stock(report) if report.rows.len() == 60_000));
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert_eq!(rig.names("done"), ["stock-1.csv"]);
    assert_eq!(
        proxy.connections(),
        2,
        "one connection for everything before it broke, and one since"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let sshd = Sshd::start();
    let proxy = Proxy::to(sshd.port);
    let rig = sshd.rig_at(proxy.port, json!({ "deadline_ms": 700 }));
    assert!(rig.poll().await.unwrap().is_none());
    proxy.set(Rule::Stall);
    // First within a connection, then before there is one.
    for said in ["no answer within 700 ms", "it did not introduce itself within 700 ms"] {
        let begun = tokio::time::Instant::now();
        let error = failed(&rig.connector).await;
        assert!(
            matches!(error.class, ErrorClass::Retry { .. }) && error.message.contains(said),
            "{error}"
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    proxy.set(Rule::Pass);
    assert!(rig.poll().await.unwrap().is_none());
    // Where nobody listens.
    let error = failed(&sshd.rig_at(free_port(), json!({})).connector).await;
    assert!(
        matches!(error.class, ErrorClass::Retry { .. }) && error.message.contains("no connection"),
        "{error}"
    );
}
