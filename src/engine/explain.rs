//! Why a number is what it is, in words for people: every place with what was taken there, and where
//! the setting behind each step stands. Made on demand; promises never pay for it.

use crate::picture::Picture;
use crate::place::physical;
use crate::{Documents, Place, Promise, Reason, Step, StepName, bundle};
use omnistock_words::{ChannelName, LocationName, Millis, Quantity, Settings, Sku};

/// One reason and the setting that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In a sentence or less.
    pub text: String,
    /// Where the setting stands, such as `omnistock.toml:24`, `[pools.all]` or `stores.stop_at 1`.
    pub set_by: Option<String>,
}

/// How instants are written.
pub type Clock<'a> = &'a dyn Fn(Millis) -> String;

/// Orders, movements or reservations of one place that are named; the others are counted.
const NAMED: usize = 3;

/// What one place of a pool has, and who took what of it.
struct Story {
    place: Place,
    moves: Vec<(Quantity, Millis)>,
    reserved: Vec<(String, Quantity, Millis)>,
    orders: Vec<String>,
    ordered: Quantity,
    for_channels: Quantity,
}

/// What the pool of a promise is made of, a place each, then what is short.
fn stories(picture: &mut Picture<'_>, places: &[Place]) -> Vec<Story> {
    let mut stories = Vec::with_capacity(places.len());
    let mut told: Vec<LocationName> = Vec::new();
    for place in places {
        let mut story = Story {
            place: place.clone(),
            moves: Vec::new(),
            reserved: Vec::new(),
            orders: Vec::new(),
            ordered: Quantity::ZERO,
            for_channels: Quantity::ZERO,
        };
        if let Some((parent, _)) = physical(picture.settings, &place.location)
            && !told.contains(parent)
        {
            told.push(parent.clone());
            story.fill(picture, parent);
        }
        stories.push(story);
    }
    stories
}

impl Story {
    fn fill(&mut self, picture: &Picture<'_>, parent: &LocationName) {
        self.moves = picture.moves_at(parent);
        for reservation in &picture.document.reservations {
            let here = reservation
                .location
                .as_ref()
                .and_then(|place| physical(picture.settings, place));
            let left = picture.unconsumed(reservation);
            if reservation.expires_at > picture.now
                && here.is_some_and(|(place, _)| place == parent)
                && left.is_positive()
            {
                self.reserved
                    .push((reservation.id.to_string(), left, reservation.expires_at));
            }
        }
        for taken in picture.taken.iter().filter(|taken| taken.location == Some(parent)) {
            self.ordered += taken.quantity;
            let order = format!("{} {}/{}", taken.line.channel, taken.line.order, taken.line.line);
            if !self.orders.contains(&order) {
                self.orders.push(order);
            }
        }
        self.for_channels = (self.place.ordered - self.ordered).positive();
    }

    /// What changed the figure, with `minus` as the sign; reservations by name or not.
    fn parts(&self, minus: &str, named: bool) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for (moved, at) in self.moves.iter().take(NAMED) {
            let sign = if moved.is_negative() { minus } else { "+" };
            parts.push(format!("{sign}{} at {{{}}}", (*moved).max(-*moved), at.0));
        }
        let rest: Quantity = self.moves.iter().skip(NAMED).map(|(moved, _)| *moved).sum();
        if self.moves.len() > NAMED {
            let sign = if rest.is_negative() { minus } else { "+" };
            parts.push(format!(
                "{sign}{} in {} more movements",
                rest.max(-rest),
                self.moves.len() - NAMED
            ));
        }
        for (id, units, until) in self.reserved.iter().take(NAMED) {
            let id = if named { format!(" {id}") } else { String::new() };
            parts.push(format!("{minus}{units} reserved{id} until {{{}}}", until.0));
        }
        if self.reserved.len() > NAMED {
            let rest: Quantity = self.reserved.iter().skip(NAMED).map(|(_, units, _)| *units).sum();
            parts.push(format!(
                "{minus}{rest} in {} more reservations",
                self.reserved.len() - NAMED
            ));
        }
        if self.ordered.is_positive() {
            let word = if self.orders.len() == 1 { "order" } else { "orders" };
            let named: Vec<&str> = self.orders.iter().take(NAMED).map(String::as_str).collect();
            let more = match self.orders.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            parts.push(format!("{minus}{} {word} {}{more}", self.ordered, named.join(", ")));
        }
        if self.for_channels.is_positive() {
            parts.push(format!("{minus}{} reserved for channels", self.for_channels));
        }
        if !self.place.carved.is_zero() {
            parts.push(format!("{minus}{} carved out", self.place.carved));
        }
        parts
    }

    /// `berlin 5.5 at 11:35 from erp; −1 at 11:40; −1 reserved until 13:00`.
    fn sentence(&self, clock: Clock<'_>) -> String {
        let Place {
            location,
            quantity,
            sellable,
            counted,
            ..
        } = &self.place;
        let figure = match &self.place.figure {
            Some((source, as_of, _)) => format!("{location} {quantity} at {} from {source}", clock(*as_of)),
            None => format!("{location} has no figure"),
        };
        let counts = (counted != sellable).then(|| format!("{counted} of {sellable} counts"));
        let parts = std::iter::once(figure).chain(self.parts("−", false)).chain(counts);
        timed(&parts.collect::<Vec<_>>().join("; "), clock)
    }

    /// `hannover 6: erp 8 at 12:04:51, -2 orders shopify 10211/1, otto 7HK/1`.
    fn line(&self, clock: Clock<'_>) -> String {
        let Place {
            location,
            quantity,
            sellable,
            counted,
            ..
        } = &self.place;
        let figure = match &self.place.figure {
            Some((source, as_of, _)) => format!("{source} {quantity} at {}", clock(*as_of)),
            None => "no figure".to_owned(),
        };
        let left = if counted == sellable {
            String::new()
        } else {
            format!("; {sellable} left")
        };
        let parts = std::iter::once(figure).chain(self.parts("-", true));
        timed(
            &format!("{location} {counted}: {}{left}", parts.collect::<Vec<_>>().join(", ")),
            clock,
        )
    }
}

/// Writes out instants that stand in braces.
fn timed(text: &str, clock: Clock<'_>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inside, after) = behind.split_once('}').unwrap_or((behind, ""));
        written.push_str(before);
        match inside.parse() {
            Ok(at) => written.push_str(&clock(Millis(at))),
            Err(_) => written.extend(["{", inside, "}"]),
        }
        rest = after;
    }
    written + rest
}

/// The SKU whose places the pool of a promise speaks of: its own, or the part that allows least.
fn limiting<'a>(settings: &Settings, sku: &'a Sku, promise: &'a Promise) -> Option<&'a Sku> {
    if bundle::parts(settings, sku).is_none() {
        return Some(sku);
    }
    promise.steps.iter().find_map(|step| match &step.because {
        Reason::Bundle(part) => part.as_ref(),
        _ => None,
    })
}

/// The pool's reason as one sentence, places apart by ` | `.
pub fn pool_sentence(
    settings: &Settings,
    documents: &Documents,
    sku: &Sku,
    promise: &Promise,
    now: Millis,
    clock: Clock<'_>,
) -> Option<String> {
    let Reason::Pool {
        places,
        short,
        ship_complete,
    } = &promise.steps.first()?.because
    else {
        return None;
    };
    let mut picture = Picture::of(settings, documents, limiting(settings, sku, promise)?, now, true);
    let told = stories(&mut picture, places);
    let mut text = told
        .iter()
        .map(|story| story.sentence(clock))
        .collect::<Vec<_>>()
        .join(" | ");
    if places.is_empty() {
        text += "no locations";
    }
    if short.is_positive() {
        text.extend(["; −", &short.to_string(), " sold and nowhere to be found"]);
    }
    if *ship_complete {
        text += "; only the best place counts";
    }
    Some(text)
}

/// The reasons of one step, for a table: the pool has one a place.
pub fn told(
    (settings, documents): (&Settings, &Documents),
    (channel, sku): (&ChannelName, &Sku),
    promise: &Promise,
    step: &Step,
    now: Millis,
    clock: Clock<'_>,
) -> Vec<Told> {
    let set = set_by(settings, channel, step);
    let (
        Reason::Pool {
            places,
            short,
            ship_complete,
        },
        Some(sku),
    ) = (&step.because, limiting(settings, sku, promise))
    else {
        let mut text = step.because.to_string();
        if let Some(reason) = reason(settings, step) {
            text.extend([": ", reason]);
        }
        return vec![Told { text, set_by: set }];
    };
    let mut picture = Picture::of(settings, documents, sku, now, true);
    let mut told = Vec::with_capacity(places.len());
    for (index, story) in stories(&mut picture, places).iter().enumerate() {
        let own = ["stop_at", "safety_stock"].iter().find_map(|key| {
            settings
                .places
                .get(&format!("locations.{}.{key}", story.place.location))
        });
        told.push(Told {
            text: story.line(clock),
            set_by: own.cloned().or_else(|| set.clone().filter(|_| index == 0)),
        });
    }
    if short.is_positive() {
        let text = format!("-{short} sold and nowhere to be found");
        told.push(Told { text, set_by: None });
    }
    if *ship_complete {
        let set_by = settings
            .places
            .get(&format!("channels.{channel}.ship_complete"))
            .cloned();
        let text = "only the best place counts".to_owned();
        told.push(Told { text, set_by });
    }
    told
}

/// The keys that may decide a step, the likelier first.
fn keys(step: &Step) -> &'static [&'static str] {
    match (step.step, &step.because) {
        (StepName::Pool, _) => &["locations", "ship_complete"],
        (StepName::Bundle, _) => &[],
        (StepName::Allocation, _) => &["share"],
        (StepName::SafetyStock, Reason::Held { channel, .. }) if channel.is_zero() => {
            &["sku_safety_stock", "safety_stock"]
        }
        (StepName::SafetyStock, Reason::Home { .. }) => &["home"],
        (StepName::SafetyStock, _) => &["safety_stock", "sku_safety_stock"],
        (StepName::Backorder, _) => &["backorder_limit", "preorder_limit"],
        (StepName::StopAt, _) => &["stop_at"],
        (StepName::SameSku, _) => &["same_sku"],
        (StepName::SalesUnits, _) => &["pack_size", "factor", "decimals"],
        (StepName::MaxShown, _) => &["max_shown"],
    }
}

/// Where the setting behind a step stands: the rule's, else the channel's or its template's.
pub fn set_by(settings: &Settings, channel: &ChannelName, step: &Step) -> Option<String> {
    let place = |path: &str| {
        keys(step)
            .iter()
            .find_map(|key| settings.places.get(&format!("{path}.{key}")).cloned())
    };
    match step.set_by {
        Some(index) => {
            place(&format!("rules.{index}")).or_else(|| settings.rules.get(index).map(|rule| rule.place.clone()))
        }
        None => place(&format!("channels.{channel}")),
    }
}

/// Why somebody made the rule behind a step, where its list says so.
fn reason<'a>(settings: &'a Settings, step: &Step) -> Option<&'a str> {
    let index = step.set_by?;
    let said = |key: &&str| settings.places.get(&format!("rules.{index}.{key}.reason"));
    keys(step).iter().find_map(said).map(String::as_str)
}

/// One sentence: what there is, and which steps took how much. `None` where nothing is counted.
pub fn summary(promise: &Promise) -> Option<String> {
    let mut steps = promise.steps.iter();
    let pool = steps.next()?;
    let mut sentence = match &pool.because {
        Reason::Pool { places, .. } => {
            let from: Vec<&str> = places
                .iter()
                .filter(|p| p.counted.is_positive())
                .map(|p| p.location.as_str())
                .collect();
            match from.as_slice() {
                [] => format!("{} can be sold", pool.value),
                [_, _] | [_, _, _] => format!("{} can be sold from {}", pool.value, from.join(", ")),
                [one] => format!("{} can be sold from {one}", pool.value),
                _ => format!("{} can be sold from {} places", pool.value, from.len()),
            }
        }
        _ => return None,
    };
    let mut before = pool.value;
    for step in steps {
        let fell = before - step.value;
        if fell.is_positive() {
            sentence.extend([", ", step.step.name(), " takes ", &fell.to_string()]);
        } else if fell.is_negative() {
            sentence.extend([", ", step.step.name(), " adds ", &(-fell).to_string()]);
        }
        before = step.value;
    }
    Some(sentence + ".")
}
