//! Which reports are being applied: channels judge what a report leads to as a whole, once all of it is in.

use tokio::sync::watch;

/// Counts reports that are being applied. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Applying(watch::Sender<(u64, u64)>);

/// A report that is being applied, until dropped.
#[derive(Debug)]
pub struct Begun(watch::Sender<(u64, u64)>);

impl Default for Applying {
    fn default() -> Self {
        Self(watch::channel((0, 0)).0)
    }
}

impl Applying {
    /// A report begins.
    pub fn begin(&self) -> Begun {
        self.0
            .send_modify(|(now, ever)| (*now, *ever) = (now.saturating_add(1), ever.saturating_add(1)));
        Begun(self.0.clone())
    }

    /// How many are being applied now, and how many ever were.
    pub fn watch(&self) -> watch::Receiver<(u64, u64)> {
        self.0.subscribe()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.send_modify(|(now, _)| *now = now.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_until_it_is_dropped() {
        let applying = Applying::default();
        let watched = applying.watch();
        let (one, two) = (applying.begin(), applying.begin());
        assert_eq!(*watched.borrow(), (2, 2));
        drop(one);
        assert_eq!(*watched.borrow(), (1, 2));
        drop(two);
        assert_eq!(*watched.borrow(), (0, 2));
    }
}
