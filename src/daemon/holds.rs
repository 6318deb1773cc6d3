//! What guards stopped, at sources and at channels, as people see it and decide about it.

use super::log::record;
use super::view::{ChannelView, DaemonView};
use crate::delivery::{ChannelBoard, ChannelHold, HoldDecision, PriceHold};
use crate::intake::{Decision as ReportDecision, HeldAt, HeldReport, HoldError};
use crate::server::{ApiError, Decision, Hold};
use omnistock_words::ChannelName;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A channel carries a decision out by then, or the store is away.
const DURABLE: Duration = Duration::from_secs(5);

/// Everything that is held: reports of sources, then listings of channels.
pub(super) fn list(view: &DaemonView) -> Vec<Hold> {
    let reports = view.life.load().holds.list();
    let listings = view.house.channels.iter().filter_map(|(name, channel)| {
        let held = channel.board.hold()?;
        Some(listings(name, &held))
    });
    let priced = |(name, channel): (&ChannelName, &ChannelView)| {
        let holds = channel.board.price_holds().into_iter();
        holds.map(|held| prices(name, &held)).collect::<Vec<_>>()
    };
    let prices = view.house.channels.iter().flat_map(priced);
    reports.iter().map(report).chain(listings).chain(prices).collect()
}

/// Holds that no person has rejected: the others need nobody.
pub(super) fn unanswered(view: &DaemonView) -> usize {
    let reports = view
        .life
        .load()
        .holds
        .list()
        .into_iter()
        .filter(|held| held.rejected.is_none());
    let boards = view.house.channels.values().filter_map(|channel| channel.board.hold());
    let prices = view
        .house
        .channels
        .values()
        .flat_map(|channel| channel.board.price_holds());
    reports.count()
        + boards.filter(|held| held.rejected.is_none()).count()
        + prices.filter(|held| held.rejected.is_none()).count()
}

/// A hold at a channel.
enum At {
    Listings(ChannelHold),
    Prices(PriceHold),
}

impl At {
    fn rejected(&mut self) -> &mut Option<String> {
        match self {
            Self::Listings(hold) => &mut hold.rejected,
            Self::Prices(hold) => &mut hold.rejected,
        }
    }

    fn is_rejected(&self) -> bool {
        match self {
            Self::Listings(hold) => hold.rejected.is_some(),
            Self::Prices(hold) => hold.rejected.is_some(),
        }
    }

    fn told(&self, channel: &ChannelName) -> Hold {
        match self {
            Self::Listings(hold) => listings(channel, hold),
            Self::Prices(hold) => prices(channel, hold),
        }
    }
}

/// A decision for the record: as the hold stood, and what is asked of whoever holds it. Whether that can be carried
/// out is not known yet.
fn told(rejected: bool, decision: Decision) -> (&'static str, &'static str) {
    let before = if rejected { "held, rejected before" } else { "held" };
    let after = match decision {
        Decision::Approve => "asked for: approved",
        Decision::Reject => "asked for: rejected",
    };
    (before, after)
}

/// Hands a decision to the source or the channel.
pub(super) async fn decide(view: &DaemonView, id: &str, decision: Decision, reason: &str) -> Result<Hold, ApiError> {
    let reason = reason.to_owned();
    let found = view.house.channels.iter().find_map(|(name, channel)| {
        let quantities = channel.board.hold().filter(|hold| hold.id == id).map(At::Listings);
        let priced = || {
            channel
                .board
                .price_holds()
                .into_iter()
                .find(|hold| hold.id == id)
                .map(At::Prices)
        };
        Some((name, channel, quantities.or_else(priced)?))
    });
    let reports = view.life.load().holds.list();
    let reported = || {
        let held = reports.iter().find(|held| held.id == id)?;
        Some((report(held), held.rejected.is_some()))
    };
    let listed = found
        .as_ref()
        .map(|(name, _, hold)| (hold.told(name), hold.is_rejected()));
    let known = listed.or_else(reported);
    if let Some((hold, rejected)) = known {
        let what = format!("hold {id}: {}, {}", hold.what, hold.subject);
        let (before, after) = told(rejected, decision);
        record(view, what, (Some(before.to_owned()), after.to_owned()), &reason, &[]).await?;
    }
    let Some((name, channel, mut hold)) = found else {
        let decision = match decision {
            Decision::Approve => ReportDecision::Approve(reason),
            Decision::Reject => ReportDecision::Reject(reason),
        };
        return match view.life.load().holds.decide(id, decision) {
            Ok(held) => Ok(report(&held)),
            Err(error @ HoldError::Unknown(_)) => Err(ApiError::not_found(error.to_string())),
            Err(error @ HoldError::Busy(_)) => Err(ApiError::conflict(error.to_string())),
        };
    };
    if decision == Decision::Reject {
        *hold.rejected() = Some(reason.clone());
    }
    let decision = match decision {
        Decision::Approve => HoldDecision::Approve(reason),
        Decision::Reject => HoldDecision::Reject(reason),
    };
    let Some(answer) = channel.board.decide(id, decision) else {
        return Err(ApiError::conflict(HoldError::Busy(id.to_owned()).to_string()));
    };
    channel.wake.notify_one();
    match tokio::time::timeout(DURABLE, answer).await {
        Ok(Ok(())) => Ok(hold.told(name)),
        _ => Err(
            ApiError::unavailable(format!("{name} did not carry out the decision on {id} in time"))
                .help("`omnistock status` says what it waits for; then decide again"),
        ),
    }
}

/// Whether a channel's guard holds a listing of a SKU.
pub(super) fn held_at(channels: &BTreeMap<ChannelName, ChannelView>) -> Arc<HeldAt> {
    let board = |(name, view): (&ChannelName, &ChannelView)| (name.clone(), Arc::clone(&view.board));
    let boards: BTreeMap<ChannelName, Arc<ChannelBoard>> = channels.iter().map(board).collect();
    Arc::new(move |channel, sku| boards.get(channel).is_some_and(|board| board.holds(sku)))
}

/// A held report as people see it.
fn report(held: &HeldReport) -> Hold {
    let way_out = match (&held.rejected, held.confirms_at) {
        (Some(_), _) => "a report without the fault, or a person's approval".to_owned(),
        (None, Some(at)) => {
            format!("a person, a newer report without the fault, or a new report that agrees after {at}")
        }
        (None, None) => {
            let only = if held.guards.iter().any(|guard| guard == "newly_zero") {
                "mass zero never confirms itself"
            } else {
                "a changed unit never confirms itself"
            };
            format!("a person, or a newer report without the fault ({only})")
        }
    };
    let rejected = held.rejected.iter().map(|reason| format!("rejected before: {reason}"));
    Hold {
        id: held.id.clone(),
        what: "stock".to_owned(),
        subject: format!("{}, {}", held.source, held.title),
        since: held.since,
        due: None,
        details: held.findings.iter().cloned().chain(rejected).collect(),
        way_out: Some(way_out),
    }
}

/// A channel's held listings as people see them.
fn listings(channel: &ChannelName, held: &ChannelHold) -> Hold {
    let rejected = held.rejected.iter().map(|reason| format!("rejected: {reason}"));
    let way_out = match held.rejected {
        Some(_) => "stock in a newer report, or a person's approval",
        None => "a person, or stock in a newer report (mass zero never confirms itself)",
    };
    Hold {
        id: held.id.clone(),
        what: "quantity".to_owned(),
        subject: format!("{channel}, {} listings", held.listings),
        since: held.since,
        due: None,
        details: std::iter::once(held.to_string()).chain(rejected).collect(),
        way_out: Some(way_out.to_owned()),
    }
}

/// A channel's held prices as people see them.
fn prices(channel: &ChannelName, held: &PriceHold) -> Hold {
    let rejected = held.rejected.iter().map(|reason| format!("rejected: {reason}"));
    Hold {
        id: held.id.clone(),
        what: "price".to_owned(),
        subject: format!("{channel}, {} listings", held.listings),
        since: held.since,
        due: None,
        details: std::iter::once(held.to_string()).chain(rejected).collect(),
        way_out: Some("a person, or a newer price without the fault (prices never confirm themselves)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{ConnectorName, Millis, Percent, Quantity};

    fn held(guard: &str, confirms_at: Option<Millis>, rejected: Option<&str>) -> HeldReport {
        HeldReport {
            id: "h-1".to_owned(),
            source: ConnectorName::new("erp").unwrap(),
            title: "stock.csv".to_owned(),
            as_of: Millis(0),
            since: Millis(0),
            guards: vec![guard.to_owned()],
            findings: vec!["found".to_owned()],
            confirms_at,
            rejected: rejected.map(str::to_owned),
        }
    }

    #[test]
    fn the_record_says_how_the_hold_stood_and_not_more_than_what_was_asked() {
        assert_eq!(told(false, Decision::Approve), ("held", "asked for: approved"));
        assert_eq!(
            told(true, Decision::Reject),
            ("held, rejected before", "asked for: rejected")
        );
    }

    #[test]
    fn every_hold_says_how_it_can_end() {
        let at = "2026-01-05T12:15:00Z".parse().unwrap();
        for (held, details, way_out) in [
            (
                held("rows_missing", Some(at), None),
                "found",
                "a person, a newer report without the fault, or a new report that agrees after 2026-01-05T12:15:00Z",
            ),
            (
                held("newly_zero", None, None),
                "found",
                "a person, or a newer report without the fault (mass zero never confirms itself)",
            ),
            (
                held("unit_factor", None, None),
                "found",
                "a person, or a newer report without the fault (a changed unit never confirms itself)",
            ),
            (
                held("newly_zero", None, Some("cut off")),
                "found; rejected before: cut off",
                "a report without the fault, or a person's approval",
            ),
        ] {
            let hold = report(&held);
            assert_eq!(
                (hold.details.join("; ").as_str(), hold.way_out.as_deref()),
                (details, Some(way_out))
            );
        }
    }

    #[test]
    fn held_prices_say_what_stays_and_which_guard_it_was() {
        let money =
            |amount: &str| omnistock_words::Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap();
        let example = |sku: &str| (sku.parse().unwrap(), "factor".to_owned(), money("2.49"), money("24.90"));
        let hold = PriceHold {
            id: "h-3".to_owned(),
            since: Millis(0),
            listings: 2,
            examples: vec![example("A"), example("B")],
            rejected: Some("a typo".to_owned()),
        };
        let hold = prices(&ChannelName::new("shop").unwrap(), &hold);
        assert_eq!(
            (hold.what.as_str(), hold.subject.as_str()),
            ("price", "shop, 2 listings")
        );
        assert_eq!(
            hold.details,
            [
                "2 prices are held, first A stays 2.49 EUR, not 24.90 EUR (factor), B stays 2.49 EUR, not 24.90 EUR (factor)",
                "rejected: a typo"
            ]
        );
    }

    #[test]
    fn held_listings_say_what_stays() {
        let of = |rejected: Option<&str>| ChannelHold {
            id: "h-2".to_owned(),
            since: Millis(0),
            listings: 12,
            whole: 24,
            limit: Percent::whole(10),
            examples: vec![("A".parse().unwrap(), Quantity::whole(5), Quantity::whole(3))],
            rejected: rejected.map(str::to_owned),
        };
        let channel = ChannelName::new("shop").unwrap();
        let hold = listings(&channel, &of(None));
        assert_eq!(
            (hold.what.as_str(), hold.subject.as_str()),
            ("quantity", "shop, 12 listings")
        );
        assert_eq!(
            hold.details,
            ["newly_zero: 12 of 24 listings would newly show zero (limit 10%), first A keeps 3 of 5"]
        );
        assert_eq!(
            hold.way_out.as_deref(),
            Some("a person, or stock in a newer report (mass zero never confirms itself)")
        );
        let hold = listings(&channel, &of(Some("cut off")));
        assert_eq!(hold.details[1], "rejected: cut off");
        assert_eq!(
            hold.way_out.as_deref(),
            Some("stock in a newer report, or a person's approval")
        );
    }
}
