//! What is durably known of a listing's price: desired, sent, accepted and observed kept apart.
//!
//! Part of the listing's document, beside its number and never mixed with it: a held, refused or late
//! price does not stop stock.

use omnistock_words::{Currency, Millis, Money, Price};
use serde::{Deserialize, Serialize};

/// Writes in a row that were answered yes and are not shown, before the price is parked.
pub const MOST_UNDONE: u32 = 4;

/// An instant so far behind a later one, in milliseconds, means that the clock was set back.
const CLOCK_SET_BACK: i64 = 60_000;

/// A price on the wire: written before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentPrice {
    /// What is asked.
    pub price: Price,
    /// When the call was about to be made, our clock.
    pub at: Millis,
    /// The lease under which it was made.
    pub token: u64,
}

/// A price that the vendor said yes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedPrice {
    /// What is asked.
    pub price: Price,
    /// When the answer was there, our clock.
    pub at: Millis,
}

/// Prices that were read back, one per currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPrice {
    /// As shown; none: the vendor has no price for it yet.
    pub prices: Vec<Price>,
    /// When the read began, our clock.
    pub at: Millis,
}

/// A price kept aside, because the channel refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedPrice {
    /// The vendor's own words.
    pub reason: String,
    /// Since when.
    pub at: Millis,
    /// What was refused: another one is tried.
    pub price: Price,
    /// The stamp of the settings it was refused under: under others it is tried again.
    pub settings: u64,
}

/// Stopped by a guard: what is published stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPrice {
    /// The hold's name: the same for every price of the channel that is held.
    pub hold: String,
    /// Since when.
    pub since: Millis,
    /// The guard's name, such as `price_jump`.
    pub guard: String,
    /// What stays.
    pub from: Money,
    /// What would take its place.
    pub to: Money,
    /// A person's reason to keep it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
}

/// The price of a listing that has one of its own at the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PriceDocument {
    /// What it should ask, as of the last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Price>,
    /// What was last put on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentPrice>,
    /// The call with `sent` has no outcome yet. Found so at a start: the outcome is unknown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// What was last said yes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedPrice>,
    /// What was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedPrice>,
    /// What was sent may or may not have taken effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Kept aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<ParkedPrice>,
    /// Stopped by a guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldPrice>,
    /// A person let this amount out: no guard stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Money>,
    /// Failed attempts in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Writes in a row that were answered yes and are not shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undone: u32,
    /// Not to be tried earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl PriceDocument {
    /// Takes a reading over. One that began before the last yes says nothing of what is asked now and is
    /// ignored: `false`. It ends what was unknown: it began behind the call.
    pub fn observe(&mut self, observed: ObservedPrice) -> bool {
        // Nothing is known from the future: the clock was set back, and the reading is what counts.
        let ahead = |at: Millis| at.since(observed.at) > CLOCK_SET_BACK;
        self.accepted.take_if(|accepted| ahead(accepted.at));
        self.observed.take_if(|old| ahead(old.at));
        let behind = |at: Millis| observed.at >= at;
        let answered = self.accepted.as_ref().is_none_or(|accepted| behind(accepted.at));
        let newest = self.observed.as_ref().is_none_or(|old| behind(old.at));
        if self.open || !answered || !newest {
            return false;
        }
        if self.unknown && self.sent.as_ref().is_some_and(|sent| !behind(sent.at)) {
            return false;
        }
        let first = !self.confirmed();
        let at = observed.at;
        self.observed = Some(observed);
        self.unknown = false;
        // A call without a yes took effect after all, or late: guards compare the next price with this one.
        let since = self.accepted.as_ref().map(|accepted| accepted.at);
        let sent = self.sent.as_ref().filter(|sent| Some(sent.at) > since);
        if let Some(price) = sent.map(|sent| sent.price)
            && self.shown(price.currency()) == Some(price)
        {
            self.accepted = Some(AcceptedPrice { price, at });
        }
        if let Some(accepted) = self.accepted.as_ref().filter(|_| first) {
            let shown = self.shown(accepted.price.currency());
            self.undone = if shown == Some(accepted.price) {
                0
            } else {
                self.undone.saturating_add(1)
            };
        }
        true
    }

    /// What it was last read to ask in a currency. A shop with one currency answers with that one.
    pub fn shown(&self, currency: Currency) -> Option<Price> {
        let prices = &self.observed.as_ref()?.prices;
        let same = prices.iter().find(|price| price.currency() == currency);
        same.or_else(|| prices.first()).copied()
    }

    /// Whether the last thing known of it is a reading, not an answer to a write.
    pub fn confirmed(&self) -> bool {
        let read = self.observed.as_ref().map(|observed| observed.at);
        let answered = self.accepted.as_ref().map(|accepted| accepted.at);
        read.is_some() && read >= answered
    }

    /// The channel shows `price`, which it should ask: what was refused or let out before is over. Guards compare
    /// the next price with it, also where the call that led to it never got a yes.
    pub fn matched(&mut self, price: Price) {
        (self.parked, self.released) = (None, None);
        (self.attempts, self.not_before) = (0, None);
        let known = self.accepted.as_ref().is_some_and(|accepted| accepted.price == price);
        if let Some(read) = self.observed.as_ref().filter(|_| !known) {
            self.accepted = Some(AcceptedPrice { price, at: read.at });
        }
    }

    /// What is published, as far as guards go: what was last said yes to, or shown as it should be; in the
    /// beginning what the channel shows; where it showed nothing, what was sent first and may have taken effect. `None`: nothing
    /// that a new price could be compared with.
    pub fn published(&self, currency: Currency) -> Option<Money> {
        let accepted = self.accepted.as_ref().map(|accepted| accepted.price.amount);
        let shown = || self.shown(currency).map(|price| price.amount);
        let sent = || {
            self.sent
                .as_ref()
                .filter(|_| self.unknown)
                .map(|sent| sent.price.amount)
        };
        accepted.or_else(shown).or_else(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(amount: &str) -> Price {
        let (amount, currency) = amount.split_once(' ').unwrap_or((amount, "EUR"));
        Price::plain(Money::new(amount.parse().unwrap(), currency.parse().unwrap()).unwrap())
    }

    fn read(amounts: &[&str], at: i64) -> ObservedPrice {
        let prices = amounts.iter().map(|amount| price(amount)).collect();
        ObservedPrice { prices, at: Millis(at) }
    }

    fn accepted(amount: &str, at: i64) -> PriceDocument {
        let accepted = AcceptedPrice {
            price: price(amount),
            at: Millis(at),
        };
        PriceDocument {
            accepted: Some(accepted),
            ..PriceDocument::default()
        }
    }

    #[test]
    fn a_reading_from_before_the_yes_or_beside_an_open_call_is_ignored() {
        let mut document = accepted("5", 100);
        assert!(!document.observe(read(&["4"], 99)));
        assert!(!document.confirmed());
        assert!(document.observe(read(&["4"], 100)) && document.confirmed());
        assert!(!document.observe(read(&["5"], 99)), "an older one");
        document.open = true;
        assert!(!document.observe(read(&["5"], 200)), "it may or may not be in it");
        (document.open, document.unknown) = (false, true);
        assert!(document.observe(read(&["5"], 300)) && !document.unknown);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_hide_readings_for_ever() {
        let mut document = accepted("5", 3_600_000);
        assert!(document.observe(read(&["4"], 10)) && document.confirmed());
    }

    #[test]
    fn what_is_answered_yes_and_not_shown_is_counted_until_it_is() {
        let mut document = accepted("5", 100);
        document.observe(read(&["4"], 110));
        document.observe(read(&["4"], 120));
        assert_eq!(document.undone, 1, "once for each yes");
        document.accepted = accepted("5", 130).accepted;
        document.observe(read(&["4"], 140));
        assert_eq!(document.undone, 2);
        document.accepted = accepted("5", 150).accepted;
        document.observe(read(&["5"], 160));
        assert_eq!(document.undone, 0);
    }

    #[test]
    fn a_price_without_an_answer_that_is_shown_is_what_guards_compare_with() {
        let eur = "EUR".parse().unwrap();
        let mut document = accepted("8", 100);
        let sent = |at: i64| SentPrice {
            price: price("6"),
            at: Millis(at),
            token: 1,
        };
        (document.sent, document.unknown) = (Some(sent(200)), true);
        document.observe(read(&["7"], 250));
        assert_eq!(document.published(eur), Some(price("8").amount), "somebody else's");
        (document.sent, document.unknown) = (Some(sent(300)), true);
        document.observe(read(&["6"], 350));
        assert_eq!(document.published(eur), Some(price("6").amount));
        assert!(document.confirmed());
        document.sent = Some(sent(400));
        document.accepted = accepted("8", 390).accepted;
        document.observe(read(&["8"], 450));
        assert_eq!(document.published(eur), Some(price("8").amount), "not yet");
        document.observe(read(&["6"], 500));
        assert_eq!(document.published(eur), Some(price("6").amount), "it landed late");
    }

    #[test]
    fn guards_compare_with_what_was_accepted_and_first_with_what_is_shown() {
        let eur = "EUR".parse().unwrap();
        let mut document = PriceDocument::default();
        assert_eq!(document.published(eur), None);
        document.observe(read(&["9 USD", "8"], 1));
        assert_eq!(document.published(eur), Some(price("8").amount));
        assert_eq!(
            document.published("GBP".parse().unwrap()),
            Some(price("9 USD").amount),
            "a shop with one currency"
        );
        document.accepted = accepted("7", 2).accepted;
        document.observe(read(&["70"], 3));
        assert_eq!(
            document.published(eur),
            Some(price("7").amount),
            "a foreign edit is no baseline"
        );
    }

    #[test]
    fn guards_compare_with_what_is_shown_as_it_should_be_though_its_call_got_no_yes() {
        let mut document = accepted("33.99", 1);
        document.sent = Some(SentPrice {
            price: price("339.99"),
            at: Millis(10),
            token: 1,
        });
        (document.unknown, document.released) = (true, Some(price("339.99").amount));
        assert!(document.observe(read(&["339.99"], 11)));
        document.matched(price("339.99"));
        let published = document.published("EUR".parse().unwrap());
        assert_eq!((published, document.released), (Some(price("339.99").amount), None));
        assert!(document.confirmed() && document.observe(read(&["339.99"], 12)));
    }

    #[test]
    fn guards_compare_with_a_first_price_that_may_have_taken_effect() {
        let eur = "EUR".parse().unwrap();
        let mut document = PriceDocument {
            sent: Some(SentPrice {
                price: price("39.56"),
                at: Millis(1),
                token: 1,
            }),
            ..PriceDocument::default()
        };
        document.observe(read(&[], 1));
        assert_eq!(document.published(eur), None, "it was refused: nothing is published");
        document.unknown = true;
        assert_eq!(document.published(eur), Some(price("39.56").amount));
        assert!(document.observe(read(&["40"], 2)));
        assert_eq!(document.published(eur), Some(price("40").amount), "what is read counts");
    }

    #[test]
    fn it_survives_its_text_and_an_empty_one_is_short() {
        let mut document = accepted("5.00", 100);
        document.held = Some(HeldPrice {
            hold: "h-1".to_owned(),
            since: Millis(1),
            guard: "factor".to_owned(),
            from: price("5").amount,
            to: price("50").amount,
            rejected: None,
        });
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<PriceDocument>(&text).unwrap(), document);
        assert_eq!(serde_json::to_string(&PriceDocument::default()).unwrap(), "{}");
    }
}
