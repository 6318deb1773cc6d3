//! What an operator was promised of the program that the package brings: each figure beside its limit, as
//! benchmarks print them.

use anyhow::{Result, bail};
use serde_json::json;

/// From the start of the process until it is ready, milliseconds.
const READY: u64 = 300;
/// What a daemon without anything to do takes, bytes.
const IDLE: u64 = 30_000_000;
/// The program, bytes.
const PROGRAM: u64 = 25_000_000;

/// A promise and what came of it.
struct Figure {
    name: &'static str,
    value: u64,
    limit: u64,
    unit: (&'static str, u64),
}

/// All figures.
#[derive(Default)]
pub(super) struct Figures(Vec<Figure>);

impl Figures {
    /// Start to READY with what 100,000 SKUs left in the store.
    pub(super) fn ready(&mut self, milliseconds: u64) {
        self.add("warm_restart_ms", milliseconds, READY, ("ms", 1));
    }

    /// The same after a kill in the middle of its work.
    pub(super) fn killed(&mut self, milliseconds: u64) {
        self.add("killed_restart_ms", milliseconds, READY, ("ms", 1));
    }

    /// Memory with nothing to do.
    pub(super) fn idle(&mut self, bytes: u64) {
        self.add("daemon_mb_idle", bytes, IDLE, ("MB", 1_000_000));
    }

    /// The program as it is installed.
    pub(super) fn program(&mut self, bytes: u64) {
        self.add("program_mb", bytes, PROGRAM, ("MB", 1_000_000));
    }

    fn add(&mut self, name: &'static str, value: u64, limit: u64, unit: (&'static str, u64)) {
        let one = Figure {
            name,
            value,
            limit,
            unit,
        };
        self.0.push(one);
    }

    /// Prints all; fails where one falls short, if they are `claimed` of this program.
    pub(super) fn judged(&self, claimed: bool) -> Result<()> {
        self.0.iter().for_each(|one| println!("{}", one.line()));
        let short = self.0.iter().filter(|one| !one.holds());
        let short: Vec<String> = short.map(Figure::sentence).collect();
        if claimed && !short.is_empty() {
            bail!("short of what was promised: {}", short.join("; "));
        }
        Ok(())
    }
}

impl Figure {
    fn holds(&self) -> bool {
        self.value <= self.limit
    }

    /// With one digit after the point, in whole numbers.
    fn shown(&self, value: u64) -> String {
        let tenths = value.saturating_mul(10).div_ceil(self.unit.1);
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    /// For whoever has to mend it.
    fn sentence(&self) -> String {
        let (figure, limit) = (self.shown(self.value), self.shown(self.limit));
        format!(
            "{} is {figure} {unit}, at most {limit} {unit}",
            self.name,
            unit = self.unit.0
        )
    }

    fn line(&self) -> String {
        let (unit, _) = self.unit;
        let (name, holds) = (self.name, self.holds());
        let (figure, limit) = (self.shown(self.value), self.shown(self.limit));
        format!(
            "{{\"name\":{},\"figure\":{figure},\"unit\":{},\"limit\":{limit},\"holds\":{holds}}}",
            json!(name),
            json!(unit)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_of_its_limit_fails_where_it_was_promised() {
        let mut figures = Figures::default();
        figures.ready(300);
        figures.idle(30_000_000);
        figures.program(25_000_000);
        assert!(figures.judged(true).is_ok(), "a limit is held by what reaches it");
        figures.program(25_000_001);
        assert!(figures.judged(false).is_ok());
        let failed = figures.judged(true).unwrap_err().to_string();
        assert_eq!(
            failed,
            "short of what was promised: program_mb is 25.1 MB, at most 25.0 MB"
        );
    }

    #[test]
    fn a_figure_is_never_shown_smaller_than_it_is() {
        let figure = Figure {
            name: "program_mb",
            value: 25_000_001,
            limit: PROGRAM,
            unit: ("MB", 1_000_000),
        };
        let expected = r#"{"name":"program_mb","figure":25.1,"unit":"MB","limit":25.0,"holds":false}"#;
        assert_eq!(figure.line(), expected);
        assert!(serde_json::from_str::<serde_json::Value>(&figure.line()).is_ok());
    }
}
