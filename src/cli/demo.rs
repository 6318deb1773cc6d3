//! `omnistock demo`: a whole merchant with simulated systems, on this machine, at once.

use super::{Context, Failure, logging, wiring};
use tracing::level_filters::LevelFilter;

/// Show a merchant with an ERP, channels and buyers, all simulated here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock demo --with amazon,ebay --for 20")]
pub(super) struct Demo {
    /// End after so many seconds with a summary; exit 0 only if every channel shows what it should.
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,
    /// Show these marketplaces beside the shops.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    with: Vec<With>,
}

/// A marketplace beside the shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum With {
    /// Amazon.
    Amazon,
    /// eBay.
    Ebay,
}

impl Demo {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        // Lines of the log would tear the live table apart: only what went wrong is shown.
        logging::start(logging::Format::Text, LevelFilter::ERROR)?;
        let arguments = wiring::DemoArguments {
            seconds: self.seconds,
            with: self.with,
            json: context.output.json,
        };
        Box::pin(wiring::demo(arguments)).await
    }
}
