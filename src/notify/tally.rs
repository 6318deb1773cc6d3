//! What one notifier has told, and what it is to say next. Pure: time is an argument, and nothing waits here.
//!
//! At most so many messages in 60 minutes: warnings take half of them at most, so that a page has room, and the last
//! one is a summary, so that silence never looks like peace. A matter that comes and goes is told three times an hour.
//! What is not told now stays to be told while it lasts; what has ended untold is counted, and said in the next summary.

use super::matter::{Event, Matter, Severity};
use super::message::{Message, Saying};
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const HOUR: i64 = 3_600_000;
/// Times that one matter is told in an hour.
const MOST_OF_ONE: usize = 3;
/// Matters that are followed; a configuration has fewer.
const MOST_OPEN: usize = 500;
/// What an earlier leader told is not over before this one had the time to see it, milliseconds: what is held is read
/// and judged again first.
const RECALLED: i64 = 10 * 60_000;
/// Matters that a summary names.
const NAMED: usize = 5;

/// What a notifier goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// What is less urgent is not told.
    pub least: Severity,
    /// How long what may pass by itself lasts before it is told, milliseconds.
    pub after: i64,
    /// How long a matter is gone before it is over, milliseconds.
    pub settle: i64,
    /// Messages in 60 minutes, at least 2.
    pub most_per_hour: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    matter: Matter,
    first: Millis,
    seen: Millis,
    told: bool,
    /// Whether it was there at the last look.
    #[serde(skip)]
    there: bool,
    /// An earlier leader told it, and this one has not seen it yet.
    #[serde(skip)]
    recalled: bool,
}

/// How often one matter was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Often {
    times: VecDeque<Millis>,
    left_out: u32,
}

/// What one notifier has told. Kept in the store, so that whoever leads next repeats nothing and says what is over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    schema: u32,
    open: BTreeMap<String, Open>,
    sent: VecDeque<(Millis, Severity)>,
    often: BTreeMap<String, Often>,
    left_out: BTreeMap<Event, u32>,
    summed: Option<Millis>,
}

fn recent(at: Millis, now: Millis) -> bool {
    // A clock that was put back leaves times in the future.
    (-HOUR..HOUR).contains(&now.since(at))
}

impl Tally {
    /// From the store. What another version wrote otherwise counts as nothing: then something may be told twice.
    pub fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// For the store.
    pub fn encode(&self) -> Vec<u8> {
        let current = Self {
            schema: 1,
            ..self.clone()
        };
        serde_json::to_vec(&current).unwrap_or_default()
    }

    /// Takes over what an earlier leader told.
    pub fn absorb(&mut self, earlier: Self, now: Millis) {
        for (key, open) in earlier.open {
            let known = self.open.entry(key).or_insert_with(|| Open {
                seen: now,
                there: false,
                recalled: true,
                ..open.clone()
            });
            known.told |= open.told;
            known.first = known.first.min(open.first);
        }
        if self.sent.is_empty() {
            self.sent = earlier.sent;
        }
        for (key, often) in earlier.often {
            self.often.entry(key).or_insert(often);
        }
        self.summed = self.summed.max(earlier.summed);
    }

    /// Matters that were told and are not over.
    pub fn told(&self) -> usize {
        self.open.values().filter(|open| open.told).count()
    }

    /// Takes in how things stand now. `blind`: only the store's own matters are known, of the others nothing.
    /// How many have ended untold although they were due.
    pub fn look(&mut self, now: Millis, limits: &Limits, matters: &[Matter], blind: bool) -> u32 {
        self.sent.retain(|(at, _)| recent(*at, now));
        self.often.retain(|_, often| {
            often.times.retain(|at| recent(*at, now));
            !often.times.is_empty()
        });
        let mut there = BTreeSet::new();
        for matter in matters {
            if matter.event.severity() >= limits.least {
                let key = matter.key();
                self.see(now, &key, matter);
                there.insert(key);
            }
        }
        let gone = self.open.iter_mut().filter(|(key, _)| !there.contains(*key));
        let mut ended = Vec::new();
        for (key, open) in gone {
            open.there = false;
            if blind && !open.matter.event.of_store() {
                open.seen = now;
            } else if !open.told {
                ended.push((key.clone(), due(open, now, limits)));
            }
        }
        let mut left_out = 0;
        for (key, due) in ended {
            let Some(open) = self.open.remove(&key).filter(|_| due) else {
                continue;
            };
            left_out += 1;
            *self.left_out.entry(open.matter.event).or_default() += 1;
            if let Some(often) = self.often.get_mut(&key) {
                often.left_out += 1;
            }
        }
        left_out
    }

    fn see(&mut self, now: Millis, key: &str, matter: &Matter) {
        if let Some(open) = self.open.get_mut(key) {
            (open.seen, open.there, open.recalled) = (now, true, false);
            open.matter = matter.clone();
        } else if self.open.len() < MOST_OPEN {
            let open = Open {
                matter: matter.clone(),
                first: now,
                seen: now,
                told: false,
                there: true,
                recalled: false,
            };
            self.open.insert(key.to_owned(), open);
        }
    }

    /// What is to be said now; the same until it is [`Self::sent`].
    pub fn next(&self, now: Millis, limits: &Limits) -> Option<Message> {
        let room = limits.most_per_hour.saturating_sub(self.sent.len());
        if room == 0 {
            return None;
        }
        let waiting = self.waiting(now, limits);
        let sayable = waiting.iter().find(|(key, open)| !self.blocked(key, open, limits));
        let untold = self.left_out.values().sum::<u32>() > 0;
        let blocked = waiting.iter().any(|(_, open)| self.warns_enough(open, limits));
        let summed = self.summed.is_some_and(|at| recent(at, now));
        if !summed && ((room == 1 && !waiting.is_empty()) || (sayable.is_none() && (untold || blocked))) {
            return Some(self.summary(now, limits, &waiting));
        }
        sayable.map(|(key, open)| self.say(now, key, open))
    }

    /// What could be said now, the most urgent first: what began, then what is over.
    fn waiting(&self, now: Millis, limits: &Limits) -> Vec<(&str, &Open)> {
        let settle = |open: &Open| {
            if open.recalled {
                limits.settle.max(RECALLED)
            } else {
                limits.settle
            }
        };
        let over = |open: &Open| open.told && !open.there && now.since(open.seen) >= settle(open);
        let begun = |open: &Open| !open.told && open.there && due(open, now, limits);
        let mut waiting: Vec<(&str, &Open)> = self
            .open
            .iter()
            .filter(|(_, open)| over(open) || begun(open))
            .map(|(key, open)| (key.as_str(), open))
            .collect();
        waiting.sort_by_key(|(_, open)| (open.told, std::cmp::Reverse(open.matter.event.severity()), open.first));
        waiting
    }

    /// Whether something has to wait until less was said of it, or of warnings.
    fn blocked(&self, key: &str, open: &Open, limits: &Limits) -> bool {
        let often = self
            .often
            .get(key)
            .is_some_and(|often| often.times.len() >= MOST_OF_ONE);
        (often && !open.told) || self.warns_enough(open, limits)
    }

    fn warns_enough(&self, open: &Open, limits: &Limits) -> bool {
        let warned = self.sent.iter().filter(|(_, severity)| *severity == Severity::Warn);
        open.matter.event.severity() == Severity::Warn && warned.count() >= (limits.most_per_hour / 2).max(1)
    }

    fn say(&self, now: Millis, key: &str, open: &Open) -> Message {
        let state = if open.told { Saying::Over } else { Saying::Open };
        let mut message = Message::of(open.matter.event, (key, open.first), state, now);
        message.subject.clone_from(&open.matter.subject);
        message.since = open.matter.since.unwrap_or(open.first);
        message.text = match state {
            Saying::Over => format!("over: {}", open.matter.text),
            _ => open.matter.text.clone(),
        };
        message.left_out = self.often.get(key).map_or(0, |often| often.left_out);
        message
    }

    fn summary(&self, now: Millis, limits: &Limits, waiting: &[(&str, &Open)]) -> Message {
        let severity = waiting.iter().map(|(_, open)| open.matter.event.severity()).max();
        let mut parts: Vec<String> = waiting
            .iter()
            .take(NAMED)
            .map(|(_, open)| {
                let over = if open.told { "over: " } else { "" };
                let (name, subject) = (open.matter.event.name(), &open.matter.subject);
                format!("{over}{name} {subject}")
            })
            .collect();
        if waiting.len() > NAMED {
            parts.push(format!("and {} more", waiting.len() - NAMED));
        }
        let ended = self
            .left_out
            .iter()
            .map(|(event, count)| format!("{count} × {} that came and went", event.name()));
        parts.extend(ended);
        let text = format!(
            "More happens than is told (most_per_hour = {}): {}. What lasts is told when there is room again.",
            limits.most_per_hour,
            parts.join(", ")
        );
        Message::plain(Saying::Summary, severity.unwrap_or(Severity::Warn), text, now)
    }

    /// The message got through.
    pub fn sent(&mut self, now: Millis, message: &Message) {
        self.sent.push_back((now, message.severity));
        match message.state {
            Saying::Open => {
                if let Some(open) = self.open.get_mut(&message.key) {
                    open.told = true;
                }
                let often = self.often.entry(message.key.clone()).or_default();
                often.times.push_back(now);
                often.left_out = 0;
            }
            Saying::Over => drop(self.open.remove(&message.key)),
            Saying::Summary => {
                self.summed = Some(now);
                self.left_out.clear();
            }
            Saying::Test => {}
        }
    }
}

fn due(open: &Open, now: Millis, limits: &Limits) -> bool {
    let patience = limits.after.saturating_mul(open.matter.event.patience());
    now.since(open.first) >= patience
}
