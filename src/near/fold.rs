//! Forms of a text in which things that people take for the same are the same.

use icu_normalizer::ComposingNormalizerBorrowed;

/// A text with less and less of what people overlook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forms {
    /// In lower case, without spaces around it, characters that look alike made one.
    pub(super) look: String,
    /// That with letters and digits alone.
    pub(super) marks: String,
    /// That without leading zeros of each number.
    pub(super) zeros: String,
}

impl Forms {
    pub(super) fn of(text: &str) -> Self {
        let look = look(text);
        let marks: String = look.chars().filter(|letter| letter.is_alphanumeric()).collect();
        let kept = |marks: String| if marks.is_empty() { look.clone() } else { marks };
        Self {
            zeros: kept(zeros(&look)),
            marks: kept(marks),
            look,
        }
    }
}

fn look(text: &str) -> String {
    let plain = text.trim();
    if plain.is_ascii() {
        return plain.to_ascii_lowercase();
    }
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(plain);
    let same: String = normal.chars().flat_map(char::to_lowercase).filter_map(latin).collect();
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(&same);
    normal.trim().to_owned()
}

/// The Latin letter or plain mark that a character is taken for; `None`: it can't be seen.
fn latin(letter: char) -> Option<char> {
    Some(match letter {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => return None,
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'е' | 'ε' => 'e',
        'н' | 'η' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'у' | 'υ' => 'y',
        'х' | 'χ' => 'x',
        'ν' => 'n',
        'ζ' => 'z',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' => '-',
        other if other.is_whitespace() => ' ',
        other => other,
    })
}

/// Letters and digits, each number without the zeros before it.
fn zeros(look: &str) -> String {
    let mut kept = String::with_capacity(look.len());
    let (mut digits, mut pending) = (false, false);
    for letter in look.chars() {
        if letter == '0' && !digits {
            pending = true;
            continue;
        }
        if pending && !letter.is_ascii_digit() {
            kept.push('0');
        }
        pending = false;
        digits = letter.is_ascii_digit();
        kept.extend(Some(letter).filter(|letter| letter.is_alphanumeric()));
    }
    if pending {
        kept.push('0');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_drops_one_more_thing() {
        for (text, look, marks, zeros) in [
            (" Art-007 ", "art-007", "art007", "art7"),
            ("ＡＲＴ１２", "art12", "art12", "art12"),
            ("АRТ\u{2013}7\u{200b}", "art-7", "art7", "art7"),
            ("00", "00", "00", "0"),
            ("A0-0B", "a0-0b", "a00b", "a00b"),
            ("10-05", "10-05", "1005", "105"),
            ("---", "---", "---", "---"),
            ("Größe ﬁn", "größe fin", "größefin", "größefin"),
        ] {
            let forms = Forms::of(text);
            assert_eq!(
                (forms.look.as_str(), forms.marks.as_str(), forms.zeros.as_str()),
                (look, marks, zeros),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_form_is_a_form_of_itself(text in "\\PC{0,30}") {
            let once = Forms::of(&text);
            let again = Forms::of(&once.look);
            prop_assert_eq!(&again.look, &once.look);
            prop_assert_eq!(again.marks, once.marks);
        }

        #[test]
        fn leading_zeros_change_the_last_form_only(number in 1u32..100_000, zeros in 1usize..6, letters in "[a-z]{0,5}") {
            let (short, long) = (format!("{letters}-{number}"), format!("{letters}-{}{number}", "0".repeat(zeros)));
            prop_assert_eq!(Forms::of(&short).zeros, Forms::of(&long).zeros);
            prop_assert_ne!(Forms::of(&short).marks, Forms::of(&long).marks);
        }
    }
}
