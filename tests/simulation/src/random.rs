//! Numbers that look random and are the same for the same seed on every machine: splitmix64, integers only.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed; streams of other names are independent of it.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xA076_1D64_78BD_642F));
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// A number below `n`; zero for zero.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// A number in `from..=to`.
    pub(crate) fn range(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1).max(1) as usize) as i64
    }

    /// True in so many of a thousand cases.
    pub(crate) fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1_000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// The time to the next event of a Poisson process with this mean, at least 1.
    pub(crate) fn gap(&mut self, mean: i64) -> i64 {
        // −log₂ of a uniform number in 1/65536ths: leading zeros, then a line between powers of two.
        let x = self.next() | 1;
        let zeros = i64::from(x.leading_zeros());
        let rest = i64::from(((x << zeros) >> 47) as u32 & 0xFFFF);
        let log = (zeros + 1) * 65_536 - rest;
        (mean * (log * 45_426 / 65_536) / 65_536).max(1)
    }

    /// An index by weights that add up to `weights.last()`.
    pub(crate) fn weighted(&mut self, cumulative: &[u64]) -> usize {
        let total = cumulative.last().copied().unwrap_or(1);
        let at = self.below(total as usize) as u64;
        cumulative.partition_point(|sum| *sum <= at).min(cumulative.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn gaps_have_their_mean() {
        let mut random = Random::new(7, 1);
        let sum: i64 = (0..20_000).map(|_| random.gap(1_000)).sum();
        assert!((940..=1_060).contains(&(sum / 20_000)), "{}", sum / 20_000);
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |stream| Random::new(3, stream).next();
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(1), draw(1));
    }
}
