//! The hash of a table's keys: quick, and the same on every machine and in every run.

use std::hash::{Hash, Hasher};

#[derive(Default)]
struct Mixed(u64);

impl Mixed {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are folded together")]
    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((word, behind)) = rest.split_first_chunk::<8>() {
            self.word(u64::from_le_bytes(*word));
            rest = behind;
        }
        // The last bytes, together with some before them where there are any: with the length they
        // say the same as the bytes alone.
        let last = if let Some((_, word)) = bytes.split_last_chunk::<8>() {
            u64::from_le_bytes(*word)
        } else if let (Some((first, _)), Some((_, last))) =
            (bytes.split_first_chunk::<4>(), bytes.split_last_chunk::<4>())
        {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        } else {
            bytes.iter().fold(0, |last, byte| (last << 8) | u64::from(*byte))
        };
        self.word(last ^ (bytes.len() as u64).rotate_right(8));
    }

    fn write_u8(&mut self, _: u8) {
        // The end of a string: lengths are in already.
    }
}

/// 32 bits that differ where keys do, nearly always.
pub(crate) fn hash(key: &(impl Hash + ?Sized)) -> u32 {
    let mut mixed = Mixed::default();
    key.hash(&mut mixed);
    (mixed.finish() >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_little_lie_apart() {
        let hashes: std::collections::BTreeSet<u32> =
            (0..10_000).map(|n| hash(&format!("ART-{n:06}-M")) & 0xF_FFFF).collect();
        assert!(hashes.len() > 9_900, "{} different slots of 10,000", hashes.len());
    }
}
