//! One figure, the limit it is held against, and how it is printed.

use serde::Serialize;
use std::fmt;
use std::process::ExitCode;

/// A measured claim.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "the names that the lines are read by")]
pub(crate) struct Figure {
    name: String,
    /// On what, where it was measured on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<&'static str>,
    figure: f64,
    unit: &'static str,
    /// Nothing was claimed: printed to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    pub(crate) holds: bool,
}

impl Figure {
    /// Holds up to the limit.
    pub(crate) fn at_most(name: impl Into<String>, figure: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            name: name.into(),
            on: None,
            figure,
            unit,
            limit: Some(limit),
            holds: figure <= limit,
        }
    }

    /// Holds from the limit on.
    pub(crate) fn at_least(name: impl Into<String>, figure: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            name: name.into(),
            on: None,
            figure,
            unit,
            limit: Some(limit),
            holds: figure >= limit,
        }
    }

    /// Says on what it was measured.
    pub(crate) fn on(self, what: &'static str) -> Self {
        Self { on: Some(what), ..self }
    }

    /// To be known.
    pub(crate) fn plain(name: impl Into<String>, figure: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            on: None,
            figure,
            unit,
            limit: None,
            holds: true,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (self.limit, self.holds) {
            (None, _) => "",
            (Some(_), true) => "holds",
            (Some(_), false) => "FALLS SHORT",
        };
        let name = match self.on {
            Some(what) => format!("{} ({what})", self.name),
            None => self.name.clone(),
        };
        write!(f, "{name:<28} {:>12.2} {:<10} {word}", self.figure, self.unit)?;
        self.limit.map_or(Ok(()), |limit| write!(f, " (limit {limit})"))
    }
}

/// Prints all; 1 where one falls short.
pub(crate) fn print(figures: &[Figure], json: bool) -> ExitCode {
    for figure in figures {
        if json {
            println!("{}", serde_json::to_string(figure).unwrap_or_default());
        } else {
            println!("{figure}");
        }
    }
    if figures.iter().all(|figure| figure.holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into measurements"
    )]
    let index = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(index.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// What else the machine was doing: the load average over a minute.
pub(crate) fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let close = |a: f64, b: f64| (a - b).abs() < f64::EPSILON;
        assert!(close(quantile(&values, 0.5), 50.0) && close(quantile(&values, 0.99), 99.0));
        assert!(close(quantile(&[7.0], 0.99), 7.0) && quantile(&[], 0.5).is_nan());
    }
}
