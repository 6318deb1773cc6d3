//! The command line: one file a subcommand, facts from the daemon's admin listener, text for
//! people or `--json` for programs.

mod address;
mod audit;
mod awaited;
mod backup;
mod channel;
mod check;
mod client;
mod connectors;
mod demo;
mod evaluate;
mod exit;
mod explain;
mod holds;
mod init;
mod journal;
mod listings;
mod live;
mod log;
pub mod logging;
mod manual;
mod notify;
mod orders;
mod output;
mod parked;
mod plan;
mod progress;
mod reservations;
mod rule_tests;
mod run;
mod schema;
mod set;
mod shorts;
mod status;
mod sync;
mod text;
mod when;
pub mod wiring;

pub use exit::{Code, Failure};

use clap::{Parser, Subcommand};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps stock and prices right on every sales channel of a merchant.
#[derive(Debug, Parser)]
#[command(name = "omnistock", version, max_term_width = 80, after_help = Code::HELP)]
struct Cli {
    /// The configuration; `conf.d/*.toml` beside it belongs to it.
    #[arg(
        short = 'c',
        long,
        global = true,
        value_name = "FILE",
        default_value = "/etc/omnistock/omnistock.toml"
    )]
    config: PathBuf,

    /// Print JSON, and nothing else, on standard output.
    #[arg(long, global = true)]
    json: bool,

    /// The daemon's admin address, `HOST:PORT` or `https://HOST`; unless given, the configuration's, or 127.0.0.1:8710.
    #[arg(long, global = true, value_name = "ADDR")]
    admin: Option<String>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Demo(demo::Demo),
    Init(init::Init),
    Check(check::Check),
    Schema(schema::Schema),
    Evaluate(evaluate::Evaluate),
    Status(status::Show),
    Explain(explain::Explain),
    /// Changes that a guard stopped.
    #[command(subcommand, after_help = "Example: omnistock holds list")]
    Holds(holds::Holds),
    /// Listings that a channel refuses.
    #[command(subcommand, after_help = "Example: omnistock parked list")]
    Parked(parked::ParkedCommand),
    /// Orders: what is open, and what a person says of them.
    #[command(subcommand, after_help = "Example: omnistock orders list --channel shop")]
    Orders(orders::Orders),
    /// Units set aside through the API.
    #[command(subcommand, after_help = "Example: omnistock reservations list")]
    Reservations(reservations::Reservations),
    /// Offers of the channels.
    #[command(subcommand, after_help = "Example: omnistock listings unmapped --channel shop")]
    Listings(listings::Listings),
    Sync(sync::Sync),
    Audit(audit::Audit),
    Channel(channel::Change),
    Set(set::Set),
    Plan(plan::Plan),
    Reload(plan::Reload),
    /// Who is told what needs a person.
    #[command(subcommand, after_help = "Example: omnistock notify test")]
    Notify(notify::Notify),
    Shorts(shorts::Shorts),
    Log(log::Log),
    Backup(backup::Backup),
    Connectors(connectors::Connectors),
    #[command(hide = true)]
    Manual(manual::Manual),
}

/// What every subcommand is given.
struct Context {
    config: PathBuf,
    admin: Option<String>,
    output: Output,
}

impl Context {
    fn client(&self) -> Result<client::Client, Failure> {
        client::Client::new(address::admin_address(self.admin.as_deref(), &self.config))
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Where even the complaint can't be written, the exit code still says it.
            drop(usage.print());
            return if usage.exit_code() == 0 {
                Code::Fine.into()
            } else {
                Code::Usage.into()
            };
        }
    };
    match start(cli) {
        Ok(()) => Code::Fine.into(),
        Err(failure) => {
            output::complain(&failure.message);
            failure.code.into()
        }
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    // The daemon uses all cores; a question to it needs no threads.
    let threads = matches!(cli.command, Command::Run(_) | Command::Demo(_));
    let mut builder = if threads {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|cause| Failure::usage(format!("can't start: {cause}; raise the limits of this process")))?;
    let context = Context {
        config: cli.config,
        admin: cli.admin,
        output: Output::of_process(cli.json),
    };
    runtime.block_on(Box::pin(dispatch(cli.command, &context)))
}

async fn dispatch(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Run(run) => Box::pin(run.run(context)).await,
        Command::Demo(demo) => Box::pin(demo.run(context)).await,
        Command::Init(init) => init.run(context),
        Command::Check(check) => Box::pin(check.run(context)).await,
        Command::Schema(_) => schema::Schema::run(context),
        Command::Evaluate(evaluate) => evaluate.run(context),
        Command::Status(show) => show.run(context).await,
        Command::Explain(explain) => explain.run(context).await,
        Command::Holds(holds) => holds.run(context).await,
        Command::Parked(parked) => parked.run(context).await,
        Command::Orders(orders) => orders.run(context).await,
        Command::Listings(listings) => listings.run(context).await,
        Command::Sync(sync) => sync.run(context).await,
        Command::Audit(audit) => audit.run(context).await,
        Command::Channel(change) => change.run(context).await,
        Command::Plan(plan) => plan.run(context).await,
        Command::Reload(reload) => reload.run(context).await,
        Command::Notify(notify) => notify.run(context).await,
        Command::Set(set) => set.run(context).await,
        Command::Reservations(reservations) => reservations.run(context).await,
        Command::Log(log) => log.run(context).await,
        Command::Shorts(shorts) => shorts.run(context).await,
        Command::Backup(backup) => backup.run(context).await,
        Command::Connectors(connectors) => connectors.run(context),
        Command::Manual(manual) => manual.run(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// What is wrong with the help of a command and of those below it.
    fn complaints(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for help in [
            command.clone().render_help().to_string(),
            command.clone().render_long_help().to_string(),
        ] {
            if path.contains(' ') && !help.contains(&format!("Example: {path}")) && !help.contains("Example:\n") {
                found.push(format!("{path}: no example of itself"));
            }
            // How a command is called stays in one line.
            let lines = help.lines().filter(|line| !line.starts_with("Usage: "));
            let wide = lines.filter(|line| line.chars().count() > text::WIDTH);
            found.extend(wide.map(|line| format!("{path}: wider than 80 columns: {line}")));
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            complaints(sub, &format!("{path} {}", sub.get_name()), found);
        }
    }

    #[test]
    fn the_command_line_is_consistent_and_the_help_of_every_command_has_an_example_in_80_columns() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        let mut found = Vec::new();
        complaints(&command, "omnistock", &mut found);
        found.dedup();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
