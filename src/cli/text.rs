//! Numbers, durations, instants and tables for people: plain, at most 80 columns.

use jiff::{Timestamp, tz::TimeZone};
use omnistock_words::{Millis, Mode};

/// Columns of a page.
pub(super) const WIDTH: usize = 80;

/// `41870` as `41,870`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `12,345` as `12k`, for tables that would be too wide otherwise; rounded down.
pub(super) fn compact(value: u64) -> String {
    match value {
        0..10_000 => number(value),
        10_000..10_000_000 => format!("{}k", value / 1_000),
        _ => format!("{}M", number(value / 1_000_000)),
    }
}

/// `3 rows`, `1 row`.
pub(super) fn count(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// Seconds as `15 s`, `5 min`, `3 h`, `41 d`: the largest unit that gives at least two.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", number(seconds / 86_400)),
    }
}

/// How long before `now`; zero for what lies ahead.
pub(super) fn age(at: Millis, now: Millis) -> String {
    duration(u64::try_from(now.since(at) / 1_000).unwrap_or(0))
}

/// Milliseconds as `0.6 s`, `94 s`, `31 min`.
pub(super) fn lag(milliseconds: u64) -> String {
    match milliseconds {
        0..50 => "<0.1 s".to_owned(),
        50..9_950 => {
            let tenths = (milliseconds + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => duration((milliseconds + 500) / 1_000),
    }
}

/// An instant in a format of `strftime`.
pub(super) fn instant(at: Millis, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| at.to_string(),
        |at| at.to_zoned(zone.clone()).strftime(format).to_string(),
    )
}

/// `03:00` today, `28 Nov 00:00` on another day.
pub(super) fn clock(at: Millis, now: Millis, zone: &TimeZone) -> String {
    const DAY: &str = "%Y-%m-%d";
    let today = instant(at, zone, DAY) == instant(now, zone, DAY);
    instant(at, zone, if today { "%H:%M" } else { "%-d %b %H:%M" })
}

/// The mode's name as in the configuration.
pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Shadow => "shadow",
        Mode::Live => "live",
        Mode::DecreaseOnly => "decrease_only",
        Mode::Frozen => "frozen",
        Mode::Draining => "draining",
    }
}

/// `left` and, at the right edge, `right`; on two lines where they don't fit on one.
pub(super) fn spread(left: &str, right: &str) -> String {
    let (have, need) = (left.chars().count(), right.chars().count());
    if have + 2 + need <= WIDTH {
        return format!("{left}{}{right}\n", " ".repeat(WIDTH - have - need));
    }
    format!("{}{right:>WIDTH$}\n", wrap(left, WIDTH, "  "))
}

/// Lines of at most `width`, further ones begin with `indent`. Longer words are cut; line breaks
/// and other control characters of the text don't survive.
pub(super) fn wrap(text: &str, width: usize, indent: &str) -> String {
    lines(text, width, indent).into_iter().map(|line| line + "\n").collect()
}

/// The lines of [`wrap`].
pub(super) fn lines(text: &str, width: usize, indent: &str) -> Vec<String> {
    let (mut lines, mut line, mut empty) = (Vec::new(), String::new(), true);
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        let letters: Vec<char> = word.chars().collect();
        let mut rest = letters.as_slice();
        while !rest.is_empty() {
            let room = width.saturating_sub(line.chars().count() + usize::from(!empty));
            if rest.len() > room && !empty {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                empty = true;
                continue;
            }
            // A word that is alone on its line and still too long is cut.
            let (part, left) = rest.split_at(rest.len().min(room.max(1)));
            line.extend((!empty).then_some(' ').iter().chain(part));
            (rest, empty) = (left, false);
        }
    }
    lines.push(line);
    lines
}

/// `text` in at most `most` characters, the middle left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if letters.len() <= most {
        return letters.into_iter().collect();
    }
    let (head, tail) = (most.saturating_sub(2).div_ceil(2), most.saturating_sub(2) / 2);
    letters
        .iter()
        .take(head)
        .chain(&['.', '.'])
        .chain(letters.iter().skip(letters.len() - tail))
        .collect()
}

/// A table: the first `left` columns flush left, the others flush right, two spaces behind the
/// first, one between the others. No space at the end of a line.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], left: usize) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain(head.get(column).map(|cell| cell.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let width = *width;
            line += match column {
                0 => "",
                1 => "  ",
                _ => " ",
            };
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            line.extend(if column < left { [*cell, &pad] } else { [&pad, *cell] });
        }
        format!("{}\n", line.trim_end())
    };
    let mut table = line(head.to_vec());
    table.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_for_people() {
        assert_eq!(
            [0, 999, 1_000, 41_870, 1_234_567].map(number),
            ["0", "999", "1,000", "41,870", "1,234,567"]
        );
        assert_eq!(
            [15, 119, 300, 7_200, 3_542_400].map(duration),
            ["15 s", "119 s", "5 min", "2 h", "41 d"]
        );
        assert_eq!(
            [3, 640, 9_949, 9_950, 94_200, 1_860_000].map(lag),
            ["<0.1 s", "0.6 s", "9.9 s", "10 s", "94 s", "31 min"]
        );
        assert_eq!(age(Millis(5_000), Millis(2_000)), "0 s");
    }

    #[test]
    fn a_long_name_keeps_its_two_ends() {
        assert_eq!(shortened("amazon_de", 9), "amazon_de");
        assert_eq!(shortened("marketplace_germany_fba", 12), "marke..y_fba");
    }

    #[test]
    fn the_right_side_moves_to_its_own_line() {
        assert_eq!(spread("a", "b").len(), 81);
        assert_eq!(
            spread(&"a".repeat(79), "b"),
            format!("{}\n{:>80}\n", "a".repeat(79), "b")
        );
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_word_and_the_width(text in "\\PC{0,300}", width in 10_usize..80) {
            let wrapped = wrap(&text, width, "  ");
            prop_assert!(wrapped.lines().all(|line| line.chars().count() <= width));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
            prop_assert_eq!(letters(&wrapped), letters(&text));
        }

        #[test]
        fn shortening_keeps_the_limit(text in "\\PC{0,60}", most in 4_usize..40) {
            prop_assert!(shortened(&text, most).chars().count() <= most);
        }
    }
}
