//! What of a new configuration is compared: its name, what only a restart changes, and the counts of a stored plan,
//! which may be taken although a guard would stop it, as long as it still is what it was.

use super::explain::away;
use super::steering_view::not_made;
use super::view::DaemonView;
use crate::checksum::checksum;
use crate::config::{Configuration, ServerSettings};
use crate::server::{ApiError, PlanChannel, PlanView};
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Lease};
use omnistock_words::{Rule, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Plans that are kept, the newest.
const MOST_PLANS: usize = 20;

/// A plan as it is kept: its counts, to be compared when it is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    hash: String,
    channels: Vec<PlanChannel>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Plans {
    schema: u32,
    plans: Vec<Stored>,
}

fn key() -> Key {
    Key::new(Kind::Merchant, "plans")
}

/// Names settings and this program's version exactly; where they stand in which file does not matter.
pub(super) fn hash(settings: &Settings) -> String {
    let mut plain = settings.clone();
    plain.places.clear();
    let rules = settings.rules.iter().map(|rule| Rule {
        place: String::new(),
        ..rule.clone()
    });
    plain.rules = rules.collect::<Vec<_>>().into();
    let text = serde_json::to_vec(&plain).unwrap_or_default();
    checksum([env!("CARGO_PKG_VERSION").as_bytes(), &text].concat(), 8)
}

/// Whether a count has moved by more than 2 %.
fn moved(then: u64, now: u64) -> bool {
    then.abs_diff(now).saturating_mul(50) > then.max(now)
}

/// The count that has moved most plainly since the plan was stored, in words.
fn difference(then: &[PlanChannel], now: &[PlanChannel]) -> Option<String> {
    for row in now {
        let Some(stored) = then.iter().find(|stored| stored.channel == row.channel) else {
            return Some(format!("{} was not in it", row.channel));
        };
        let counts = [
            ("to 0", stored.to_0, row.to_0),
            ("back from 0", stored.from_0, row.from_0),
            ("up", stored.up, row.up),
            ("down", stored.down, row.down),
            ("prices", stored.price, row.price),
        ];
        if let Some((what, then, now)) = counts.into_iter().find(|(_, then, now)| moved(*then, *now)) {
            return Some(format!("{}: {what} was {then}, is {now}", row.channel));
        }
    }
    None
}

/// What of a configuration only a restart can change.
pub(super) fn restart(old: &Configuration, new: &Configuration) -> Vec<String> {
    let mut found = Vec::new();
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
    if text(&old.store) != text(&new.store) {
        found.push("[store]".to_owned());
    }
    // Tokens come into force with the others.
    let server = |of: &ServerSettings| ServerSettings {
        tokens: Vec::new(),
        ..of.clone()
    };
    if server(&old.server) != server(&new.server) {
        found.push("[server]".to_owned());
    }
    if old.history != new.history {
        found.push("[history]".to_owned());
    }
    let names: BTreeSet<_> = old.connectors.keys().chain(new.connectors.keys()).collect();
    for name in names {
        let told = |configuration: &Configuration| {
            let one = configuration.connectors.get(name)?;
            let zone = one
                .timezone
                .as_ref()
                .and_then(|zone| zone.iana_name().map(str::to_owned));
            Some(text(&(
                &one.kind,
                one.is_source,
                one.every,
                &one.schedule,
                zone,
                &one.calls,
                &one.table,
                &one.codes,
                &one.channels,
            )))
        };
        if told(old) != told(new) {
            found.push(format!("[connectors.{name}]"));
        }
    }
    let names: BTreeSet<_> = old
        .settings
        .channels
        .keys()
        .chain(new.settings.channels.keys())
        .collect();
    for name in names {
        let told = |configuration: &Configuration| {
            let connector = configuration.settings.channels.get(name)?.connector.clone();
            Some((connector, configuration.channels.get(name).copied()))
        };
        if told(old) != told(new) {
            found.push(format!("[channels.{name}] (its connector or its times)"));
        }
    }
    found
}

impl DaemonView {
    async fn plans(&self) -> Result<(u64, Plans), ApiError> {
        let found = self.house.store.load(&[key()]).await;
        let found = found.map_err(|error| away(&error))?;
        let found = found.into_iter().next().unwrap_or_default();
        // Plans of another program are not taken: they are forgotten with the next one.
        Ok((found.version, serde_json::from_slice(&found.bytes).unwrap_or_default()))
    }

    /// Stores a plan under its name.
    pub(super) async fn keep_plan(&self, lease: &Lease, plan: &PlanView) -> Result<(), ApiError> {
        let (version, mut known) = self.plans().await?;
        known.schema = 1;
        known.plans.retain(|stored| stored.hash != plan.hash);
        known.plans.push(Stored {
            hash: plan.hash.clone(),
            channels: plan.channels.clone(),
        });
        let spare = known.plans.len().saturating_sub(MOST_PLANS);
        known.plans.drain(..spare);
        let batch = CommitBatch {
            writes: vec![DocumentWrite {
                key: key(),
                expected: version,
                version: version + 1,
                bytes: Some(serde_json::to_vec(&known).unwrap_or_default()),
            }],
            ..CommitBatch::default()
        };
        let kept = self.house.store.commit(lease, &batch).await;
        kept.map_err(|error| not_made(&error))
    }

    /// The counts of the plan that is to be taken, before anything is counted anew.
    pub(super) async fn expected_plan(
        &self,
        expected: &str,
        hash: &str,
        reason: &str,
    ) -> Result<Vec<PlanChannel>, ApiError> {
        if reason.trim().is_empty() {
            return Err(
                ApiError::bad_request("a plan is taken with a reason, for the record").help("add --reason TEXT")
            );
        }
        if hash != expected {
            let error = format!("the configuration is not the one of plan {expected}: nothing was changed");
            return Err(ApiError::conflict(error).help(again(hash)));
        }
        let stored = self.plans().await?.1.plans.into_iter();
        let mut stored = stored.filter(|stored| stored.hash == expected);
        stored.next().map(|stored| stored.channels).ok_or_else(|| {
            let error = format!("there is no plan {expected}: nothing was changed");
            ApiError::conflict(error).help(again(hash))
        })
    }
}

fn again(hash: &str) -> String {
    format!("look at it: `omnistock plan`, then reload with {hash}")
}

/// Refuses a plan whose counts are not what they were.
pub(super) fn still_the_same(stored: &[PlanChannel], plan: &PlanView) -> Result<(), ApiError> {
    let Some(what) = difference(stored, &plan.channels) else {
        return Ok(());
    };
    let error = format!("the plan's counts have moved by more than 2 % ({what}): nothing was changed");
    Err(ApiError::conflict(error).help(again(&plan.hash)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Mode;

    fn row(to_0: u64) -> PlanChannel {
        PlanChannel {
            channel: "shop".parse().unwrap(),
            listings: 1_000,
            same: 1_000 - to_0,
            up: 0,
            down: 0,
            to_0,
            from_0: 0,
            price: 0,
            calls: 1,
            seconds: None,
            mode: Mode::Live,
        }
    }

    #[test]
    fn counts_may_move_by_two_percent_and_no_more() {
        for (then, now, refused) in [
            (100, 102, false),
            (100, 98, false),
            (100, 103, true),
            (100, 97, true),
            (0, 1, true),
            (0, 0, false),
            (40, 41, true),
        ] {
            let found = difference(&[row(then)], &[row(now)]);
            assert_eq!(found.is_some(), refused, "{then} {now}");
        }
        assert_eq!(difference(&[row(1)], &[row(9)]).unwrap(), "shop: to 0 was 1, is 9");
        assert!(difference(&[], &[row(1)]).is_some());
    }

    #[test]
    fn a_plan_is_named_by_what_is_said_and_not_by_where() {
        let mut settings = Settings::default();
        let name = hash(&settings);
        settings
            .places
            .insert("channels.shop.mode".to_owned(), "new.toml:3".to_owned());
        assert_eq!(hash(&settings), name);
        settings.price_lists.clear();
        settings
            .locations
            .insert("berlin".parse().unwrap(), omnistock_words::LocationPolicy::default());
        assert_ne!(hash(&settings), name);
        assert_eq!(name.len(), 8);
    }
}
