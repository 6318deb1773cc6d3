//! `omnistock channel`: how a channel is worked, changed while the daemon runs.

use super::{Context, Failure, text};
use crate::server::{ChannelAnswer, ChannelBody};
use omnistock_words::{ChannelName, Mode};

/// Open a channel that waits for the orders of another.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock channel shop live --without market --reason \"market is closed\"")]
pub(super) struct Change {
    /// Which channel.
    channel: ChannelName,
    /// Its mode; in this version `live` only.
    #[arg(value_parser = ["live"])]
    mode: String,
    /// A channel whose open orders it does not wait for; may be given more than once.
    #[arg(long, required = true, value_name = "CHANNEL")]
    without: Vec<ChannelName>,
    /// Why, for the record.
    #[arg(long, default_value = "")]
    reason: String,
}

impl Change {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let body = ChannelBody {
            channel: self.channel,
            mode: Mode::Live,
            without: self.without,
            reason: self.reason,
        };
        let answer: ChannelAnswer = context.client()?.post("/api/v1/channel", &body).await?;
        context.output.show(&answer, render)
    }
}

fn render(answer: &ChannelAnswer) -> String {
    let names: Vec<&str> = answer.without.iter().map(ChannelName::as_str).collect();
    let (channel, names) = (&answer.channel, names.join(", "));
    let first = format!("{channel} goes without the open orders of {names} until they are read after all");
    let rest = if answer.waits.is_empty() {
        "; it is open".to_owned()
    } else {
        format!("; it still waits: {}", answer.waits.join(", "))
    };
    text::wrap(&(first + &rest), text::WIDTH, "  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_what_is_still_missing() {
        let mut answer = ChannelAnswer {
            channel: ChannelName::new("shop").unwrap(),
            without: vec![ChannelName::new("market").unwrap()],
            waits: Vec::new(),
        };
        assert!(render(&answer).trim_end().ends_with("open"), "{}", render(&answer));
        answer
            .waits
            .push("erp has not given a complete snapshot yet".to_owned());
        assert!(render(&answer).contains("still waits"), "{}", render(&answer));
    }
}
