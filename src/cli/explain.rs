//! `omnistock explain`: for one SKU, why each channel shows what it shows.

use super::{Context, Failure, text, when};
use crate::server::{Because, Change, Explanation, Listed, PriceExplanation, Stamped, Step};
use jiff::tz::TimeZone;
use omnistock_words::{ChannelName, Millis, Quantity, Sku};

/// Say why a SKU's numbers are what they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock explain HOSE-12-BL --channel shop --all")]
pub(super) struct Explain {
    /// The SKU, to the letter.
    #[arg(value_parser = sku)]
    sku: Sku,
    /// One channel; all that have it unless given.
    #[arg(long)]
    channel: Option<ChannelName>,
    /// Also the steps that change nothing.
    #[arg(long)]
    all: bool,
    /// As of an instant, a time of day, or so long ago: what had been decided by then, and why.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

fn sku(text: &str) -> Result<Sku, omnistock_words::NameError> {
    text.parse()
}

impl Explain {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut query = vec![("sku", self.sku.as_str())];
        query.extend(self.channel.as_ref().map(|channel| ("channel", channel.as_str())));
        let now = omnistock_sdk::now();
        let at = self
            .at
            .as_deref()
            .map(|at| when::instant(at, now, &context.output.zone));
        let at = at.transpose().map_err(Failure::usage)?.map(|at| at.to_string());
        query.extend(at.as_deref().map(|at| ("at", at)));
        let found: Listed<Explanation> = context.client()?.get("/api/v1/explain", &query).await?;
        context
            .output
            .show(&found, |found| page(&found.items, self.all, now, &context.output.zone))
    }
}

/// One part a listing, with a heading where there are several.
fn page(found: &[Explanation], all: bool, now: Millis, zone: &TimeZone) -> String {
    if found.is_empty() {
        return "no channel has a listing of it\n".to_owned();
    }
    let headed = found.len() > 1;
    let part = |one: &Explanation| {
        let listing = one.listing.as_ref().map_or_else(String::new, |id| format!(" {id}"));
        let head = text::wrap(
            &format!("{}{listing} ({})", one.channel, text::mode(one.mode)),
            text::WIDTH,
            "  ",
        );
        format!(
            "{}{}",
            if headed { head.as_str() } else { "" },
            render(one, all, now, zone)
        )
    };
    found.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn render(one: &Explanation, all: bool, now: Millis, zone: &TimeZone) -> String {
    let sentences: Vec<String> = std::iter::once(standing(one, now, zone))
        .chain(one.notes.iter().cloned())
        .collect();
    let mut rendered = text::wrap(&sentences.join(" "), text::WIDTH, "");
    rendered += &steps(one, all);
    if let Some(price) = &one.price {
        rendered += &price_line(price);
    }
    let told = if all || one.as_of.is_some() { usize::MAX } else { 1 };
    for (place, change) in one.changes.iter().take(told).enumerate() {
        rendered += &change_line(if place == 0 { "last:" } else { "     " }, change, now, zone);
    }
    rendered
}

/// `Shows 4, wanted 4, read back 12:05:02: in_sync.`
fn standing(one: &Explanation, now: Millis, zone: &TimeZone) -> String {
    if let Some(at) = one.as_of {
        return standing_then(one, at, now, zone);
    }
    let state = one.state.name();
    let wanted = one
        .desired
        .map_or_else(|| format!("nothing ({})", one.stock_state), |wanted| wanted.to_string());
    match (&one.observed, &one.accepted, &one.sent) {
        (Some(seen), Some(accepted), _) if accepted.at > seen.at => format!(
            "Shows {} (read back {}), {} accepted {}, wanted {wanted}: {state}.",
            seen.quantity,
            moment(seen, now, zone),
            accepted.quantity,
            moment(accepted, now, zone)
        ),
        (Some(seen), _, _) => {
            format!(
                "Shows {}, wanted {wanted}, read back {}: {state}.",
                seen.quantity,
                moment(seen, now, zone)
            )
        }
        (None, Some(accepted), _) => format!(
            "Accepted {} at {}, not read back yet, wanted {wanted}: {state}.",
            accepted.quantity,
            moment(accepted, now, zone)
        ),
        (None, None, Some(sent)) => {
            format!(
                "Sent {} at {}, no answer yet, wanted {wanted}: {state}.",
                sent.quantity,
                moment(sent, now, zone)
            )
        }
        (None, None, None) => format!("Never read and never written, wanted {wanted}: {state}."),
    }
}

/// `At 11:05:00: wanted 4, sent 4 at 10:59:02, accepted 4 at 10:59:03.`
fn standing_then(one: &Explanation, at: Millis, now: Millis, zone: &TimeZone) -> String {
    let wanted = one
        .desired
        .map_or_else(|| "nothing".to_owned(), |wanted| wanted.to_string());
    let mut text = format!("At {}: wanted {wanted}", exact(at, now, zone));
    for (what, stamped) in [("sent", &one.sent), ("accepted", &one.accepted)] {
        if let Some(stamped) = stamped {
            let when = moment(stamped, now, zone);
            text.extend([", ", what, " ", &stamped.quantity.to_string(), " at ", &when]);
        }
    }
    if one.sent.is_none() {
        text += ", nothing sent since the history begins";
    }
    text + "."
}

fn moment(stamped: &Stamped, now: Millis, zone: &TimeZone) -> String {
    exact(stamped.at, now, zone)
}

/// To the second today, with the day before that.
fn exact(at: Millis, now: Millis, zone: &TimeZone) -> String {
    let today = text::clock(at, now, zone).len() == 5;
    text::instant(at, zone, if today { "%H:%M:%S" } else { "%-d %b %H:%M:%S" })
}

const STEP: usize = 13;
const VALUE: usize = 5;
const BECAUSE: usize = 40;
const SET_BY: usize = text::WIDTH - STEP - VALUE - BECAUSE - 3;

fn steps(one: &Explanation, all: bool) -> String {
    let shown: Vec<&Step> = one
        .steps
        .iter()
        .filter(|step| all || step.changes || step.step == "pool")
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    let mut table = format!(
        "\n{:<STEP$}{:>VALUE$}  {:<BECAUSE$} SET BY\n",
        "STEP", "VALUE", "BECAUSE"
    );
    table.extend(shown.iter().map(|step| step_lines(step)));
    let hidden: Vec<&str> = one
        .steps
        .iter()
        .filter(|step| !shown.iter().any(|other| std::ptr::eq(*other, *step)))
        .map(|step| step.step.as_str())
        .collect();
    if !hidden.is_empty() {
        table += &text::wrap(&format!("unchanged: {} (--all)", hidden.join(", ")), text::WIDTH, "  ");
    }
    table
}

fn step_lines(step: &Step) -> String {
    let value = step.value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let mut margin = format!("{:<STEP$}{value:>VALUE$}", text::shortened(&step.step, STEP - 1));
    let nothing = [Because {
        text: String::new(),
        set_by: None,
    }];
    let reasons = if step.because.is_empty() {
        &nothing[..]
    } else {
        &step.because
    };
    let mut lines = String::new();
    for reason in reasons {
        for (place, line) in text::lines(&reason.text, BECAUSE, "  ").into_iter().enumerate() {
            let set_by = if place == 0 {
                reason.set_by.as_deref().unwrap_or_default()
            } else {
                ""
            };
            let row = format!("{margin}  {line:<BECAUSE$} {}", text::shortened(set_by, SET_BY));
            lines += row.trim_end();
            lines.push('\n');
            margin = " ".repeat(STEP + VALUE);
        }
    }
    lines
}

fn price_line(price: &PriceExplanation) -> String {
    let amount = price.amount.as_deref().unwrap_or("none");
    let currency = price.currency.as_deref().unwrap_or_default();
    text::wrap(
        &format!("price: {amount} {currency} ({}), {}", price.state.name(), price.because),
        text::WIDTH,
        "  ",
    )
}

fn change_line(label: &str, change: &Change, now: Millis, zone: &TimeZone) -> String {
    let figure = |value: Option<Quantity>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    let (from, to) = (figure(change.from), figure(change.to));
    let line = format!("{label} {}  {from} -> {to}  ", exact(change.at, now, zone));
    let indent = " ".repeat(line.len().min(40));
    let cause = text::lines(&change.cause, text::WIDTH.saturating_sub(indent.len()).max(20), "");
    let mut rendered = String::new();
    for (place, part) in cause.iter().enumerate() {
        rendered.extend([if place == 0 { line.as_str() } else { indent.as_str() }, part, "\n"]);
    }
    rendered
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
