//! `omnistock listings unmapped`: offers on a channel that no SKU of ours belongs to.

use super::parked::rest;
use super::{Context, Failure, text};
use crate::server::{Listed, Unmapped};
use omnistock_words::ChannelName;

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
}

impl Listings {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Unmapped { channel, limit } = self;
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(channel.as_ref().map(|channel| ("channel", channel.as_str())));
        let unmapped: Listed<Unmapped> = context.client()?.get("/api/v1/listings/unmapped", &query).await?;
        context.output.show(&unmapped, render)
    }
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
    rendered + &rest(unmapped.total, unmapped.items.len())
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
