//! `omnistock sync`: read again, now.

use super::{Context, Failure, progress, text};
use crate::server::SyncAnswer;
use crate::server::admin::SyncBody;
use omnistock_words::ConnectorName;

/// Ask the daemon to read its systems again, now.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock sync erp --full")]
pub(super) struct Sync {
    /// One connector; all unless given.
    connector: Option<ConnectorName>,
    /// Read every order that may still hold stock, wherever the polls stand.
    /// Sources always read everything.
    #[arg(long)]
    full: bool,
}

impl Sync {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let body = SyncBody {
            connector: self.connector,
            full: self.full,
        };
        let client = context.client()?;
        let asked = client.post("/api/v1/sync", &body);
        let answer: SyncAnswer = progress::during(&context.output, "the daemon is asked", asked).await?;
        context.output.show(&answer, render)
    }
}

fn render(answer: &SyncAnswer) -> String {
    if answer.connectors.is_empty() {
        return "there is no connector to read\n".to_owned();
    }
    let names: Vec<&str> = answer.connectors.iter().map(ConnectorName::as_str).collect();
    text::wrap(
        &format!(
            "{} will be read again; `omnistock status` shows what comes",
            names.join(", ")
        ),
        text::WIDTH,
        "  ",
    )
}
