//! Compressed files, expanded within limits: a few bytes may not become gigabytes of memory.

use crate::problem::Refusal;
use flate2::bufread::MultiGzDecoder;
use std::io::{ErrorKind, Read};

/// So many bytes are expanded whatever they were compressed from.
const FREE: u64 = 8 << 20;
/// Beyond them, text of an ERP never shrinks more than so many times.
const MOST_RATIO: u64 = 200;

/// Whether the bytes begin as gzip does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B])
}

/// Whether a file's name says that it is compressed.
pub(crate) fn named_gzip(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gz")
}

/// The bytes as they were before they were compressed; its checksum and its end are proven.
pub(crate) fn expand(title: &str, bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::whole(title, "is empty (zero bytes): the export failed or was not finished").unfinished());
    }
    // A single byte of it is a file that is cut off.
    if !is_gzip(bytes) && bytes != [0x1F] {
        return Err(Refusal::whole(
            title,
            "is not compressed with gzip, as its name or format.compression says: look at what wrote it",
        ));
    }
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let by_ratio = FREE.max(size.saturating_mul(MOST_RATIO));
    let limit = by_ratio.min(max_bytes);
    let mut expanded = Vec::new();
    let read = MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut expanded);
    if u64::try_from(expanded.len()).unwrap_or(u64::MAX) > limit {
        let message = if limit == max_bytes {
            format!("holds more than max_bytes = {max_bytes} bytes when it is expanded")
        } else {
            format!(
                "expands to more than {MOST_RATIO} times its {size} bytes: no export does, so it is not read any further"
            )
        };
        return Err(Refusal::whole(title, &message));
    }
    match read {
        Ok(_) => Ok(expanded),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Refusal::whole(
            title,
            "ends within its compressed data: the file is cut off or not finished",
        )
        .unfinished()),
        Err(error) => {
            let at = expanded.len();
            let message = format!("is damaged: after {at} expanded bytes, {error}; transfer it again, in binary mode");
            Err(Refusal::whole(title, &message).unfinished())
        }
    }
}
