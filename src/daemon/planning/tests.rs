//! Who asks, joins, leaves and comes back; and jobs that do not come to their end.

use super::*;
use crate::server::ApiErrorKind;
use omnistock_words::Millis;
use std::future::{pending, ready};

fn asked(name: &str) -> Asked<()> {
    Asked {
        what: PlanWhat::Plan,
        name: name.to_owned(),
        by: "anna (local)".to_owned(),
        work: (),
    }
}

fn plan(hash: &str) -> PlanView {
    PlanView {
        hash: hash.to_owned(),
        at: Millis(0),
        applied: false,
        refused: Vec::new(),
        restart: Vec::new(),
        channels: Vec::new(),
        because: Vec::new(),
        top: Vec::new(),
        prices: Vec::new(),
    }
}

/// Carries the next job out at once.
async fn done(planning: &Planning<()>) {
    let (job, ()) = planning.next().await;
    let close = |hash: String| async move { Ok(plan(&hash)) };
    planning
        .carry_out(&job, ready(Ok(job.name.clone())), pending(), close)
        .await;
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_and_who_asks_for_the_same_waits_for_the_same() {
    let planning = Planning::default();
    let first = planning.ask(asked("a")).unwrap();
    let second = planning.ask(asked("a")).unwrap();
    assert_eq!(first.id, second.id);
    let (job, ()) = planning.next().await;
    job.progress.of(200);
    job.progress.looked(90);
    let other = planning.ask(asked("b")).err().unwrap();
    assert!(
        other.error.contains("anna (local) asked for is on its way (45 %"),
        "{other}"
    );
    let standing = planning.find(&first.id).unwrap().answer().unwrap();
    assert_eq!((standing.running, standing.waiting, standing.looked), (true, 2, 90));
    let close = |()| ready(Ok(plan("7f3a91c2")));
    planning.carry_out(&job, ready(Ok(())), pending(), close).await;
    let answer = second.answer().unwrap();
    assert_eq!(answer.plan.unwrap().hash, "7f3a91c2");
    planning.ask(asked("b")).unwrap();
    let kept = planning.find(&first.id).unwrap().answer().unwrap();
    assert!(!kept.running && kept.plan.is_some());
}

#[tokio::test(start_paused = true)]
async fn it_is_cancelled_when_the_last_who_waits_leaves_and_the_next_begins_at_once() {
    let planning = Planning::default();
    let job = planning.ask(asked("a")).unwrap();
    planning.ask(asked("a")).unwrap();
    let carried = async {
        let (job, ()) = planning.next().await;
        planning
            .carry_out(&job, pending::<Result<(), _>>(), pending(), |()| {
                ready(Ok(plan("never")))
            })
            .await;
    };
    let people = async {
        planning.leave(&job, "bob");
        assert!(job.view().running, "anna waits");
        planning.leave(&job, "anna");
        let view = job.view();
        assert!(view.cancelled && !view.running && view.plan.is_none(), "{view:?}");
        assert_eq!(
            job.answer().unwrap_err().error,
            "the plan was cancelled by anna: nothing was changed"
        );
        planning.ask(asked("b")).unwrap();
    };
    tokio::join!(carried, people);
    done(&planning).await;
    assert!(planning.find(&job.id).unwrap().view().cancelled, "that stays");
}

#[tokio::test(start_paused = true)]
async fn what_is_being_brought_into_force_is_not_cancelled_nor_lost() {
    let planning = Planning::default();
    let job = planning.ask(asked("a")).unwrap();
    let (_, ()) = planning.next().await;
    let close = |()| async {
        planning.leave(&job, "anna");
        assert!(job.view().running, "too late");
        tokio::time::sleep(2 * LONGEST).await;
        Ok(plan("7f3a91c2"))
    };
    let over = async {
        tokio::time::sleep(LONGEST / 2).await;
        job.lost()
    };
    planning.carry_out(&job, ready(Ok(())), over, close).await;
    assert!(job.answer().unwrap().plan.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_can_not_be_finished_says_why() {
    let never = |()| ready(Ok(plan("never")));
    for (name, lost) in [("lost", true), ("too long", false)] {
        let planning = Planning::default();
        let job = planning.ask(asked(name)).unwrap();
        let (_, ()) = planning.next().await;
        let over = async { if lost { job.lost() } else { pending().await } };
        planning.carry_out(&job, pending::<Result<(), _>>(), over, never).await;
        let error = job.answer().unwrap_err();
        let expected = if lost {
            "lost the lead during the plan: nothing was changed"
        } else {
            "within an hour"
        };
        assert!(error.error.contains(expected) && error.help.is_some(), "{error}");
        assert!(!planning.is_busy());
    }
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_breaks_leaves_nobody_waiting() {
    let planning = Arc::new(Planning::default());
    let job = planning.ask(asked("a")).unwrap();
    let (carried, (taken, ())) = (Arc::clone(&planning), planning.next().await);
    let tracker = tokio_util::task::TaskTracker::new();
    let broken = tracker.spawn(async move {
        let broken = async { panic!("on purpose") };
        let close = |()| ready(Ok(plan("never")));
        carried.carry_out(&taken, broken, pending(), close).await;
    });
    let waited = planning.wait(&job, "anna", LONGEST).await;
    assert_eq!(waited.unwrap_err().error, "the plan broke off");
    assert!(broken.await.is_err() && !planning.is_busy());
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_before_the_answer_waits_no_longer() {
    let planning = Planning::default();
    let job = planning.ask(asked("a")).unwrap();
    let soon = Duration::from_millis(500);
    assert!(planning.wait(&job, "anna", soon).await.unwrap().running, "it goes on");
    let hung_up = tokio::time::timeout(soon / 2, planning.wait(&job, "anna", soon)).await;
    assert!(hung_up.is_err() && job.view().cancelled);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_the_last_ones_is_kept_for_an_hour() {
    let planning = Planning::default();
    let mut jobs = Vec::new();
    for number in 0..2 * KEPT {
        jobs.push(planning.ask(asked(&number.to_string())).unwrap().id.clone());
        done(&planning).await;
    }
    let known = |planning: &Planning<()>| jobs.iter().filter(|id| planning.find(id).is_ok()).count();
    assert_eq!(known(&planning), KEPT);
    assert!(planning.find(jobs.last().unwrap()).is_ok());
    tokio::time::sleep(KEPT_FOR).await;
    assert_eq!(known(&planning), 0);
    let error = planning.find(&jobs[0]).err().unwrap();
    assert_eq!(error.kind, ApiErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_free_desk_gets_it() {
    let planning = Planning::default();
    let job = planning.ask(asked("a")).unwrap();
    let free = tokio::time::timeout(LONGEST, planning.free()).await;
    assert!(free.is_err(), "one is on its way");
    let people = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        planning.leave(&job, "anna");
    };
    tokio::join!(planning.free(), people);
    assert!(!planning.is_busy());
}
