//! `omnistock parked`: listings that a channel refuses, with the vendor's own words, and what to do about them.

use super::{Context, Failure, text};
use crate::server::{Listed, Parked, ParkedAnswer, ParkedBody};
use omnistock_words::ChannelName;

/// Listings that a channel refuses.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ParkedCommand {
    /// List them.
    #[command(after_help = "Example: omnistock parked list --channel shop")]
    List {
        /// One channel; all unless given.
        #[arg(long)]
        channel: Option<ChannelName>,
        /// Entries at most, up to 10,000.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Try them again now, those that were left alone among them.
    #[command(after_help = "Example: omnistock parked retry LAMP-E27 --channel shop")]
    Retry(Which),
    /// Leave them alone from now on: their numbers stay as they are, until `retry` or another SKU.
    #[command(after_help = "Example: omnistock parked drop LAMP-E27 --channel shop --reason 'delisted by the vendor'")]
    Drop(Which),
}

/// Which listings.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The vendor's ids, or SKUs.
    #[arg(required_unless_present = "all")]
    listings: Vec<String>,
    /// All that are refused.
    #[arg(long, conflicts_with = "listings")]
    all: bool,
    /// One channel; all unless given.
    #[arg(long)]
    channel: Option<ChannelName>,
    /// Why, for the record; `drop` needs it.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Which {
    async fn send(self, verb: &str, done: &str, context: &Context) -> Result<(), Failure> {
        let body = ParkedBody {
            channel: self.channel,
            listings: self.listings,
            all: self.all,
            reason: self.reason,
        };
        let path = format!("/api/v1/parked/{verb}");
        let answers: Listed<ParkedAnswer> = context.client()?.post(&path, &body).await?;
        context.output.show(&answers, |answers| {
            let line = |answer: &ParkedAnswer| {
                let listings = answer.listings.len() as u64;
                format!(
                    "{}: {} {done}\n",
                    answer.channel,
                    text::count(listings, "listing", "listings")
                )
            };
            let lines: String = answers.items.iter().map(line).collect();
            if lines.is_empty() {
                "nothing is refused\n".to_owned()
            } else {
                lines
            }
        })
    }
}

impl ParkedCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (channel, limit) = match self {
            Self::List { channel, limit } => (channel, limit),
            Self::Retry(which) => return which.send("retry", "tried again", context).await,
            Self::Drop(which) => return which.send("drop", "left alone", context).await,
        };
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(channel.as_ref().map(|channel| ("channel", channel.as_str())));
        let parked: Listed<Parked> = context.client()?.get("/api/v1/parked", &query).await?;
        context.output.show(&parked, |parked| render(parked, context))
    }
}

fn render(parked: &Listed<Parked>, context: &Context) -> String {
    if parked.total == 0 {
        return "nothing parked\n".to_owned();
    }
    let mut rendered = format!(
        "{} parked; each is tried again when something about it changes\n",
        text::number(parked.total)
    );
    for one in &parked.items {
        let sku = one.sku.as_ref().map_or("no SKU", |sku| sku.as_str());
        let left = format!("{} {} ({})", one.channel, one.listing, sku);
        let at = |since| text::instant(since, &context.output.zone, "%-d %b %H:%M");
        rendered += &match one.since {
            Some(since) => text::spread(&left, &format!("since {}", at(since))),
            None => text::wrap(&left, text::WIDTH, "  "),
        };
        rendered.extend(
            text::lines(&one.reason, text::WIDTH - 2, "")
                .iter()
                .flat_map(|line| ["  ", line, "\n"]),
        );
    }
    rendered + &few(parked.total, parked.items.len())
}

/// What a list of a channel's listings leaves out: a daemon remembers the first of them only, whatever is asked for.
pub(super) fn few(total: u64, shown: usize) -> String {
    let left = total.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    if left == 0 {
        return String::new();
    }
    let left = text::number(left);
    format!("{left} more: --limit lists up to 200 a channel; `omnistock listings export` has all of them\n")
}

/// What a list leaves out.
pub(super) fn rest(total: u64, shown: usize) -> String {
    let left = total.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    if left == 0 {
        String::new()
    } else {
        format!("{} more: --limit {}\n", text::number(left), total.min(10_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_it_leaves_out() {
        assert_eq!(rest(100, 100), "");
        assert_eq!(rest(1_500, 100), "1,400 more: --limit 1500\n");
        let all = "1,300 more: --limit lists up to 200 a channel; `omnistock listings export` has all of them\n";
        assert_eq!((few(1_500, 200).as_str(), few(200, 200).as_str()), (all, ""));
    }
}
