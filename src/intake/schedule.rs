//! When a source is polled: an interval, or a cron expression made safe in local time.
//!
//! `cron` alone skips or doubles local times around clock changes and counts weekdays from
//! Sunday = 1. So it only ever sees wall-clock time dressed as UTC, which is monotonic; the civil
//! time it yields becomes an instant here (a time in the spring gap moves behind it, one in the
//! autumn fold happens once, at its first). Expressions whose hours repeat (`*`, `/`) run on
//! UTC, so that nothing is lost or repeated.

use cron::Schedule as Cron;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use omnistock_words::Millis;
use std::str::FromStr;
use std::time::Duration;

/// When to poll.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// This long after the last poll ended.
    Every(Duration),
    /// At the times of a cron expression.
    Cron(Box<CronSchedule>),
}

/// A checked cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct CronSchedule {
    cron: Cron,
    zone: TimeZone,
}

impl Schedule {
    /// A cron expression of six fields, seconds first, as `config` has checked it. `None`: it is none.
    pub fn cron(expression: &str, zone: TimeZone) -> Option<Self> {
        let cron = Cron::from_str(expression).ok()?;
        let repeats = expression.split_whitespace().nth(2)?.contains(['*', '/', '?']);
        Some(Self::Cron(Box::new(CronSchedule {
            cron,
            zone: if repeats { TimeZone::UTC } else { zone },
        })))
    }

    /// The first time after `after`; for an interval, `after` plus it. `None`: never (again).
    pub fn next(&self, after: Millis) -> Option<Millis> {
        match self {
            Self::Every(interval) => Some(after.plus(i64::try_from(interval.as_millis()).unwrap_or(i64::MAX))),
            Self::Cron(schedule) => schedule.next(after),
        }
    }
}

impl CronSchedule {
    fn next(&self, after: Millis) -> Option<Millis> {
        let civil = Timestamp::from_millisecond(after.0)
            .ok()?
            .to_zoned(self.zone.clone())
            .datetime();
        // Civil times may map to instants that are not later (the fold): a day has few of them.
        let dressed = dress(civil)?;
        let limit = after.plus(5 * 366 * 86_400_000);
        let later = self.cron.after(&dressed).take(100_000).find_map(|civil| {
            let instant = self.zone.to_ambiguous_timestamp(undress(&civil)?).compatible().ok()?;
            let instant = Millis(instant.as_millisecond());
            (instant > after).then_some(instant)
        })?;
        (later <= limit).then_some(later)
    }
}

/// A civil time as if it were UTC.
fn dress(civil: DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
    let seconds = civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    chrono::DateTime::from_timestamp(seconds, 0)
}

/// The civil time that was dressed as UTC.
fn undress(dressed: &chrono::DateTime<chrono::Utc>) -> Option<DateTime> {
    Some(
        Timestamp::from_second(dressed.timestamp())
            .ok()?
            .to_zoned(TimeZone::UTC)
            .datetime(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        text.parse().unwrap()
    }

    fn schedule(expression: &str, zone: &str) -> Schedule {
        Schedule::cron(expression, TimeZone::get(zone).unwrap()).unwrap()
    }

    #[test]
    fn a_daily_time_in_the_spring_gap_moves_behind_it() {
        let daily = schedule("0 30 2 * * *", "Europe/Berlin");
        assert_eq!(
            daily.next(at("2026-03-28T12:00:00Z")),
            Some(at("2026-03-29T01:30:00Z")),
            "03:30 local"
        );
        assert_eq!(daily.next(at("2026-03-29T01:30:00Z")), Some(at("2026-03-30T00:30:00Z")));
    }

    #[test]
    fn a_daily_time_in_the_autumn_fold_happens_once() {
        let daily = schedule("0 30 2 * * *", "Europe/Berlin");
        assert_eq!(
            daily.next(at("2026-10-24T12:00:00Z")),
            Some(at("2026-10-25T00:30:00Z")),
            "the first 02:30"
        );
        assert_eq!(daily.next(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn times_rise_strictly_through_every_clock_change(
            start in 1_767_225_600_000_i64..1_830_297_600_000,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "America/St_Johns"]),
            expression in prop::sample::select(vec!["0 30 2 * * *", "0 */30 * * * *", "0 */15 2 * * *", "0 15 1,2,3 * * *", "0 0 0 * * SUN"]),
        ) {
            let schedule = schedule(expression, zone);
            let mut now = Millis(start);
            for _ in 0..60 {
                let next = schedule.next(now).unwrap();
                prop_assert!(next > now);
                now = next;
            }
        }
    }
}
