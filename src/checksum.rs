//! Short names made of a text: the same text has the same name, another one hardly ever.

use sha2::{Digest, Sha256};

/// The first hexadecimal digits of the text's SHA-256, 64 at most. Names are stored: what this makes never changes.
pub fn checksum(text: impl AsRef<[u8]>, digits: usize) -> String {
    let digest = Sha256::digest(text.as_ref());
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .take(digits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_beginning_of_the_sha_256() {
        assert_eq!(checksum("abc", 6), "ba7816");
        assert_eq!(checksum(b"abc", 16), "ba7816bf8f01cfea");
        assert_eq!(checksum("", 99).len(), 64);
    }
}
