//! What people set while the daemon runs: modes of channels and settings of single SKUs, laid over the configuration.

use crate::{ChannelName, Match, Millis, Mode, PolicyPatch, Rule, Settings, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of single SKUs that hold at a time, at most: more belong into the configuration.
pub const MOST_OVERRIDES: usize = 1_000;

/// A mode from the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteeredMode {
    /// What may be written.
    pub mode: Mode,
    /// Since when.
    pub at: Millis,
    /// Until when; unset: until a person ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Why, in that person's words; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// A setting of one SKU from the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Its name, such as `o-3`.
    pub id: String,
    /// Which SKU.
    pub sku: Sku,
    /// On which channel; unset: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// As it was given, such as `max_shown=2`.
    pub text: String,
    /// What that means.
    pub set: PolicyPatch,
    /// Since when.
    pub at: Millis,
    /// Until when.
    pub until: Millis,
    /// Why, in that person's words.
    pub reason: String,
}

impl Override {
    /// Where the setting stands, for explanations.
    pub fn place(&self) -> String {
        format!("omnistock set {}", self.id)
    }
}

/// Everything that people have set and that may still hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Steering {
    /// Modes of channels.
    pub modes: BTreeMap<ChannelName, SteeredMode>,
    /// Settings of SKUs, in the order in which they were made: later ones win.
    pub overrides: Vec<Override>,
    /// Overrides that were ever made: the next one's number is one more.
    pub made: u64,
}

/// What a rule's mode comes to under a mode for the whole channel: nothing is written that either of them
/// keeps from being written.
fn under(channel: Mode, rule: Mode) -> Mode {
    match (channel, rule) {
        (Mode::Observe | Mode::Shadow | Mode::Frozen, _) => channel,
        (_, Mode::Observe | Mode::Shadow | Mode::Frozen) | (Mode::Live, _) => rule,
        (Mode::Draining, _) | (_, Mode::Draining) => Mode::Draining,
        (Mode::DecreaseOnly, Mode::Live | Mode::DecreaseOnly) => Mode::DecreaseOnly,
    }
}

impl Steering {
    /// The settings with all that holds at `now` laid over them. A mode replaces the channel's own; where a rule
    /// gives some SKUs another one, the stricter holds. Overrides are the last layer. What names a channel that
    /// is not there is left out.
    pub fn lay(&self, configured: &Settings, now: Millis) -> Settings {
        let mut settings = configured.clone();
        for (name, steered) in self.modes.iter().filter(|(_, steered)| steered.holds(now)) {
            let Some(channel) = settings.channels.get_mut(name) else {
                continue;
            };
            channel.policy.mode = steered.mode;
            let place = format!("omnistock channel {name}");
            settings.places.insert(format!("channels.{name}.mode"), place);
            settings.rules.extend(ruled(configured, name, steered.mode));
        }
        let overrides = self.overrides.iter().filter(|one| now < one.until);
        let known = overrides.filter(|one| {
            let channel = one.channel.as_ref();
            channel.is_none_or(|channel| configured.channels.contains_key(channel))
        });
        let rules: Vec<Rule> = known.map(rule).collect();
        settings.rules.extend(rules);
        settings
    }

    /// The next instant after `now` at which something ends.
    pub fn next_end(&self, now: Millis) -> Option<Millis> {
        let modes = self.modes.values().filter_map(|steered| steered.until);
        let ends = modes.chain(self.overrides.iter().map(|one| one.until));
        ends.filter(|end| *end > now).min()
    }

    /// Forgets what has ended.
    pub fn forget_ended(&mut self, now: Millis) {
        self.modes.retain(|_, steered| steered.holds(now));
        self.overrides.retain(|one| now < one.until);
    }
}

impl SteeredMode {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Millis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Rules that give SKUs of the channel a mode, once more with what is left of it.
fn ruled(configured: &Settings, channel: &ChannelName, mode: Mode) -> Vec<Rule> {
    let meant = |rule: &&Rule| rule.channels.as_ref().is_none_or(|names| names.contains(channel));
    let again = |rule: &Rule| {
        let left = under(mode, rule.set.mode?);
        let set = PolicyPatch {
            mode: Some(left),
            ..PolicyPatch::default()
        };
        let channels = Some(vec![channel.clone()]);
        Some(Rule {
            channels,
            set,
            ..rule.clone()
        })
    };
    configured.rules.iter().filter(meant).filter_map(again).collect()
}

fn rule(one: &Override) -> Rule {
    Rule {
        matches: Match {
            sku: Some(one.sku.to_string()),
            ..Match::default()
        },
        channels: one.channel.clone().map(|channel| vec![channel]),
        from: None,
        until: Some(one.until),
        set: one.set.clone(),
        place: one.place(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelPolicy, ChannelSettings, ConnectorName, Quantity};

    const MODES: [Mode; 6] = [
        Mode::Observe,
        Mode::Shadow,
        Mode::Live,
        Mode::DecreaseOnly,
        Mode::Frozen,
        Mode::Draining,
    ];

    fn shop() -> ChannelName {
        ChannelName::new("shop").unwrap()
    }

    fn configured(mode: Mode, ruled: Option<Mode>) -> Settings {
        let policy = ChannelPolicy {
            mode,
            ..ChannelPolicy::default()
        };
        let channel = ChannelSettings {
            connector: ConnectorName::new("shop").unwrap(),
            template: None,
            policy,
        };
        let mut settings = Settings::default();
        settings.channels.insert(shop(), channel);
        let set = PolicyPatch {
            mode: ruled,
            max_shown: Some(Quantity::ONE),
            ..PolicyPatch::default()
        };
        settings.rules.push(Rule {
            matches: Match::default(),
            channels: None,
            from: None,
            until: None,
            set,
            place: "omnistock.toml:9".to_owned(),
        });
        settings
    }

    fn steered(mode: Mode, until: Option<i64>) -> Steering {
        let steered = SteeredMode {
            mode,
            at: Millis(0),
            until: until.map(Millis),
            reason: "recall".to_owned(),
        };
        Steering {
            modes: BTreeMap::from([(shop(), steered)]),
            ..Steering::default()
        }
    }

    /// The mode of a SKU that the rule means.
    fn mode(settings: &Settings) -> Mode {
        let mut policy = settings.channels[&shop()].policy.clone();
        settings.rules.iter().for_each(|rule| policy.lay(&rule.set));
        policy.mode
    }

    #[test]
    fn a_mode_holds_until_its_end() {
        let settings = configured(Mode::Live, None);
        let steering = steered(Mode::Frozen, Some(100));
        assert_eq!(mode(&steering.lay(&settings, Millis(99))), Mode::Frozen);
        assert_eq!(
            steering.lay(&settings, Millis(100)),
            settings,
            "and then the file's again"
        );
        assert_eq!(steering.next_end(Millis(99)), Some(Millis(100)));
        assert_eq!(steering.next_end(Millis(100)), None);
        let mut steering = steering;
        steering.forget_ended(Millis(100));
        assert_eq!(steering, Steering::default());
    }

    #[test]
    fn of_a_rules_mode_and_the_channels_the_stricter_holds() {
        let writes = |mode| !matches!(mode, Mode::Observe | Mode::Shadow | Mode::Frozen);
        let raises = |mode| mode == Mode::Live;
        for channel in MODES {
            for rule in MODES {
                let laid = steered(channel, None).lay(&configured(Mode::Shadow, Some(rule)), Millis(0));
                let found = mode(&laid);
                assert_eq!(writes(found), writes(channel) && writes(rule), "{channel:?} {rule:?}");
                assert_eq!(raises(found), raises(channel) && raises(rule), "{channel:?} {rule:?}");
                let first = laid.rules.first().and_then(|rule| rule.set.max_shown);
                assert_eq!(first, Some(Quantity::ONE), "what else it sets stays");
            }
        }
    }

    #[test]
    fn a_channel_that_is_gone_is_left_out() {
        let mut steering = steered(Mode::Frozen, None);
        let set = PolicyPatch::default();
        steering.overrides.push(Override {
            id: "o-1".to_owned(),
            sku: "A".parse().unwrap(),
            channel: Some(shop()),
            text: "max_shown=2".to_owned(),
            set,
            at: Millis(0),
            until: Millis(9),
            reason: "recall".to_owned(),
        });
        assert_eq!(steering.lay(&Settings::default(), Millis(0)), Settings::default());
        let laid = steering.lay(&configured(Mode::Live, None), Millis(0));
        let last = laid.rules.last().unwrap();
        assert_eq!(
            (last.place.as_str(), last.until),
            ("omnistock set o-1", Some(Millis(9)))
        );
        assert_eq!(steering.lay(&configured(Mode::Live, None), Millis(9)).rules.len(), 1);
    }
}
