//! Deliberately broken variants: each must be caught, or the oracles are blind there. They give the
//! engine wrong inputs, change its answers, or break a step of the shell; the product has no switch.

use crate::call::Reading;
use crate::promised::Promises;
use crate::sim::Sim;
use crate::store::About;
use crate::worker::Worker;
use omnistock_engine::{Complaint, Documents, Event, Promise, SkuDocument, promise as promised};
use omnistock_planner::{Action, Facts, ListingDocument, Target, Verdict};
use omnistock_words::{Millis, Quantity, Settings, Sku, WriteMeaning};

macro_rules! variants {
    ($($name:ident $text:literal $invariants:literal $sentence:literal),+ $(,)?) => {
        /// One broken variant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Broken { $($name),+ }

        impl Broken {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The name on the command line.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The invariants that may catch it, apart by spaces.
            pub(crate) fn invariants(self) -> &'static str {
                match self { $(Self::$name => $invariants),+ }
            }

            /// What is broken.
            pub(crate) fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),+ }
            }
        }
    };
}

variants! {
    NoDedupe "no-dedupe" "I3" "an order that is reported again counts again",
    SnapshotOverwrites "snapshot-overwrites" "I1 I11" "a stock figure is taken to contain every order placed before it",
    GateOff "gate-off" "I6" "channels are written before anything is known",
    GiveUp "give-up" "I14 I16 I8" "after three failures a number counts as pushed",
    OlderReplaces "older-replaces" "I1" "an older snapshot replaces a newer one",
    AnswerBeforeDurable "answer-before-durable" "I4" "a webhook is answered 2xx before it is in the inbox",
    NoPoll "no-poll" "I4 I5" "orders come by webhook only",
    GuardOff "guard-off" "I6" "no guard holds a report",
    NoTrailer "no-trailer" "I6 I16" "a report that ends too early is taken for whole",
    TwoInFlight "two-in-flight" "I8" "a listing that is on the wire is sent again",
    NoReadBack "no-read-back" "I14" "nothing that was accepted is read back",
    StatementOlder "statement-older" "I1" "a statement acts on figures from before it",
    TakeBackIgnored "take-back-ignored" "I1" "a statement that a source holds nothing of a line any more is taken for an old one",
    ClearAnyVersion "clear-any-version" "I14 I1" "a mark is cleared though a newer one came",
    CursorFirst "cursor-first" "I4" "the order cursor moves before its orders are durable",
    TokenNotChecked "token-not-checked" "I8" "a commit under a stale token is let through",
    EchoAdopted "echo-adopted" "I10" "what a channel shows is taken for stock",
    BundleStale "bundle-stale" "I1 I11" "a bundle is computed from old ledgers of its parts",
    BundleNotMarked "bundle-not-marked" "I14 I15" "a change of a part does not look at its bundles",
    PriceWithoutFloor "price-without-floor" "I7" "prices go out below their floor",
    PriceGuardOff "price-guard-off" "I7" "prices jump without a person",
    CarveIgnored "carve-ignored" "I11 I14 I1" "units carved out of a place are sold there too",
    KeptRowInherits "kept-row-inherits" "I1" "a row that a snapshot lacks counts as of that snapshot",
    NeverExpires "never-expires" "I14" "reservations never end",
    GrossAsAvailable "gross-as-available" "I1" "a gross number goes to a channel that counts down by itself",
    IntentNotDurable "intent-not-durable" "I8" "a call is made before its intent is durable",
    NoBreaker "no-breaker" "I9" "a channel that is down is asked without pause",
    NoLimiter "no-limiter" "I9" "calls are made as fast as they come, whatever the vendor takes",
    PoisonNotIsolated "poison-not-isolated" "I15 I16 I14" "one refused listing fails its whole call again and again",
    UnknownForgotten "unknown-forgotten" "I14" "a call without an answer counts as not made",
    RaiseWithoutFetch "raise-without-fetch" "I5" "a number rises over sales that nobody has looked for",
    PollWithoutOverlap "poll-without-overlap" "I4 I5" "polls reach back less far than orders come late",
    CapIgnored "cap-ignored" "I6" "more is shown than max_shown",
    ForgetsEarly "forgets-early" "I4 I3 I1 I11 I16" "an order is forgotten as soon as it has ended",
    OrderIdLeaks "order-id-leaks" "I13" "a buyer's address becomes part of an order's line",
    Unexplained "unexplained" "I11" "the number sent is not the one that is explained",
    HeldForEver "held-for-ever" "I16" "a held report has no way out, and nothing else comes in",
    OldLedger "old-ledger" "I2 I1 I11" "a number is made from a ledger that was read a minute ago",
    CancelIgnored "cancel-ignored" "I3 I14" "a cancelled order goes on counting",
    StatusTrusted "shipped-is-contained" "I1 I11" "a shipped order counts as contained at once",
    StatementsOnce "statements-once" "I14" "after the store went back the old statements are not read again",
}

/// Whether this variant does without looking again on its own, which would heal it.
pub(crate) fn never_audits(broken: Option<Broken>) -> bool {
    matches!(
        broken,
        Some(
            Broken::NoReadBack
                | Broken::GiveUp
                | Broken::UnknownForgotten
                | Broken::BundleNotMarked
                | Broken::ClearAnyVersion
        )
    )
}

type Apply = fn(&Settings, &mut Documents, &Event, Millis) -> Vec<Complaint>;

/// Applies an event, or what the variant makes of it.
pub(crate) fn apply(
    broken: Option<Broken>,
    settings: &Settings,
    documents: &mut Documents,
    event: &Event,
    now: Millis,
    apply: Apply,
) -> Vec<Complaint> {
    let Some(broken) = broken else {
        return apply(settings, documents, event, now);
    };
    let mut event = event.clone();
    match (&mut event, broken) {
        (Event::Order { channel, order }, Broken::NoDedupe) => {
            let key = omnistock_engine::OrderKey {
                channel: channel.clone(),
                order: order.order.clone(),
            };
            if documents
                .orders
                .get(&key)
                .is_some_and(|known| known.revision.is_some() && known.lines == order.lines)
            {
                order.order = format!("{}-again", order.order).parse().unwrap();
            }
        }
        (Event::Order { order, .. }, Broken::CancelIgnored)
            if order.status == omnistock_words::OrderStatus::Cancelled =>
        {
            order.status = omnistock_words::OrderStatus::Open;
        }
        (Event::Stock(stock), Broken::OlderReplaces) => stock.as_of = now,
        (Event::Snapshot { as_of, .. }, Broken::OlderReplaces) => *as_of = now,
        (Event::Absorbed { as_of, .. }, Broken::StatementOlder) => *as_of = Some(Millis(1)),
        (Event::Absorbed { as_of, quantity, .. }, Broken::TakeBackIgnored) if quantity.is_zero() => {
            *as_of = Some(Millis(1));
        }
        (Event::Missing { rows, .. }, Broken::KeptRowInherits) => rows.clear(),
        (Event::Reservation { expires_at, .. }, Broken::NeverExpires) => *expires_at = Millis::MAX,
        _ => {}
    }
    for key in omnistock_engine::missing(settings, documents, &event) {
        match key {
            omnistock_engine::DocumentKey::Order(key) => {
                drop(documents.orders.insert(key, omnistock_engine::OrderDocument::default()));
            }
            omnistock_engine::DocumentKey::Sku(sku) => drop(documents.skus.insert(sku, SkuDocument::default())),
            omnistock_engine::DocumentKey::Source(_) => {}
        }
    }
    apply(settings, documents, &event, now)
}

/// The promises, or what the variant makes of them.
pub(crate) fn promises(broken: Option<Broken>, sim: &Sim, worker: &Worker, sku: &Sku, kept: Promises) -> Promises {
    if broken.is_none() {
        return kept;
    }
    let mut promises = Vec::clone(&kept);
    let own = promises[worker.shop].1.clone();
    promises[worker.shop].1 = promise(broken, sim, worker, sku, own);
    Promises::new(promises)
}

/// The promise, or what the variant makes of it.
fn promise(broken: Option<Broken>, sim: &Sim, worker: &Worker, sku: &Sku, promise: Promise) -> Promise {
    let Some(broken) = broken else { return promise };
    let (channel, now) = (&sim.names.channels[worker.shop], Millis(sim.t));
    let again = |documents: &Documents, settings: &Settings| promised(settings, documents, channel, sku, now);
    match broken {
        Broken::SnapshotOverwrites | Broken::StatusTrusted => {
            let mut documents = sim.store.documents.clone();
            let newest = documents
                .sources
                .get(&sim.names.erp)
                .and_then(|source| source.newest)
                .unwrap_or(Millis::MIN);
            for (_, document) in documents.skus.iter_mut() {
                document.lines.retain(|line| match broken {
                    Broken::StatusTrusted => line.status != omnistock_words::OrderStatus::Shipped,
                    _ => line.placed_at > newest,
                });
            }
            again(&documents, &worker.settings)
        }
        Broken::BundleStale if worker.settings.bundles.contains_key(sku) => match &sim.older {
            Some(older) => again(&older.documents, &worker.settings),
            None => promise,
        },
        Broken::OldLedger => match &sim.older {
            Some(older) => again(&older.documents, &worker.settings),
            None => promise,
        },
        Broken::CarveIgnored => {
            let mut settings = Settings::clone(&worker.settings);
            settings.locations.retain(|_, policy| policy.part_of.is_none());
            again(&sim.store.documents, &settings)
        }
        Broken::Unexplained => Promise {
            quantity: promise.quantity.map(|units| (units - Quantity::ONE).positive()),
            ..promise
        },
        Broken::CapIgnored => {
            let mut settings = Settings::clone(&worker.settings);
            settings
                .channels
                .values_mut()
                .for_each(|channel| channel.policy.max_shown = None);
            again(&sim.store.documents, &settings)
        }
        _ => promise,
    }
}

/// What the planner says, or what the variant makes of it.
pub(crate) fn decision(broken: Option<Broken>, facts: &Facts<'_>, action: Action) -> Action {
    match (broken, &action) {
        (Some(Broken::RaiseWithoutFetch), Action::FetchOrdersFirst) => match facts.target {
            Target::Number(target) => Action::Write {
                expected: None,
                quantity: target,
                target,
                drift: false,
            },
            _ => action,
        },
        (
            Some(Broken::GrossAsAvailable),
            Action::Write {
                target,
                expected,
                drift,
                ..
            },
        ) if facts.vendor.write == WriteMeaning::Available => {
            let open = facts
                .lines
                .iter()
                .filter(|line| line.status == omnistock_planner::LineStatus::Open);
            let kept: Quantity = open.map(|line| line.quantity).sum();
            Action::Write {
                quantity: *target + kept,
                target: *target,
                expected: *expected,
                drift: *drift,
            }
        }
        _ => action,
    }
}

/// What became of a number, or what the variant takes it for.
pub(crate) fn verdict(broken: Option<Broken>, document: &ListingDocument, verdict: Verdict) -> Verdict {
    match (broken, &verdict) {
        (Some(Broken::GiveUp), Verdict::Failed { .. }) if document.attempts >= 2 => Verdict::Applied { quantity: None },
        (
            Some(Broken::UnknownForgotten),
            Verdict::Failed {
                class: omnistock_planner::Class::Unknown,
                items,
                ..
            },
        ) => Verdict::Failed {
            class: omnistock_planner::Class::Retry { after: None },
            reason: String::new(),
            items: *items,
        },
        _ => verdict,
    }
}

/// A reading came in: the broken variant believes it.
pub(crate) fn reading(sim: &mut Sim, daemon: usize, worker: &Worker, reading: &Reading) {
    if sim.broken(Broken::EchoAdopted) && sim.nature.chance(2) && !sim.quiet {
        let article = sim.world.shops[worker.shop].listings[reading.listing].article;
        let event = Event::Movement {
            source: sim.names.erp.clone(),
            id: format!("echo{}", sim.t).parse().unwrap(),
            sku: sim.names.skus[article].clone(),
            location: sim.names.locations[0].clone(),
            quantity: Quantity::ONE,
            at: Millis(sim.t),
            contained: None,
        };
        sim.store.append(event, About::Foreign);
        sim.wake_ledgers(daemon);
    }
}

/// The variant of a name.
pub(crate) fn named(name: &str) -> Option<Broken> {
    Broken::ALL.iter().copied().find(|variant| variant.name() == name)
}

/// Variants that keep an older state at hand to read from.
pub(crate) fn keeps_old(broken: Option<Broken>) -> bool {
    matches!(broken, Some(Broken::BundleStale | Broken::OldLedger))
}
