//! Logs: for people on a terminal, entries with fields for journald, JSON with `--log json`, levels by `OMNISTOCK_LOG`.
//!
//! Only our own targets may be set: at their finer levels HTTP libraries write headers, and
//! with them the secrets of vendors.

use super::Failure;
use super::journal::{self, Journal};
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs to standard error from here on, `default` and above unless `OMNISTOCK_LOG` says otherwise.
/// A second call changes nothing.
pub fn start(format: Format, default: LevelFilter) -> Result<(), Failure> {
    let asked = std::env::var("OMNISTOCK_LOG").unwrap_or_default();
    let targets = targets(&asked, default).map_err(Failure::usage)?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        Format::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed(),
        Format::Text if journal::listens() => layer.event_format(Journal::of_machine()).boxed(),
        Format::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    // Err means that a test or an earlier call has set one up.
    drop(
        tracing_subscriber::registry()
            .with(layer.with_filter(targets))
            .try_init(),
    );
    Ok(())
}

/// `debug`, or `info,omnistock::delivery=trace`.
fn targets(asked: &str, default: LevelFilter) -> Result<Targets, String> {
    let mut ours = default;
    let mut finer = Vec::new();
    for part in asked.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (target, level) = part
            .split_once('=')
            .map_or((None, part), |(target, level)| (Some(target), level));
        let level: LevelFilter = level
            .parse()
            .map_err(|_| format!("OMNISTOCK_LOG: `{level}` is no level: use error, warn, info, debug or trace"))?;
        match target {
            None => ours = level,
            Some(target) if target.starts_with("omnistock") => finer.push((target.to_owned(), level)),
            Some(target) => {
                return Err(format!(
                    "OMNISTOCK_LOG: `{target}` is not ours and could log secrets: use targets that begin with `omnistock`"
                ));
            }
        }
    }
    Ok(Targets::new()
        .with_default(ours.min(LevelFilter::WARN))
        .with_target("omnistock", ours)
        .with_targets(finer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn other_libraries_never_log_below_warn() {
        for asked in ["", "trace", "debug,omnistock::delivery=trace"] {
            let targets = targets(asked, LevelFilter::INFO).unwrap();
            assert!(targets.would_enable("hyper", &Level::WARN), "{asked}");
            assert!(!targets.would_enable("hyper", &Level::INFO), "{asked}");
            assert!(!targets.would_enable("reqwest::connect", &Level::TRACE), "{asked}");
        }
        assert!(
            targets("hyper=trace", LevelFilter::INFO)
                .unwrap_err()
                .contains("could log secrets")
        );
    }

    #[test]
    fn levels_of_our_own_rooms_can_be_set() {
        let targets = targets("warn,omnistock::delivery=debug", LevelFilter::INFO).unwrap();
        assert!(targets.would_enable("omnistock::delivery::worker", &Level::DEBUG));
        assert!(!targets.would_enable("omnistock_sdk::http", &Level::INFO));
        let silent = super::targets("error", LevelFilter::INFO).unwrap();
        assert!(!silent.would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn a_wrong_level_is_named() {
        let refused = targets("loud", LevelFilter::INFO).unwrap_err();
        assert_eq!(
            refused,
            "OMNISTOCK_LOG: `loud` is no level: use error, warn, info, debug or trace"
        );
    }
}
