//! `omnistock run`: the daemon itself.

use super::{Context, Failure, logging, wiring};
use tracing::level_filters::LevelFilter;

/// Run the daemon until SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock run -c /etc/omnistock/omnistock.toml --log json\n\
    OMNISTOCK_LOG sets levels: `debug`, or `info,omnistock::delivery=trace`.")]
pub(super) struct Run {
    /// The form of log lines on standard error.
    #[arg(long, value_enum, default_value = "text")]
    log: logging::Format,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        logging::start(self.log, LevelFilter::INFO)?;
        Box::pin(wiring::run(&context.config)).await
    }
}
