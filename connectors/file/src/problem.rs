//! What is wrong with a file: faults with their places, and the text a person reads.

/// Faults named one by one; the rest is only counted.
pub(crate) const MOST_NAMED: usize = 20;

/// One thing that is wrong, at a byte offset of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
        }
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// One line per fault, each beginning with the file's name.
    pub(crate) reason: String,
    /// What is there could be the beginning of a good file: its writer may still be at work.
    pub(crate) unfinished: bool,
}

impl Refusal {
    /// A fault of the file as a whole.
    pub(crate) fn whole(title: &str, message: &str) -> Self {
        Self {
            reason: format!("{title}: {message}"),
            unfinished: false,
        }
    }

    /// One fault at a line and column that are already known.
    pub(crate) fn at(title: &str, (line, column): (usize, usize), message: &str) -> Self {
        Self {
            reason: format!("{title}:{line}:{column}: {message}"),
            unfinished: false,
        }
    }

    /// Several faults; `total` of them in all, of which `faults` are named.
    pub(crate) fn named(title: &str, text: &str, faults: &[Fault], total: usize) -> Self {
        let line_of = |fault: &Fault| {
            let (line, column) = place(text, fault.offset);
            format!("{title}:{line}:{column}: {}", fault.message)
        };
        let mut lines: Vec<String> = faults.iter().take(MOST_NAMED).map(line_of).collect();
        let unnamed = total.saturating_sub(lines.len());
        if unnamed > 0 {
            lines.push(format!("{title}: and {unnamed} more"));
        }
        let reason = lines.join("\n");
        Self {
            reason,
            unfinished: false,
        }
    }

    /// The same, of a file whose writer may still be at work.
    pub(crate) fn unfinished(self) -> Self {
        Self {
            unfinished: true,
            ..self
        }
    }
}

/// Line and column (in characters), both from 1. A line ends with LF, CR LF or CR.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let before = text.get(..end).unwrap_or_default();
    let after = text.as_bytes().get(end).copied();
    let (mut line, mut start, mut previous) = (1, 0, 0);
    for (index, byte) in before.bytes().enumerate() {
        let next = before.as_bytes().get(index + 1).copied().or(after);
        let broken = byte == b'\n' || (byte == b'\r' && next != Some(b'\n'));
        if broken {
            line += 1;
            start = index + 1;
        }
        previous = byte;
    }
    // Between the two characters of CR LF: still the old line.
    let column_text = before.get(start..).unwrap_or_default();
    let ended = usize::from(previous == b'\r' && after == Some(b'\n'));
    (line, column_text.chars().count() + 1 - ended.min(column_text.len()))
}

/// A cell as messages quote it: escaped, and cut when it is long.
pub(crate) fn quoted(cell: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = cell.chars().take(MOST).collect();
    if shown.len() < cell.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_every_kind_of_line_end() {
        let text = "a;b\r\nä;cd\rx\ny";
        for (needle, at) in [
            ("a", (1, 1)),
            ("b", (1, 3)),
            ("ä", (2, 1)),
            ("c", (2, 3)),
            ("x", (3, 1)),
            ("y", (4, 1)),
        ] {
            assert_eq!(place(text, text.find(needle).unwrap()), at, "{needle}");
        }
        assert_eq!(place("", 7), (1, 1));
    }

    #[test]
    fn the_twenty_first_fault_is_only_counted() {
        let faults: Vec<Fault> = (0..25).map(|n| Fault::new(0, format!("fault {n}"))).collect();
        let reason = Refusal::named("f.csv", "x", &faults, 30).reason;
        assert_eq!(reason.lines().count(), 21);
        assert!(reason.ends_with("f.csv: and 10 more"), "{reason}");
    }

    #[test]
    fn quoted_cells_are_short_and_on_one_line() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"x".repeat(90)).chars().count(), 43);
    }
}
