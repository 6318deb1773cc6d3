//! The way back from a ledger to the one before it.
//!
//! A change of a ledger keeps the old one as what differs from the new one; every so often it keeps
//! the old one whole, so that few steps lead to any version. The newest ledger is in the store
//! itself: a first version costs nothing here, and forgetting old entries never breaks a newer one.

use super::block::{BlockError, put_bytes, put_number, take_bytes, take_number};
use omnistock_words::Sku;

/// Every so many versions the old ledger is kept whole.
const WHOLE: u64 = 32;
/// A ledger larger than this is damage, bytes.
const MOST: usize = 16 << 20;

/// How to get from version `version` of a ledger to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLedger {
    /// Whose.
    pub sku: Sku,
    /// The version that came to be; this leads to the one before it.
    pub version: u64,
    whole: bool,
    old_length: usize,
    packed: Vec<u8>,
}

impl PastLedger {
    /// The step from `new`, which has this version, back to `old`.
    pub fn between(sku: Sku, version: u64, old: &[u8], new: &[u8]) -> Self {
        let whole = version.is_multiple_of(WHOLE);
        let packed = if whole {
            lz4_flex::block::compress(old)
        } else {
            lz4_flex::block::compress_with_dict(old, new)
        };
        Self {
            sku,
            version,
            whole,
            old_length: old.len(),
            packed,
        }
    }

    /// Whether it gives the old ledger without the new one.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The ledger before; `new` is not looked at where this is whole.
    ///
    /// # Errors
    /// When it is damaged or `new` is another ledger.
    pub fn old(&self, new: &[u8]) -> Result<Vec<u8>, BlockError> {
        let unpacked = if self.whole {
            lz4_flex::block::decompress(&self.packed, self.old_length)
        } else {
            lz4_flex::block::decompress_with_dict(&self.packed, self.old_length, new)
        };
        let old = unpacked.map_err(|error| BlockError(error.to_string()))?;
        if old.len() == self.old_length {
            Ok(old)
        } else {
            Err(BlockError("a past ledger has another length than it says".to_owned()))
        }
    }

    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        put_bytes(into, self.sku.as_str().as_bytes());
        put_number(into, self.version);
        put_number(into, (self.old_length as u64) << 1 | u64::from(self.whole));
        put_bytes(into, &self.packed);
    }

    pub(super) fn decode(from: &mut &[u8]) -> Result<Self, BlockError> {
        let damaged = |what: &str| BlockError(what.to_owned());
        let sku = std::str::from_utf8(take_bytes(from)?).map_err(|_| damaged("a SKU that is not UTF-8"))?;
        let sku = Sku::new(sku).map_err(|error| BlockError(error.to_string()))?;
        let (version, length) = (take_number(from)?, take_number(from)?);
        let old_length = usize::try_from(length >> 1).unwrap_or(usize::MAX);
        if old_length > MOST {
            return Err(damaged("a past ledger larger than 16 MiB"));
        }
        Ok(Self {
            sku,
            version,
            whole: length & 1 == 1,
            old_length,
            packed: take_bytes(from)?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_change_of_a_large_ledger_takes_few_bytes() {
        let line = |number: u32| {
            format!(
                r#"{{"placed_at":"2026-01-05T12:00:{number:02}Z","order":"{}"}}"#,
                number * 7_919
            )
        };
        let lines: Vec<String> = (10..50).map(line).collect();
        let (new, old) = (lines.join(","), lines[..39].join(","));
        let step = PastLedger::between(Sku::new("A").unwrap(), 7, old.as_bytes(), new.as_bytes());
        assert!(step.packed.len() < 40, "{} bytes of {}", step.packed.len(), old.len());
        assert_eq!(step.old(new.as_bytes()).unwrap(), old.as_bytes());
        assert!(step.old(b"another").is_err() || step.old(b"another").unwrap() != old.as_bytes());
    }

    proptest! {
        #[test]
        fn the_way_back_leads_to_the_old_ledger(
            old in proptest::collection::vec(0..4_u8, 0..300),
            new in proptest::collection::vec(0..4_u8, 0..300),
            version in 1..100_u64,
        ) {
            let step = PastLedger::between(Sku::new("ä").unwrap(), version, &old, &new);
            let mut bytes = Vec::new();
            step.encode(&mut bytes);
            let read = PastLedger::decode(&mut bytes.as_slice()).unwrap();
            prop_assert_eq!(&read, &step);
            prop_assert_eq!(read.old(&new).unwrap(), old);
        }

        #[test]
        fn damaged_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(step) = PastLedger::decode(&mut bytes.as_slice()) {
                drop(step.old(b"something"));
            }
        }
    }
}
