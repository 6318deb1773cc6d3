//! A call that was refused as a whole is divided until what spoils it is alone.
//!
//! A vendor that names the item costs nobody else a call. One that says only *refused* tells one bit a call: that
//! every good one of `n` goes through with its second call would take `n` calls, since the second call of the bad
//! one must be without any other. Reads and prices are halved: at most `1 + 2 p ⌈log₂ n⌉` calls with `p` bad ones,
//! but a good one may take `1 + ⌈log₂ n⌉`. Numbers are divided into groups of about `√n`, and a refused group into
//! single ones: with one bad one at most `1 + 2 ⌈√n⌉` calls, at most 3 a good one, and 2 for all but `⌈√n⌉ − 1`.

/// Two halves, the first not smaller; `None` when there is nothing to halve.
pub fn halves<T>(mut items: Vec<T>) -> Option<(Vec<T>, Vec<T>)> {
    if items.len() < 2 {
        return None;
    }
    let second = items.split_off(items.len().div_ceil(2));
    Some((items, second))
}

/// The calls that a refused one is divided into: about `√n` groups, or with `apart` each by itself; `None`
/// when there is nothing to divide.
pub fn groups<T>(items: Vec<T>, apart: bool) -> Option<Vec<Vec<T>>> {
    if items.len() < 2 {
        return None;
    }
    let root = items.len().isqrt();
    let size = if root * root < items.len() { root + 1 } else { root };
    let size = if apart { 1 } else { size };
    let mut found = Vec::new();
    let mut items = items.into_iter();
    loop {
        let group: Vec<T> = items.by_ref().take(size).collect();
        if group.is_empty() {
            return Some(found);
        }
        found.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Calls made, items found to be bad, items that went through.
    fn search(items: Vec<usize>, bad: &BTreeSet<usize>) -> (usize, BTreeSet<usize>, BTreeSet<usize>) {
        let (mut calls, mut found, mut done) = (0, BTreeSet::new(), BTreeSet::new());
        let mut stack = vec![items];
        while let Some(items) = stack.pop() {
            calls += 1;
            if !items.iter().any(|item| bad.contains(item)) {
                done.extend(items);
            } else if let Some((first, second)) = halves(items.clone()) {
                stack.extend([second, first]);
            } else {
                found.extend(items);
            }
        }
        (calls, found, done)
    }

    /// Calls that each item was in, as the groups go.
    fn divided(n: usize, bad: &BTreeSet<usize>) -> (usize, Vec<usize>) {
        let (mut calls, mut of) = (0, vec![0; n]);
        let mut stack = vec![((0..n).collect::<Vec<_>>(), false)];
        while let Some((items, apart)) = stack.pop() {
            calls += 1;
            for item in &items {
                of[*item] += 1;
            }
            if items.iter().any(|item| bad.contains(item)) {
                stack.extend(groups(items, apart).into_iter().flatten().map(|group| (group, true)));
            }
        }
        (calls, of)
    }

    #[test]
    fn one_bad_listing_among_250_costs_234_others_one_more_call_and_15_two() {
        for bad in 0..250 {
            let (calls, of) = divided(250, &BTreeSet::from([bad]));
            let others = || {
                of.iter()
                    .enumerate()
                    .filter(|(item, _)| *item != bad)
                    .map(|(_, calls)| *calls)
            };
            assert!(others().filter(|calls| *calls == 2).count() >= 234, "{bad}");
            assert!(others().all(|calls| calls <= 3), "{bad}");
            assert!(calls <= 33, "{bad}: {calls}");
        }
    }

    proptest! {
        #[test]
        fn nobody_takes_more_than_three_calls(
            n in 1usize..260,
            bad in proptest::collection::btree_set(0usize..260, 0..5),
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|item| *item < n).collect();
            let (calls, of) = divided(n, &bad);
            let size = (1..=n).find(|size| size * size >= n).unwrap();
            prop_assert!(of.iter().all(|calls| *calls <= 3));
            prop_assert!(calls <= 1 + size * (1 + bad.len()), "{calls} calls");
            let good = |(item, calls): (usize, &usize)| !bad.contains(&item) && *calls == 3;
            prop_assert!(of.iter().enumerate().filter(|one| good(*one)).count() <= bad.len() * (size.max(1) - 1));
        }

        #[test]
        fn exactly_the_bad_ones_are_found_with_few_calls(
            n in 1usize..260,
            bad in proptest::collection::btree_set(0usize..260, 0..5),
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|item| *item < n).collect();
            let (calls, found, done) = search((0..n).collect(), &bad);
            prop_assert_eq!(&found, &bad);
            prop_assert_eq!(done.len() + found.len(), n);
            let depth = usize::try_from(n.next_power_of_two().ilog2()).unwrap();
            prop_assert!(calls <= (1 + 2 * bad.len() * depth).min(2 * n), "{calls} calls");
        }
    }
}
