//! `omnistock-bench NAME [--json]`: a line per figure; exit 1 where one falls short.
//!
//! Load and channels are one process (a sale happens inside a shop), the daemon and Redis are processes
//! of their own. Every figure comes from the run that prints it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line for people")]

mod ask;
mod at_once;
mod buyers;
mod channels;
mod chaos;
mod daemon;
mod figure;
mod hot;
mod limit;
mod memory;
mod outage;
mod peers;
mod redis_server;
mod rough;
mod sender;
mod snapshot;
mod storm;
mod webhooks;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The shops are to cost as little of the machine as they can: the daemon is what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// The daemon's program.
    #[arg(long, global = true, default_value = "target/release/omnistock")]
    daemon: PathBuf,
    /// One JSON object a line instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Commits through our client beside redis-benchmark with the same script.
    Limit,
    /// Orders at 200/s and 1,000/s until the last of four channels is changed.
    Storm {
        /// Seconds of each of the two loads.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
        /// Also orders at once of which every article has as many.
        #[arg(long)]
        alike: bool,
    },
    /// A complete stock file, unchanged and with one row in a hundred changed.
    Snapshot {
        /// SKUs.
        #[arg(long, default_value_t = 100_000)]
        skus: usize,
    },
    /// A large catalogue in sync: bytes in Redis for each SKU, memory of the daemon.
    Memory {
        /// SKUs; the claim is for a million of them.
        #[arg(long, default_value_t = 1_000_000)]
        skus: usize,
    },
    /// Signed webhooks at 1,000/s until their durable 2xx.
    Webhooks(webhooks::Load),
    /// One of four channels is dead for an hour, and comes back.
    Outage(outage::Hour),
    /// One article that everybody buys.
    Hot {
        /// Seconds of 16 buyers against our numbers.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Other programs in the same run: a pipeline of `BullMQ`, and inventra.
    Peers(peers::Round),
    /// Kills, failing calls, lost answers, lost and doubled webhooks, all at once: half of the time on each store.
    Chaos(chaos::Trouble),
    /// Inner: a vendor that sends webhooks; prints what became of them.
    #[command(hide = true)]
    Sender(sender::Sending),
    /// Inner: the shops and their buyers; prints where they are, ends with its standard input.
    #[command(hide = true)]
    Channels(channels::Wanted),
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    // Both sides speak plain HTTP; the client wants a provider all the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = Arguments::parse();
    let figures = match arguments.what {
        What::Limit => limit::run().await?,
        What::Storm { seconds, alike } => storm::run(&arguments.daemon, seconds, alike).await?,
        What::Snapshot { skus } => snapshot::run(&arguments.daemon, skus).await?,
        What::Memory { skus } => memory::run(&arguments.daemon, skus).await?,
        What::Webhooks(load) => webhooks::run(&arguments.daemon, &load).await?,
        What::Outage(hour) => outage::run(&arguments.daemon, &hour).await?,
        What::Hot { seconds } => hot::run(&arguments.daemon, seconds).await?,
        What::Peers(round) => peers::run(&arguments.daemon, &round).await?,
        What::Chaos(trouble) => chaos::run(&arguments.daemon, &trouble).await?,
        What::Sender(sending) => {
            sender::run(&sending).await?;
            return Ok(ExitCode::SUCCESS);
        }
        What::Channels(wanted) => {
            channels::serve(&wanted).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    Ok(figure::print(&figures, arguments.json))
}
