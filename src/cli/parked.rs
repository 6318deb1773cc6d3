//! `omnistock parked list`: listings that a channel refuses, with the vendor's own words.

use super::{Context, Failure, text};
use crate::server::{Listed, Parked};
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
}

impl ParkedCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::List { channel, limit } = self;
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
        let since = format!(
            "since {}",
            text::instant(one.since, &context.output.zone, "%-d %b %H:%M")
        );
        rendered += &text::spread(&left, &since);
        rendered.extend(
            text::lines(&one.reason, text::WIDTH - 2, "")
                .iter()
                .flat_map(|line| ["  ", line, "\n"]),
        );
    }
    rendered + &rest(parked.total, parked.items.len())
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
    }
}
