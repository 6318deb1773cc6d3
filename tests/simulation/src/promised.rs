//! Promises once computed, kept until something that they are made from changes, or until the engine says that they
//! change by themselves. The oracles compute some of them anew: nothing else may have changed them.

use crate::sim::Sim;
use omnistock_engine::{Part, Promise, SkuDocument, due, own_lines, promise, promises, resolve};
use omnistock_planner::{LineStatus, OwnLine};
use omnistock_words::{ChannelName, FulfilledBy, Millis, Mode, OrderStatus, Quantity, Settings, Sku};
use std::rc::Rc;

/// One computation in so many is made again.
const AGAIN: u64 = 32;

/// What all channels may promise of one article.
pub(crate) type Promises = Rc<Vec<(ChannelName, Promise)>>;

/// By channel: its mode, and how many units a listing holds where it has no place of its own.
type Policies = Rc<Vec<(Mode, Quantity)>>;

struct Kept {
    from: Millis,
    /// When it may change by itself.
    until: Millis,
    promises: Promises,
    policies: Policies,
    /// Whether any source speaks of the article.
    spoken_of: bool,
    /// By channel: its own lines, once they were asked for.
    lines: Vec<Option<Rc<Vec<OwnLine>>>>,
}

/// What a change of the ledger leaves as it was, until then.
struct Renewed {
    until: Millis,
    policies: Policies,
}

fn own_line(line: &omnistock_engine::OwnLine<'_>) -> OwnLine {
    OwnLine {
        order: line.order.clone(),
        line: line.line.clone(),
        quantity: line.quantity,
        status: match line.status {
            OrderStatus::Open => LineStatus::Open,
            OrderStatus::Shipped => LineStatus::Shipped,
            OrderStatus::Cancelled | OrderStatus::Returned => LineStatus::Ended,
        },
        placed_at: line.placed_at,
        at: line.at,
    }
}

fn spoken_of(ledger: &SkuDocument) -> bool {
    !ledger.positions.is_empty() || !ledger.movements.is_empty() || !ledger.prices.is_empty()
}

impl Kept {
    fn holds(&self, now: Millis) -> bool {
        self.from <= now && now < self.until
    }
}

/// By article.
pub(crate) struct Promised {
    settings: Rc<Settings>,
    kept: Vec<Option<Kept>>,
    /// The ledger changed, and what was kept held until then: only that change counts, and the policies still hold.
    renewed: Vec<Option<Renewed>>,
    /// Computed anew for another reason since [`Sim::due_marks`] looked: time may have changed it.
    timed: Vec<bool>,
    asked: u64,
}

impl Promised {
    pub(crate) fn new(articles: usize, settings: &Rc<Settings>) -> Self {
        Self {
            settings: Rc::clone(settings),
            kept: std::iter::repeat_with(|| None).take(articles).collect(),
            renewed: std::iter::repeat_with(|| None).take(articles).collect(),
            timed: vec![true; articles],
            asked: 0,
        }
    }

    /// The ledger of the article, or of a part of it, is another one.
    pub(crate) fn forget(&mut self, article: usize, now: Millis) {
        let kept = self.kept[article].take().filter(|kept| kept.holds(now));
        self.renewed[article] = kept.map(|kept| Renewed {
            until: kept.until,
            policies: kept.policies,
        });
    }

    /// Lines that count no more are gone from the ledger of the article: no promise changes by that.
    pub(crate) fn lines_changed(&mut self, article: usize) {
        if let Some(kept) = &mut self.kept[article] {
            kept.lines.fill(None);
        }
    }

    /// What all of them are made from is another one.
    pub(crate) fn forget_all(&mut self) {
        self.kept.fill_with(|| None);
        self.renewed.fill_with(|| None);
    }

    /// Whether any source speaks of the article, as of when its promise was asked for last.
    pub(crate) fn spoken_of(&self, article: usize) -> bool {
        self.kept[article].as_ref().is_some_and(|kept| kept.spoken_of)
    }

    /// When the promise changes by itself, as was said when it was computed.
    pub(crate) fn due(&self, article: usize) -> Option<Millis> {
        let until = self.kept[article].as_ref().map(|kept| kept.until);
        until.filter(|until| *until < Millis::MAX)
    }

    /// What time changed is marked.
    pub(crate) fn looked_after(&mut self, article: usize) {
        self.timed[article] = false;
    }

    /// Whether time may have changed the promise since it was asked last.
    pub(crate) fn may_be_due(&self, settings: &Rc<Settings>, article: usize, now: Millis) -> bool {
        let kept = self.kept[article].as_ref().is_some_and(|kept| kept.holds(now));
        self.timed[article] || !kept || !Rc::ptr_eq(&self.settings, settings)
    }
}

impl Sim {
    /// What all channels may promise of the article now, and under which mode each works.
    pub(crate) fn promised(&mut self, settings: &Rc<Settings>, article: usize, now: Millis) -> (Promises, Policies) {
        if !Rc::ptr_eq(&self.promised.settings, settings) {
            self.promised = Promised::new(self.names.skus.len(), settings);
        }
        self.promised.asked += 1;
        let again = self.promised.asked.is_multiple_of(AGAIN);
        if let Some(kept) = self.promised.kept[article].as_ref().filter(|kept| kept.holds(now)) {
            let found = (Rc::clone(&kept.promises), Rc::clone(&kept.policies));
            if again {
                self.oracle_promised_still(settings, article, &found.0, now);
            }
            return found;
        }
        let (sku, documents) = (&self.names.skus[article], &self.store.documents);
        let renewed = self.promised.renewed[article].take();
        // Policies depend on no figure: without the end of a rule they are what they were.
        let held = renewed.as_ref().filter(|renewed| now < renewed.until);
        let policies = match held {
            Some(renewed) => Rc::clone(&renewed.policies),
            None => self.policies(settings, sku, now),
        };
        let kept = Kept {
            from: now,
            until: due(settings, documents, sku, now).unwrap_or(Millis::MAX),
            policies,
            lines: vec![None; settings.channels.len()],
            spoken_of: documents.skus.get(sku).is_some_and(spoken_of),
            promises: Rc::new(promises(settings, documents, sku, now)),
        };
        let found = (Rc::clone(&kept.promises), Rc::clone(&kept.policies));
        self.promised.kept[article] = Some(kept);
        self.promised.timed[article] |= renewed.is_none();
        found
    }

    fn policies(&self, settings: &Settings, sku: &Sku, now: Millis) -> Policies {
        let attributes = self
            .store
            .documents
            .skus
            .get(sku)
            .map(|document| document.attributes.clone());
        let attributes = attributes.unwrap_or_default();
        let policies = settings.channels.keys().map(|channel| {
            let policy = resolve(settings, channel, sku, &attributes, now);
            (policy.mode, policy.factor)
        });
        Rc::new(policies.collect())
    }

    /// The channel's own lines of the article; with `parts` also those that sold it as part of a bundle.
    pub(crate) fn own_lines(&mut self, article: usize, shop: usize, parts: bool) -> Rc<Vec<OwnLine>> {
        let kept = self.promised.kept[article].as_mut();
        if let Some(lines) = kept.and_then(|kept| kept.lines[shop].clone()) {
            return lines;
        }
        let (channel, sku) = (&self.names.channels[shop], &self.names.skus[article]);
        let lines = self.store.documents.skus.get(sku).map(|ledger| {
            let theirs = ledger.lines.iter();
            let of_parts =
                theirs.filter(|line| parts && line.channel == *channel && matches!(line.part(), Part::Of(_)));
            let lines = own_lines(ledger, channel).chain(of_parts.map(omnistock_engine::OwnLine::from));
            let lines = lines.filter(|line| line.fulfilled_by == FulfilledBy::Merchant);
            lines.map(|line| own_line(&line)).collect()
        });
        let lines: Rc<Vec<OwnLine>> = Rc::new(lines.unwrap_or_default());
        if let Some(kept) = &mut self.promised.kept[article] {
            kept.lines[shop] = Some(Rc::clone(&lines));
        }
        lines
    }

    /// I11: without an event, and before the engine says so, no promise changes; and one channel's promise is the
    /// one that is computed for all of them.
    fn oracle_promised_still(&mut self, settings: &Settings, article: usize, promises: &Promises, now: Millis) {
        let sku = &self.names.skus[article];
        let (channel, kept) = &promises[(self.promised.asked / AGAIN) as usize % promises.len()];
        if promise(settings, &self.store.documents, channel, sku, now) == *kept {
            return;
        }
        let sentence = format!(
            "{channel}'s promise of {sku} was {:?} and is another one without any event",
            kept.quantity
        );
        self.violate("I11", Some(article), sentence);
    }
}
