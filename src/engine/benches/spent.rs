//! Time that passed, and time that this thread had a core: on a busy machine only the second says
//! what the code costs.

use std::iter::Sum;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// Zero where the system does not tell.
    pub(crate) core: Duration,
}

pub(crate) struct Watch {
    began: Instant,
    core: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self {
            core: core(),
            began: Instant::now(),
        }
    }

    pub(crate) fn stop(&self) -> Spent {
        Spent {
            wall: self.began.elapsed(),
            core: core().saturating_sub(self.core),
        }
    }
}

impl Sum for Spent {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            wall: sum.wall + one.wall,
            core: sum.core + one.core,
        })
    }
}

/// How long this thread had a core so far, user and system; exact to some milliseconds.
fn core() -> Duration {
    // Giving the core up for a moment brings the kernel's count up to date.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
