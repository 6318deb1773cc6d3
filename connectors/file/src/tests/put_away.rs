//! What becomes of files afterwards: done, rejected, and whatever a crash leaves between.

use super::*;

#[tokio::test]
async fn accepted_and_superseded_files_go_to_done_and_repeating_changes_nothing() {
    for verdict in [Verdict::Accepted, Verdict::Superseded] {
        let rig = Rig::new(json!({}));
        rig.deliver("stock-1.csv", GOOD, 0);
        let (ticket, _) = rig.next().await;
        for _ in 0..3 {
            rig.acknowledge(&ticket, verdict.clone()).await.unwrap();
            assert_eq!(rig.names("done"), ["stock-1.csv"]);
            assert_eq!(rig.names(""), ["done"]);
        }
        rig.acknowledge(&ticket, Verdict::Rejected("late".into()))
            .await
            .unwrap();
        assert_eq!(rig.names(""), ["done"], "the first verdict stands");
    }
}

#[tokio::test]
async fn a_rejected_file_lies_beside_its_reason() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 0);
    let (ticket, _) = rig.next().await;
    let reason = Verdict::Rejected("held, and rejected by a person".into());
    rig.acknowledge(&ticket, reason.clone()).await.unwrap();
    rig.acknowledge(&ticket, reason).await.unwrap();
    assert_eq!(rig.names("rejected"), ["stock-1.csv", "stock-1.csv.reason"]);
    assert_eq!(
        rig.text("rejected/stock-1.csv.reason"),
        "stock-1.csv: held, and rejected by a person\n"
    );
    assert_eq!(rig.text("rejected/stock-1.csv"), GOOD);
}

#[tokio::test]
async fn an_unreadable_file_is_put_aside_at_once_with_the_text_that_is_reported() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD.replace("12", "12,x"), 0);
    let (ticket, report) = rig.next().await;
    let Report::Refused(refused) = report else {
        panic!("{report:?}")
    };
    assert_eq!(
        refused.reason,
        r#"stock-1.csv:2:10: quantity "12,x" is not a number (decimal sign is ",")"#
    );
    assert_eq!(rig.text("rejected/stock-1.csv.reason"), format!("{}\n", refused.reason));
    assert_eq!(rig.names(""), ["rejected"]);
    rig.acknowledge(&ticket, Verdict::Rejected(refused.reason))
        .await
        .unwrap();
    assert_eq!(rig.names("rejected").len(), 2);
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    let rig = Rig::new(json!({ "path": "stock.csv" }));
    for number in 0..6 {
        rig.deliver("stock.csv", GOOD.replace("12", &number.to_string()), number);
        let (ticket, _) = rig.next().await;
        rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
        rig.deliver("stock.csv", format!("broken {number}\n"), number);
        rig.next().await;
    }
    assert_eq!(
        rig.names("done"),
        [
            "stock.csv",
            "stock.csv-1",
            "stock.csv-2",
            "stock.csv-3",
            "stock.csv-4",
            "stock.csv-5"
        ]
    );
    assert_eq!(rig.names("rejected").len(), 12);
    for number in 0..6_u64 {
        let suffix = if number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        assert_eq!(
            rig.text(&format!("done/stock.csv{suffix}")),
            GOOD.replace("12", &number.to_string())
        );
        assert_eq!(
            rig.text(&format!("rejected/stock.csv{suffix}")),
            format!("broken {number}\n")
        );
    }
}

#[tokio::test]
async fn after_a_crash_the_file_comes_again_under_the_same_ticket() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 0);
    let before = rig.next().await;
    let rig = rig.restarted(json!({}));
    let after = rig.next().await;
    assert_eq!(before, after);
    let rig = rig.restarted(json!({}));
    // The verdict may come from a process that has not seen the file itself.
    rig.acknowledge(&after.0, Verdict::Accepted).await.unwrap();
    assert_eq!(rig.names("done"), ["stock-1.csv"]);
}

#[tokio::test]
async fn a_crash_between_reason_and_move_is_finished_by_the_next_poll() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", "broken\n", 0);
    let (_, report) = rig.next().await;
    let Report::Refused(refused) = report else {
        panic!("{report:?}")
    };
    // As the crash leaves it: the reason is durable, a half-written one lies about, the file has not moved.
    fs::rename(rig.path("rejected/stock-1.csv"), rig.path("stock-1.csv")).unwrap();
    fs::write(rig.path("rejected/.stock-1.csv.reason.tmp"), "stock").unwrap();
    let rig = rig.restarted(json!({}));
    let (_, again) = rig.next().await;
    assert_eq!(again, Report::Refused(refused));
    assert_eq!(rig.names("rejected"), ["stock-1.csv", "stock-1.csv.reason"]);
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_is_told_and_nothing_is_handed_out_twice() {
    let rig = Rig::new(json!({}));
    fs::write(rig.path("rejected"), "no folder").unwrap();
    fs::write(rig.path("done"), "no folder").unwrap();
    let check = rig.connector.check().await.unwrap_err();
    assert!(
        check.message.contains("done is no folder") && check.class == ErrorClass::Operator,
        "{check:?}"
    );
    rig.deliver("stock-1.csv", "broken\n", 0);
    rig.deliver("stock-2.csv", GOOD, 1);
    // The good file is handed out although the broken one can't be moved.
    let (ticket, report) = rig.next().await;
    assert_eq!(title(&report), "stock-2.csv");
    let error = rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert!(
        error.message.contains("stock-2.csv can't be moved to") && error.message.contains("done"),
        "{error}"
    );
    for _ in 0..2 {
        let error = rig.poll().await.unwrap_err();
        assert!(
            error.message.contains("stock-1.csv can't be moved to") && error.message.contains("rejected"),
            "{error}"
        );
    }
    // Mended: both go their way.
    fs::remove_file(rig.path("rejected")).unwrap();
    fs::remove_file(rig.path("done")).unwrap();
    let (_, report) = rig.next().await;
    assert!(
        matches!(&report, Report::Refused(refused) if refused.title == "stock-1.csv"),
        "{report:?}"
    );
    rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
    assert!(rig.poll().await.unwrap().is_none());
    assert_eq!((rig.names("done").len(), rig.names("rejected").len()), (1, 2));
}

#[tokio::test]
async fn a_missing_folder_says_what_to_do() {
    let rig = Rig::new(json!({ "path": "drop/stock-*.csv" }));
    for error in [rig.poll().await.unwrap_err(), rig.connector.check().await.unwrap_err()] {
        assert_eq!(error.class, ErrorClass::Operator);
        assert!(
            error
                .message
                .ends_with("drop does not exist: create it, or correct `path`"),
            "{error}"
        );
    }
    fs::create_dir(rig.path("drop")).unwrap();
    rig.connector.check().await.unwrap();
    assert_eq!(
        rig.names("drop"),
        Vec::<String>::new(),
        "checking leaves nothing behind"
    );
}

#[tokio::test]
async fn a_strange_ticket_moves_nothing() {
    let rig = Rig::new(json!({}));
    rig.deliver("stock-1.csv", GOOD, 0);
    let error = rig
        .acknowledge(&Ticket("stock/1-1-1/../x".into()), Verdict::Accepted)
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Rejected);
    rig.acknowledge(&Ticket("stock/1-1-1/stock-1.csv".into()), Verdict::Accepted)
        .await
        .unwrap();
    assert_eq!(rig.names(""), ["stock-1.csv"]);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_unread() {
    let rig = Rig::new(json!({ "max_bytes": 20 }));
    rig.deliver("stock-1.csv", GOOD, 0);
    let (_, report) = rig.next().await;
    let Report::Refused(refused) = report else {
        panic!("{report:?}")
    };
    assert_eq!(
        refused.reason,
        format!("stock-1.csv: has {} bytes, more than max_bytes = 20", GOOD.len())
    );
}

#[tokio::test]
async fn where_files_are_to_stay_they_do_and_come_again_after_a_restart() {
    let rig = Rig::new(json!({ "put_away": false }));
    rig.deliver("stock-1.csv", GOOD, 0);
    rig.deliver("stock-2.csv", "broken\n", 1);
    let before = rig.next().await;
    rig.acknowledge(&before.0, Verdict::Accepted).await.unwrap();
    let (ticket, report) = rig.next().await;
    assert!(matches!(&report, Report::Refused(_)), "{report:?}");
    rig.acknowledge(&ticket, Verdict::Rejected("x".into())).await.unwrap();
    assert!(rig.poll().await.unwrap().is_none());
    rig.connector.check().await.unwrap();
    assert_eq!(rig.names(""), ["stock-1.csv", "stock-2.csv"]);
    let rig = rig.restarted(json!({ "put_away": false }));
    assert_eq!(rig.next().await, before);
}
