//! Reservations and availability: the listener's requests as events of the ledger, and what its owner answered.
//!
//! A request goes through the inbox like every other fact, so it is durable before it is decided, and all requests
//! that wait are decided in one commit. The answer is the document that this commit wrote.

use super::explain::{away, documents, stock_state};
use super::view::DaemonView;
use crate::checksum::checksum;
use crate::intake::{RESERVATIONS, ReservationRecord, ReservationState};
use crate::server::{
    ApiError, AvailabilityView, ChannelAvailability, Listed, LocationAvailability, ReservationStep, ReservationView,
    ReserveAsked, caller, proven_caller,
};
use crate::store::{Kind, Versioned};
use omnistock_engine::{Asked, Event, Wish, promise, reservable_at, reservable_for, sellable};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, LocationName, Quantity, ReservationId, Sku};
use std::time::Duration;

/// Until a request is decided.
const DECIDED: Duration = Duration::from_secs(8);
/// Reservations looked through for one list, at most, and in one read.
const MOST: usize = 200_000;
const PAGE: usize = 500;

fn shown(record: ReservationRecord) -> ReservationView {
    let now = now();
    ReservationView {
        state: record.state(now).name().to_owned(),
        id: record.id,
        sku: record.sku,
        location: record.location,
        channel: record.channel,
        quantity: record.quantity,
        expires_at: record.expires_at,
        asked_at: record.asked_at,
        by: record.by,
        confirmed_at: record.confirmed_at,
        released_at: record.released_at,
        because: record.refused,
    }
}

async fn find(view: &DaemonView, id: &ReservationId) -> Result<Option<ReservationRecord>, ApiError> {
    let stored = view.house.store.load(&[ReservationRecord::key(id)]).await;
    let stored: Vec<Versioned> = stored.map_err(|error| away(&error))?;
    let stored = stored.into_iter().next().unwrap_or_default();
    ReservationRecord::decode(&stored).map_err(|error| away(&error))
}

fn unknown(id: &ReservationId) -> ApiError {
    let error = ApiError::not_found(format!("there is no reservation {id}"));
    error.help("reservations are kept for a day after their end; `omnistock reservations list --all` shows them")
}

/// One reservation.
pub(super) async fn show(view: &DaemonView, id: &ReservationId) -> Result<ReservationView, ApiError> {
    find(view, id).await?.map(shown).ok_or_else(|| unknown(id))
}

/// The live ones, or all that are kept.
pub(super) async fn list(view: &DaemonView, all: bool, most: usize) -> Result<Listed<ReservationView>, ApiError> {
    let (mut after, mut looked, mut listed, now) = (RESERVATIONS.to_owned(), 0, Listed::whole(Vec::new()), now());
    while looked < MOST {
        let page = view.house.store.scan(Kind::Hold, Some(&after), PAGE).await;
        let page = page.map_err(|error| away(&error))?;
        let ours = page.iter().take_while(|(id, _)| id.starts_with(RESERVATIONS));
        for (id, stored) in ours {
            after.clone_from(id);
            looked += 1;
            let record = ReservationRecord::decode(stored).map_err(|error| away(&error))?;
            if let Some(record) = record.filter(|record| all || record.live(now)) {
                listed.total += 1;
                if listed.items.len() < most {
                    listed.items.push(shown(record));
                }
            }
        }
        let beyond = page.last().is_none_or(|(id, _)| !id.starts_with(RESERVATIONS));
        if page.len() < PAGE || beyond {
            break;
        }
    }
    Ok(listed)
}

/// Who decides is the ledger's owner of the daemon that leads.
fn leads(view: &DaemonView) -> Result<(), ApiError> {
    if view.gate().is_some() {
        return Ok(());
    }
    let says = view.leading.stance.borrow().says.clone();
    Err(ApiError::unavailable(format!("this daemon is {says}")).help("ask the one that leads, or again soon"))
}

/// Durable, and decided when it answers. `again`: how to learn what came of it when it does not.
async fn decided(view: &DaemonView, event: Event, again: &str) -> Result<(), ApiError> {
    let inbox = view.life.load_full().intake.inbox.clone();
    let last = inbox.append(&[event]).await.map_err(|error| away(&error))?;
    let applied = tokio::time::timeout(DECIDED, inbox.applied(last)).await;
    if matches!(applied, Ok(true)) {
        return Ok(());
    }
    let error = ApiError::unavailable("the request is durable and not decided yet");
    Err(error.help(again))
}

/// Sets units aside, once a key: keys of different callers have nothing to do with each other, also where two shops
/// number their carts alike.
pub(super) async fn reserve(view: &DaemonView, asked: ReserveAsked) -> Result<ReservationView, ApiError> {
    let name = format!("{}\n{}", proven_caller(), asked.key);
    let id = format!("r-{}", checksum(name, 24));
    let id = ReservationId::new(id).map_err(|error| ApiError::bad_request(format!("the key is {error}")))?;
    let sum = checksum(serde_json::to_vec(&asked.body).unwrap_or_default(), 32);
    if let Some(record) = find(view, &id).await? {
        return answered(record, &sum);
    }
    let at = now();
    if asked.expires_at <= at {
        return Err(ApiError::bad_request(
            "a reservation ends in the future, within 90 days",
        ));
    }
    leads(view)?;
    let body = asked.body;
    let event = Event::Reservation {
        id: id.clone(),
        sku: body.sku,
        location: body.location,
        channel: body.channel,
        quantity: body.quantity,
        expires_at: asked.expires_at,
        asked: Some(Box::new(Asked {
            wish: Wish::Grant,
            at,
            by: caller(),
            reason: String::new(),
            sum: sum.clone(),
        })),
    };
    decided(
        view,
        event,
        "ask again with the same key, or read the reservation by its id",
    )
    .await?;
    let record = find(view, &id).await?;
    answered(
        record.ok_or_else(|| ApiError::unavailable("the answer is gone: the store has lost it"))?,
        &sum,
    )
}

/// The answer to a request for a reservation, whenever it is asked for again: what was granted and is over by now is
/// no longer set aside, and who asks must not sell it.
fn answered(record: ReservationRecord, sum: &str) -> Result<ReservationView, ApiError> {
    if record.sum != sum {
        let error = format!(
            "this Idempotency-Key was used for another request, reservation {}",
            record.id
        );
        return Err(ApiError::unprocessable(error).help("give each request a key of its own"));
    }
    match &record.refused {
        Some(because) => Err(ApiError::conflict(format!(
            "reservation {} of {} was refused: {because}",
            record.id, record.sku
        ))
        .help("nothing was set aside; ask for what there is, with a new key")),
        None => match record.state(now()) {
            was @ (ReservationState::Expired | ReservationState::Released) => Err(over(&record.id, was)),
            _ => Ok(shown(record)),
        },
    }
}

/// Confirms, extends or releases one.
pub(super) async fn change(
    view: &DaemonView,
    id: ReservationId,
    step: ReservationStep,
    reason: String,
) -> Result<ReservationView, ApiError> {
    let record = find(view, &id).await?.ok_or_else(|| unknown(&id))?;
    let at = now();
    let was = record.state(at);
    match (&step, was) {
        // Said before: the same answer.
        (ReservationStep::Release, ReservationState::Released | ReservationState::Expired)
        | (ReservationStep::Confirm(_), ReservationState::Confirmed) => return Ok(shown(record)),
        (_, ReservationState::Held | ReservationState::Confirmed) => {}
        (_, was) => return Err(over(&id, was)),
    }
    leads(view)?;
    let (wish, quantity, expires_at) = match step {
        ReservationStep::Confirm(end) => (Wish::Confirm, record.quantity, end.max(record.expires_at)),
        ReservationStep::Extend(end) => (Wish::Extend, record.quantity, end),
        ReservationStep::Release => (Wish::Release, Quantity::ZERO, record.expires_at),
    };
    let event = Event::Reservation {
        id: id.clone(),
        sku: record.sku,
        location: record.location,
        channel: record.channel,
        quantity,
        expires_at,
        asked: Some(Box::new(Asked {
            wish,
            at,
            by: caller(),
            reason,
            sum: String::new(),
        })),
    };
    decided(view, event, "ask again, or read the reservation by its id").await?;
    let record = find(view, &id).await?.ok_or_else(|| unknown(&id))?;
    match (&record.unchanged, wish) {
        (Some((of, because)), _) if *of == at => {
            let error = format!("reservation {id} stays as it was: {because}");
            Err(ApiError::conflict(error))
        }
        (_, Wish::Confirm) if record.confirmed_at.is_none() => Err(over(&id, record.state(now()))),
        (_, Wish::Extend) if !record.live(now()) => Err(over(&id, record.state(now()))),
        _ => Ok(shown(record)),
    }
}

fn over(id: &ReservationId, was: ReservationState) -> ApiError {
    let error = ApiError::conflict(format!("reservation {id} is {}", was.name()));
    error.help("its units are free again; ask for a new one, with a new key")
}

/// What may be sold and set aside of an article.
pub(super) async fn availability(
    view: &DaemonView,
    sku: Sku,
    location: Option<LocationName>,
    channel: Option<ChannelName>,
) -> Result<AvailabilityView, ApiError> {
    let settings = view.house.settings.load_full();
    if let Some(location) = location.as_ref().filter(|name| !settings.locations.contains_key(*name)) {
        return Err(ApiError::not_found(format!("there is no location {location}")));
    }
    if let Some(channel) = channel.as_ref().filter(|name| !settings.channels.contains_key(*name)) {
        return Err(ApiError::not_found(format!("there is no channel {channel}")));
    }
    let documents = documents(view, &settings, &sku).await?;
    if documents.skus.is_empty() && !settings.bundles.contains_key(&sku) {
        return Err(ApiError::not_found(format!("no source knows the SKU {sku}"))
            .help("SKUs are exact: check upper and lower case, spaces and leading zeros"));
    }
    let at = now();
    let bundle = settings.bundles.contains_key(&sku);
    let wanted = |named: &LocationName| match (&location, &channel) {
        (Some(wanted), _) => named == wanted,
        (None, of) => of.is_none() && !bundle,
    };
    let locations = settings
        .locations
        .keys()
        .filter(|name| wanted(name))
        .map(|name| LocationAvailability {
            location: name.clone(),
            sellable: sellable(&settings, &documents, name, &sku, at),
            reservable: reservable_at(&settings, &documents, name, &sku, at),
        });
    let wanted = |named: &ChannelName| match (&channel, &location) {
        (Some(wanted), _) => named == wanted,
        (None, of) => of.is_none(),
    };
    let channels = settings.channels.keys().filter(|name| wanted(name)).map(|name| {
        let promised = promise(&settings, &documents, name, &sku, at);
        let reservable = reservable_for(&settings, &documents, name, &sku, at).filter(|most| *most < Quantity::MAX);
        ChannelAvailability {
            channel: name.clone(),
            shown: promised.quantity,
            state: stock_state(promised.state),
            // A bundle can't be set aside, only its parts.
            reservable: reservable.filter(|_| !bundle),
        }
    });
    Ok(AvailabilityView {
        at,
        locations: locations.collect(),
        channels: channels.collect(),
        sku,
    })
}
