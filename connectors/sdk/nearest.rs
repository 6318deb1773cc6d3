//! The nearest right name, for "did you mean …?".

/// Longer words than this are never compared: the effort grows with the square of their length.
const MOST_CHARACTERS: usize = 64;

/// The candidate that `word` most likely was meant to be; `None` where none is close: at most one change for
/// every three characters. Of equally close ones the first.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().take(MOST_CHARACTERS + 1).count();
    if length > MOST_CHARACTERS {
        return None;
    }
    let folded = fold(word);
    let distance = |candidate: &'a str| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate);
    candidates
        .filter(|candidate| candidate.len() <= 2 * MOST_CHARACTERS)
        .map(distance)
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= length.max(candidate.chars().count()).max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// `maxShown`, `max-shown` and `MAX_SHOWN` all mean `max_shown`.
fn fold(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name_and_a_stranger_none() {
        let names = ["safety_stock", "stop_at", "share", "mode", "max_shown"];
        for (word, near) in [
            ("saftey_stock", Some("safety_stock")),
            ("maxShown", Some("max_shown")),
            ("stop-at", Some("stop_at")),
            ("mod", Some("mode")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), near, "{word}");
        }
        assert_eq!(nearest(&"m".repeat(100_000), names.into_iter()), None);
    }
}
