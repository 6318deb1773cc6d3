//! `omnistock set`: one setting of one SKU until an instant, above every rule of the configuration.

use super::{Context, Failure, text, when};
use crate::server::{Listed, OverrideView, SetBody, UnsetBody};
use jiff::tz::TimeZone;
use omnistock_words::{ChannelName, Millis, Sku};

/// Set one setting of one SKU until an instant; list what is set, or end it.
///
/// The keys and values are those of `set` in [[rules]]. It outlives restarts and reloads, and
/// `omnistock explain SKU` names it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: omnistock set LAMP-E27 --channel shop max_shown=2 --until 18:00 --reason \"photo shooting\"
         omnistock set --list
         omnistock set --remove o-3")]
pub(super) struct Set {
    /// Which SKU.
    #[arg(required_unless_present_any = ["list", "remove"], requires = "setting")]
    sku: Option<Sku>,
    /// What, such as `max_shown=2` or `mode=frozen`.
    #[arg(value_name = "KEY=VALUE", requires_all = ["until", "reason"])]
    setting: Option<String>,
    /// On one channel; on all unless given.
    #[arg(long)]
    channel: Option<ChannelName>,
    /// Until when: 2026-11-27T03:10:00Z, 2026-11-27 03:10, 03:10, or 2h.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why, for the record; up to 500 characters.
    #[arg(long)]
    reason: Option<String>,
    /// Show what is set.
    #[arg(long, conflicts_with_all = ["sku", "remove", "until"])]
    list: bool,
    /// End it now.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sku", "until"])]
    remove: Option<String>,
}

impl Set {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (now, zone) = (omnistock_sdk::now(), &context.output.zone);
        if let Some(id) = self.remove {
            let reason = self.reason.unwrap_or_default();
            let ended: OverrideView = context
                .client()?
                .post("/api/v1/set/remove", &UnsetBody { id, reason })
                .await?;
            return context
                .output
                .show(&ended, |one| format!("{} {} is not set any more\n", one.sku, one.set));
        }
        let (Some(sku), Some(set), Some(until)) = (self.sku, self.setting, self.until) else {
            let listed: Listed<OverrideView> = context.client()?.get("/api/v1/set", &[]).await?;
            return context.output.show(&listed, |listed| list(&listed.items, now, zone));
        };
        let body = SetBody {
            sku,
            channel: self.channel,
            set,
            until: when::coming(&until, now, zone).map_err(Failure::usage)?,
            reason: self.reason.unwrap_or_default(),
        };
        let made: OverrideView = context.client()?.post("/api/v1/set", &body).await?;
        context.output.show(&made, |one| {
            let until = text::clock(one.until, now, zone);
            format!("{}: {} {} until {until}\n", one.id, one.sku, one.set)
        })
    }
}

fn list(items: &[OverrideView], now: Millis, zone: &TimeZone) -> String {
    if items.is_empty() {
        return "nothing is set; the configuration holds\n".to_owned();
    }
    let mut listed = String::new();
    for one in items {
        let on = one
            .channel
            .as_ref()
            .map_or_else(|| "all channels".to_owned(), ToString::to_string);
        let until = format!("until {}", text::clock(one.until, now, zone));
        listed += &text::spread(&format!("{}  {} on {on}: {}", one.id, one.sku, one.set), &until);
        listed += &text::wrap(&format!("      {}", one.reason), text::WIDTH, "      ");
    }
    listed + "omnistock set --remove ID\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_listed_with_its_end_and_reason() {
        let one = OverrideView {
            id: "o-3".to_owned(),
            sku: "LAMP-E27".parse().unwrap(),
            channel: Some("shop".parse().unwrap()),
            set: "max_shown=2".to_owned(),
            since: Millis(0),
            until: Millis(3_600_000),
            reason: "photo shooting".to_owned(),
        };
        let text = list(&[one], Millis(0), &TimeZone::UTC);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("o-3  LAMP-E27 on shop: max_shown=2") && lines[0].ends_with("until 01:00"));
        assert_eq!(lines[1..], ["photo shooting", "omnistock set --remove ID"]);
        assert!(list(&[], Millis(0), &TimeZone::UTC).contains("nothing is set"));
    }
}
