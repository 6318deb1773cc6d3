//! How far a vendor's clock is from ours, from the dates of its answers.

use crate::now;
use reqwest::header::{DATE, HeaderMap};
use std::cell::Cell;
use std::future::Future;

/// A clock that is further away than this makes order times worthless, milliseconds.
const FAR: i64 = 30_000;

tokio::task_local! {
    static AHEAD: Cell<Option<i64>>;
}

/// Notes the date of an answer, where somebody watches. It was made before it arrived: the smallest difference counts.
pub(crate) fn note(headers: &HeaderMap) {
    let date = headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let since = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
    let Some(theirs) = since.and_then(|since| i64::try_from(since.as_millis()).ok()) else {
        return;
    };
    let ahead = between(theirs, now().0);
    // An error means that nobody watches.
    AHEAD
        .try_with(|known| {
            let nearer = known.get().filter(|known| known.abs() <= ahead.abs());
            known.set(Some(nearer.unwrap_or(ahead)));
        })
        .unwrap_or_default();
}

/// A date has no fractions: any moment of its second may be meant.
fn between(theirs: i64, ours: i64) -> i64 {
    let (first, last) = (
        theirs.saturating_sub(ours),
        theirs.saturating_add(999).saturating_sub(ours),
    );
    if first <= 0 && last >= 0 {
        0
    } else if first > 0 {
        first
    } else {
        last
    }
}

/// Makes calls; their output, and how many milliseconds the vendor's clock is ahead of ours (negative: behind).
/// `None`: no answer had a date.
pub async fn watching_clock<F: Future>(calls: F) -> (F::Output, Option<i64>) {
    let watched = async {
        let output = calls.await;
        (output, AHEAD.with(Cell::get))
    };
    AHEAD.scope(Cell::new(None), watched).await
}

/// What an operator has to know of a clock that is so far ahead of ours; `None`: near enough.
pub fn far_apart(ahead: i64) -> Option<String> {
    let (way, seconds) = (
        if ahead > 0 { "ahead of" } else { "behind" },
        ahead.unsigned_abs() / 1_000,
    );
    (ahead.abs() > FAR).then(|| {
        format!(
            "its clock is {seconds} s {way} the one that this daemon goes by (that of Redis, else of this machine), so that times of orders can't be compared: set the one that is wrong (timedatectl)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn dated(ahead: i64) -> HeaderMap {
        let at = Duration::from_millis(u64::try_from(now().0 + ahead).unwrap());
        HeaderMap::from_iter([(DATE, httpdate::fmt_http_date(UNIX_EPOCH + at).parse().unwrap())])
    }

    #[tokio::test]
    async fn the_nearest_date_of_the_calls_counts() {
        note(&dated(0));
        let (output, ahead) = watching_clock(async {
            note(&dated(900_000));
            note(&dated(60_000));
            note(&dated(-300_000));
            note(&HeaderMap::new());
            7
        })
        .await;
        assert_eq!(output, 7);
        assert!((58_000..=61_000).contains(&ahead.unwrap()), "{ahead:?}");
        assert_eq!(watching_clock(async { note(&dated(0)) }).await.1, Some(0));
        assert_eq!(watching_clock(async {}).await.1, None);
    }
}
