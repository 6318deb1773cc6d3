//! The limiter against a vendor that counts for itself.

use super::*;
use omnistock_words::{CallKind, CallLimit, Learned, Millis};
use std::collections::BTreeMap;

pub(super) const SECOND: i64 = 1_000;

/// The vendor's own count of one limit, in exact whole numbers: what it must never see below zero.
pub(super) struct Counter {
    limit: CallLimit,
    /// In units times the period's milliseconds.
    pub(super) level: i128,
    at: i64,
    pub(super) least: i128,
}

impl Counter {
    pub(super) fn new(limit: &CallLimit) -> Self {
        let per = i128::from(limit.per);
        let level = i128::from(limit.burst) * per;
        Self {
            limit: limit.clone(),
            level,
            at: 0,
            least: level,
        }
    }

    pub(super) fn arrives(&mut self, kind: CallKind, items: u32, at: i64) {
        if !self.limit.counts(kind) {
            return;
        }
        let per = i128::from(self.limit.per);
        let most = i128::from(self.limit.burst) * per;
        self.level = (self.level + i128::from(at - self.at) * i128::from(self.limit.amount)).min(most);
        let cost = i128::from(self.limit.per_call) + i128::from(self.limit.per_item) * i128::from(items);
        self.level -= (cost * per).min(most);
        (self.at, self.least) = (at, self.least.min(self.level));
    }
}

#[test]
fn a_limit_is_used_up_to_its_rate() {
    let limits = [CallLimit::rate("calls", 2, SECOND, 2)];
    let (mut limiter, mut went) = (Limiter::new(&limits, None, Millis(0)), 0);
    let mut now = Millis(0);
    while now < Millis(100_000) {
        match limiter.ask(1, CallKind::Write, 50, now) {
            Ask::Go { pass, items } => {
                assert_eq!(items, 50);
                went += 1;
                limiter.ended(pass, &[], now);
            }
            Ask::Wait(until) => now = until,
        }
    }
    assert_eq!(went, 199, "2 a second for 100 s, from an empty bucket");
}

/// One poll of forty pages, at ten requests a second.
#[test]
fn what_a_call_cost_beyond_what_was_there_is_earned_before_the_next() {
    let limits = [CallLimit::window(CallLimit::OF_SETTINGS, 10, SECOND)];
    let (mut limiter, mut now, mut went) = (Limiter::new(&limits, None, Millis(0)), Millis(0), 0);
    let pages = Learned::Cost {
        limit: CallLimit::OF_SETTINGS,
        cost: 40,
    };
    while now < Millis(100 * SECOND) {
        match limiter.ask(1, CallKind::Orders, 0, now) {
            Ask::Go { pass, .. } => {
                went += 1;
                limiter.ended(pass, &[pages], now);
            }
            Ask::Wait(until) => now = until,
        }
    }
    assert!(
        (24..=26).contains(&went),
        "1,000 requests in 100 s are 25 polls: {went}"
    );
}

#[test]
fn fractional_rates_keep_their_pace() {
    let limits = [CallLimit::rate("feeds", 56, 10_000 * SECOND, 15)];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Wait(until) = limiter.ask(1, CallKind::Write, 1, Millis(0)) else {
        panic!("nothing is known of it")
    };
    assert_eq!(until, Millis(178_572), "one in 178.571 s");
    assert!(matches!(limiter.ask(1, CallKind::Write, 1, until), Ask::Go { .. }));
}

/// What comes back until the end of a record is not there yet for a successor that comes early.
#[test]
fn a_successor_that_comes_early_finds_what_is_there_then() {
    let limits = [CallLimit::rate("calls", 10, SECOND, 1_000)];
    let mut first = Limiter::new(&limits, None, Millis(0));
    for _ in 0..100 {
        let Ask::Go { pass, .. } = first.ask(1, CallKind::Write, 1, Millis(50_000)) else {
            panic!("500 are there")
        };
        first.ended(pass, &[], Millis(50_000));
    }
    let record = first.record(Millis(50_000));
    let mut next = Limiter::new(&limits, Some(&record), Millis(50_001));
    let mut went = 0;
    while let Ask::Go { pass, .. } = next.ask(1, CallKind::Write, 1, Millis(50_001)) {
        next.ended(pass, &[], Millis(50_001));
        went += 1;
    }
    assert!(
        (250..=275).contains(&went),
        "400 are left, 125 may be on their way: {went}"
    );
}

/// What was used is not known, and what was sent a moment ago may still arrive.
#[test]
fn where_the_record_is_lost_calls_of_before_have_time_to_arrive() {
    let (limits, lost) = ([CallLimit::rate("calls", 10, SECOND, 3)], Millis(50_000));
    let mut limiter = Limiter::new(&limits, Some(&LimitRecord::doubted(lost)), lost);
    let Ask::Wait(until) = limiter.ask(1, CallKind::Write, 1, lost) else {
        panic!("nothing is there")
    };
    assert_eq!(until, lost.plus(GRACE + 100));
    assert!(matches!(limiter.ask(1, CallKind::Write, 1, until), Ask::Go { .. }));
}

#[test]
fn who_waited_first_goes_first() {
    let limits = [CallLimit::rate("points", 10, SECOND, 100).costs(0, 1, "points")];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Wait(first) = limiter.ask(1, CallKind::Write, 1, Millis(0)) else {
        panic!("empty")
    };
    let Ask::Wait(second) = limiter.ask(2, CallKind::Write, 1, Millis(0)) else {
        panic!("empty")
    };
    assert_eq!((first, second), (Millis(100), Millis(200)));
    assert!(
        matches!(limiter.ask(2, CallKind::Write, 1, Millis(150)), Ask::Wait(_)),
        "it is the other's"
    );
    assert!(matches!(
        limiter.ask(1, CallKind::Write, 1, Millis(150)),
        Ask::Go { .. }
    ));
    assert!(matches!(
        limiter.ask(2, CallKind::Write, 1, Millis(200)),
        Ask::Go { .. }
    ));
}

#[test]
fn a_refusal_pauses_halves_the_rate_and_lets_it_grow_again() {
    let limits = [CallLimit::rate("calls", 100, SECOND, 10)];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(1_000)) else {
        panic!("full")
    };
    let told = [Learned::Throttled {
        after: Some(7 * SECOND),
    }];
    limiter.ended(pass, &told, Millis(1_010));
    assert_eq!(
        limiter.ask(1, CallKind::Write, 1, Millis(1_020)),
        Ask::Wait(Millis(8_010))
    );
    assert_eq!(
        limiter.waiting(Millis(1_020)).unwrap().limit,
        None,
        "the vendor asked for a pause"
    );
    assert!(limiter.usage(Millis(1_020))[0].eased);
    let mut now = Millis(8_010);
    while limiter.usage(now)[0].eased {
        match limiter.ask(1, CallKind::Write, 1, now) {
            Ask::Go { pass, .. } => limiter.ended(pass, &[], now),
            Ask::Wait(until) => now = until,
        }
        assert!(now < Millis(60_000), "it grows back");
    }
    assert!(now > Millis(20_000), "slowly: {now:?}");
}

/// A vendor that states nothing is asked as fast as it answers, until it refuses.
#[test]
fn an_unknown_limit_is_found_by_refusals() {
    let mut limiter = Limiter::new(&[], None, Millis(0));
    let (mut now, mut went, mut refused) = (Millis(0), BTreeMap::<i64, u32>::new(), 0);
    let mut vendor = Counter::new(&CallLimit::rate("hidden", 5, SECOND, 10));
    while now < Millis(600_000) {
        match limiter.ask(1, CallKind::Write, 1, now) {
            Ask::Go { pass, .. } => {
                vendor.arrives(CallKind::Write, 1, now.0);
                let no = vendor.level < 0;
                if no {
                    vendor.level += 1_000;
                    refused += 1;
                } else {
                    *went.entry(now.0 / 60_000).or_default() += 1;
                }
                let told = [Learned::Throttled { after: None }];
                limiter.ended(pass, if no { &told } else { &[] }, now);
                now = now.plus(20);
            }
            Ask::Wait(until) => now = until,
        }
    }
    let last = went[&9];
    assert!(refused < 60, "{refused} refusals in ten minutes");
    assert!(last > 120, "{last} of 300 calls a minute that it would take");
}

#[test]
fn what_the_answer_says_counts_in_both_directions() {
    let limits = [CallLimit::rate("points", 100, SECOND, 2_000).costs(10, 0, "points")];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let left = |left| Learned::Left {
        limit: "points",
        left,
        reset: None,
    };
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(100)) else {
        panic!("ten are there")
    };
    limiter.ended(pass, &[left(1_990)], Millis(110));
    let used = |limiter: &Limiter, at| limiter.usage(Millis(at))[0].used;
    assert_eq!(used(&limiter, 110), 5, "nobody had used it before");
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(120)) else {
        panic!("full")
    };
    limiter.ended(
        pass,
        &[
            left(40),
            Learned::Cost {
                limit: "points",
                cost: 50,
            },
        ],
        Millis(130),
    );
    assert_eq!(used(&limiter, 130), 980, "somebody else uses it too");
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, Millis(130)) else {
        panic!("40 are left")
    };
    let reset = Some(30 * SECOND);
    limiter.ended(
        pass,
        &[Learned::Left {
            limit: "points",
            left: 0,
            reset,
        }],
        Millis(140),
    );
    let Ask::Wait(until) = limiter.ask(1, CallKind::Write, 1, Millis(140)) else {
        panic!("none is left")
    };
    assert_eq!(until, Millis(30_240), "not before the vendor's window begins anew");
    let per = SECOND;
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, until) else {
        panic!("it came")
    };
    limiter.ended(
        pass,
        &[Learned::Rate {
            limit: "points",
            amount: 1,
            per,
            burst: 10,
        }],
        until,
    );
    let Ask::Wait(next) = limiter.ask(1, CallKind::Write, 1, until) else {
        panic!("used up")
    };
    assert_eq!(next.since(until), 10_000, "a point a second from now on");
}

#[test]
fn a_call_that_is_not_made_after_all_leaves_room_for_another() {
    let limits = [CallLimit::rate("calls", 1, SECOND, 1)];
    let mut limiter = Limiter::new(&limits, None, Millis(0));
    let now = Millis(5_000);
    let Ask::Go { pass, .. } = limiter.ask(1, CallKind::Write, 1, now) else {
        panic!("there is room")
    };
    assert!(matches!(limiter.ask(2, CallKind::Write, 1, now), Ask::Wait(_)));
    limiter.withdrawn(pass);
    limiter.withdrawn(pass);
    assert!(matches!(limiter.ask(2, CallKind::Write, 1, now), Ask::Go { .. }));
    assert!(
        matches!(limiter.ask(1, CallKind::Write, 1, now), Ask::Wait(_)),
        "it is given back once"
    );
    assert_eq!(limiter.until(), None, "nothing is stored yet");
    let record = limiter.record(now);
    limiter.stored(record.clone());
    assert_eq!(limiter.until(), Some(record.until));
}

#[test]
fn without_limits_nothing_waits_and_nothing_is_stored() {
    let mut limiter = Limiter::new(&[], None, Millis(0));
    assert!(matches!(
        limiter.ask(1, CallKind::Read, 9, Millis(0)),
        Ask::Go { items: 9, .. }
    ));
    assert!(limiter.secured(Millis(0)) && !limiter.is_limited());
}
