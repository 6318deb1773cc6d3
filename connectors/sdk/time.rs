//! What time it is: one clock for the whole process, which nobody's hand at the machine's clock moves while it runs. It
//! was read once and is measured from there; whoever knows better, such as a store that several share, corrects it.

use omnistock_words::Millis;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// When the machine's clock was read, and what it said.
static READ: OnceLock<(Instant, Millis)> = OnceLock::new();
/// Milliseconds by which it was corrected since.
static CORRECTED: AtomicI64 = AtomicI64::new(0);

/// Now: the only clock of the program, so that the pure rooms stay without one.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub fn now() -> Millis {
    let (instant, then) = READ.get_or_init(|| (Instant::now(), machine_now()));
    let since = i64::try_from(instant.elapsed().as_millis()).unwrap_or(i64::MAX);
    then.plus(since).plus(CORRECTED.load(Ordering::Relaxed))
}

/// What the machine's own clock says, which may have been set since: to compare it, never to note a time.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub fn machine_now() -> Millis {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).plus(0)
}

/// It is so many milliseconds later than was thought (negative: earlier).
pub fn correct_clock(by: i64) {
    CORRECTED.fetch_add(by, Ordering::Relaxed);
}
