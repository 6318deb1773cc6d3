//! Reloading the configuration: read and checked whole, planned, judged by the guards, and only then in force.
//! A plan that was stored may be taken although a guard would stop it, as long as it still is what it was.

use super::access;
use super::plan::Plan;
use super::steering_view::not_made;
use super::view::DaemonView;
use crate::checksum::checksum;
use crate::config::{Configuration, ServerSettings, load_and_build, process_environment, render};
use crate::history::{Person, decided_by_person, settings_name};
use crate::secrets::EnvironmentSecrets;
use crate::server::{ApiError, PlanBody, PlanChannel, PlanView, ReloadBody, Token, caller};
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Lease};
use omnistock_sdk::{SecretResolver, now};
use omnistock_words::{Rule, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
fn hash(settings: &Settings) -> String {
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
fn restart(old: &Configuration, new: &Configuration) -> Vec<String> {
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
    fn file(&self) -> PathBuf {
        let files = &self.house.current.load().files;
        files.first().cloned().unwrap_or_default()
    }

    /// Reads a configuration as a start would, with the tokens of its callers.
    async fn read(&self, file: PathBuf) -> Result<(Configuration, Vec<Token>), ApiError> {
        let read = tokio::task::spawn_blocking(move || {
            let environment = process_environment();
            let folder = file.parent().unwrap_or_else(|| Path::new(""));
            let secrets: Arc<dyn SecretResolver> = Arc::new(EnvironmentSecrets::new(environment.clone(), folder));
            let (configuration, _) = load_and_build(&file, &environment, &secrets)
                .map_err(|problems| render(&problems).trim_end().to_owned())?;
            let tokens = access::tokens(&configuration.server, secrets.as_ref()).map_err(|error| error.to_string())?;
            Ok((configuration, tokens))
        });
        let read = read
            .await
            .map_err(|stopped| ApiError::unavailable(format!("reading stopped: {stopped}")))?;
        read.map_err(|problems: String| ApiError::bad_request(problems).help("nothing was changed"))
    }

    async fn planned(&self, new: &Configuration) -> Result<Plan, ApiError> {
        let laid = self.house.steer.laid(&self.house, &new.settings);
        let mut plan = self.plan_settings(hash(&new.settings), &laid).await?;
        plan.view.restart = restart(&self.house.current.load(), new);
        Ok(plan)
    }

    /// What a configuration would change; stored under its name.
    pub(super) async fn plan_file(&self, asked: PlanBody) -> Result<PlanView, ApiError> {
        let file = asked.file.map_or_else(|| self.file(), PathBuf::from);
        let plan = self.planned(&self.read(file).await?.0).await?;
        let lease = self.lease()?;
        self.keep_plan(&lease, &plan.view).await?;
        Ok(plan.view)
    }

    async fn plans(&self) -> Result<(u64, Plans), ApiError> {
        let found = self.house.store.load(&[key()]).await;
        let found = found.map_err(|error| super::explain::away(&error))?;
        let found = found.into_iter().next().unwrap_or_default();
        // Plans of another program are not taken: they are forgotten with the next one.
        Ok((found.version, serde_json::from_slice(&found.bytes).unwrap_or_default()))
    }

    async fn keep_plan(&self, lease: &Lease, plan: &PlanView) -> Result<(), ApiError> {
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
        self.house
            .store
            .commit(lease, &batch)
            .await
            .map_err(|error| not_made(&error))
    }

    /// Brings the configuration of the daemon's file into force, or says why not.
    pub(super) async fn reload_file(&self, asked: ReloadBody) -> Result<PlanView, ApiError> {
        let lease = self.lease()?;
        let (new, tokens) = self.read(self.file()).await?;
        let mut plan = self.planned(&new).await?;
        if !plan.view.restart.is_empty() {
            let error = format!("{} changed, which needs a restart", plan.view.restart.join(", "));
            return Err(
                ApiError::conflict(error).help("nothing was changed: `systemctl restart omnistock`, or take that out")
            );
        }
        match &asked.expect_plan {
            Some(expected) => self.check_plan(expected, &plan.view, &asked.reason).await?,
            None if !plan.view.refused.is_empty() => {
                let (first, hash) = (plan.view.refused.join("; "), &plan.view.hash);
                self.keep_plan(&lease, &plan.view).await?;
                let error = ApiError::conflict(format!("!! {first}: nothing was changed"));
                return Err(error.help(format!(
                    "look at `omnistock plan`; to take it: omnistock reload --expect-plan {hash} --reason TEXT"
                )));
            }
            None => {}
        }
        let person = Person {
            who: caller(),
            before: Some(format!(
                "settings {}",
                settings_name(&self.house.current.load().settings)
            )),
            what: "configuration".to_owned(),
            decided: format!(
                "settings {}, reloaded as planned in {}",
                settings_name(&new.settings),
                plan.view.hash
            ),
            reason: asked.reason.clone(),
        };
        let batch = CommitBatch {
            history: decided_by_person(person, &[], now()),
            ..CommitBatch::default()
        };
        self.house
            .store
            .commit(&lease, &batch)
            .await
            .map_err(|error| not_made(&error))?;
        if asked.expect_plan.is_some() {
            // Before the settings are others: what they bring to zero is let out as they come.
            for (channel, stopped) in std::mem::take(&mut plan.stopped) {
                if let Some(channel) = self.house.channels.get(&channel) {
                    channel.board.approve(stopped);
                }
            }
        }
        self.access.replace(tokens);
        self.house.current.store(Arc::new(new.clone()));
        self.house.steer.replace(&self.house, new.settings);
        tracing::warn!(
            reason = asked.reason,
            "the configuration is reloaded as planned in {}",
            plan.view.hash
        );
        plan.view.applied = true;
        Ok(plan.view)
    }

    async fn check_plan(&self, expected: &str, plan: &PlanView, reason: &str) -> Result<(), ApiError> {
        if reason.trim().is_empty() {
            return Err(
                ApiError::bad_request("a plan is taken with a reason, for the record").help("add --reason TEXT")
            );
        }
        let again = format!("look at it: `omnistock plan`, then reload with {}", plan.hash);
        if plan.hash != expected {
            let error = format!("the configuration is not the one of plan {expected}: nothing was changed");
            return Err(ApiError::conflict(error).help(again));
        }
        let (_, known) = self.plans().await?;
        let Some(stored) = known.plans.iter().find(|stored| stored.hash == expected) else {
            let error = format!("there is no plan {expected}: nothing was changed");
            return Err(ApiError::conflict(error).help(again));
        };
        match difference(&stored.channels, &plan.channels) {
            None => Ok(()),
            Some(what) => {
                let error = format!("the plan's counts have moved by more than 2 % ({what}): nothing was changed");
                Err(ApiError::conflict(error).help(again))
            }
        }
    }
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
