//! A call that was refused as a whole is halved until what spoils it is alone.
//!
//! With `p` bad ones among `n` that costs at most `1 + 2 p ⌈log₂ n⌉` calls, and never more than `2 n − 1`.

/// Two halves, the first not smaller; `None` when there is nothing to halve.
pub fn halves<T>(mut items: Vec<T>) -> Option<(Vec<T>, Vec<T>)> {
    if items.len() < 2 {
        return None;
    }
    let second = items.split_off(items.len().div_ceil(2));
    Some((items, second))
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

    proptest! {
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
