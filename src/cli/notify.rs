//! `omnistock notify`: whether whoever is to be told would hear it.

use super::{Context, Failure, text};
use crate::server::{Listed, NotifyAnswer, NotifyTestBody};

/// Who is told what needs a person.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Notify {
    /// Send a test message, from the daemon, as it would send a real one.
    #[command(after_help = "Example: omnistock notify test night\n\
        Exit 1: a message did not get through.")]
    Test(Test),
}

/// Whom to try.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// One [[notify]] by its name; all unless given.
    name: Option<String>,
}

impl Notify {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Test(Test { name }) = self;
        let body = NotifyTestBody { name };
        let answers: Listed<NotifyAnswer> = context.client()?.post("/api/v1/notify/test", &body).await?;
        context.output.show(&answers, |answers| render(&answers.items))?;
        let failed = answers.items.iter().filter(|answer| answer.error.is_some()).count();
        if failed == 0 {
            return Ok(());
        }
        Err(Failure::no(format!(
            "{failed} of {} did not get through",
            answers.items.len()
        )))
    }
}

fn render(answers: &[NotifyAnswer]) -> String {
    let one = |answer: &NotifyAnswer| {
        let NotifyAnswer {
            name,
            way,
            error,
            milliseconds,
        } = answer;
        let took = text::lag(*milliseconds);
        let said = match error {
            None => format!("{name} ({way}): taken within {took}"),
            Some(why) => format!("{name} ({way}): FAILED after {took}: {why}"),
        };
        text::wrap(&said, text::WIDTH, "  ")
    };
    answers.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_line_and_what_failed_says_why() {
        let answer = |name: &str, error: Option<&str>| NotifyAnswer {
            name: name.to_owned(),
            way: "url".to_owned(),
            error: error.map(str::to_owned),
            milliseconds: 412,
        };
        assert_eq!(
            render(&[
                answer("day", None),
                answer("night", Some("alerts.example.com: answer 404: no"))
            ]),
            "day (url): taken within 0.4 s\nnight (url): FAILED after 0.4 s: alerts.example.com: answer 404: no\n"
        );
    }
}
