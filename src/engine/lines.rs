//! The order lines of a ledger, in the order in which they take stock. Each lies apart, with its time beside
//! it: a line that comes or goes moves no other, and finding one looks at few of them. Copies of a ledger share the
//! lines that they have in common: to copy one of an article that everybody buys copies no order.

use crate::LineRecord;
use omnistock_words::Millis;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Order lines, by [`LineRecord::rank`]. Written as a plain list of them.
#[derive(Clone)]
pub struct Lines {
    places: Vec<Place>,
    /// No line was placed later. Most orders are the newest: to see that no line is looked at.
    newest: Millis,
}

#[derive(Clone, PartialEq, Eq)]
struct Place {
    /// The line's own `placed_at`.
    placed_at: Millis,
    line: Arc<LineRecord>,
}

impl Place {
    fn of(line: LineRecord) -> Self {
        Self {
            placed_at: line.placed_at,
            line: Arc::new(line),
        }
    }
}

impl Lines {
    /// None.
    pub const fn new() -> Self {
        Self {
            places: Vec::new(),
            newest: Millis(i64::MIN),
        }
    }

    /// How many.
    #[inline]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All of them, in their order.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.places.iter())
    }

    /// Puts a line behind the others, where it must belong.
    pub fn push(&mut self, line: LineRecord) {
        self.newest = self.newest.max(line.placed_at);
        self.places.push(Place::of(line));
    }

    /// Keeps the lines that `keep` holds for.
    pub fn retain(&mut self, mut keep: impl FnMut(&LineRecord) -> bool) {
        self.places.retain(|place| keep(&place.line));
    }

    /// Some of the first line of an instant, to have it at hand when it is looked for.
    #[inline]
    pub(crate) fn glimpse(&self, at: Millis) -> Option<(Millis, bool)> {
        if self.newest < at {
            return None;
        }
        let line = self.get(self.places.partition_point(|place| place.placed_at < at))?;
        Some((line.at, line.statements.is_empty()))
    }

    /// Puts a line where it belongs.
    pub(crate) fn put(&mut self, line: LineRecord) {
        if self.places.capacity() == self.places.len() {
            // Lines come and stay for a while: a quarter more room than there are is enough.
            self.places.reserve_exact((self.places.len() / 4).max(4));
        }
        let place = Place::of(line);
        if self.newest < place.placed_at {
            self.newest = place.placed_at;
            return self.places.push(place);
        }
        let index = self.places.partition_point(|known| known.before(&place));
        self.places.insert(index, place);
    }

    /// As [`Self::put`], for many.
    pub(crate) fn put_all(&mut self, lines: Vec<LineRecord>) {
        for line in lines {
            self.push(line);
        }
        self.places
            .sort_by(|one, other| one.line.rank().cmp(&other.line.rank()));
    }

    /// The first line that was placed at `at` or later and is not `before` what is sought, and how many
    /// lines from there on were placed at that instant and are `ours`: those lie together.
    pub(crate) fn find(
        &self,
        at: Millis,
        before: impl Fn(&LineRecord) -> bool,
        ours: impl Fn(&LineRecord) -> bool,
    ) -> (usize, usize) {
        let earlier = |place: &Place| place.placed_at < at || (place.placed_at == at && before(&place.line));
        let first = self.places.partition_point(earlier);
        let behind = self.places.get(first..).unwrap_or_default().iter();
        let count = behind
            .take_while(|place| place.placed_at == at && ours(&place.line))
            .count();
        (first, count)
    }

    /// The line at an index.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&LineRecord> {
        self.places.get(index).map(|place| &*place.line)
    }

    /// Puts a line in the place of the one at `index`, which has the same rank.
    pub(crate) fn overwrite(&mut self, index: usize, line: LineRecord) {
        if let Some(place) = self.places.get_mut(index) {
            debug_assert!(place.line.rank() == line.rank(), "the line keeps its place");
            match Arc::get_mut(&mut place.line) {
                Some(known) => *known = line,
                None => place.line = Arc::new(line),
            }
        }
    }

    /// Takes `count` lines from `first` on out.
    pub(crate) fn remove(&mut self, first: usize, count: usize) {
        let end = first.saturating_add(count).min(self.places.len());
        self.places.drain(first.min(end)..end);
    }
}

impl Place {
    /// Whether it takes stock before the other does, or as its equal.
    #[inline]
    fn before(&self, other: &Self) -> bool {
        self.placed_at < other.placed_at || (self.placed_at == other.placed_at && self.line.rank() <= other.line.rank())
    }
}

/// The lines of a ledger, one after the other.
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, Place>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a LineRecord;

    #[inline]
    fn next(&mut self) -> Option<&'a LineRecord> {
        self.0.next().map(|place| &*place.line)
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<&'a LineRecord> {
        self.0.nth(n).map(|place| &*place.line)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|place| &*place.line)
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Lines {
    type Item = &'a LineRecord;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl FromIterator<LineRecord> for Lines {
    /// In the order given, which must be theirs.
    fn from_iter<I: IntoIterator<Item = LineRecord>>(lines: I) -> Self {
        let places: Vec<Place> = lines.into_iter().map(Place::of).collect();
        let newest = places.iter().map(|place| place.placed_at).max();
        Self {
            places,
            newest: newest.unwrap_or(Millis(i64::MIN)),
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

/// The same lines, in the same order.
impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places
    }
}

impl Eq for Lines {}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{FulfilledBy, OrderStatus, Quantity};

    fn line(at: i64, order: u32) -> LineRecord {
        LineRecord {
            placed_at: Millis(at),
            channel: "shop".parse().unwrap(),
            order: order.to_string().parse().unwrap(),
            line: "1".parse().unwrap(),
            quantity: Quantity::ONE,
            status: OrderStatus::Open,
            at: Millis(at),
            open_at: Millis(at),
            left_at: None,
            fulfilled_by: FulfilledBy::Merchant,
            statements: crate::Few::new(),
            extra: None,
        }
    }

    fn put(told: &[(i64, u32)]) -> Lines {
        let mut lines = Lines::new();
        for (at, order) in told {
            lines.put(line(*at, *order));
        }
        lines
    }

    fn orders(lines: &Lines) -> Vec<String> {
        lines.iter().map(|line| line.order.to_string()).collect()
    }

    #[test]
    fn lines_lie_by_time_and_rank_however_they_come() {
        let told = [(5, 1), (3, 2), (5, 0), (9, 4), (9, 3), (1, 5)];
        let lines = put(&told);
        assert_eq!(orders(&lines), ["5", "2", "0", "1", "3", "4"]);
        let mut more = put(&told[..2]);
        more.put_all(told[2..].iter().map(|(at, order)| line(*at, *order)).collect());
        assert_eq!(more, lines);
        assert_ne!(put(&told[..5]), lines);
        assert_ne!(put(&[(5, 1)]), put(&[(5, 2)]));
    }

    #[test]
    fn a_copy_shares_its_lines_and_keeps_them_when_the_other_one_changes() {
        let mut lines = put(&[(1, 1), (2, 2), (3, 3)]);
        let copy = lines.clone();
        let shared = |index: usize| Arc::ptr_eq(&lines.places[index].line, &copy.places[index].line);
        assert!((0..3).all(shared));
        let sold = LineRecord {
            quantity: Quantity::ZERO,
            ..line(2, 2)
        };
        lines.overwrite(1, sold);
        lines.remove(0, 1);
        assert_eq!(orders(&lines), ["2", "3"]);
        assert_eq!(copy, put(&[(1, 1), (2, 2), (3, 3)]));
        assert_ne!(lines, put(&[(2, 2), (3, 3)]));
    }

    #[test]
    fn they_are_counted_found_kept_and_taken_out() {
        let mut lines = put(&[(1, 1), (2, 2), (2, 3), (4, 4)]);
        assert_eq!((lines.len(), lines.iter().len(), lines.is_empty()), (4, 4, false));
        let two = |_: &LineRecord| true;
        assert_eq!(lines.find(Millis(2), |_| false, two), (1, 2));
        assert_eq!(lines.find(Millis(2), |line| line.order.as_str() < "3", two), (2, 1));
        assert_eq!(lines.get(3).map(|line| line.placed_at), Some(Millis(4)));
        lines.remove(1, 2);
        assert_eq!(orders(&lines), ["1", "4"]);
        lines.retain(|line| line.placed_at > Millis(1));
        assert_eq!(orders(&lines), ["4"]);
        lines.remove(0, 9);
        assert!(lines.is_empty() && lines.get(0).is_none());
        assert_eq!(lines, Lines::default());
    }
}
