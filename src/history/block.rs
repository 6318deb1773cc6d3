//! A block: the records of one entry as bytes. JSON and past ledgers, packed together with a
//! dictionary of the words that every entry uses, so that a single order takes about 100 bytes.

use super::{PastLedger, Record};
use std::collections::BTreeSet;

/// How blocks are written; the byte in front of each. A reader knows this one and those before.
const FORMAT: u8 = 1;
/// Never changed: a new one is a new [`FORMAT`].
const WORDS: &[u8] = include_bytes!("words.txt");
/// A block that unpacks to more is damage, bytes.
const MOST: usize = 64 << 20;

/// Why bytes are no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the history can't be read: {0}")]
pub struct BlockError(pub(super) String);

/// What one entry of the history tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// In the order in which it happened.
    pub records: Vec<Record>,
    /// Ledgers that were replaced by the same commit.
    pub past: Vec<PastLedger>,
    /// What it is found by.
    pub about: BTreeSet<String>,
}

pub(super) fn put_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push((number & 0x7f) as u8);
}

pub(super) fn take_number(from: &mut &[u8]) -> Result<u64, BlockError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first().ok_or_else(short)?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BlockError("a number without an end".to_owned()))
}

pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put_number(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

pub(super) fn take_bytes<'a>(from: &mut &'a [u8]) -> Result<&'a [u8], BlockError> {
    let length = usize::try_from(take_number(from)?).unwrap_or(usize::MAX);
    let (bytes, rest) = from.split_at_checked(length).ok_or_else(short)?;
    *from = rest;
    Ok(bytes)
}

fn short() -> BlockError {
    BlockError("it ends too early".to_owned())
}

impl Block {
    /// The bytes to store; `about` is not among them.
    pub fn encode(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(1_024);
        // Plain data with text keys always serialises.
        put_bytes(&mut plain, &serde_json::to_vec(&self.records).unwrap_or_default());
        for ledger in &self.past {
            ledger.encode(&mut plain);
        }
        let mut bytes = vec![FORMAT];
        put_number(&mut bytes, plain.len() as u64);
        bytes.extend(lz4_flex::block::compress_with_dict(&plain, WORDS));
        bytes
    }

    /// The inverse, without `about`.
    ///
    /// # Errors
    /// When the bytes are damaged or of a newer program.
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        let (format, mut packed) = bytes.split_first().ok_or_else(short)?;
        if *format != FORMAT {
            return Err(BlockError(format!(
                "it has format {format}, this program reads {FORMAT}"
            )));
        }
        let length = usize::try_from(take_number(&mut packed)?).unwrap_or(usize::MAX);
        if length > MOST {
            return Err(BlockError("it would take more than 64 MiB".to_owned()));
        }
        let plain = lz4_flex::block::decompress_with_dict(packed, length, WORDS)
            .map_err(|error| BlockError(error.to_string()))?;
        let mut rest = plain.as_slice();
        let records = serde_json::from_slice(take_bytes(&mut rest)?).map_err(|error| BlockError(error.to_string()))?;
        let mut past = Vec::new();
        while !rest.is_empty() {
            past.push(PastLedger::decode(&mut rest)?);
        }
        Ok(Self {
            records,
            past,
            about: BTreeSet::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Sku;
    use proptest::prelude::*;

    fn order(number: u32) -> Record {
        let text = format!(
            r#"{{"type":"order","channel":"shop","order":"{number}","revision":{{"number":1795000{number},"sequence":0}},"status":"open",
                "placed_at":"2026-11-22T09:14:{:02}Z","at":"2026-11-22T09:14:59.120Z",
                "lines":[{{"line":"1","sku":"SHIRT-{}","quantity":"2","fulfilled_by":"merchant"}}]}}"#,
            number % 60,
            number * 7
        );
        Record::Event {
            e: serde_json::from_str(&text).unwrap(),
        }
    }

    #[test]
    fn a_block_comes_back_as_it_was_and_an_order_takes_little() {
        let past = PastLedger::between(Sku::new("SHIRT-7").unwrap(), 3, b"old", b"new");
        let block = Block {
            records: vec![order(10_211)],
            past: vec![past],
            about: BTreeSet::new(),
        };
        let bytes = block.encode();
        assert_eq!(Block::decode(&bytes).unwrap(), block);
        assert!(bytes.len() <= 160, "one order takes {} bytes", bytes.len());
        let many = Block {
            records: (10_000..10_256).map(order).collect(),
            ..Block::default()
        };
        let each = many.encode().len() / 256;
        assert!(each <= 90, "each of many orders takes {each} bytes");
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let mut bytes = Block::default().encode();
        bytes[0] = 9;
        assert!(Block::decode(&bytes).unwrap_err().to_string().contains("format 9"));
        assert!(Block::decode(&[]).is_err());
        assert!(Block::decode(&[FORMAT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_err());
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_refused_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 1..120)) {
            bytes[0] = FORMAT;
            drop(Block::decode(&bytes));
        }
    }
}
