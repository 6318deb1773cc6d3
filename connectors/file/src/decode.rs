//! Bytes to text, strictly: what can't be a character of the configured encoding refuses the file.

use crate::problem::{Refusal, place};
use encoding_rs::{DecoderResult, Encoding};

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    /// With or without a byte order mark.
    Utf8,
    /// The byte order mark says which.
    Utf16,
    /// Little-endian, with or without a mark.
    Utf16Le,
    /// Big-endian, with or without a mark.
    Utf16Be,
    /// ISO 8859-1 to the letter: 0x80 to 0x9F are no characters.
    Latin1,
    /// Any other of the WHATWG encodings.
    Other(&'static Encoding),
}

impl TextEncoding {
    /// By its name in a configuration.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let lower = name.trim().to_ascii_lowercase();
        Some(match lower.as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-16" | "utf16" => Self::Utf16,
            "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            // WHATWG reads these names as windows-1252; here they mean what they say.
            "iso-8859-1" | "iso8859-1" | "latin1" => Self::Latin1,
            other => {
                let encoding = Encoding::for_label_no_replacement(other.as_bytes())?;
                let plain = encoding.is_ascii_compatible() && encoding != encoding_rs::X_USER_DEFINED;
                return plain.then_some(Self::Other(encoding));
            }
        })
    }

    /// What the usual names of an encoding mean; for the wide ones, which of the two is the mark's business.
    pub(crate) fn decoder(self) -> Option<&'static Encoding> {
        Some(match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Latin1 => encoding_rs::WINDOWS_1252,
            Self::Other(encoding) => encoding,
            Self::Utf16 | Self::Utf16Le | Self::Utf16Be => return None,
        })
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Utf8 => "utf-8".into(),
            Self::Utf16 => "utf-16".into(),
            Self::Utf16Le => "utf-16le".into(),
            Self::Utf16Be => "utf-16be".into(),
            Self::Latin1 => "iso-8859-1".into(),
            Self::Other(encoding) => encoding.name().to_ascii_lowercase(),
        }
    }

    fn wide(self) -> bool {
        matches!(self, Self::Utf16 | Self::Utf16Le | Self::Utf16Be)
    }
}

/// The text without its byte order mark.
pub(crate) fn decode(title: &str, bytes: Vec<u8>, encoding: TextEncoding) -> Result<String, Refusal> {
    let (mark, length) = mark_of(&bytes);
    if let Some(mark) = mark {
        let fits = mark == encoding || (encoding == TextEncoding::Utf16 && mark.wide());
        if !fits {
            let (found, set) = (mark.name(), encoding.name());
            let message = format!(
                "begins with the byte order mark of {found}, but format.encoding is {set:?}: set it to {found:?}, or export as {set}"
            );
            return Err(Refusal::at(title, (1, 1), &message));
        }
    }
    match (encoding, mark) {
        (TextEncoding::Utf8, None) => utf8(title, bytes),
        (TextEncoding::Utf8, Some(_)) => utf8(title, bytes.get(length..).unwrap_or_default().to_vec()),
        (TextEncoding::Utf16, None) => Err(Refusal::at(
            title,
            (1, 1),
            "has no byte order mark: set format.encoding to \"utf-16le\" or \"utf-16be\", or export with the mark",
        )),
        (TextEncoding::Utf16Be, _) | (TextEncoding::Utf16, Some(TextEncoding::Utf16Be)) => {
            utf16(title, bytes.get(length..).unwrap_or_default(), u16::from_be_bytes)
        }
        (TextEncoding::Utf16Le | TextEncoding::Utf16, _) => {
            utf16(title, bytes.get(length..).unwrap_or_default(), u16::from_le_bytes)
        }
        (TextEncoding::Latin1, _) => narrow(title, bytes, encoding, encoding_rs::WINDOWS_1252),
        (TextEncoding::Other(other), _) => narrow(title, bytes, encoding, other),
    }
}

pub(crate) fn mark_of(bytes: &[u8]) -> (Option<TextEncoding>, usize) {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => (Some(TextEncoding::Utf8), 3),
        [0xFF, 0xFE, ..] => (Some(TextEncoding::Utf16Le), 2),
        [0xFE, 0xFF, ..] => (Some(TextEncoding::Utf16Be), 2),
        _ => (None, 0),
    }
}

fn no_character(title: &str, before: &str, byte: u8, offset: usize, encoding: TextEncoding) -> Refusal {
    let name = encoding.name();
    let message = format!("byte 0x{byte:02X} at offset {offset} is no character of {name}: check format.encoding");
    Refusal::at(title, place(before, before.len()), &message)
}

fn utf8(title: &str, bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = bytes
            .get(..offset)
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default();
        no_character(
            title,
            before,
            bytes.get(offset).copied().unwrap_or_default(),
            offset,
            TextEncoding::Utf8,
        )
    })
}

fn utf16(title: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Refusal> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let Ok(character) = decoded else {
            let place = place(&text, text.len());
            return Err(Refusal::at(
                title,
                place,
                "half of a surrogate pair is no character of utf-16: check format.encoding",
            ));
        };
        text.push(character);
    }
    if !rest.is_empty() {
        let place = place(&text, text.len());
        return Err(Refusal::at(title, place, "ends within a character of utf-16: the file is cut off").unfinished());
    }
    Ok(text)
}

/// Encodings in which ASCII is ASCII.
fn narrow(title: &str, bytes: Vec<u8>, set: TextEncoding, encoding: &'static Encoding) -> Result<String, Refusal> {
    if bytes.is_ascii() {
        return utf8(title, bytes);
    }
    if let Ok(text) = std::str::from_utf8(&bytes) {
        let offset = text.bytes().position(|byte| !byte.is_ascii()).unwrap_or_default();
        let message = format!(
            "is UTF-8, but format.encoding is {:?}: set it to \"utf-8\", or export as {0}",
            set.name()
        );
        return Err(Refusal::at(title, place(text, offset), &message));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let capacity = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or(bytes.len());
    let mut text = String::with_capacity(capacity);
    let (result, read) = decoder.decode_to_string_without_replacement(&bytes, &mut text, true);
    if result != DecoderResult::InputEmpty {
        let length = if let DecoderResult::Malformed(length, _) = result {
            usize::from(length)
        } else {
            1
        };
        let offset = read.saturating_sub(length);
        return Err(no_character(
            title,
            &text,
            bytes.get(offset).copied().unwrap_or_default(),
            offset,
            set,
        ));
    }
    // Undefined bytes decode to C1 control characters, which no ERP means.
    let undefined = match set {
        TextEncoding::Latin1 => bytes.iter().position(|byte| (0x80..=0x9F).contains(byte)),
        _ if encoding.is_single_byte() => text.chars().position(|c| ('\u{80}'..='\u{9F}').contains(&c)),
        _ => None,
    };
    let Some(offset) = undefined else { return Ok(text) };
    let before: String = text.chars().take(offset).collect();
    Err(no_character(
        title,
        &before,
        bytes.get(offset).copied().unwrap_or_default(),
        offset,
        set,
    ))
}
