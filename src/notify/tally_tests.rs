//! What is said, and what is not, as time goes by.

use super::matter::{Event, Matter, Severity};
use super::message::{Message, Saying};
use super::tally::{Limits, Tally};
use omnistock_words::Millis;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;

fn limits() -> Limits {
    Limits {
        least: Severity::Warn,
        after: 5 * MINUTE,
        settle: MINUTE,
        most_per_hour: 20,
    }
}

fn hold(id: &str) -> Matter {
    Matter::new(Event::Hold, "erp", "1,200 of 4,000 rows are gone").part(id)
}

fn stopped(channel: &str) -> Matter {
    Matter::new(Event::NeedsOperator, channel, "the login was refused")
}

fn parked(channel: &str) -> Matter {
    Matter::new(Event::ParkedGrows, channel, "12 more listings are refused")
}

/// A notifier whose messages all get through; how they read.
struct Told(Tally, Limits);

impl Told {
    fn new(limits: Limits) -> Self {
        Self(Tally::default(), limits)
    }

    fn all(&mut self, minute: i64, matters: &[Matter]) -> Vec<Message> {
        let now = Millis(minute * MINUTE);
        self.0.look(now, &self.1, matters, false);
        let mut said = Vec::new();
        while let Some(message) = self.0.next(now, &self.1) {
            self.0.sent(now, &message);
            said.push(message);
            assert!(said.len() < 1_000, "no end");
        }
        said
    }

    fn at(&mut self, minute: i64, matters: &[Matter]) -> Vec<String> {
        let short = |message: Message| {
            let event = message.event.map_or("-", Event::name);
            format!("{} {event} {}", message.state.word(), message.subject)
        };
        self.all(minute, matters).into_iter().map(short).collect()
    }
}

const NOTHING: [String; 0] = [];

#[test]
fn a_hold_is_told_at_once_and_once_and_its_end_when_it_has_settled() {
    let mut told = Told::new(limits());
    let first = told.all(0, &[hold("h-1")]);
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].state, first[0].severity), (Saying::Open, Severity::Page));
    assert_eq!(told.at(1, &[hold("h-1")]), NOTHING);
    assert_eq!(told.at(300, &[hold("h-1")]), NOTHING, "also hours later");
    assert_eq!(told.at(300, &[]), NOTHING, "not yet: it may come again");
    let last = told.all(301, &[]);
    assert_eq!(last.len(), 1);
    assert_eq!(
        (last[0].state, &last[0].id),
        (Saying::Over, &first[0].id),
        "one id for both"
    );
    assert!(last[0].text.starts_with("over: 1,200"), "{}", last[0].text);
    assert_eq!(told.at(302, &[]), NOTHING);
}

#[test]
fn what_may_pass_by_itself_is_told_when_it_lasts() {
    let mut told = Told::new(limits());
    assert_eq!(told.at(0, &[stopped("shop")]), NOTHING);
    assert_eq!(told.at(4, &[]), NOTHING, "it passed");
    assert_eq!(told.at(5, &[stopped("shop")]), NOTHING, "and begins anew");
    assert_eq!(told.at(9, &[stopped("shop")]), NOTHING);
    assert_eq!(told.at(10, &[stopped("shop")]), ["open needs_operator shop"]);
    // A moment of health is not its end.
    assert_eq!(told.at(10, &[]), NOTHING);
    assert_eq!(told.at(11, &[stopped("shop")]), NOTHING);
    assert_eq!(told.at(20, &[]), ["over needs_operator shop"]);
}

#[test]
fn who_asked_for_pages_hears_no_warning() {
    let least = Severity::Page;
    let mut told = Told::new(Limits { least, ..limits() });
    assert_eq!(told.at(0, &[parked("shop"), hold("h-1")]), ["open hold erp"]);
    assert_eq!(told.at(9, &[]), ["over hold erp"]);
}

#[test]
fn what_comes_and_goes_is_told_three_times_an_hour_and_then_counted() {
    let mut told = Told::new(limits());
    let mut said = Vec::new();
    for round in 0..10 {
        said.extend(told.at(round * 4, &[hold("h-1")]));
        said.extend(told.at(round * 4 + 2, &[]));
    }
    assert_eq!(
        said.iter().filter(|line| line.starts_with("open")).count(),
        3,
        "{said:?}"
    );
    assert_eq!(
        said.iter().filter(|line| line.starts_with("summary")).count(),
        1,
        "{said:?}"
    );
    let again = told.all(70, &[hold("h-1")]);
    assert_eq!(again[0].state, Saying::Open, "{again:?}");
}

#[test]
fn a_flood_ends_in_a_summary_and_what_lasts_is_told_later() {
    let most_per_hour = 5;
    let mut told = Told::new(Limits {
        most_per_hour,
        ..limits()
    });
    let holds: Vec<Matter> = (0..30).map(|index| hold(&format!("h-{index}"))).collect();
    let said = told.all(0, &holds);
    assert_eq!(said.len(), 5);
    assert!(said[..4].iter().all(|message| message.state == Saying::Open));
    let summary = said.last().unwrap();
    assert_eq!((summary.state, summary.severity), (Saying::Summary, Severity::Page));
    assert!(summary.text.contains("and 21 more"), "{}", summary.text);
    assert_eq!(told.at(59, &holds), NOTHING);
    let later = told.all(60, &holds);
    assert_eq!((later.len(), later[0].state), (5, Saying::Open));
    assert!(
        !later[..4]
            .iter()
            .any(|message| said.iter().any(|old| old.id == message.id))
    );
}

#[test]
fn warnings_leave_room_for_a_page() {
    let most_per_hour = 6;
    let mut told = Told::new(Limits {
        most_per_hour,
        ..limits()
    });
    let mut matters: Vec<Matter> = (0..9).map(|index| parked(&format!("c{index}"))).collect();
    let said = told.at(0, &matters);
    assert_eq!(
        said.iter().filter(|line| line.starts_with("open")).count(),
        3,
        "{said:?}"
    );
    assert_eq!(said.last().unwrap(), "summary - omnistock");
    matters.push(hold("h-1"));
    assert_eq!(told.at(1, &matters), ["open hold erp"]);
}

#[test]
fn who_sees_only_the_store_says_nothing_of_the_rest() {
    let mut told = Told::new(limits());
    told.at(0, &[hold("h-1")]);
    let away = Matter::new(Event::StoreAway, "store", "it does not answer");
    for minute in 1..30 {
        let now = Millis(minute * MINUTE);
        told.0.look(now, &told.1, std::slice::from_ref(&away), true);
        if let Some(message) = told.0.next(now, &told.1) {
            assert_eq!(message.event, Some(Event::StoreAway), "the hold is not over");
            told.0.sent(now, &message);
        }
    }
    assert_eq!(told.0.told(), 2);
    assert_eq!(told.at(30, &[hold("h-1")]), ["over store_away store"]);
}

#[test]
fn the_next_leader_repeats_nothing_and_says_what_is_over() {
    let mut told = Told::new(limits());
    told.at(0, &[hold("h-1"), hold("h-2")]);
    let mut next = Told::new(limits());
    next.0.absorb(Tally::decode(&told.0.encode()), Millis(10 * MINUTE));
    assert_eq!(next.at(10, &[hold("h-1")]), NOTHING);
    assert_eq!(
        next.at(19, &[hold("h-1")]),
        NOTHING,
        "it may not have been read again yet"
    );
    assert_eq!(next.at(20, &[hold("h-1")]), ["over hold erp"]);
    assert_eq!(next.0.told(), 1);
    assert_eq!(Tally::decode(b"what another version wrote"), Tally::default());
}

proptest! {
    /// Whatever comes and goes: never more than the limit in an hour, each end has its beginning, nothing twice.
    #[test]
    fn there_is_no_flood(steps in proptest::collection::vec((0_i64..20, proptest::collection::vec(0_u8..12, 0..8)), 1..80), most in 2_usize..8) {
        let limits = Limits { most_per_hour: most, ..limits() };
        let mut told = Told::new(limits);
        let (mut minute, mut all, mut open) = (0, Vec::new(), std::collections::BTreeSet::new());
        for (pause, there) in steps {
            minute += pause;
            let matters: Vec<Matter> = there.iter().map(|index| match index % 3 {
                0 => hold(&index.to_string()),
                1 => stopped(&format!("c{index}")),
                _ => parked(&format!("c{index}")),
            }).collect();
            for message in told.all(minute, &matters) {
                all.push(minute);
                match message.state {
                    Saying::Open => prop_assert!(open.insert(message.id.clone()), "twice: {message:?}"),
                    Saying::Over => prop_assert!(open.remove(&message.id), "never told: {message:?}"),
                    Saying::Summary | Saying::Test => {}
                }
            }
            let last_hour = all.iter().filter(|at| minute - **at < 60).count();
            prop_assert!(last_hour <= most, "{last_hour} in an hour");
        }
    }
}
