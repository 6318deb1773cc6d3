//! Which lines of a new configuration change something: each difference alone, laid over the settings in force.

use omnistock_words::{ChannelName, Rule, Settings};
use serde_json::{Map, Value};

/// Differences that are told apart, at most.
const MOST: usize = 16;

/// One difference.
pub(super) struct Difference {
    /// Where it stands in the new configuration.
    pub(super) place: String,
    /// What it is.
    pub(super) text: String,
    /// The settings in force with it and nothing else.
    pub(super) alone: Settings,
    pub(super) listings: u64,
}

/// All differences between two settings, as far as they are told apart.
pub(super) fn differences(old: &Settings, new: &Settings) -> Vec<Difference> {
    let mut found = Vec::new();
    for name in new.channels.keys() {
        of_channel(old, new, name, &mut found);
    }
    let mut whole = |place: String, text: &str, change: &dyn Fn(&mut Settings)| {
        let mut alone = old.clone();
        change(&mut alone);
        if alone != *old {
            let text = text.to_owned();
            found.push(Difference {
                place,
                text,
                alone,
                listings: 0,
            });
        }
    };
    // Where a rule stands may change without any change of what it says.
    let plain = |rule: &Rule| Rule {
        place: String::new(),
        ..rule.clone()
    };
    let same = |(one, other): (&Rule, &Rule)| one == other || plain(one) == plain(other);
    let both = old.rules.iter().zip(new.rules.iter());
    let first = both.take_while(|pair| same(*pair)).count();
    if first < old.rules.len().max(new.rules.len()) {
        let place = new.rules.get(first).map(|rule| rule.place.clone());
        let place = place.unwrap_or_else(|| "[[rules]]".to_owned());
        whole(place, "rules", &|alone| alone.rules.clone_from(&new.rules));
    }
    for (name, location) in &new.locations {
        let place = format!("[locations.{name}]");
        whole(place, "location", &|alone| {
            alone.locations.insert(name.clone(), location.clone());
        });
    }
    for (name, source) in &new.sources {
        let place = format!("[connectors.{name}]");
        whole(place, "source", &|alone| {
            alone.sources.insert(name.clone(), source.clone());
        });
    }
    whole("[price_lists]".to_owned(), "price lists", &|alone| {
        alone.price_lists.clone_from(&new.price_lists);
    });
    whole("[[bundles]]".to_owned(), "bundles", &|alone| {
        alone.bundles.clone_from(&new.bundles);
    });
    found.truncate(MOST);
    found
}

/// A policy key by key; what merges inside, by the keys inside.
fn of_channel(old: &Settings, new: &Settings, name: &ChannelName, found: &mut Vec<Difference>) {
    let (Some(before), Some(after)) = (old.channels.get(name), new.channels.get(name)) else {
        return;
    };
    let object = |policy| match serde_json::to_value(policy) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    };
    let (before_keys, after_keys) = (object(&before.policy), object(&after.policy));
    for (key, value) in &after_keys {
        let was = before_keys.get(key);
        if was == Some(value) {
            continue;
        }
        let mut policy = before_keys.clone();
        policy.insert(key.clone(), value.clone());
        let Ok(policy) = serde_json::from_value(Value::Object(policy)) else {
            continue;
        };
        let mut alone = old.clone();
        if let Some(channel) = alone.channels.get_mut(name) {
            channel.policy = policy;
        }
        let at = |settings: &Settings| {
            let path = format!("channels.{name}.{key}");
            let inner = || {
                settings
                    .places
                    .iter()
                    .find(|(known, _)| known.starts_with(&format!("{path}.")))
                    .map(|(_, place)| place.clone())
            };
            settings.places.get(&path).cloned().or_else(inner)
        };
        found.push(Difference {
            place: at(new).unwrap_or_else(|| format!("[channels.{name}]")),
            text: format!("{key} {} -> {}", short(was), short(Some(value))),
            alone,
            listings: 0,
        });
    }
}

/// A value in few characters.
fn short(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "unset".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(members)) => {
            let members: Vec<String> = members.iter().map(|member| short(Some(member))).collect();
            members.join(", ")
        }
        Some(Value::Object(keys)) => keys
            .values()
            .map(|value| short(Some(value)))
            .filter(|text| text != "unset")
            .collect::<Vec<_>>()
            .join(" "),
        Some(value) => value.to_string(),
    };
    match text.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
