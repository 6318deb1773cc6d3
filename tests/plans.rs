//! Waiting for a plan at the command line: until it is done, until Ctrl-C, until the daemon can't finish it.

use crate::fake_view::{FakeView, Served, admin};
use omnistock::server::{PlanJob, PlanView, PlanWhat};
use omnistock_words::Millis;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(30);

/// A plan that is half done and that so many wait for.
async fn half_done(waiting: u64) -> (Arc<FakeView>, Served) {
    let view = FakeView::new(&[]);
    *view.job.lock().unwrap() = Some(PlanJob {
        id: "0123456789abcdef".to_owned(),
        what: PlanWhat::Plan,
        running: true,
        cancelled: false,
        waiting,
        since: Millis(0),
        looked: 500_000,
        articles: 1_000_000,
        plan: None,
    });
    let served = admin(view.clone()).await;
    (view, served)
}

/// The program, which waits for it.
async fn waiting(view: &FakeView, served: &Served, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omnistock"));
    let command = command.args(arguments).args(["--admin", &served.address.to_string()]);
    let piped = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = piped.kill_on_drop(true).spawn().unwrap();
    let looked = async {
        while view.looks.load(Ordering::Relaxed) < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looked)
        .await
        .expect("it never asked how far it is");
    child
}

/// How it ended: exit code, standard output, standard error.
async fn end(child: Child) -> (Option<i32>, String, String) {
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let ended = ended.expect("the program never ended").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

fn interrupt(child: &Child, signal: &str) {
    let id = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn nothing_but_the_result_is_said_where_no_terminal_is() {
    for arguments in [&["plan"][..], &["reload", "--json"]] {
        let (view, served) = half_done(1).await;
        let child = waiting(&view, &served, arguments).await;
        view.job.lock().unwrap().as_mut().unwrap().plan = Some(PlanView {
            hash: "7f3a91c2".to_owned(),
            at: Millis(0),
            applied: false,
            refused: Vec::new(),
            restart: Vec::new(),
            channels: Vec::new(),
            because: Vec::new(),
            top: Vec::new(),
            prices: Vec::new(),
        });
        let (code, out, err) = end(child).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        if arguments.contains(&"--json") {
            let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(plan["hash"], "7f3a91c2", "the plan itself, and not how it came about");
        } else {
            assert_eq!(out.trim(), "plan 7f3a91c2, nothing written");
        }
    }
}

#[tokio::test]
async fn ctrl_c_cancels_the_plan_in_the_daemon_too() {
    for signal in ["-INT", "-TERM"] {
        let (view, served) = half_done(1).await;
        let child = waiting(&view, &served, &["plan"]).await;
        interrupt(&child, signal);
        let (code, out, err) = end(child).await;
        assert!(view.job.lock().unwrap().as_ref().unwrap().cancelled);
        let said = "omnistock: the plan is cancelled: nothing was changed\n";
        assert_eq!((code, out.as_str(), err.as_str()), (Some(1), "", said));
    }
}

#[tokio::test]
async fn a_plan_that_somebody_else_waits_for_goes_on() {
    let (view, served) = half_done(2).await;
    let child = waiting(&view, &served, &["plan"]).await;
    interrupt(&child, "-INT");
    let (code, _, err) = end(child).await;
    assert!(!view.job.lock().unwrap().as_ref().unwrap().cancelled);
    assert_eq!(code, Some(1));
    assert_eq!(
        err,
        "omnistock: the plan goes on: somebody else waits for the same one\n"
    );
}

#[tokio::test]
async fn a_daemon_that_can_not_finish_it_says_why() {
    let (view, served) = half_done(1).await;
    let child = waiting(&view, &served, &["plan"]).await;
    *view.job.lock().unwrap() = None;
    let (code, out, err) = end(child).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        err.contains("lost the lead during the plan: nothing was changed"),
        "{err}"
    );
}
