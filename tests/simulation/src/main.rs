//! The simulation: one merchant's world in one thread, in virtual time, from one seed, with the real
//! engine and the real planner, and oracles apart from them. See `docs/simulation.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a test program: a panic is how it fails, and its numbers are small"
)]
#![allow(
    clippy::unused_self,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "methods of the world read alike; sentences for people are made once, when something fails"
)]

mod broken;
mod buyers;
mod call;
mod daemon;
mod erp;
mod fault;
mod intake;
mod kept;
mod launch;
mod ledger;
mod limits;
mod look;
mod names;
mod numbered;
mod oracle;
mod person;
mod prices;
mod promised;
mod random;
mod reading;
mod results;
mod run;
mod scenario;
mod settings;
mod shop;
mod shrink;
mod sim;
mod stock;
mod store;
mod trace;
mod worker;
mod world;

use clap::Parser;
use std::process::ExitCode;

/// As the daemon has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs worlds and judges them.
#[derive(Debug, Parser)]
#[command(name = "omnistock-simulation")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// A broken variant that must be caught; `all`, or `list`.
    #[arg(long)]
    r#break: Option<String>,
    /// Standard output is JSON only.
    #[arg(long)]
    json: bool,
    /// Tells the story of the seed.
    #[arg(short, long)]
    verbose: bool,
    /// Seeds at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Does not make a failing seed smaller.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let holds = match (&arguments.r#break, arguments.seed) {
        (Some(name), _) if name == "list" => run::list(arguments.json),
        (Some(name), _) if name == "all" => run::break_all(&arguments),
        (Some(name), _) => {
            if let Some(variant) = broken::named(name) {
                run::break_one(&arguments, variant)
            } else {
                eprintln!("there is no variant `{name}`; `--break list` names them");
                return ExitCode::from(2);
            }
        }
        (None, Some(seed)) => run::one(&arguments, seed),
        (None, None) => run::many(&arguments),
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
