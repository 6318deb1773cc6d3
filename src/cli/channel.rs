//! `omnistock channel`: how a channel is worked, changed while the daemon runs.

use super::{Context, Failure, text, when};
use crate::server::{ChannelAnswer, ChannelBody, ModeAsked};
use jiff::tz::TimeZone;
use omnistock_words::{ChannelName, Millis};

/// Change how a channel is worked, until further notice or an instant.
///
/// `frozen` keeps what is published, `draining` shows zero everywhere and restores it with a check,
/// `decrease_only` lets numbers fall, `shadow` and `observe` write nothing, `live` writes. It outlives
/// restarts and reloads; `reset` goes back to the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: omnistock channel shop frozen --until 18:00 --reason \"stocktaking\"
         omnistock channel shop live --without market --reason \"market is closed\"")]
pub(super) struct Change {
    /// Which channel.
    channel: ChannelName,
    /// Its mode.
    #[arg(value_parser = mode)]
    mode: ModeAsked,
    /// Until when: 2026-11-27T03:10:00Z, 2026-11-27 03:10, 03:10, or 2h; then the configuration holds again.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// With `live`: a channel whose open orders it does not wait for; may be given more than once.
    #[arg(long, value_name = "CHANNEL")]
    without: Vec<ChannelName>,
    /// Why, for the record.
    #[arg(long, default_value = "")]
    reason: String,
}

const MODES: &str = "observe, shadow, live, decrease_only, frozen, draining, or reset for the configuration's";

fn mode(text: &str) -> Result<ModeAsked, String> {
    let asked = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    asked.map_err(|_| format!("there are {MODES}"))
}

impl Change {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (now, zone) = (omnistock_sdk::now(), &context.output.zone);
        let until = self.until.map(|text| when::coming(&text, now, zone));
        let body = ChannelBody {
            channel: self.channel,
            mode: self.mode,
            until: until.transpose().map_err(Failure::usage)?,
            without: self.without,
            reason: self.reason,
        };
        let answer: ChannelAnswer = context.client()?.post("/api/v1/channel", &body).await?;
        context.output.show(&answer, |answer| render(answer, now, zone))
    }
}

fn render(answer: &ChannelAnswer, now: Millis, zone: &TimeZone) -> String {
    let (channel, mode, file) = (&answer.channel, text::mode(answer.mode), text::mode(answer.file));
    let until = answer.until.map(|until| text::clock(until, now, zone));
    let mode = match until {
        Some(until) => format!("{channel} is {mode} until {until}, then {file} again"),
        None if answer.mode == answer.file => format!("{channel} is {mode}, as the configuration says"),
        None => format!("{channel} is {mode} until `omnistock channel {channel} reset` (configuration: {file})"),
    };
    let names: Vec<&str> = answer.without.iter().map(ChannelName::as_str).collect();
    let mut said = match names.join(", ") {
        none if none.is_empty() => mode,
        names => format!("{channel} goes without the open orders of {names} until they are read after all; {mode}"),
    };
    if !answer.waits.is_empty() {
        said.extend(["; it still waits: ", &answer.waits.join(", ")]);
    } else if !answer.without.is_empty() {
        said += "; it is open";
    }
    text::wrap(&said, text::WIDTH, "  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Mode;

    fn answer() -> ChannelAnswer {
        ChannelAnswer {
            channel: ChannelName::new("shop").unwrap(),
            mode: Mode::Live,
            file: Mode::Live,
            until: None,
            without: vec![ChannelName::new("market").unwrap()],
            waits: Vec::new(),
        }
    }

    fn said(answer: &ChannelAnswer) -> String {
        render(answer, Millis(0), &TimeZone::UTC).replace("\n  ", " ")
    }

    #[test]
    fn the_answer_says_what_is_still_missing() {
        let mut answer = answer();
        assert!(said(&answer).trim_end().ends_with("it is open"), "{}", said(&answer));
        answer
            .waits
            .push("erp has not given a complete snapshot yet".to_owned());
        assert!(said(&answer).contains("still waits"), "{}", said(&answer));
    }

    #[test]
    fn a_mode_is_told_with_its_end() {
        let mut answer = ChannelAnswer {
            without: Vec::new(),
            mode: Mode::Frozen,
            ..answer()
        };
        assert_eq!(
            said(&answer),
            "shop is frozen until `omnistock channel shop reset` (configuration: live)\n"
        );
        answer.until = Some(Millis(3_600_000));
        assert_eq!(said(&answer), "shop is frozen until 01:00, then live again\n");
        assert_eq!(mode("decrease_only"), Ok(ModeAsked::DecreaseOnly));
        assert!(mode("forzen").unwrap_err().contains("draining"));
    }
}
