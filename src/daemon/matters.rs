//! What needs a person now, from the boards: what notifiers go by.

use super::aged::Aged;
use super::view::{ChannelView, DaemonView};
use crate::notify::{Event, Matter, Sight};
use omnistock_planner::ListingState;
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis};
use std::collections::{BTreeMap, VecDeque};

const HOUR: i64 = 3_600_000;
/// Between two samples of how many listings are parked.
const SAMPLE: i64 = 60_000;
/// Fewer new ones in an hour are no matter, whatever their share.
const FEW_PARKED: u64 = 10;

/// How many listings a channel refused, over the last hour.
#[derive(Debug, Default)]
pub(super) struct ParkedWatch(BTreeMap<ChannelName, VecDeque<(Millis, u64)>>);

impl ParkedWatch {
    /// By how many there are more than at the best time of the last hour, where that is worth a word: 10 at least, and
    /// one of a hundred listings.
    fn grown(&mut self, channel: &ChannelName, now: Millis, parked: u64, listings: u64) -> Option<u64> {
        let samples = self.0.entry(channel.clone()).or_default();
        samples.retain(|(at, _)| (0..HOUR).contains(&now.since(*at)));
        let least = samples.iter().map(|(_, parked)| *parked).min();
        if samples.back().is_none_or(|(at, _)| now.since(*at) >= SAMPLE) {
            samples.push_back((now, parked));
        }
        let more = parked.saturating_sub(least?);
        (more >= FEW_PARKED.max(listings / 100)).then_some(more)
    }
}

impl DaemonView {
    /// How things stand, for notifiers; `store` is what the store warns of.
    pub(super) fn sight(&self, parked: &mut ParkedWatch, store: &[String]) -> Sight {
        let stance = self.leading.stance.borrow().clone();
        let obstacles = self.obstacles();
        let lease = self.gate().map(|(_, lease)| lease);
        let blind = !stance.leads || lease.is_none() || !obstacles.is_empty();
        let mut matters = Vec::new();
        let mut channels = self.house.channels.values();
        let away = obstacles.first().cloned();
        let away = away.or_else(|| channels.find_map(|channel| channel.board.store_error()));
        matters.extend(away.map(|why| Matter::new(Event::StoreAway, "store", why)));
        if let Some(lost) = &stance.rebuild {
            let text = format!(
                "the store lost data ({}): nothing is written until it is known again",
                lost.what
            );
            matters.push(Matter::new(Event::LostData, "store", text).since(lost.at));
        }
        for notifier in self.house.notifiers.load().iter() {
            let counts = notifier.board.counts();
            if let (Some((_, why)), Some(since)) = (counts.error, counts.failing_since) {
                matters.push(Matter::new(Event::NotifierFails, notifier.name(), why).since(since));
            }
        }
        if blind {
            parked.0.clear();
        } else {
            let warned = store.iter().cloned().chain(self.house.ledger_board.mirror_error());
            let warned: Vec<String> = warned.chain(self.leading.mirror.borrow().clone()).collect();
            if !warned.is_empty() {
                matters.push(Matter::new(Event::StoreDegraded, "store", warned.join("; ")));
            }
            self.of_guards(&mut matters);
            self.of_gates(&mut matters);
            self.of_sources(&mut matters);
            self.of_orders(&mut matters);
            for (name, channel) in &self.house.channels {
                self.of_channel(name, channel, parked, &mut matters);
            }
        }
        Sight {
            speaks: stance.leads || !stance.other,
            blind,
            lease,
            matters,
        }
    }

    /// What a guard stopped, unless a person has said that it stays so.
    fn of_guards(&self, matters: &mut Vec<Matter>) {
        let held = self.life.load().holds.list();
        for report in held.into_iter().filter(|report| report.rejected.is_none()) {
            let text = format!("{} is held: {}", report.title, report.findings.join("; "));
            let matter = Matter::new(Event::Hold, report.source.as_str(), text);
            matters.push(matter.part(report.id).since(report.since));
        }
        for (name, channel) in &self.house.channels {
            let listings = channel.board.hold().filter(|hold| hold.rejected.is_none());
            let listings = listings.map(|hold| (hold.to_string(), hold.id, hold.since));
            let prices = channel.board.price_holds().into_iter();
            let prices = prices
                .filter(|hold| hold.rejected.is_none())
                .map(|hold| (hold.to_string(), hold.id, hold.since));
            for (text, id, since) in listings.into_iter().chain(prices) {
                matters.push(Matter::new(Event::Hold, name.as_str(), text).part(id).since(since));
            }
        }
    }

    /// Channels that wait for the same thing are one matter.
    fn of_gates(&self, matters: &mut Vec<Matter>) {
        let gates = self.gates();
        if gates.open {
            return;
        }
        let closed = self.house.channels.keys().filter(|name| self.closed(name).is_some());
        let names: Vec<&str> = closed.map(ChannelName::as_str).collect();
        let text = format!("{} not written: {}", names.join(", "), gates.missing.join("; "));
        matters.push(Matter::new(Event::GateClosed, "gate", text));
    }

    fn of_sources(&self, matters: &mut Vec<Matter>) {
        let settings = self.house.settings.load();
        for (name, source) in &self.house.sources {
            let last = source.board.last();
            let aged = Aged::of(&settings, name, &source.board, now());
            if let Some(aged) = aged.filter(Aged::is_stale) {
                matters.push(Matter::new(Event::SourceStale, name.as_str(), aged.to_string()));
            }
            if let Some((since, why)) = source.board.trouble() {
                matters.push(Matter::new(Event::SourceFails, name.as_str(), why).since(since));
            }
            let refused = source.board.refusals().1.pop();
            let newer = |at: Millis| last.as_ref().is_none_or(|last| last.taken_at < at);
            if let Some(refused) = refused.filter(|refused| newer(refused.at)) {
                let text = format!("{} was refused: {}", refused.title, refused.reason);
                matters.push(Matter::new(Event::ReportRefused, name.as_str(), text).since(refused.at));
            }
        }
    }

    fn of_orders(&self, matters: &mut Vec<Matter>) {
        let overdue = self.house.ledger_board.overdue().count;
        if overdue > 0 {
            let text = format!("{overdue} order lines are contained in no figure although they should be by now");
            matters.push(Matter::new(Event::OverdueLines, "orders", text));
        }
        for (name, board) in &self.house.webhooks {
            if let Some(silence) = board.silence(now()) {
                let text = format!(
                    "no webhook since {}; polls found {} orders",
                    silence.since, silence.untold
                );
                matters.push(Matter::new(Event::WebhooksSilent, name.as_str(), text).since(silence.since));
            }
        }
    }

    fn of_channel(
        &self,
        name: &ChannelName,
        channel: &ChannelView,
        parked: &mut ParkedWatch,
        matters: &mut Vec<Matter>,
    ) {
        let board = &channel.board;
        let matter = |event, why: &str| Matter::new(event, name.as_str(), why);
        if let Some(why) = board.stopped() {
            matters.push(matter(Event::NeedsOperator, &why));
        } else if board.breaker_open() {
            let why = board
                .last_error()
                .map_or_else(String::new, |(_, why)| format!(": {why}"));
            matters.push(matter(Event::BreakerOpen, &format!("calls fail{why}")));
        }
        if let Some(why) = channel.orders.as_ref().and_then(|orders| orders.last().1) {
            matters.push(matter(Event::OrdersFail, &format!("open orders can't be read: {why}")));
        }
        matters.extend(super::missing::matters(name, channel));
        // Before its gate is open the listings are only being counted.
        if self.closed(name).is_some() {
            return;
        }
        let count = board.count(ListingState::Parked) + board.count_prices(ListingState::Parked);
        let listings = board.states().into_iter().map(|(_, count)| count).sum();
        if let Some(more) = parked.grown(name, now(), count, listings) {
            let text = format!("{more} more listings are refused than within the last hour, {count} in all");
            matters.push(matter(Event::ParkedGrows, &text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parked_listings_are_a_matter_while_they_have_just_grown() {
        let (mut watch, shop) = (ParkedWatch::default(), "shop".parse().unwrap());
        let mut grown = |minute: i64, parked| watch.grown(&shop, Millis(minute * SAMPLE), parked, 2_000);
        assert_eq!(grown(0, 500), None, "what there is at the start is no growth");
        assert_eq!(grown(1, 519), None, "less than one of a hundred");
        assert_eq!(grown(2, 520), Some(20));
        assert_eq!(grown(50, 530), Some(30));
        assert_eq!(grown(120, 530), None, "an hour later it is as it is");
        assert_eq!(grown(121, 100), None);
        assert_eq!(grown(122, 125), Some(25));
    }
}
