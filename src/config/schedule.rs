//! Checks cron expressions as text; what they mean in time is `intake`'s.

use cron::TimeUnitSpec;
use std::str::FromStr;

/// The expression with six fields, seconds first, or what is wrong with it.
///
/// Weekdays are names: numbers mean Sunday to Saturday to one program and Monday to Sunday to the next.
/// Day of month and day of week together would mean "both" here and "either" elsewhere.
pub(super) fn check(text: &str) -> Result<String, String> {
    let expected = ": expected cron with seconds like \"0 */5 * * * *\"";
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    let [_, _, _, day, _, weekday] = fields.as_slice() else {
        return Err(format!("{expected}, found {} fields", fields.len()));
    };
    if weekday.bytes().any(|b| b.is_ascii_digit()) {
        return Err(
            ": write weekdays as MON, TUE, WED, THU, FRI, SAT, SUN; numbers mean different days elsewhere".to_owned(),
        );
    }
    if !["*", "?"].contains(day) && !["*", "?"].contains(weekday) {
        return Err(": give the day of the month or the weekday, not both".to_owned());
    }
    let six = fields.join(" ");
    match cron::Schedule::from_str(&six) {
        Ok(schedule) if !fires(&schedule) => Err(format!(
            ": \"{}\" never comes: no such day is in any of these months",
            super::tree::shorten(text)
        )),
        Ok(_) => Ok(six),
        Err(_) => Err(format!("{expected}, found \"{}\"", super::tree::shorten(text))),
    }
}

/// Whether one of its days is in one of its months; a leap year counts.
fn fires(schedule: &cron::Schedule) -> bool {
    let Some(first) = schedule.days_of_month().iter().min() else {
        return false;
    };
    let longest = |month: u32| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    schedule.months().iter().any(|month| first <= longest(month))
}
