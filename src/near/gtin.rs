//! Global trade item numbers: EAN, UPC, GTIN-14 are one number, written with or without zeros before it.

/// The number, where the text is one of 8, 12, 13 or 14 digits and its check digit is right.
pub(crate) fn gtin(text: &str) -> Option<u64> {
    let text = text.trim();
    if !matches!(text.len(), 8 | 12 | 13 | 14) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let weighed = text.bytes().rev().zip([1_u32, 3].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let number: u64 = text.parse().ok()?;
    (sum.is_multiple_of(10) && number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_all_its_lengths() {
        assert_eq!(gtin("4006381333931"), Some(4_006_381_333_931));
        assert_eq!(gtin(" 04006381333931 "), gtin("4006381333931"));
        assert_eq!(gtin("036000291452"), gtin("0036000291452"));
        assert_eq!(gtin("96385074"), Some(96_385_074));
        for text in [
            "4006381333932",
            "400638133393",
            "40063813-3931",
            "",
            "00000000",
            "4006381333931a",
        ] {
            assert_eq!(gtin(text), None, "{text}");
        }
    }
}
