//! `omnistock audit`: every listing read anew beside what it should show, with the cause of each difference.

use super::client::Client;
use super::progress::Progress;
use super::{Context, Failure, text};
use crate::server::{AuditBody, AuditClass, AuditView, Listed, Status};
use jiff::tz::TimeZone;
use omnistock_planner::DriftClass;
use omnistock_words::{ChannelName, Millis};
use std::time::Duration;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);

/// Read channels anew and say what differs and why; with `--fix` put it right.
///
/// Without `--fix` the audit itself writes nothing, and ends with 1 where something differs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock audit ebay_de --fix")]
pub(super) struct Audit {
    /// One channel; all unless given.
    channel: Option<ChannelName>,
    /// Write what writing can put right.
    #[arg(long)]
    fix: bool,
    /// Write every listing once more, also those that show what they should.
    #[arg(long)]
    force: bool,
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (now, client) = (omnistock_sdk::now(), context.client()?);
        let body = AuditBody {
            channel: self.channel.clone(),
            fix: self.fix,
            force: self.force,
        };
        let mut found: Listed<AuditView> = client.post("/api/v1/audit", &body).await?;
        let meant = |one: &AuditView| self.channel.as_ref().is_none_or(|channel| *channel == one.channel);
        if found.items.iter().any(|one| meant(one) && one.running) {
            let total = listings(&client, self.channel.as_ref()).await;
            let line = Progress::new(&context.output, "listings read", total);
            while found.items.iter().any(|one| meant(one) && one.running) {
                tokio::time::sleep(LOOK).await;
                found = client.get("/api/v1/audit", &[]).await?;
                line.at(found
                    .items
                    .iter()
                    .filter(|one| meant(one))
                    .map(|one| one.listings)
                    .sum());
            }
        }
        found.items.retain(meant);
        found.total = found.items.len() as u64;
        context.output.show(&found, |found| {
            let pages = found.items.iter().map(|one| render(one, now, &context.output.zone));
            pages.collect::<Vec<_>>().join("\n")
        })?;
        let failed = found
            .items
            .iter()
            .find_map(|one| Some((&one.channel, one.failed.as_ref()?)));
        if let Some((channel, why)) = failed {
            return Err(Failure::no(format!(
                "the audit of {channel} did not come to its end: {why}"
            )));
        }
        let differ: u64 = found.items.iter().map(AuditView::differ).sum();
        if differ > 0 && !self.fix && !self.force {
            return Err(Failure::no(format!(
                "{} differ",
                text::count(differ, "listing", "listings")
            )));
        }
        Ok(())
    }
}

/// How many listings there are to read; `None` where nobody says.
async fn listings(client: &Client, channel: Option<&ChannelName>) -> Option<u64> {
    let status: Status = client.get("/api/v1/status", &[]).await.ok()?;
    let meant = |name| channel.is_none_or(|channel| channel == name);
    let counts = status.channels.iter().filter(|one| meant(&one.name));
    Some(counts.map(|one| one.listings.total()).sum())
}

const HEAD: [&str; 6] = ["CLASS", "COUNT", "EXCESS", "WORST", "OURS", "THERE"];

fn render(view: &AuditView, now: Millis, zone: &TimeZone) -> String {
    if view.failed.is_some() {
        return String::new();
    }
    let mut page = format!(
        "{}: {}: {} equal, {} differ, {} not compared\n",
        view.channel,
        text::count(view.listings, "listing", "listings"),
        text::number(view.equal),
        text::number(view.differ()),
        text::number(view.not_compared)
    );
    if !view.classes.is_empty() {
        page += "EXCESS = units shown that do not exist\n\n";
        let rows: Vec<Vec<String>> = view
            .classes
            .iter()
            .map(|class| {
                let worst = class.worst.as_ref();
                let name = worst.map(|worst| worst.sku.as_ref().map_or(worst.listing.as_str(), |sku| sku.as_str()));
                let mut row = vec![
                    class.class.words().to_owned(),
                    text::number(class.count),
                    class.excess.to_string(),
                ];
                row.push(text::shortened(name.unwrap_or_default(), 24));
                row.extend(
                    worst
                        .map(|worst| [worst.ours.to_string(), worst.there.to_string()])
                        .into_iter()
                        .flatten(),
                );
                row
            })
            .collect();
        page += &text::table(&HEAD, &rows, 1);
    }
    for class in &view.classes {
        page += &others(class, now, zone).unwrap_or_default();
    }
    let (writes, left) = (text::number(view.writes), text::number(view.left));
    if view.fixing {
        page + &format!("writing {writes}, leaving {left}\n")
    } else if view.differ() > 0 {
        page + &format!("--fix would write {writes}, leave {left}.\n")
    } else {
        page
    }
}

/// Since when another program changes the numbers, how often, and what to do about it.
fn others(class: &AuditClass, now: Millis, zone: &TimeZone) -> Option<String> {
    let since = text::clock(
        class.since.filter(|_| class.class == DriftClass::AnotherWriter)?,
        now,
        zone,
    );
    let every = class.every.and_then(|every| u64::try_from(every).ok());
    let often = every.map_or_else(String::new, |every| format!("every {} ", text::lag(every)));
    let line = format!(
        "{}: {often}since {since}. Stop the other tool first.",
        class.class.words()
    );
    Some(text::wrap(&line, text::WIDTH, "  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Worst;
    use omnistock_words::Quantity;

    fn class(class: DriftClass, count: u64, excess: i64, worst: (&str, i64, i64)) -> AuditClass {
        AuditClass {
            class,
            count,
            excess: Quantity::whole(excess),
            worst: Some(Worst {
                listing: "7".parse().unwrap(),
                sku: Some(worst.0.parse().unwrap()),
                ours: Quantity::whole(worst.1),
                there: Quantity::whole(worst.2),
            }),
            since: (class == DriftClass::AnotherWriter).then_some(Millis(0)),
            every: Some(900_400),
        }
    }

    #[test]
    fn the_page_names_the_worst_of_each_class_and_what_fixing_would_do() {
        let view = AuditView {
            channel: "ebay_de".parse().unwrap(),
            running: false,
            failed: None,
            listings: 38_460,
            equal: 37_924,
            not_compared: 502,
            classes: vec![
                class(DriftClass::AnotherWriter, 31, 188, ("SHIRT-M", 3, 9)),
                class(DriftClass::Person, 3, 40, ("MUG-RED", 0, 40)),
            ],
            writes: 3,
            left: 31,
            fixing: false,
        };
        let page = render(&view, Millis(0), &TimeZone::UTC);
        let lines: Vec<String> = page
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let expected = [
            "ebay_de: 38,460 listings: 37,924 equal, 34 differ, 502 not compared",
            "EXCESS = units shown that do not exist",
            "",
            "CLASS COUNT EXCESS WORST OURS THERE",
            "another writer 31 188 SHIRT-M 3 9",
            "changed by person 3 40 MUG-RED 0 40",
            "another writer: every 15 min since 00:00. Stop the other tool first.",
            "--fix would write 3, leave 31.",
        ];
        assert_eq!(lines, expected);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
}
