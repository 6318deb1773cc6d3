//! Standard output and standard error: text or JSON, colour only on a terminal, and nothing
//! from a vendor can move the cursor.

use super::Failure;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};

/// How answers are shown.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// JSON instead of text.
    pub(super) json: bool,
    /// Standard output is a terminal and nobody said `NO_COLOR`.
    pub(super) colour: bool,
    /// For instants in texts.
    pub(super) zone: TimeZone,
}

impl Output {
    /// As this process was started.
    pub(super) fn of_process(json: bool) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            json,
            colour,
            zone: TimeZone::system(),
        }
    }

    /// Prints the facts: as JSON, or as the text that `render` makes of them.
    pub(super) fn show<T: Serialize>(&self, facts: &T, render: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        let mut printed = if self.json {
            serde_json::to_string_pretty(facts).map_err(|cause| Failure::no(format!("can't write JSON: {cause}")))?
        } else {
            let text = harmless(&render(facts));
            if self.colour { coloured(&text) } else { text }
        };
        if !printed.ends_with('\n') {
            printed.push('\n');
        }
        print(&printed)
    }
}

/// Without control characters except line breaks: vendors' words end up in texts.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

/// What needs a person in red, table heads in bold.
fn coloured(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 32);
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let code = if body.starts_with("ATTENTION:") || body.starts_with("!! ") {
            Some("1;31")
        } else if body.starts_with("CHANNEL ") || body.starts_with("STEP ") {
            Some("1")
        } else {
            None
        };
        match code {
            Some(code) => lines.extend(["\u{1b}[", code, "m", body, "\u{1b}[0m", end]),
            None => lines.extend([body, end]),
        }
    }
    lines
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader has seen enough, as in `omnistock status | head -1`.
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(cause) => Err(Failure::no(format!("can't write to standard output: {cause}"))),
        Ok(()) => Ok(()),
    }
}

/// `omnistock: …` on standard error.
pub(super) fn complain(message: &str) {
    // Nobody is left to tell when standard error is closed; the exit code remains.
    let text = harmless(message.trim_end());
    // What a guard stops is said in red.
    let red = text.starts_with("!! ") && std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (on, off) = if red { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    drop(writeln!(std::io::stderr().lock(), "omnistock: {on}{text}{off}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_not_move_the_cursor() {
        assert_eq!(harmless("a\u{1b}[2Jb\rc\nd"), "a [2Jb c\nd");
    }

    #[test]
    fn colour_marks_attention_and_changes_no_word() {
        assert!(coloured("!! shop: 24 of 24 to 0\n").starts_with("\u{1b}[1;31m!! shop"));
        let text = "ATTENTION: 2 held\nfine\n";
        let with = coloured(text);
        assert_eq!(with, "\u{1b}[1;31mATTENTION: 2 held\u{1b}[0m\nfine\n");
        assert_eq!(with.replace("\u{1b}[1;31m", "").replace("\u{1b}[0m", ""), text);
    }
}
