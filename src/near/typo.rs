//! Texts that differ by one or two letters, found without comparing each with each: two texts that are so near have a
//! text in common when up to two letters of either are left out.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Entries of the second index, at most: 16 bytes each. Larger catalogues are searched for one letter only.
const MOST_ENTRIES: usize = 8_000_000;
/// Texts that share a shortened one, at most: in `ART-00001` to `ART-99999` nearly all are near, and none is meant.
const MOST_SHARING: usize = 32;
/// Texts that are compared letter by letter for one question, at most.
const MOST_COMPARED: usize = 64;
/// Letters of a text, at least and at most, for one letter to differ, and for two.
const FOR_ONE: std::ops::RangeInclusive<usize> = 4..=40;
const FOR_TWO: std::ops::RangeInclusive<usize> = 8..=20;

/// Hashes of shortened texts with the text they are of, by hash.
type Index = Vec<(u64, u32)>;

/// Texts, to be asked for those near another one.
#[derive(Default)]
pub(super) struct Typos {
    texts: Vec<String>,
    one: Index,
    two: Index,
}

fn hash(letters: &[char]) -> u64 {
    let mut hasher = DefaultHasher::new();
    letters.hash(&mut hasher);
    hasher.finish()
}

/// Calls `each` with the hash of the text, and of the text with one letter left out, or up to two.
fn shortened(letters: &[char], two: bool, each: &mut impl FnMut(u64)) {
    each(hash(letters));
    let mut left = Vec::with_capacity(letters.len());
    for first in 0..letters.len() {
        left.clear();
        left.extend(
            letters
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != first)
                .map(|(_, letter)| *letter),
        );
        each(hash(&left));
        if two {
            let mut less = Vec::with_capacity(left.len());
            for second in first..left.len() {
                less.clear();
                less.extend(
                    left.iter()
                        .enumerate()
                        .filter(|(at, _)| *at != second)
                        .map(|(_, letter)| *letter),
                );
                each(hash(&less));
            }
        }
    }
}

/// How many [`shortened`] makes of so many letters, up to two left out.
fn ways(letters: usize) -> usize {
    1 + letters + letters * letters.saturating_sub(1) / 2
}

fn sorted(mut index: Index) -> Index {
    index.sort_unstable();
    index.dedup();
    index
}

impl Typos {
    pub(super) fn new(texts: Vec<String>) -> Self {
        let (mut one, mut two) = (Index::new(), Index::new());
        let lengths = texts
            .iter()
            .map(|text| text.chars().count())
            .filter(|length| FOR_TWO.contains(length));
        let affordable = lengths.map(ways).sum::<usize>() <= MOST_ENTRIES;
        for (text, index) in texts.iter().zip(0_u32..) {
            let letters: Vec<char> = text.chars().collect();
            if FOR_ONE.contains(&letters.len()) {
                shortened(&letters, false, &mut |hash| one.push((hash, index)));
            }
            if affordable && FOR_TWO.contains(&letters.len()) {
                shortened(&letters, true, &mut |hash| two.push((hash, index)));
            }
        }
        Self {
            texts,
            one: sorted(one),
            two: sorted(two),
        }
    }

    /// Texts with one letter of difference, else with two: which, and how many. In no order.
    pub(super) fn near(&self, text: &str) -> Vec<(u32, usize)> {
        let letters: Vec<char> = text.chars().collect();
        let (mut found, length) = (Vec::new(), letters.len());
        if (FOR_ONE.start() - 1..=FOR_ONE.end() + 1).contains(&length) {
            found = self.compared(&self.one, (text, &letters), 1);
        }
        if found.is_empty() && (FOR_TWO.start() - 2..=FOR_TWO.end() + 2).contains(&length) && !self.two.is_empty() {
            found = self.compared(&self.two, (text, &letters), 2);
        }
        found
    }

    fn compared(&self, index: &[(u64, u32)], (text, letters): (&str, &[char]), most: usize) -> Vec<(u32, usize)> {
        let mut sharing = BTreeSet::new();
        shortened(letters, most > 1, &mut |hash| {
            let from = index.partition_point(|(known, _)| *known < hash);
            let same = || index.iter().skip(from).take_while(|(known, _)| *known == hash);
            if sharing.len() < MOST_COMPARED && same().take(MOST_SHARING + 1).count() <= MOST_SHARING {
                sharing.extend(same().map(|(_, text)| *text));
            }
        });
        let distance = |index: u32| {
            let other = self.texts.get(index as usize)?;
            let distance = strsim::osa_distance(text, other);
            (distance <= most).then_some((index, distance))
        };
        sharing.into_iter().filter_map(distance).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(texts: &[&str], text: &str) -> Vec<(u32, usize)> {
        Typos::new(texts.iter().map(|text| (*text).to_owned()).collect()).near(text)
    }

    #[test]
    fn what_differs_a_little_is_found_and_what_differs_more_is_not() {
        let texts = ["mugred", "hoseblue12", "shirtgreenl", "abc"];
        assert_eq!(near(&texts, "mugrde"), [(0, 1)]);
        assert_eq!(near(&texts, "mgred"), [(0, 1)]);
        assert_eq!(near(&texts, "hoseblu1"), [(1, 2)]);
        assert_eq!(near(&texts, "shrtgrenl"), [(2, 2)]);
        assert_eq!(near(&texts, "abd"), [], "too short to tell");
        assert_eq!(near(&texts, "mugdre7"), []);
        assert_eq!(near(&texts, ""), []);
    }

    #[test]
    fn of_a_series_of_numbers_none_is_meant() {
        let texts: Vec<String> = (0..10_000).map(|number| format!("article{number:05}")).collect();
        let found = Typos::new(texts).near("article99999");
        assert!(found.len() <= MOST_COMPARED, "{found:?}");
    }

    proptest! {
        #[test]
        fn nothing_near_is_overlooked(text in "[a-d]{8,12}", others in proptest::collection::vec("[a-d]{8,12}", 1..12)) {
            let found = Typos::new(others.clone()).near(&text);
            let least = others.iter().map(|other| strsim::osa_distance(&text, other)).min().unwrap();
            for (other, index) in others.iter().zip(0_u32..) {
                let distance = strsim::osa_distance(&text, other);
                let wanted = distance <= if least <= 1 { 1 } else { 2 };
                prop_assert_eq!(found.contains(&(index, distance)), wanted, "{} {} {}", text, other, distance);
            }
        }
    }
}
