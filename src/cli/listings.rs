//! `omnistock listings`: which SKUs the offers of the channels sell, and saying so.

mod import;
mod sheet;

use super::parked::few;
use super::progress::{self, Progress};
use super::{Context, Failure, text};
use crate::server::{ImportBody, ImportView, Listed, ListingRow, ListingRows, Unmapped};
use omnistock_words::ChannelName;
use std::path::{Path, PathBuf};

/// Listings asked for at once.
const PAGE: &str = "10000";

/// Offers of the channels.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Listings {
    /// List the offers that no SKU of ours belongs to.
    #[command(after_help = "Example: omnistock listings unmapped --channel shop")]
    Unmapped {
        /// One channel; all unless given.
        #[arg(long)]
        channel: Option<ChannelName>,
        /// Entries at most, up to 10,000.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Write a table of the offers and what they sell.
    #[command(after_help = "Example: omnistock listings export --channel shop --to listings.csv")]
    Export {
        /// One channel; all unless given.
        #[arg(long)]
        channel: Option<ChannelName>,
        /// Only offers that no SKU of ours belongs to.
        #[arg(long)]
        unmapped: bool,
        /// A file, which is replaced whole; standard output unless given.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Write a table of the offers without a SKU of ours, with the SKUs that they may mean. Nothing is changed.
    ///
    /// A SKU is filled in where it is plain; else the column `candidates` says what it may be. Look through the table
    /// and give it to `omnistock listings import`.
    #[command(after_help = "Example: omnistock listings suggest --channel shop --to listings.csv")]
    Suggest {
        /// One channel; all unless given.
        #[arg(long)]
        channel: Option<ChannelName>,
        /// A file, which is replaced whole; standard output unless given.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Say which SKUs offers sell, and how many units of them: all of a table, or nothing.
    ///
    /// The columns channel, listing, sku and factor are read. A row without a SKU changes nothing.
    #[command(after_help = "\
Example: omnistock listings import listings.csv --dry-run
         omnistock listings import listings.csv --reason \"new bundles of six\"")]
    Import {
        /// The table, separated by commas, semicolons or tabs.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Take back what was imported for these offers: the SKU that the channel has counts again.
        #[arg(long)]
        remove: bool,
        /// Why, for the record; up to 500 characters.
        #[arg(long, required_unless_present = "dry_run")]
        reason: Option<String>,
    },
}

impl Listings {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Unmapped { channel, limit } => unmapped(context, channel, limit).await,
            Self::Export { channel, unmapped, to } => {
                let unmapped = unmapped.then_some(("unmapped", "true"));
                let rows = rows(context, "/api/v1/listings/export", channel.as_ref(), unmapped).await?;
                written(context, &rows, to.as_deref())
            }
            Self::Suggest { channel, to } => {
                let rows = rows(context, "/api/v1/listings/suggest", channel.as_ref(), None).await?;
                written(context, &rows, to.as_deref())
            }
            Self::Import {
                file,
                dry_run,
                remove,
                reason,
            } => {
                let body = ImportBody {
                    csv: import::read(&file)?,
                    dry_run,
                    remove,
                    reason: reason.unwrap_or_default(),
                };
                let client = context.client()?;
                let asked = client.post("/api/v1/listings/import", &body);
                let answer: ImportView = progress::during(&context.output, "the table is compared", asked).await?;
                context.output.show(&answer, import::render)
            }
        }
    }
}

/// All pages.
async fn rows(
    context: &Context,
    path: &str,
    channel: Option<&ChannelName>,
    more: Option<(&str, &str)>,
) -> Result<Vec<ListingRow>, Failure> {
    let (client, mut rows, mut after) = (context.client()?, Vec::new(), None::<String>);
    let line = Progress::new(&context.output, "listings", None);
    loop {
        let mut query = vec![("limit", PAGE)];
        query.extend(channel.map(|channel| ("channel", channel.as_str())));
        query.extend(after.as_ref().map(|after| ("after", after.as_str())));
        query.extend(more);
        let page: ListingRows = client.get(path, &query).await?;
        rows.extend(page.items);
        line.say(format!(
            "{} listings",
            text::number(u64::try_from(rows.len()).unwrap_or(u64::MAX))
        ));
        if page.next.is_none() || page.next == after {
            return Ok(rows);
        }
        after = page.next;
    }
}

/// As a table into the file, or onto standard output.
fn written(context: &Context, rows: &Vec<ListingRow>, to: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = to else {
        return context.output.show(rows, |rows| sheet::text(rows));
    };
    let text = if context.output.json {
        serde_json::to_string_pretty(rows).unwrap_or_default() + "\n"
    } else {
        sheet::text(rows)
    };
    crate::store::replace(file, text.as_bytes())
        .map_err(|cause| Failure::usage(format!("{} can't be written: {cause}", file.display())))?;
    let with = rows.iter().filter(|row| row.sku.is_some()).count();
    let count = |count: usize| text::number(u64::try_from(count).unwrap_or(u64::MAX));
    let said = serde_json::json!({ "file": file.display().to_string(), "listings": rows.len(), "with_sku": with });
    context.output.show(&said, |_| {
        let listings = if rows.len() == 1 { "listing" } else { "listings" };
        format!(
            "{}: {} {listings}, {} with a SKU\n",
            file.display(),
            count(rows.len()),
            count(with)
        )
    })
}

async fn unmapped(context: &Context, channel: Option<ChannelName>, limit: usize) -> Result<(), Failure> {
    let limit = limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(channel.as_ref().map(|channel| ("channel", channel.as_str())));
    let unmapped: Listed<Unmapped> = context.client()?.get("/api/v1/listings/unmapped", &query).await?;
    context.output.show(&unmapped, render)
}

fn render(unmapped: &Listed<Unmapped>) -> String {
    if unmapped.total == 0 {
        return "every listing has a SKU\n".to_owned();
    }
    let rows: Vec<Vec<String>> = unmapped
        .items
        .iter()
        .map(|one| {
            let there = one.sku_there.as_deref().unwrap_or("-");
            vec![
                text::shortened(one.channel.as_str(), 16),
                text::shortened(&one.listing, 20),
                text::shortened(there, 20),
                text::shortened(&one.reason, 19),
            ]
        })
        .collect();
    let mut rendered = format!(
        "{} without a SKU of ours; nothing is written there\n\n",
        text::number(unmapped.total)
    );
    rendered += &text::table(&["CHANNEL", "LISTING", "SKU THERE", "BECAUSE"], &rows, 4);
    rendered + &few(unmapped.total, unmapped.items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmapped_listings_are_a_table_within_the_page() {
        let one = |listing: &str, there: Option<&str>, reason: &str| Unmapped {
            channel: "shop".parse().unwrap(),
            listing: listing.to_owned(),
            sku_there: there.map(str::to_owned),
            reason: reason.to_owned(),
        };
        let items = vec![
            one("1041", Some("MUG-RED-OLD"), "not in any source"),
            one("1042/7", None, "no SKU there"),
        ];
        let expected = "\
2 without a SKU of ours; nothing is written there

CHANNEL  LISTING SKU THERE   BECAUSE
shop     1041    MUG-RED-OLD not in any source
shop     1042/7  -           no SKU there
";
        assert_eq!(render(&Listed::whole(items)), expected);
        assert_eq!(render(&Listed::whole(Vec::new())), "every listing has a SKU\n");
        let long = one(&"9".repeat(200), Some(&"x".repeat(200)), &"y".repeat(200));
        assert!(
            render(&Listed::whole(vec![long]))
                .lines()
                .all(|line| line.chars().count() <= 80)
        );
    }
}
