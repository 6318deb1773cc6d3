//! A list of leaks in the making: what is shown, what is only counted, and where the next list goes on.

use crate::server::{Leak, LeaksAsked, Listed};

/// What was found so far.
pub(super) struct Listing {
    asked: LeaksAsked,
    /// Behind the last ledger that was looked at, and behind the last one whose leaks are all shown.
    pub(super) after: Option<String>,
    shown: Option<String>,
    looked: u64,
    /// Ledgers that can't be read.
    pub(super) unreadable: u64,
    total: u64,
    items: Vec<Leak>,
}

impl Listing {
    pub(super) fn new(asked: LeaksAsked) -> Self {
        let after = asked.after.as_ref().map(ToString::to_string);
        Self {
            shown: after.clone(),
            after,
            asked,
            looked: 0,
            unreadable: 0,
            total: 0,
            items: Vec::new(),
        }
    }

    /// The next ledger's leaks.
    pub(super) fn take(&mut self, id: &str, mut found: Vec<Leak>) {
        let channel = self.asked.channel.as_ref();
        found.retain(|leak| channel.is_none() || leak.channel.as_ref() == channel);
        let all_before = self.items.len() as u64 == self.total;
        self.total += found.len() as u64;
        let room = self.asked.most.saturating_sub(self.items.len());
        self.items
            .extend(found.into_iter().take(if all_before { room } else { 0 }));
        self.looked += 1;
        self.after = Some(id.to_owned());
        if self.items.len() as u64 == self.total {
            self.shown.clone_from(&self.after);
        }
    }

    pub(super) fn end(self, ended: bool) -> Listed<Leak> {
        let cut = self.items.len() as u64 != self.total || !ended;
        Listed {
            looked: (!ended).then_some(self.looked),
            unreadable: self.unreadable,
            next: self.shown.filter(|_| cut),
            ..Listed::part(self.total, self.items)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::leaks;
    use super::*;

    #[test]
    fn a_list_that_was_cut_says_how_much_is_missing_and_where_to_go_on() {
        let list = |most: usize, ended: bool, channel: &str| {
            let mut listing = Listing::new(LeaksAsked {
                channel: channel.parse().ok(),
                after: None,
                most,
            });
            for (id, count) in [("A", 1), ("B", 0), ("C", 2), ("D", 3), ("E", 0)] {
                listing.take(id, leaks(count));
            }
            let listed = listing.end(ended);
            (listed.items.len(), listed.total, listed.next, listed.looked)
        };
        let at = |id: &str| Some(id.to_owned());
        assert_eq!(list(100, true, ""), (6, 6, None, None));
        assert_eq!(list(3, true, ""), (3, 6, at("C"), None));
        assert_eq!(
            list(4, true, ""),
            (4, 6, at("C"), None),
            "all of D comes with the next list"
        );
        assert_eq!(list(100, false, ""), (6, 6, at("E"), Some(5)));
        assert_eq!(list(4, false, ""), (4, 6, at("C"), Some(5)));
        assert_eq!(list(100, true, "market"), (0, 0, None, None));
    }
}
