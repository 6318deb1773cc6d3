//! `omnistock log`: who changed what, when and why.

use super::{Context, Failure, text, when};
use crate::server::{Listed, LogEntry};
use jiff::tz::TimeZone;
use omnistock_words::Millis;

/// List what people and programs changed: who, when, why, before and after.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock log --since 7d")]
pub(super) struct Log {
    /// Since when: an instant, a time of day, or how long ago.
    #[arg(long, value_name = "T", default_value = "7d")]
    since: String,
    /// Entries at most, up to 10,000; the newest.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

impl Log {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (now, zone) = (omnistock_sdk::now(), &context.output.zone);
        let since = when::instant(&self.since, now, zone).map_err(Failure::usage)?;
        let (since, limit) = (since.to_string(), self.limit.to_string());
        let query = [("since", since.as_str()), ("limit", limit.as_str())];
        let found: Listed<LogEntry> = context.client()?.get("/api/v1/log", &query).await?;
        context.output.show(&found, |found| render(found, now, zone))
    }
}

fn render(found: &Listed<LogEntry>, now: Millis, zone: &TimeZone) -> String {
    if found.total == 0 {
        return "nothing was changed by anybody\n".to_owned();
    }
    let mut rendered = String::new();
    for entry in &found.items {
        let who = if entry.who.is_empty() { "somebody" } else { &entry.who };
        rendered += &text::spread(&entry.what, &format!("{who}, {}", text::clock(entry.at, now, zone)));
        let before = entry
            .before
            .as_ref()
            .map(|before| format!("{before} -> "))
            .unwrap_or_default();
        let mut sentences = vec![format!("{before}{}", entry.after)];
        if !entry.reason.is_empty() {
            sentences.push(format!("because: {}", entry.reason));
        }
        for part in sentences
            .iter()
            .flat_map(|sentence| text::lines(sentence, text::WIDTH - 2, "  "))
        {
            rendered.extend(["  ", part.as_str(), "\n"]);
        }
    }
    rendered + &super::parked::rest(found.total, found.items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_who_when_what_and_why() {
        let now: Millis = "2026-11-27T12:00:00Z".parse().unwrap();
        let entry = LogEntry {
            at: "2026-11-27T11:30:00Z".parse().unwrap(),
            who: "anna (local)".to_owned(),
            what: "channel shop".to_owned(),
            before: Some("live".to_owned()),
            after: "frozen until 2026-11-27T18:00:00Z".to_owned(),
            reason: "stocktaking".to_owned(),
        };
        let text = render(&Listed::whole(vec![entry]), now, &TimeZone::UTC);
        let expected = "\
channel shop                                                 anna (local), 11:30
  live -> frozen until 2026-11-27T18:00:00Z
  because: stocktaking
";
        assert_eq!(text, expected);
    }
}
