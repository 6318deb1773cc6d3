//! Why a number is what it is: the ledger is loaded and asked anew, so the answer is what would be
//! sent now, beside what was sent, accepted and observed.

use super::listed::{self, Listed};
use super::view::DaemonView;
use crate::server::{
    ApiError, ApiErrorKind, Because, Explanation, ItemView, LocationFigure, OrderLineView, PositionView, Stamped, Step,
};
use crate::store::{Key, StoreError};
use omnistock_engine::{
    DocumentKey, Documents, Offer, Promise, Reason, SkuDocument, SourceDocument, explain as why, explained, needs,
    resolve_listing, sellable,
};
use omnistock_planner::{ListingDocument, StateFacts, Target, state};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, ListingId, Millis, Mode, Quantity, Settings, Sku, VendorLocation};

pub(super) fn away(error: &StoreError) -> ApiError {
    ApiError::unavailable(error.to_string())
}

/// A document of the store that can't be read, by its key: a person has to know which one to put back.
pub(super) fn unreadable(key: &DocumentKey, error: impl std::fmt::Display) -> ApiError {
    ApiError::unavailable(format!("document {} can't be read: {error}", key.id()))
}

/// A listing with its vendor location, for people.
pub(super) fn listing_text(listing: &ListingId, location: Option<&VendorLocation>) -> String {
    location.map_or_else(|| listing.to_string(), |location| format!("{listing} at {location}"))
}

pub(super) async fn documents(view: &DaemonView, settings: &Settings, sku: &Sku) -> Result<Documents, ApiError> {
    let mut documents = Documents::default();
    let skus = needs(settings, sku);
    let mut keys: Vec<Key> = skus.iter().map(Key::sku).collect();
    keys.extend(settings.sources.keys().map(Key::source));
    let mut stored = view
        .house
        .store
        .load(&keys)
        .await
        .map_err(|error| away(&error))?
        .into_iter();
    for sku in skus {
        let bytes = stored.next().unwrap_or_default().bytes;
        if !bytes.is_empty() {
            let document = SkuDocument::decode(&bytes);
            let document = document.map_err(|error| unreadable(&DocumentKey::Sku(sku.clone()), error))?;
            documents.skus.insert(sku, document);
        }
    }
    for source in settings.sources.keys() {
        let bytes = stored.next().unwrap_or_default().bytes;
        if !bytes.is_empty() {
            let document = SourceDocument::decode(&bytes);
            let document = document.map_err(|error| unreadable(&DocumentKey::Source(source.clone()), error))?;
            documents.sources.insert(source.clone(), document);
        }
    }
    view.house.measured.load().feed(&mut documents);
    for (name, channel) in &view.house.channels {
        channel.board.feed(name, &mut documents);
    }
    Ok(documents)
}

/// What the numbers of a channel with adaptive safety stock go by.
fn blindness(view: &DaemonView, promise: &Promise, channel: &ChannelName) -> Option<String> {
    let adaptive = |reason: &Reason| matches!(reason, Reason::Adaptive { .. } | Reason::Home { .. });
    let measured = view.house.measured.load();
    let own = measured.lags.get(channel)?;
    let others = measured.lags.iter().filter(|(name, _)| *name != channel);
    let orders = others.map(|(name, lags)| format!("{name} after {}", seconds(lags.order)));
    promise.steps.iter().any(|step| adaptive(&step.because)).then(|| {
        format!(
            "{channel} shows a change after {}, and orders elsewhere are known here later: {} (95 of 100, measured; 3600 s until it is)",
            seconds(own.push),
            orders.collect::<Vec<_>>().join(", ")
        )
    })
}

fn seconds(milliseconds: i64) -> String {
    let tenths = milliseconds.max(0).saturating_add(99) / 100;
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        tenth => format!("{}.{tenth} s", tenths / 10),
    }
}

/// Explanations on one channel, or on all.
pub(super) async fn explain(
    view: &DaemonView,
    sku: &Sku,
    channel: Option<&ChannelName>,
) -> Result<Vec<Explanation>, ApiError> {
    let settings = view.house.settings.load_full();
    let documents = documents(view, &settings, sku).await?;
    let mut explanations = Vec::new();
    for name in settings
        .channels
        .keys()
        .filter(|name| channel.is_none_or(|channel| channel == *name))
    {
        let listings = listed::listings(view, name, sku).await?;
        let all: Vec<ListingId> = listings.iter().map(|listed| listed.document.listing.clone()).collect();
        let explained = |listing: Option<&ListingId>| {
            let offer = Offer { listing, all: &all };
            explained(&settings, &documents, name, sku, offer, now())
        };
        if listings.is_empty() && documents.skus.contains_key(sku) && channel.is_some() {
            let promise = explained(None);
            let reasons = reasons(&settings, &documents, name, sku, &promise);
            explanations.push(explanation(view, &settings, (name, sku), &promise, &reasons, None));
        }
        explanations.extend(listings.iter().map(|listing| {
            let promise = explained(Some(&listing.document.listing));
            let reasons = reasons(&settings, &documents, name, sku, &promise);
            explanation(view, &settings, (name, sku), &promise, &reasons, Some(listing))
        }));
    }
    if explanations.is_empty() {
        let error = ApiError::not_found(format!("no source and no channel knows the SKU {sku}"));
        return Err(error.help("SKUs are exact: check upper and lower case, spaces and leading zeros"));
    }
    Ok(explanations)
}

/// Why a listing's number is what it is.
struct Reasons {
    price: Option<omnistock_engine::SkuDocument>,
    notes: Vec<String>,
    steps: Vec<Step>,
}

fn reasons(settings: &Settings, documents: &Documents, channel: &ChannelName, sku: &Sku, promise: &Promise) -> Reasons {
    Reasons {
        price: documents.skus.get(sku).cloned(),
        notes: why::summary(promise).into_iter().collect(),
        steps: steps((settings, documents), (channel, sku), promise, now()),
    }
}

fn explanation(
    view: &DaemonView,
    settings: &Settings,
    (channel, sku): (&ChannelName, &Sku),
    promise: &Promise,
    reasons: &Reasons,
    listed: Option<&Listed>,
) -> Explanation {
    let listing = listed.map(|listed| &listed.document);
    let attributes = reasons.price.as_ref().map(|ledger| ledger.attributes.clone());
    let of_listing = listing.map(|listing| &listing.listing);
    let attributes = attributes.unwrap_or_default();
    let policy = resolve_listing(settings, channel, sku, &attributes, of_listing, now());
    let mode = policy.mode;
    let waits = view.closed(channel).unwrap_or_default();
    let aim = listing.map_or(promise.quantity.map_or(Target::Unknown, Target::Number), |listing| {
        crate::delivery::target(listing, promise, &policy)
    });
    let desired = match aim {
        Target::Number(_) if mode == Mode::Draining => Some(Quantity::ZERO),
        Target::Number(number) => Some(number),
        Target::Untracked | Target::Unknown => None,
    };
    let facts = StateFacts {
        mode,
        gate: waits.is_empty(),
        target: aim,
        in_flight: listed.is_some_and(|listed| listed.in_flight),
        dirty: listed.is_some_and(|listed| listed.dirty),
        held: listing.is_some_and(|listing| listing.held.is_some()),
    };
    let stamped = |quantity, at| Stamped { quantity, at };
    Explanation {
        sku: sku.clone(),
        channel: channel.clone(),
        listing: listing.map(|listing| listing_text(&listing.listing, listing.location.as_ref())),
        mode,
        state: listing.map_or(omnistock_planner::ListingState::Unmapped, |listing| {
            state(listing, &facts)
        }),
        as_of: None,
        stock_state: stock_state(promise.state),
        desired,
        sent: listing
            .and_then(|listing| listing.sent.as_ref())
            .map(|sent| stamped(sent.quantity, sent.at)),
        accepted: listing
            .and_then(|l| l.accepted.as_ref())
            .map(|accepted| stamped(accepted.quantity, accepted.at)),
        observed: listing
            .and_then(|listing| listing.observed.as_ref())
            .and_then(|observed| Some(stamped(observed.quantity?, observed.at))),
        notes: notes(view, (channel, sku), listing, promise, &waits, reasons),
        steps: reasons.steps.clone(),
        price: super::explain_price::explain(
            (settings, reasons.price.as_ref()),
            (channel, sku),
            promise,
            listing,
            waits.is_empty(),
        ),
        changes: Vec::new(),
    }
}

/// What else there is to say, each one sentence.
fn notes(
    view: &DaemonView,
    (channel, sku): (&ChannelName, &Sku),
    listing: Option<&ListingDocument>,
    promise: &Promise,
    waits: &[String],
    reasons: &Reasons,
) -> Vec<String> {
    let guard = listing.and_then(|listing| listing.held.as_ref()).map(|held| {
        let left = held.quantity;
        format!(
            "held by {}: it would newly show zero; {left} stays, less what is sold",
            held.hold
        )
    });
    let waits = waits.iter().map(|wait| format!("{wait}."));
    waits
        .chain(guard)
        .chain(view.overridden(channel, sku))
        .chain(left_alone(listing))
        .chain(throttled(view, channel))
        .chain(ramped(view, channel, listing, promise))
        .chain(reasons.notes.iter().cloned())
        .chain(blindness(view, promise, channel))
        .collect()
}

/// That a person has decided to leave the listing alone.
fn left_alone(listing: Option<&ListingDocument>) -> Option<String> {
    let dropped = listing?.dropped.as_ref()?;
    let reason = dropped.reason.trim_end_matches('.');
    Some(format!("A person left it alone since {}: {reason}.", dropped.at))
}

/// That the listing is none of those that may change in the channel's first hour.
fn ramped(
    view: &DaemonView,
    channel: &ChannelName,
    listing: Option<&ListingDocument>,
    promise: &Promise,
) -> Option<String> {
    let ramp = view.house.channels.get(channel)?.board.ramp()?;
    let shown = listing.filter(|listing| !listing.ramped)?.observed.as_ref()?.quantity;
    let waits = ramp.is_used_up() && ramp.until.is_some_and(|until| until > now()) && shown != promise.quantity;
    let until = local(ramp.until.filter(|_| waits)?, now());
    let most = ramp.most;
    Some(format!(
        "Waits for the ramp until {until}: {most} other listings of {channel} changed in its first hour."
    ))
}

/// That the channel's calls wait for a limit of the vendor.
fn throttled(view: &DaemonView, channel: &ChannelName) -> Option<String> {
    let waiting = view.house.channels.get(channel)?.board.limits().1?;
    let waiting = Some(waiting).filter(|waiting| waiting.until > now())?;
    let throttled = super::status::throttled(waiting);
    Some(format!(
        "Calls to {channel}: {}, until {}.",
        throttled.reason, throttled.until
    ))
}

/// A state of the stock by its name.
pub(super) fn stock_state(state: omnistock_engine::State) -> String {
    let name = serde_json::to_value(state).ok();
    name.and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The steps as of `now`, which may be long ago.
pub(super) fn steps(
    (settings, documents): (&Settings, &Documents),
    (channel, sku): (&ChannelName, &Sku),
    promise: &Promise,
    now: Millis,
) -> Vec<Step> {
    let clock = |at: Millis| local(at, now);
    let mut before = None;
    let mut steps = Vec::new();
    for step in &promise.steps {
        let told = why::told((settings, documents), (channel, sku), promise, step, now, &clock);
        let because = told.into_iter().map(|told| Because {
            text: told.text,
            set_by: told.set_by,
        });
        steps.push(Step {
            step: step.step.name().to_owned(),
            value: Some(step.value),
            because: because.collect(),
            changes: before != Some(step.value),
        });
        before = Some(step.value);
    }
    steps
}

/// An instant in the time zone of this machine: the time today, with its day before that.
fn local(at: Millis, now: Millis) -> String {
    let zone = jiff::tz::TimeZone::system();
    let shown = |at: Millis| {
        jiff::Timestamp::from_millisecond(at.0)
            .ok()
            .map(|at| at.to_zoned(zone.clone()))
    };
    match (shown(at), shown(now)) {
        (Some(at), Some(now)) if at.date() == now.date() => at.strftime("%H:%M:%S").to_string(),
        (Some(at), _) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        _ => at.to_string(),
    }
}

/// Everything known of a SKU.
pub(super) async fn item(view: &DaemonView, sku: &Sku) -> Result<ItemView, ApiError> {
    let settings = view.house.settings.load_full();
    // That no channel has it is no error here; that the store is away or damaged is.
    let listings = match explain(view, sku, None).await {
        Err(error) if error.kind == ApiErrorKind::NotFound => Vec::new(),
        explained => explained?,
    };
    let documents = documents(view, &settings, sku).await?;
    let Some(document) = documents.skus.get(sku) else {
        if listings.is_empty() {
            return Err(ApiError::not_found(format!(
                "no source and no channel knows the SKU {sku}"
            )));
        }
        return Ok(ItemView {
            sku: sku.clone(),
            positions: Vec::new(),
            order_lines: Vec::new(),
            sellable: Vec::new(),
            listings,
        });
    };
    let positions = document.positions.iter().map(|position| PositionView {
        source: position.source.clone(),
        location: position.location.clone(),
        quantity: position.quantity,
        basis: position.basis,
        as_of: position.effective(documents.sources.get(&position.source)).0,
    });
    let order_lines = document.lines.iter().map(|line| OrderLineView {
        channel: line.channel.clone(),
        order: line.order.clone(),
        line: line.line.clone(),
        quantity: line.quantity,
        contained: line.statements.iter().map(|statement| statement.quantity).sum(),
    });
    let figures = settings.locations.keys().map(|location| LocationFigure {
        location: location.clone(),
        quantity: sellable(&settings, &documents, location, sku, now()),
    });
    Ok(ItemView {
        sku: sku.clone(),
        positions: positions.collect(),
        order_lines: order_lines.collect(),
        sellable: figures.collect(),
        listings,
    })
}
