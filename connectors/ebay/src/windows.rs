//! Windows of time that hold no more orders than one page: what changes while pages are read moves from one to the
//! next, so pages by number would leap over orders. A window that holds more is halved until it fits, and the one
//! behind it is twice as long.

use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// Orders in an answer, at most [the vendor's definition].
pub(crate) const PAGE: u64 = 200;

/// From an instant to another one, both included; without an end: until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Its first instant.
    pub(crate) from: Millis,
    /// Its last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Millis>,
    /// Orders of it that were read, where all are of one instant.
    #[serde(default)]
    pub(crate) offset: u64,
}

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The answer is not whole: ask for this instead, and leave it.
    Ask(Window),
    /// It is whole, and this is behind it.
    Then(Window),
    /// It is whole, and nothing is behind it.
    Done,
}

/// A text of the vendor's form, milliseconds always shown.
pub(crate) fn stamp(at: Millis) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z') {
        Some(start) if !text.contains('.') => format!("{start}.000Z"),
        _ => text,
    }
}

impl Window {
    /// All since then.
    pub(crate) fn since(from: Millis) -> Self {
        Self {
            from,
            to: None,
            offset: 0,
        }
    }

    /// As a filter of the vendor's.
    pub(crate) fn filter(&self, field: &str) -> String {
        let to = self.to.map(stamp).unwrap_or_default();
        format!("{field}:[{}..{to}]", stamp(self.from))
    }

    /// What to do after an answer that says how many there are and holds `read` of them; `now` is the vendor's clock.
    pub(crate) fn next(self, total: u64, read: u64, now: Millis) -> Next {
        let behind = self.offset.saturating_add(read);
        if self.offset > 0 || self.to == Some(self.from) {
            // Orders of one instant: by number there is no other way.
            if behind < total && read > 0 {
                return Next::Then(Self { offset: behind, ..self });
            }
        } else if total > read {
            let to = self.to.unwrap_or(now).max(self.from);
            let middle = Millis(self.from.0 + (to.0 - self.from.0) / 2);
            return Next::Ask(Self {
                to: Some(middle),
                ..self
            });
        }
        let Some(to) = self.to else { return Next::Done };
        let (from, length) = (to.plus(1), to.since(self.from).max(1));
        Next::Then(Self {
            from,
            // The vendor refuses instants of the future.
            to: Some(from.plus(length.saturating_mul(2))).filter(|to| *to < now),
            offset: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_filter_is_of_the_vendors_form() {
        let mut window = Window::since(Millis(1_000));
        assert_eq!(
            window.filter("creationdate"),
            "creationdate:[1970-01-01T00:00:01.000Z..]"
        );
        window.to = Some(Millis(2_500));
        let wanted = "lastmodifieddate:[1970-01-01T00:00:01.000Z..1970-01-01T00:00:02.500Z]";
        assert_eq!(window.filter("lastmodifieddate"), wanted);
    }

    /// The vendor's answer: how many there are, and those of the first page.
    fn answer(window: Window, orders: &[i64]) -> (u64, Vec<i64>) {
        let within = |at: &&i64| **at >= window.from.0 && window.to.is_none_or(|to| **at <= to.0);
        let all: Vec<i64> = orders.iter().filter(within).copied().collect();
        let page = all
            .iter()
            .skip(usize::try_from(window.offset).unwrap())
            .take(3)
            .copied();
        (all.len() as u64, page.collect())
    }

    proptest! {
        #[test]
        fn every_order_is_read_and_there_is_an_end(
            mut orders in proptest::collection::vec(0i64..5_000, 0..60),
            same in 0usize..12,
            from in 0i64..3_000,
        ) {
            orders.extend(std::iter::repeat_n(2_000, same));
            orders.sort_unstable();
            let (mut window, mut read, mut calls) = (Window::since(Millis(from)), Vec::new(), 0);
            loop {
                calls += 1;
                prop_assert!(calls < 2_000, "it never ends: {window:?}");
                let (total, page) = answer(window, &orders);
                let next = window.next(total, page.len() as u64, Millis(6_000));
                if !matches!(next, Next::Ask(_)) {
                    read.extend(page);
                }
                match next {
                    Next::Ask(other) | Next::Then(other) => window = other,
                    Next::Done => break,
                }
            }
            read.sort_unstable();
            let wanted: Vec<i64> = orders.into_iter().filter(|at| *at >= from).collect();
            prop_assert_eq!(read, wanted);
        }
    }
}
