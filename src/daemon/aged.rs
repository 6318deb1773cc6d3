//! How old a source's figures are, and how old they may become: for the status, notifiers and metrics alike.

use crate::intake::SourceBoard;
use omnistock_words::{ConnectorName, LocationPolicy, Millis, Settings, Stale};
use std::fmt;
use std::time::Duration;

/// The figures of a source of which a complete report is known, in this life or from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aged {
    /// As of when the newest complete report is.
    pub(super) as_of: Millis,
    /// Milliseconds since then.
    pub(super) age: i64,
    /// How old they may become, milliseconds.
    limit: Option<i64>,
}

impl Aged {
    /// `None`: no complete report of it was ever taken over.
    pub(super) fn of(settings: &Settings, source: &ConnectorName, board: &SourceBoard, now: Millis) -> Option<Self> {
        let as_of = board.complete_as_of()?;
        Some(Self {
            as_of,
            age: now.since(as_of).max(0),
            limit: oldest(settings, source),
        })
    }

    /// Older than they may become.
    pub(super) fn is_stale(&self) -> bool {
        self.limit.is_some_and(|limit| self.age > limit)
    }
}

impl fmt::Display for Aged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its figures are as of {}", self.as_of)?;
        let limit = self.limit.filter(|_| self.is_stale());
        let limit = limit.and_then(|limit| u64::try_from(limit).ok());
        match limit.map(Duration::from_millis) {
            Some(limit) => write!(f, ", older than {limit:?}"),
            None => Ok(()),
        }
    }
}

/// How old a source's figures may become before something changes somewhere, milliseconds.
pub(super) fn oldest(settings: &Settings, source: &ConnectorName) -> Option<i64> {
    let policy = settings.sources.get(source)?;
    let own = |place: &&LocationPolicy| place.source.as_ref().is_none_or(|own| own == source);
    let places = settings.locations.values().filter(own);
    let ages = places.filter_map(|place| place.max_age.or(policy.max_age)).min();
    let zero = match policy.stale {
        Stale::ZeroAfter(limit) => Some(limit),
        Stale::Keep | Stale::OnlyDecrease => None,
    };
    ages.or(policy.max_age).into_iter().chain(zero).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{Basis, SourcePolicy};

    #[test]
    fn a_source_is_too_old_where_its_first_place_finds_it_so() {
        let erp: ConnectorName = "erp".parse().unwrap();
        let limit = |stale, max_age, places: &[(Option<&str>, Option<i64>)]| {
            let mut settings = Settings::default();
            let policy = SourcePolicy {
                stale,
                max_age,
                ..SourcePolicy::new(Basis::Physical)
            };
            settings.sources.insert(erp.clone(), policy);
            for (number, (source, max_age)) in places.iter().enumerate() {
                let place = LocationPolicy {
                    source: source.map(|name| name.parse().unwrap()),
                    max_age: *max_age,
                    ..LocationPolicy::default()
                };
                settings.locations.insert(format!("p{number}").parse().unwrap(), place);
            }
            oldest(&settings, &erp)
        };
        let falls = Stale::OnlyDecrease;
        assert_eq!(limit(falls, Some(60), &[]), Some(60));
        assert_eq!(
            limit(falls, Some(60), &[(None, Some(20)), (Some("erp"), None)]),
            Some(20)
        );
        assert_eq!(limit(falls, Some(60), &[(Some("erp"), Some(90))]), Some(90));
        assert_eq!(limit(falls, Some(60), &[(Some("wms"), Some(20))]), Some(60));
        assert_eq!(limit(Stale::ZeroAfter(40), Some(60), &[(None, None)]), Some(40));
        assert_eq!(limit(falls, None, &[(None, None)]), None);
    }

    #[test]
    fn a_source_that_fell_silent_before_a_restart_is_too_old_behind_it() {
        let erp: ConnectorName = "erp".parse().unwrap();
        let mut settings = Settings::default();
        let policy = SourcePolicy {
            stale: Stale::ZeroAfter(60_000),
            ..SourcePolicy::new(Basis::Physical)
        };
        settings.sources.insert(erp.clone(), policy);
        let board = SourceBoard::default();
        assert_eq!(Aged::of(&settings, &erp, &board, Millis(1)), None, "nothing is known");
        // As a restart restores it: nothing was taken in this life.
        board.complete(Millis(10_000));
        let at = |now| Aged::of(&settings, &erp, &board, Millis(now)).unwrap();
        assert!(!at(70_000).is_stale());
        let old = at(70_001);
        assert!(old.is_stale());
        let said = old.to_string();
        assert_eq!(said, "its figures are as of 1970-01-01T00:00:10Z, older than 60s");
    }
}
