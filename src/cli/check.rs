//! `omnistock check`: everything that is wrong with a configuration, in one go.

use super::wiring::{self, Checked};
use super::{Context, Failure, text};

/// Check the configuration and run its rule tests.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock check -c omnistock.toml --live\n\
    Exit 2: the configuration is faulty; 1: a rule test or a connector failed; 0: warnings at most.")]
pub(super) struct Check {
    /// Also ask every connected system, without changing anything: credentials, permissions, clock.
    #[arg(long)]
    live: bool,
}

impl Check {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let checked = Box::pin(wiring::check(&context.config, self.live.then_some(&context.output))).await?;
        context.output.show(&checked, render)?;
        verdict(&checked, &context.config.display().to_string())
    }
}

fn totals(checked: &Checked) -> String {
    let count = |value: usize, one, many| text::count(u64::try_from(value).unwrap_or(u64::MAX), one, many);
    let mut totals = format!(
        "{}, {}",
        count(checked.errors, "error", "errors"),
        count(checked.warnings, "warning", "warnings")
    );
    if checked.passed > 0 {
        totals.extend([", ", &count(checked.passed, "rule test passed", "rule tests passed")]);
    }
    if checked.failed > 0 {
        totals.extend([
            ", ",
            &text::number(checked.failed.try_into().unwrap_or(u64::MAX)),
            " failed",
        ]);
    }
    totals
}

fn render(checked: &Checked) -> String {
    let mut rendered = checked.text.clone();
    if !rendered.is_empty() && !rendered.ends_with('\n') {
        rendered.push('\n');
    }
    rendered + &totals(checked) + "\n"
}

fn verdict(checked: &Checked, file: &str) -> Result<(), Failure> {
    match (checked.errors, checked.failed) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::no(format!("{file}: {}", totals(checked)))),
        _ => Err(Failure::usage(format!("{file} is not usable: {}", totals(checked)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Code;

    fn checked(errors: usize, warnings: usize, failed: usize) -> Checked {
        Checked {
            errors,
            warnings,
            failed,
            text: "omnistock.toml:3:1: …".to_owned(),
            ..Checked::default()
        }
    }

    #[test]
    fn the_text_ends_with_the_count() {
        assert_eq!(
            render(&checked(2, 0, 0)),
            "omnistock.toml:3:1: …\n2 errors, 0 warnings\n"
        );
        assert_eq!(render(&Checked::default()), "0 errors, 0 warnings\n");
    }

    #[test]
    fn warnings_are_fine_failed_tests_are_no_errors_are_usage() {
        let code = |checked: &Checked| verdict(checked, "x").err().map(|failure| failure.code);
        assert_eq!(code(&checked(0, 3, 0)), None);
        assert_eq!(code(&checked(0, 0, 1)), Some(Code::No));
        assert_eq!(code(&checked(1, 0, 1)), Some(Code::Usage));
    }
}
