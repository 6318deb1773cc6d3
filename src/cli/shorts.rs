//! `omnistock shorts`: orders that sold what was not there, and what nobody knew when they did.

use super::{Context, Failure, text, when};
use crate::server::{Listed, ShortOrder};
use jiff::tz::TimeZone;
use omnistock_words::Millis;

/// List oversold orders with their cause and how long it was not known.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock shorts --since 7d")]
pub(super) struct Shorts {
    /// Since when: an instant, a time of day, or how long ago; 24 hours unless given.
    #[arg(long, value_name = "T", default_value = "24h")]
    since: String,
}

impl Shorts {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let now = omnistock_sdk::now();
        let since = when::instant(&self.since, now, &context.output.zone).map_err(Failure::usage)?;
        let asked = since.to_string();
        let found: Listed<ShortOrder> = context.client()?.get("/api/v1/shorts", &[("since", &asked)]).await?;
        context
            .output
            .show(&found, |found| render(found, since, now, &context.output.zone))
    }
}

fn exact(at: Millis, now: Millis, zone: &TimeZone) -> String {
    let today = text::clock(at, now, zone).len() == 5;
    text::instant(at, zone, if today { "%H:%M:%S" } else { "%-d %b %H:%M:%S" })
}

fn seconds(milliseconds: i64) -> String {
    text::lag(u64::try_from(milliseconds).unwrap_or_default())
}

fn render(found: &Listed<ShortOrder>, since: Millis, now: Millis, zone: &TimeZone) -> String {
    let lines = text::count(found.total, "oversold order line", "oversold order lines");
    let mut rendered = format!("{lines} since {}\n", exact(since, now, zone));
    for one in &found.items {
        rendered.push('\n');
        let head = format!("{} {}/{}  {}", one.channel, one.order, one.line, one.sku);
        let state = if one.short.is_zero() {
            format!("{} short, found since", one.at_most)
        } else {
            format!("{} short", one.short)
        };
        rendered += &text::spread(&head, &state);
        let mut sentences = vec![format!(
            "sold {}, known {} ({} later)",
            exact(one.placed_at, now, zone),
            exact(one.known_at, now, zone),
            seconds(one.known_at.since(one.placed_at))
        )];
        sentences.extend(
            one.promised
                .map(|promised| format!("{} had been promised {promised}", one.channel)),
        );
        if !one.because.is_empty() {
            sentences.push(format!(
                "found out {} by {}",
                exact(one.found_at, now, zone),
                one.because.join("; ")
            ));
        }
        for sold in &one.unseen {
            sentences.push(format!(
                "not known then: {} {}, {} units, sold {}, known {} ({} later)",
                sold.channel,
                sold.order,
                sold.quantity,
                exact(sold.placed_at, now, zone),
                exact(sold.known_at, now, zone),
                seconds(sold.known_at.since(sold.placed_at))
            ));
        }
        sentences.push(format!("blind for {}", seconds(one.blind_ms)));
        for sentence in sentences {
            for line in text::lines(&sentence, text::WIDTH - 2, "  ") {
                rendered.extend(["  ", line.as_str(), "\n"]);
            }
        }
    }
    if found.total > found.items.len() as u64 {
        let shown = format!("\nthe newest {} of {} are shown\n", found.items.len(), found.total);
        rendered.push_str(&shown);
    }
    if let Some(looked) = found.looked {
        let looked = text::number(looked);
        let cut = format!("\nonly the newest {looked} entries were looked at, and there are older ones\n");
        rendered.push_str(&cut);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Sold;
    use omnistock_words::Quantity;

    fn at(text: &str) -> Millis {
        text.parse().unwrap()
    }

    #[test]
    fn a_short_says_who_sold_what_when_and_who_did_not_know() {
        let sold = Sold {
            channel: "amazon_de".parse().unwrap(),
            order: "302-77".parse().unwrap(),
            quantity: Quantity::ONE,
            placed_at: at("2026-11-27T11:58:26Z"),
            known_at: at("2026-11-27T12:00:00Z"),
        };
        let one = ShortOrder {
            channel: "shop".parse().unwrap(),
            order: "10211".parse().unwrap(),
            line: "1".parse().unwrap(),
            sku: "HOSE-12-BL".parse().unwrap(),
            short: Quantity::ONE,
            at_most: Quantity::ONE,
            placed_at: at("2026-11-27T11:59:30Z"),
            known_at: at("2026-11-27T11:59:31Z"),
            found_at: at("2026-11-27T12:00:00Z"),
            blind_ms: 94_000,
            promised: Some(Quantity::ONE),
            because: vec!["order amazon_de 302-77/1, 1 units".to_owned()],
            unseen: vec![sold],
        };
        let now = at("2026-11-27T13:00:00Z");
        let text = render(
            &Listed::whole(vec![one]),
            at("2026-11-27T00:00:00Z"),
            now,
            &TimeZone::UTC,
        );
        let expected = "\
1 oversold order line since 00:00:00

shop 10211/1  HOSE-12-BL                                                 1 short
  sold 11:59:30, known 11:59:31 (1.0 s later)
  shop had been promised 1
  found out 12:00:00 by order amazon_de 302-77/1, 1 units
  not known then: amazon_de 302-77, 1 units, sold 11:58:26, known 12:00:00 (94 s
    later)
  blind for 94 s
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }
}
