//! Modes from the command line, as people ask for them and see them.

use super::house::House;
use super::log::record;
use super::steering::Steer;
use super::view::DaemonView;
use crate::history::Person;
use crate::intake::GateDecision;
use crate::server::{ApiError, ChannelAnswer, ChannelBody, ModeAsked, SteeredStatus, caller};
use crate::store::{CommitError, Lease};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Mode, SteeredMode};

/// What is said of a mode until when, such as `frozen until 2026-11-27T12:00:00Z`.
fn said(asked: ModeAsked, until: Option<omnistock_words::Millis>) -> String {
    word(&asked, until)
}

/// A mode as people write it, with its end.
fn word(mode: &impl serde::Serialize, until: Option<omnistock_words::Millis>) -> String {
    let mode = serde_json::to_value(mode).ok();
    let mode = mode
        .and_then(|mode| mode.as_str().map(str::to_owned))
        .unwrap_or_default();
    match until {
        Some(until) => format!("{mode} until {until}"),
        None => mode,
    }
}

/// Why a change was not made.
pub(super) fn not_made(error: &CommitError) -> ApiError {
    match error {
        CommitError::Fenced => ApiError::conflict("another daemon leads now").help("ask that one"),
        error => ApiError::unavailable(error.to_string())
            .help("`omnistock status` shows whether the change was made all the same"),
    }
}

/// What the configuration says of a channel's mode.
fn file_mode(steer: &Steer, channel: &ChannelName) -> Mode {
    let base = steer.base();
    let own = base.channels.get(channel).map(|channel| channel.policy.mode);
    own.unwrap_or_default()
}

/// The mode of a channel from the command line, where one holds.
pub(super) fn steered(house: &House, channel: &ChannelName) -> Option<SteeredStatus> {
    let shown = house.steer.shown();
    let steered = shown.modes.get(channel).filter(|steered| steered.holds(now()))?;
    Some(SteeredStatus {
        file: file_mode(&house.steer, channel),
        since: steered.at,
        until: steered.until,
        reason: steered.reason.clone(),
    })
}

impl DaemonView {
    /// The lease under which people's changes are stored.
    pub(super) fn lease(&self) -> Result<Lease, ApiError> {
        let found = self.gate().map(|(_, lease)| lease);
        found.ok_or_else(|| {
            let says = self.leading.stance.borrow().says.clone();
            ApiError::conflict(format!("this daemon is {says}")).help("ask the one that leads")
        })
    }

    /// Changes how a channel is worked. Durable when it answers.
    pub(super) async fn steer_channel(&self, asked: ChannelBody) -> Result<ChannelAnswer, ApiError> {
        self.check_channel(&asked)?;
        let lease = self.lease()?;
        let ChannelBody {
            channel,
            mode,
            until,
            without,
            reason,
        } = asked;
        if !without.is_empty() {
            let decision = GateDecision {
                at: now(),
                reason: reason.clone(),
            };
            let others = without.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let after = format!("goes without the open orders of {others}");
            record(self, format!("channel {channel}"), (None, after), &reason, &[]).await?;
            self.go_without(&channel, &without, &decision).await?;
        }
        // Without orders of others it is to be live, which it may be already.
        let live = || {
            self.house
                .settings
                .load()
                .channels
                .get(&channel)
                .map(|now| now.policy.mode)
                == Some(Mode::Live)
        };
        if without.is_empty() || until.is_some() || !live() {
            self.set_mode(&lease, &channel, mode, until, &reason).await?;
        }
        let waits = self.gate().map(|(gate, _)| gate.waits(&channel)).unwrap_or_default();
        let holds = self.house.steer.shown().modes.get(&channel).cloned();
        let now_mode = self
            .house
            .settings
            .load()
            .channels
            .get(&channel)
            .map(|now| now.policy.mode);
        Ok(ChannelAnswer {
            mode: now_mode.unwrap_or_default(),
            file: file_mode(&self.house.steer, &channel),
            until: holds.and_then(|steered| steered.until),
            waits: waits.iter().map(ToString::to_string).collect(),
            channel,
            without,
        })
    }

    fn check_channel(&self, asked: &ChannelBody) -> Result<(), ApiError> {
        for name in asked.without.iter().chain([&asked.channel]) {
            if !self.house.channels.contains_key(name) {
                return Err(ApiError::not_found(format!("there is no channel {name}")));
            }
        }
        if asked.without.contains(&asked.channel) {
            let channel = &asked.channel;
            let said = format!(
                "{channel} can't go without its own orders: a number written over unseen sales sells them twice"
            );
            return Err(ApiError::bad_request(said));
        }
        if !asked.without.is_empty() && asked.mode != ModeAsked::Live {
            return Err(ApiError::bad_request(
                "`without` opens a channel: it goes with the mode `live` only",
            ));
        }
        if asked.until.is_some() && asked.mode == ModeAsked::Reset {
            return Err(ApiError::bad_request(
                "`reset` has no end: the configuration's mode holds from now on",
            ));
        }
        match asked.until.filter(|until| *until <= now()) {
            Some(until) => Err(ApiError::bad_request(format!("`until` is over already: {until}"))),
            None => Ok(()),
        }
    }

    async fn set_mode(
        &self,
        lease: &Lease,
        channel: &ChannelName,
        asked: ModeAsked,
        until: Option<omnistock_words::Millis>,
        reason: &str,
    ) -> Result<(), ApiError> {
        let said = said(asked, until);
        let held = self.house.steer.shown().modes.get(channel).cloned();
        let before = match held {
            Some(steered) => word(&steered.mode, steered.until),
            None => word(&file_mode(&self.house.steer, channel), None),
        };
        let person = Person {
            who: caller(),
            before: Some(before),
            what: format!("channel {channel}"),
            decided: said.clone(),
            reason: reason.to_owned(),
        };
        let steered = asked.mode().map(|mode| SteeredMode {
            mode,
            at: now(),
            until,
            reason: reason.to_owned(),
        });
        let name = channel.clone();
        let changed = self
            .house
            .steer
            .change(&self.house, lease, (person, &[]), |steering| match steered {
                Some(steered) => drop(steering.modes.insert(name, steered)),
                None => drop(steering.modes.remove(&name)),
            });
        changed.await.map_err(|error| not_made(&error))?;
        tracing::warn!(%channel, reason, "{said}, by a person's decision");
        Ok(())
    }
}
