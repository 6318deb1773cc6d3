//! `omnistock status`: how everything stands, the worst first, and the command that helps most.

use super::{Context, Failure, text};
use crate::server::{
    ChannelStatus, Compared, ListingState, RampStatus, ReportProblem, SourceStatus, StateCounts, Status,
};
use jiff::tz::TimeZone;
use omnistock_words::{ChannelName, Millis, Mode};

/// Show how everything stands.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock status --json | jq .channels")]
pub(super) struct Show {}

impl Show {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let status: Status = context.client()?.get("/api/v1/status", &[]).await?;
        context
            .output
            .show(&status, |status| render(status, &context.output.zone))
    }
}

/// A problem with its title, which is not said twice: reasons about a file begin with its name.
fn titled(problem: &ReportProblem) -> String {
    if problem.reason.starts_with(&problem.title) {
        problem.reason.clone()
    } else {
        format!("{}: {}", problem.title, problem.reason)
    }
}

/// The whole page. Ages are by the daemon's clock.
fn render(status: &Status, zone: &TimeZone) -> String {
    let mut page = text::spread(
        &format!("omnistock {}", status.version),
        &text::instant(status.at, zone, "%a %-d %b %H:%M:%S %Z"),
    );
    page += &head(status);
    page += &channels(status, zone);
    page += &prices(&status.prices);
    for source in &status.sources {
        page += &source_lines(source, status.at, zone);
    }
    page += &tail(status);
    page
}

fn paragraph(text: &str) -> String {
    text::wrap(text, text::WIDTH, "  ")
}

/// Characters of what needs attention that fit beside the gate.
const MOST_BESIDE: usize = 45;

fn head(status: &Status) -> String {
    let short = status.attention.join(", ");
    // Short words stand beside the gate, sentences below it, one a line.
    let listed = short.chars().count() > MOST_BESIDE;
    let left = match status.attention.len() {
        0 => "nothing needs attention".to_owned(),
        1 if listed => "ATTENTION".to_owned(),
        many if listed => format!("ATTENTION: {many} matters"),
        _ => format!("ATTENTION: {short}"),
    };
    let gate = if status.gate.open { "gate open" } else { "gate closed" };
    let mut head = text::spread(
        &left,
        &format!("{gate}, up {}", text::age(status.started_at, status.at)),
    );
    for sentence in status.attention.iter().filter(|_| listed) {
        head += &paragraph(&format!("- {sentence}"));
    }
    if status.standing.starts_with("standing by") {
        head += &paragraph(&format!("this daemon is {}", status.standing));
        return head;
    }
    for missing in &status.gate.missing {
        head += &paragraph(&format!("gate: {missing}"));
    }
    head
}

const HEAD: [&str; 10] = [
    "CHANNEL", "MODE", "LISTINGS", "IN_SYNC", "WAITING", "HELD", "PARKED", "UNMAPPED", "OTHER", "LAG_P99",
];

fn channels(status: &Status, zone: &TimeZone) -> String {
    if status.channels.is_empty() {
        return "\nno channels configured\n".to_owned();
    }
    let with = |most: usize, figure: fn(u64) -> String| {
        let rows: Vec<Vec<String>> = status
            .channels
            .iter()
            .map(|channel| row(channel, most, figure))
            .collect();
        format!("\n{}", text::table(&HEAD, &rows, 2))
    };
    let mut table = with(12, text::number);
    if table.lines().any(|line| line.chars().count() > text::WIDTH) {
        // A catalogue of millions: thousands fit, and `--json` has the figures to the unit.
        table = with(9, text::compact);
    }
    table += "WAITING = pending + in_flight + accepted; OTHER = excluded + paused\n";
    for channel in &status.channels {
        table += &channel_notes(channel, status.at, zone);
    }
    table
}

fn row(channel: &ChannelStatus, most: usize, figure: fn(u64) -> String) -> Vec<String> {
    let listings = &channel.listings;
    let figures = [
        listings.total(),
        listings.in_sync,
        listings.waiting(),
        listings.held,
        listings.parked,
        listings.unmapped,
        listings.other(),
    ];
    let mode = match channel.mode {
        Mode::DecreaseOnly => "lower",
        mode => text::mode(mode),
    };
    let mut row = vec![text::shortened(channel.name.as_str(), most), mode.to_owned()];
    row.extend(figures.map(figure));
    row.push(channel.lag.map_or_else(|| "-".to_owned(), |lag| text::lag(lag.p99_ms)));
    row
}

fn channel_notes(channel: &ChannelStatus, now: Millis, zone: &TimeZone) -> String {
    let mut notes = String::new();
    let name = &channel.name;
    if let Some(waiting) = &channel.waiting {
        notes += &paragraph(&format!("{name} waits: {waiting}"));
    }
    if let Some(throttled) = &channel.throttled {
        let until = text::clock(throttled.until, now, zone);
        notes += &paragraph(&format!("{name}: {}, until {until}", throttled.reason));
    }
    notes += &channel
        .ramp
        .map_or_else(String::new, |ramp| ramped(name, ramp, now, zone));
    if let Some(eased) = channel.limits.iter().find(|limit| limit.eased) {
        let line = format!("{name}: fewer calls than {}, because some were refused", eased.stated);
        notes += &paragraph(&line);
    }
    if let Some(steered) = &channel.steered {
        let until = steered
            .until
            .map(|until| format!(" until {}", text::clock(until, now, zone)));
        let reason = if steered.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", steered.reason)
        };
        notes += &paragraph(&format!(
            "{name}: {} since {}{} by a person (file: {}){reason}",
            text::mode(channel.mode),
            text::clock(steered.since, now, zone),
            until.unwrap_or_default(),
            text::mode(steered.file),
        ));
    }
    if channel.drained > 0 {
        let listings = text::count(channel.drained, "listing", "listings");
        let how = if channel.mode == Mode::Draining {
            "drained"
        } else {
            "still to be restored"
        };
        notes += &paragraph(&format!("{name}: {listings} {how}"));
    }
    if let Some(compared) = &channel.compared {
        notes += &paragraph(&format!("{name}: {}", truth(compared)));
    }
    if channel.errors > 0 {
        let (errors, calls) = (
            text::number(channel.errors),
            text::count(channel.calls, "call", "calls"),
        );
        let last = channel.last_error.as_ref().map_or_else(String::new, |error| {
            format!(
                ", last {} {}: {}",
                text::clock(error.at, now, zone),
                error.title,
                error.reason
            )
        });
        notes += &paragraph(&format!("{name}: {errors} of {calls} failed{last}"));
    }
    notes
}

/// How the first hour of a channel stands, and what that means for the others.
fn ramped(name: &ChannelName, ramp: RampStatus, now: Millis, zone: &TimeZone) -> String {
    let until = ramp.until.map(|until| text::clock(until, now, zone));
    let (changed, most) = (text::number(ramp.changed.into()), text::number(ramp.most.into()));
    paragraph(&match until {
        None => format!("{name}: the ramp lets {most} listings change in the first hour, which begins with the first"),
        Some(until) if ramp.changed < ramp.most => {
            format!("{name}: {changed} of {most} listings that the ramp lets change until {until}")
        }
        Some(until) => {
            format!("{name}: {most} listings changed in the first hour: all others wait for the ramp until {until}")
        }
    })
}

/// What would be written, and how far the channel is from the truth.
fn truth(compared: &Compared) -> String {
    let (up, down) = (compared.up, compared.down);
    let all = compared.equal + up + down;
    if up + down == 0 {
        return format!(
            "not written, and all of {} right",
            text::count(all, "listing", "listings")
        );
    }
    let zero = if compared.to_zero > 0 {
        format!(", {} of them to 0", text::number(compared.to_zero))
    } else {
        String::new()
    };
    let worst = compared.worst.as_ref().map(|worst| {
        let sku = worst.sku.as_ref().map_or(worst.listing.as_str(), |sku| sku.as_str());
        format!("; worst {sku}: {} there, {} ours", worst.there, worst.ours)
    });
    format!(
        "would write {} of {}: {} up, {} down{zero}; it shows {} units that do not exist, and lacks {}{}",
        text::number(up + down),
        text::count(all, "listing", "listings"),
        text::number(up),
        text::number(down),
        compared.excess,
        compared.missing,
        worst.unwrap_or_default()
    )
}

fn prices(counts: &StateCounts) -> String {
    if counts.total() == 0 {
        return String::new();
    }
    let part = |state: ListingState| {
        let figure = counts.get(state);
        let name = if state == ListingState::Parked {
            "parked (refused, or no floor)"
        } else {
            state.name()
        };
        (figure > 0).then(|| format!("{} {name}", text::number(figure)))
    };
    let parts: Vec<String> = ListingState::ALL.into_iter().filter_map(part).collect();
    paragraph(&format!("prices: {}", parts.join(", ")))
}

fn source_lines(source: &SourceStatus, now: Millis, zone: &TimeZone) -> String {
    let name = &source.name;
    let limit = source
        .limit_seconds
        .map_or_else(String::new, |limit| format!(" (limit {})", text::duration(limit)));
    let mut lines = match (&source.last, source.complete_as_of) {
        (None, None) => paragraph(&format!("{name} has not reported yet")),
        (None, Some(as_of)) => {
            let age = text::age(as_of, now);
            paragraph(&format!("{name} {age} old{limit}, nothing since this start"))
        }
        (Some(last), _) => {
            let rows = text::count(last.rows, "row", "rows");
            paragraph(&format!(
                "{name} {} old{limit}, {rows} in {}",
                text::age(last.as_of, now),
                last.title
            ))
        }
    };
    if let Some(cutover) = source.cutover {
        let since = text::instant(cutover, zone, "%-d %b %Y %H:%M");
        lines += &paragraph(&format!("{name} is watched since {since} (cutover)"));
    }
    for (verb, problems) in [("held", &source.held), ("refused", &source.refused)] {
        for problem in problems {
            let at = text::clock(problem.at, now, zone);
            lines += &paragraph(&format!("{name} {verb} {at} {}", titled(problem)));
        }
    }
    for (what, counted) in source.unknown.iter().filter(|(_, counted)| counted.count > 0) {
        let examples = counted.examples.join(", ");
        let more = if u64::try_from(counted.examples.len()).unwrap_or(0) < counted.count {
            ", …"
        } else {
            ""
        };
        let what = match what.as_str() {
            "skus" => "SKUs that no channel lists",
            "locations" => "unknown locations",
            "channels" => "unknown channels",
            other => other,
        };
        lines += &paragraph(&format!(
            "{name} names {} {what}: {examples}{more}",
            text::number(counted.count)
        ));
    }
    if let Some(error) = &source.last_error {
        let since = text::clock(error.at, now, zone);
        lines += &paragraph(&format!("{name} fails since {since}: {}", error.reason));
    }
    lines
}

fn tail(status: &Status) -> String {
    let mut tail = String::new();
    if !status.complaints.is_empty() {
        let parts: Vec<String> = status
            .complaints
            .iter()
            .map(|(name, count)| format!("{} {name}", text::number(*count)))
            .collect();
        tail += &paragraph(&format!("set aside: {}", parts.join(", ")));
    }
    let waiting = match status.store.inbox {
        0 => String::new(),
        inbox => format!(", {} to apply", text::count(inbox, "report", "reports")),
    };
    if !status.store.title.is_empty() {
        tail += &paragraph(&format!("store: {}{waiting}", status.store.title));
    }
    for warning in &status.store.warnings {
        tail += &paragraph(&format!("store: {warning}"));
    }
    if let Some(next) = &status.next {
        tail += &paragraph(&format!("next: {next}"));
    }
    tail
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
