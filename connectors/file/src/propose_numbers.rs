//! How the numbers of a file are written. One sign before three digits may be either: that is asked, never guessed.

use crate::propose::{Answers, Doubt};

/// The signs of a file's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) decimal: Option<char>,
    pub(crate) grouping: Option<char>,
    pub(crate) trailing_minus: bool,
}

impl Signs {
    /// The keys of `format` that differ from their defaults.
    pub(crate) fn settings(self) -> Vec<(&'static str, String)> {
        let decimal = self
            .decimal
            .filter(|sign| *sign != '.')
            .map(|sign| ("decimal", sign.to_string()));
        let grouping = self.grouping.map(|sign| ("grouping", sign.to_string()));
        let minus = self.trailing_minus.then(|| ("minus", "trailing".to_owned()));
        decimal.into_iter().chain(grouping).chain(minus).collect()
    }
}

/// Digits with signs between them, and a minus at either end.
pub(crate) fn looks_like_a_number(text: &str) -> bool {
    let digits = unsigned(text);
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || is_sign(c))
        && digits.len() <= 24
}

fn is_sign(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
}

fn unsigned(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('-')
        .or_else(|| text.strip_suffix('-'))
        .unwrap_or(text)
}

/// What one number says of the signs.
enum Said {
    Nothing,
    /// This sign stands before the fraction; the other one, if any, between thousands.
    Decimal(char, Option<char>),
    /// This sign stands between thousands.
    Grouping(char),
    /// It could be either.
    Either(char),
}

fn said(text: &str) -> Said {
    let digits = unsigned(text);
    let signs: Vec<char> = digits.chars().filter(|c| is_sign(*c)).collect();
    let (Some(first), Some(last)) = (signs.first().copied(), signs.last().copied()) else {
        return Said::Nothing;
    };
    if first != last {
        return Said::Decimal(last, Some(first));
    }
    if signs.len() > 1 || !matches!(last, '.' | ',') {
        return Said::Grouping(last);
    }
    let (whole, fraction) = digits.split_once(last).unwrap_or((digits, ""));
    let thousands = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    if thousands {
        Said::Either(last)
    } else {
        Said::Decimal(last, None)
    }
}

/// The signs of these numbers.
pub(crate) fn signs(cells: &[&str], answers: &Answers, doubts: &mut Vec<Doubt>) -> Signs {
    let mut signs = Signs::default();
    let (mut either, mut against) = (None, None);
    for cell in cells.iter().filter(|cell| looks_like_a_number(cell)) {
        signs.trailing_minus |= cell.trim().ends_with('-');
        match said(cell) {
            Said::Nothing => {}
            Said::Decimal(sign, grouping) => {
                if signs.decimal.is_some_and(|other| other != sign) {
                    against = Some(*cell);
                }
                signs.decimal = signs.decimal.or(Some(sign));
                signs.grouping = signs.grouping.or(grouping);
            }
            Said::Grouping(sign) => signs.grouping = signs.grouping.or(Some(sign)),
            Said::Either(sign) => either = either.or(Some((sign, *cell))),
        }
    }
    settle(&mut signs, either, against, answers, doubts);
    signs
}

fn settle(
    signs: &mut Signs,
    either: Option<(char, &str)>,
    against: Option<&str>,
    answers: &Answers,
    doubts: &mut Vec<Doubt>,
) {
    const KEY: &str = "format.decimal";
    let other = |sign: char| if sign == ',' { '.' } else { ',' };
    if let Some(answer) = answers.get(KEY).and_then(|answer| answer.chars().next()) {
        signs.decimal = Some(answer);
        signs.grouping = either
            .map(|(sign, _)| sign)
            .filter(|sign| *sign != answer)
            .or(signs.grouping.filter(|sign| *sign != answer));
        return;
    }
    if let Some(cell) = against {
        let choices = [',', '.'].map(|sign| {
            (
                sign.to_string(),
                format!("\"{sign}\" before the fraction; the other numbers refuse the file"),
            )
        });
        let question =
            format!("Numbers are written in two ways, such as {cell}. Which sign stands before the fraction?");
        doubts.push(Doubt {
            key: KEY.to_owned(),
            question,
            choices: choices.to_vec(),
        });
        return;
    }
    match (either, signs.decimal, signs.grouping) {
        (Some((sign, _)), Some(decimal), None) if sign != decimal => signs.grouping = Some(sign),
        (Some((sign, _)), None, Some(grouping)) => {
            signs.decimal = Some(if sign == grouping { other(sign) } else { sign });
        }
        (Some((sign, cell)), None, None) => {
            // The smaller number: what may not be there is not promised.
            signs.decimal = Some(sign);
            let digits = cell.replace(sign, "");
            let choices = vec![
                (
                    sign.to_string(),
                    format!("{cell} is less than {}", whole_above(cell, sign)),
                ),
                (
                    other(sign).to_string(),
                    format!("{cell} is {digits}: \"{sign}\" stands between thousands"),
                ),
            ];
            let question = format!("What is {cell}? Which sign stands before the fraction?");
            doubts.push(Doubt {
                key: KEY.to_owned(),
                question,
                choices,
            });
        }
        (None, None, Some(grouping)) if matches!(grouping, '.' | ',') => signs.decimal = Some(other(grouping)),
        _ => {}
    }
}

/// The next whole number, to tell 1.234 from 1234.
fn whole_above(cell: &str, sign: char) -> String {
    let whole: Option<u64> = unsigned(cell).split(sign).next().and_then(|whole| whole.parse().ok());
    whole.map_or_else(String::new, |whole| (whole + 1).to_string())
}
