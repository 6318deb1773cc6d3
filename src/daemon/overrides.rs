//! Settings of single SKUs from the command line: the last layer of precedence, each with its end and reason.

use super::steering_view::not_made;
use super::view::DaemonView;
use crate::config::render;
use crate::history::Person;
use crate::server::{ApiError, OverrideView, SetBody, UnsetBody, caller};
use crate::store::Key;
use omnistock_sdk::now;
use omnistock_words::{ChannelName, MOST_OVERRIDES, Override, PolicyPatch, Sku};

fn view(one: &Override) -> OverrideView {
    OverrideView {
        id: one.id.clone(),
        sku: one.sku.clone(),
        channel: one.channel.clone(),
        set: one.text.clone(),
        since: one.at,
        until: one.until,
        reason: one.reason.clone(),
    }
}

impl DaemonView {
    /// The overrides that hold, oldest first.
    pub(super) fn list_overrides(&self) -> Vec<OverrideView> {
        let (shown, at) = (self.house.steer.shown(), now());
        let holding = shown.overrides.iter().filter(|one| at < one.until);
        holding.map(view).collect()
    }

    /// Of a SKU on a channel, each one sentence.
    pub(super) fn overridden(&self, channel: &ChannelName, sku: &Sku) -> Vec<String> {
        let of = |one: &OverrideView| one.sku == *sku && one.channel.as_ref().is_none_or(|named| named == channel);
        let said = |one: OverrideView| {
            format!(
                "A person set {} ({}) until {}: {}.",
                one.set,
                one.id,
                one.until,
                one.reason.trim_end_matches('.')
            )
        };
        self.list_overrides().into_iter().filter(of).map(said).collect()
    }

    /// Sets one setting of one SKU. Durable and in force when it answers.
    pub(super) async fn set_override(&self, asked: SetBody) -> Result<OverrideView, ApiError> {
        let set = self.checked_override(&asked).await?;
        let lease = self.lease()?;
        let SetBody {
            sku,
            channel,
            set: text,
            until,
            reason,
        } = asked;
        let on = channel
            .as_ref()
            .map(|channel| format!(" on {channel}"))
            .unwrap_or_default();
        let key = |text: &str| text.split('=').next().unwrap_or_default().trim().to_owned();
        let same = |one: &OverrideView| one.sku == sku && one.channel == channel && key(&one.set) == key(&text);
        let before = self.list_overrides().into_iter().rev().find(same);
        let person = Person {
            who: caller(),
            before: before.map(|one| format!("{} until {}", one.set, one.until)),
            what: format!("set {sku}{on}"),
            decided: format!("{text} until {until}"),
            reason: reason.clone(),
        };
        let (mut made, skus) = (None, [sku.clone()]);
        let change = self
            .house
            .steer
            .change(&self.house, &lease, (person, &skus), |steering| {
                steering.made += 1;
                let one = Override {
                    id: format!("o-{}", steering.made),
                    sku,
                    channel,
                    text,
                    set,
                    at: now(),
                    until,
                    reason,
                };
                made = Some(view(&one));
                steering.overrides.push(one);
            });
        change.await.map_err(|error| not_made(&error))?;
        let made = made.ok_or_else(|| ApiError::unavailable("nothing was set"))?;
        tracing::warn!(sku = %made.sku, reason = made.reason, "{} set {} until {}, by a person", made.id, made.set, made.until);
        Ok(made)
    }

    async fn checked_override(&self, asked: &SetBody) -> Result<PolicyPatch, ApiError> {
        let set = self.house.current.load().read_override(&asked.set);
        let set = set.map_err(|problems| ApiError::bad_request(render(&problems).trim_end().to_owned()))?;
        if let Some(channel) = asked
            .channel
            .as_ref()
            .filter(|channel| !self.house.channels.contains_key(*channel))
        {
            return Err(ApiError::not_found(format!("there is no channel {channel}")));
        }
        if asked.until <= now() {
            return Err(ApiError::bad_request(format!(
                "`until` is over already: {}",
                asked.until
            )));
        }
        if asked.sku.as_str().contains('*') {
            let error = ApiError::bad_request("`set` is for one SKU, and `*` would mean many");
            return Err(error.help("write a rule under [[rules]] in the configuration"));
        }
        if self.list_overrides().len() >= MOST_OVERRIDES {
            let error = ApiError::conflict(format!(
                "there are {MOST_OVERRIDES} settings from the command line already"
            ));
            return Err(error.help("move some into [[rules]] of the configuration"));
        }
        self.check_known(&asked.sku).await?;
        Ok(set)
    }

    /// A SKU that is spelled wrong would have no effect, and nobody would notice.
    async fn check_known(&self, sku: &Sku) -> Result<(), ApiError> {
        let found = self.house.store.load(&[Key::sku(sku)]).await;
        let found = found.map_err(|error| super::explain::away(&error))?;
        let stored = found.first().is_some_and(|stored| !stored.bytes.is_empty());
        if stored || self.house.settings.load().bundles.contains_key(sku) {
            return Ok(());
        }
        let error = ApiError::not_found(format!("no source knows the SKU {sku}"));
        Err(error.help("SKUs are exact: check upper and lower case, spaces and leading zeros"))
    }

    /// Ends an override before its time. Durable when it answers.
    pub(super) async fn end_override(&self, asked: UnsetBody) -> Result<OverrideView, ApiError> {
        let found = self.list_overrides().into_iter().find(|one| one.id == asked.id);
        let Some(found) = found else {
            let error = ApiError::not_found(format!("nothing that is set is called {}", asked.id));
            return Err(error.help("`omnistock set --list` shows what is set"));
        };
        let lease = self.lease()?;
        let person = Person {
            who: caller(),
            before: Some(format!("{} until {}", found.set, found.until)),
            what: format!("set {}", found.sku),
            decided: format!("{} removed ({})", found.set, found.id),
            reason: asked.reason,
        };
        let skus = [found.sku.clone()];
        let change = self
            .house
            .steer
            .change(&self.house, &lease, (person, &skus), |steering| {
                steering.overrides.retain(|one| one.id != asked.id);
            });
        change.await.map_err(|error| not_made(&error))?;
        tracing::warn!(sku = %found.sku, "{} is not set any more, by a person", found.set);
        Ok(found)
    }
}
