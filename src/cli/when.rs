//! Instants as people give them: `2026-11-27T03:10:00Z`, `2026-11-27 03:10`, `03:10`, `90m` ago.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use omnistock_words::Millis;

/// The instant that the text means, in `zone` where it names none. A time of day is the last one.
///
/// # Errors
/// One sentence with examples.
pub(super) fn instant(text: &str, now: Millis, zone: &TimeZone) -> Result<Millis, String> {
    let text = text.trim();
    let found = text
        .parse()
        .ok()
        .or_else(|| local(text, now, zone))
        .or_else(|| ago(text, now));
    found.ok_or_else(|| {
        format!("`{text}` is no instant: write 2026-11-27T03:10:00Z, 2026-11-27 03:10, 03:10, or 2h for two hours ago")
    })
}

/// The instant to come that the text means. A time of day is the next one, a length is counted from now.
///
/// # Errors
/// One sentence with examples, also for an instant that is over.
pub(super) fn coming(text: &str, now: Millis, zone: &TimeZone) -> Result<Millis, String> {
    let text = text.trim();
    let next = |last: Millis| if last <= now { tomorrow(last, zone) } else { Some(last) };
    let local = || {
        let found = local(text, now, zone)?;
        if text.parse::<Time>().is_ok() && !text.contains('-') {
            next(found)
        } else {
            Some(found)
        }
    };
    let found = text.parse().ok().or_else(local);
    let found = found.or_else(|| ago(text, now).map(|past| now.plus(now.since(past))));
    let Some(found) = found else {
        return Err(format!(
            "`{text}` is no instant: write 2026-11-27T03:10:00Z, 2026-11-27 03:10, 03:10, or 2h for in two hours"
        ));
    };
    if found > now {
        Ok(found)
    } else {
        Err(format!("`{text}` is over already"))
    }
}

fn tomorrow(at: Millis, zone: &TimeZone) -> Option<Millis> {
    let local = Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone());
    Some(Millis(local.tomorrow().ok()?.timestamp().as_millisecond()))
}

fn at(time: DateTime, zone: &TimeZone) -> Option<Millis> {
    let zoned = zone.to_zoned(time).ok()?;
    Some(Millis(zoned.timestamp().as_millisecond()))
}

fn local(text: &str, now: Millis, zone: &TimeZone) -> Option<Millis> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return at(date.to_datetime(Time::midnight()), zone);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return at(time, zone);
    }
    let time: Time = text.parse().ok()?;
    let today = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
    let this = at(today.to_datetime(time), zone)?;
    if this <= now {
        return Some(this);
    }
    at(today.yesterday().ok()?.to_datetime(time), zone)
}

fn ago(text: &str, now: Millis) -> Option<Millis> {
    let length: SignedDuration = text.strip_suffix('d').map_or_else(
        || text.parse().ok(),
        |days| {
            days.parse()
                .ok()
                .map(|days: u16| SignedDuration::from_hours(i64::from(days) * 24))
        },
    )?;
    let length = i64::try_from(length.as_millis()).ok()?;
    (length > 0).then(|| now.plus(-length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_people_write_them() {
        let (now, zone) = (
            "2026-11-27T12:00:00Z".parse().unwrap(),
            TimeZone::get("Europe/Berlin").unwrap(),
        );
        for (text, means) in [
            ("2026-11-27T03:10:00Z", "2026-11-27T03:10:00Z"),
            ("2026-11-27T03:10:00+01:00", "2026-11-27T02:10:00Z"),
            ("2026-11-27 03:10", "2026-11-27T02:10:00Z"),
            ("2026-11-27", "2026-11-26T23:00:00Z"),
            ("03:10", "2026-11-27T02:10:00Z"),
            ("13:10:30", "2026-11-26T12:10:30Z"),
            ("90m", "2026-11-27T10:30:00Z"),
            ("2h", "2026-11-27T10:00:00Z"),
            ("7d", "2026-11-20T12:00:00Z"),
        ] {
            assert_eq!(instant(text, now, &zone).unwrap().to_string(), means, "{text}");
        }
        for text in ["", "yesterday", "25:00", "-2h", "2026-13-01", "7"] {
            let refused = instant(text, now, &zone).unwrap_err();
            assert!(refused.contains("03:10"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_is_to_come_is_the_next_of_its_kind() {
        let zone = TimeZone::UTC;
        let now: Millis = "2026-11-27T12:00:00Z".parse().unwrap();
        for (text, meant) in [
            ("18:00", "2026-11-27T18:00:00Z"),
            ("03:10", "2026-11-28T03:10:00Z"),
            ("2h", "2026-11-27T14:00:00Z"),
            ("1d", "2026-11-28T12:00:00Z"),
            ("2026-12-01", "2026-12-01T00:00:00Z"),
            ("2026-11-27 12:01", "2026-11-27T12:01:00Z"),
        ] {
            assert_eq!(coming(text, now, &zone), Ok(meant.parse().unwrap()), "{text}");
        }
        assert_eq!(
            coming("2026-11-27 11:00", now, &zone),
            Err("`2026-11-27 11:00` is over already".to_owned())
        );
        assert!(coming("later", now, &zone).unwrap_err().contains("2h for in two hours"));
    }
}
