//! Logs: for people on a terminal, JSON with `--log json`, levels by `OMNISTOCK_LOG`.
//!
//! Only our own targets may be set: at their finer levels HTTP libraries write headers, and
//! with them the secrets of vendors.

use super::Failure;
use std::io::IsTerminal;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
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
        Format::Text if std::env::var_os("JOURNAL_STREAM").is_some() => layer.event_format(Journal::default()).boxed(),
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

/// Lines for the journal, which has a time of its own and takes the priority off their beginning: what
/// `journalctl -p warning` goes by.
struct Journal(fmt::format::Format<fmt::format::Full, ()>);

impl Default for Journal {
    fn default() -> Self {
        Self(fmt::format().without_time().with_ansi(false))
    }
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
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
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_journal_is_told_how_bad_it_is() {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = fmt::layer()
            .with_writer(move || writer.clone())
            .event_format(Journal::default());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::error!("it stopped");
            tracing::warn!(channel = "shop", "it waits");
            tracing::info!("it goes on");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("<3>ERROR") && lines[0].ends_with("it stopped"),
            "{text}"
        );
        assert!(
            lines[1].starts_with("<4> WARN") && lines[1].contains("channel=\"shop\""),
            "{text}"
        );
        assert!(lines[2].starts_with("<6> INFO"), "{text}");
    }

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
