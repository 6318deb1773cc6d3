//! Files are picked up when they are finished, never half, and each once.

use super::*;
use std::io::Write;

fn is_stock(report: &Report) -> bool {
    matches!(report, Report::Stock(_))
}

#[tokio::test]
async fn a_renamed_file_is_picked_up_by_the_next_poll_with_its_time() {
    let rig = Rig::new(json!({}));
    assert!(rig.poll().await.unwrap().is_none());
    rig.deliver("stock-1.csv", GOOD, 7);
    let (_, report) = rig.poll().await.unwrap().expect("one poll is enough");
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    assert_eq!(figures(&report), ["A-1@berlin=12", "A-2@hamburg=3.5"]);
    assert_eq!(report.as_of, MODIFIED.plus(7_000));
    assert!(report.complete);
    assert!(rig.poll().await.unwrap().is_none(), "handed out once");
}

#[tokio::test]
async fn the_oldest_content_comes_first() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 9);
    rig.deliver("stock-2.csv", GOOD, 3);
    rig.deliver("stock-3.csv", GOOD, 6);
    let mut titles = Vec::new();
    while let Some((_, report)) = rig.poll().await.unwrap() {
        titles.push(title(&report).to_owned());
    }
    assert_eq!(titles, ["stock-2.csv", "stock-3.csv", "stock-1.csv"]);
}

#[tokio::test]
async fn hidden_and_unfinished_names_folders_and_other_files_are_left_alone() {
    let rig = Rig::new(json!({ "path": "*" }));
    for name in [
        "stock-1.csv.tmp",
        "stock-1.csv.part",
        "stock-1.filepart",
        "stock-1.csv~",
    ] {
        rig.deliver(name, GOOD, 0);
    }
    fs::write(rig.path(".stock-1.csv"), GOOD).unwrap();
    fs::create_dir(rig.path("stock-2.csv")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", rig.path("stock-3.csv")).unwrap();
    assert!(rig.poll().await.unwrap().is_none());
    assert_eq!(rig.names("").len(), 7, "nothing was moved");
}

#[tokio::test]
async fn a_slow_writer_is_never_read_half() {
    // Longer than a busy machine keeps the writer from its next row.
    let rig = Rig::new(json!({ "settle": "1500ms" }));
    let rows: Vec<String> = (0..40).map(|n| format!("A-{n};B/01;{n}\r\n")).collect();
    let path = rig.path("stock-1.csv");
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::create(path).unwrap();
        file.write_all(b"Artikelnummer;Lager;Bestand\r\n").unwrap();
        for row in rows {
            // Cut within a row, and pause at line ends as well: each state is well-formed now and then.
            let (head, tail) = row.split_at(row.len() / 2);
            for part in [head, tail] {
                file.write_all(part.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(15));
            }
        }
    });
    let (_, report) = rig.next().await;
    assert!(writer.is_finished(), "picked up while it was written");
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    assert_eq!(report.rows.len(), 40);
}

#[tokio::test]
async fn a_file_that_stops_within_a_row_is_waited_for_and_taken_when_it_goes_on() {
    let rig = Rig::new(json!({}));
    let (head, tail) = GOOD.split_at(GOOD.len() - 4);
    let mut file = fs::File::create(rig.path("stock-1.csv")).unwrap();
    file.write_all(head.as_bytes()).unwrap();
    // Settled, and looks cut off: read, but neither taken nor refused yet.
    assert!(rig.poll().await.unwrap().is_none());
    assert_eq!(rig.names("rejected"), Vec::<String>::new());
    file.write_all(tail.as_bytes()).unwrap();
    let (_, report) = rig.next().await;
    assert!(is_stock(&report), "{report:?}");
}

#[tokio::test]
async fn a_file_that_stays_cut_off_is_refused() {
    let rig = Rig::new(json!({}));
    fs::write(rig.path("stock-1.csv"), GOOD.trim_end()).unwrap();
    fs::write(rig.path("stock-2.csv"), "").unwrap();
    for _ in 0..2 {
        let (_, report) = rig.next().await;
        assert!(matches!(report, Report::Refused(_)), "{report:?}");
    }
    let expected = ["stock-1.csv", "stock-1.csv.reason", "stock-2.csv", "stock-2.csv.reason"];
    assert_eq!(rig.names("rejected"), expected);
}

#[tokio::test]
async fn a_growing_file_does_not_keep_finished_ones_waiting() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 0);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (path, stopped) = (rig.path("stock-0.csv"), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::create(path).unwrap();
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            file.write_all(b"x;y;1\r\n").unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let (_, report) = rig.next().await;
    assert_eq!(title(&report), "stock-1.csv");
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
}

#[tokio::test]
async fn a_file_that_looks_cut_off_does_not_hold_up_the_next_one() {
    let rig = Rig::new(json!({}));
    fs::write(rig.path("stock-0.csv"), GOOD.trim_end()).unwrap();
    assert!(rig.poll().await.unwrap().is_none());
    rig.deliver("stock-1.csv", GOOD, 100_000_000);
    let (_, report) = rig.poll().await.unwrap().expect("one poll is enough");
    assert_eq!(title(&report), "stock-1.csv");
}

#[tokio::test]
async fn polls_at_the_same_time_hand_each_file_out_once() {
    let rig = Rig::new(json!({}));
    for number in 0..8 {
        rig.deliver(&format!("stock-{number}.csv"), GOOD, number);
    }
    let polls = [(); 10].map(|()| rig.poll());
    let mut titles = Vec::new();
    let mut polls = polls.into_iter();
    while let (Some(a), Some(b)) = (polls.next(), polls.next()) {
        let (a, b) = tokio::join!(a, b);
        titles.extend(
            [a, b]
                .into_iter()
                .filter_map(Result::unwrap)
                .map(|(_, report)| title(&report).to_owned()),
        );
    }
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 8);
    assert!(rig.poll().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_taken_by_somebody_else_is_no_trouble() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 0);
    let (ticket, _) = rig.next().await;
    fs::remove_file(rig.path("stock-1.csv")).unwrap();
    assert!(rig.poll().await.unwrap().is_none());
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert_eq!(rig.names("done"), Vec::<String>::new());
}

#[tokio::test]
async fn with_settle_every_file_must_stay_unchanged_for_so_long() {
    let rig = Rig::new(json!({ "settle": "900ms" }));
    let begun = tokio::time::Instant::now();
    rig.deliver("stock-1.csv", GOOD, 0);
    rig.next().await;
    assert!(begun.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn a_replaced_file_is_a_new_report() {
    let rig = Rig::new(json!({ "path": "stock.csv" }));
    rig.deliver("stock.csv", GOOD, 0);
    let (first, _) = rig.next().await;
    rig.deliver("stock.csv", GOOD.replace("12", "11"), 5);
    let (second, report) = rig.next().await;
    assert_ne!(first, second);
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    assert_eq!(figures(&report), ["A-1@berlin=11", "A-2@hamburg=3.5"]);
    // The verdict on the first one must not take the second one away.
    rig.acknowledge(&first, Verdict::Accepted).await.unwrap();
    assert_eq!(rig.names(""), ["stock.csv"]);
    rig.acknowledge(&second, Verdict::Accepted).await.unwrap();
    assert_eq!(rig.names("done"), ["stock.csv"]);
}

#[tokio::test]
async fn statements_come_from_their_own_files() {
    let rig = Rig::new(json!({ "path": "*.csv", "orders": {
        "path": "orders-*.csv",
        "columns": { "channel": "Kanal", "order": "Auftrag", "line": "Pos", "quantity": "Menge" } } }));
    rig.deliver(
        "orders-1.csv",
        "Kanal;Auftrag;Pos;Menge;Kunde\nshop;1001;1;2,5;Frau M\u{fc}ller\n".replace('\u{fc}', "u"),
        1,
    );
    rig.deliver("stock-1.csv", GOOD, 1);
    let (ticket, report) = rig.next().await;
    let Report::Statements(statements) = &report else {
        panic!("{report:?}")
    };
    assert_eq!(statements.as_of, MODIFIED.plus(1_000));
    assert_eq!(statements.rows[0].quantity.to_string(), "2.5");
    assert!(
        !format!("{report:?}").contains("Muller"),
        "names of buyers are not read"
    );
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert!(is_stock(&rig.next().await.1));
    assert_eq!(rig.names("done"), ["orders-1.csv"]);
}

#[tokio::test]
async fn with_a_done_file_nothing_else_says_that_a_file_is_finished() {
    let rig = Rig::new(json!({ "path": "stock-*", "done_file": ".done" }));
    rig.deliver("stock-1", GOOD, 0);
    assert!(rig.poll().await.unwrap().is_none());
    rig.deliver("stock-1.done", "", 0);
    let (ticket, report) = rig.poll().await.unwrap().expect("one poll is enough");
    assert_eq!(title(&report), "stock-1");
    // The next one is being written over it: the done file is that of the one before.
    rig.deliver("stock-1", GOOD.split_at(20).0, 5);
    assert!(rig.poll().await.unwrap().is_none());
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert_eq!(
        rig.names(""),
        ["stock-1", "stock-1.done"],
        "the verdict was on another one"
    );
    rig.deliver("stock-1", GOOD, 7);
    rig.deliver("stock-1.done", "", 8);
    let (ticket, _) = rig.next().await;
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert_eq!(
        (rig.names(""), rig.names("done")),
        (vec!["done".to_owned()], vec!["stock-1".to_owned()])
    );
}
