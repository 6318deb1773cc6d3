//! What a connector's simulator must be able to do for the suite: faults to make, orders to place, what buyers see.

use async_trait::async_trait;
use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_sdk::{Connector, ListingReference, RawRequest};
use omnistock_words::{Currency, Money, Price};
use std::sync::Arc;
use std::time::Duration;

/// Why a case can't be asked of this vendor, in words for `docs/connectors.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplicable(pub &'static str);

/// Begins the reason of what a simulator can be made to do and the vendor's real server can't.
pub const NOT_POSSIBLE: &str = "not possible on a real server: ";

/// Something, or why it doesn't exist at this vendor.
pub type Applies<T> = Result<T, NotApplicable>;

/// The simulator of a case.
pub type Shop = Arc<dyn Fake>;

/// How a connector is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As it should be. May be asked for again: a process that was started anew.
    Good,
    /// The same with a deadline of [`PATIENCE`] for each call.
    Impatient,
    /// A secret that is not the vendor's.
    WrongSecret,
    /// Credentials that may read and not write.
    ReadOnly,
    /// A right host, but no such interface behind the address.
    WrongAddress,
}

/// The deadline of [`Access::Impatient`].
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What goes wrong from now on, until [`Fake::heal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Every call is answered with this.
    EveryCall(Trouble),
    /// What becomes of writes, which are left without an answer.
    Writes(WriteTrouble),
    /// Nobody listens any more. Need not be healed.
    Unreachable,
    /// The credentials are good no more.
    Revoked,
    /// Tokens handed out so far are good no more; new ones are handed out. Happens once.
    TokenExpired,
    /// This SKU's item of a batch fails for a passing reason.
    ItemFails(String),
    /// The vendor stores at most this many units, without an error.
    Clamps(i64),
    /// Writes are accepted and come to nothing.
    AcceptedThenFails,
}

/// A request that the vendor might send to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// About this order, as it is now.
    Order(String),
    /// About a figure of a source.
    News,
    /// What proves it is of somebody else.
    Foreign,
    /// What a new subscription sends to see whether anybody is there.
    Ping,
    /// What our own write of this SKU causes.
    Echo(String),
}

/// One figure that a source reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The article.
    pub sku: &'static str,
    /// The vendor's name of the place: `berlin` and `hamburg` are known to the connector.
    pub location: &'static str,
    /// A decimal number.
    pub quantity: &'static str,
}

fn unsaid<T>(what: &str) -> T {
    panic!("the fake doesn't say what `{what}` does: implement it, or answer with `NotApplicable` and the reason")
}

/// A simulator under the control of the suite. What a vendor has no counterpart for is answered with
/// [`NotApplicable`]; what is not implemented fails the cases that need it.
#[async_trait]
pub trait Fake: Send + Sync + 'static {
    /// A fresh one, without any article or order.
    async fn start() -> Self
    where
        Self: Sized;

    /// What it is where it is no simulator, for the head of its column in `docs/connectors.md`.
    fn server(&self) -> Option<&'static str> {
        None
    }

    /// A connector for it. It knows the locations `berlin` and `hamburg`.
    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>>;

    /// All secrets of a connector, which no message may hold.
    fn secrets(&self) -> Vec<String>;

    /// Makes something go wrong.
    async fn fault(&self, fault: Fault) -> Applies<()>;

    /// Ends what goes wrong.
    async fn heal(&self);

    /// Lists an article with one number; an empty SKU is none.
    fn add(&self, sku: &str, units: i64) -> Applies<()> {
        let _ = (sku, units);
        unsaid("add")
    }

    /// Lists many articles, where that is quicker than one by one.
    fn add_all(&self, articles: &[(String, i64)]) -> Applies<()> {
        articles.iter().try_for_each(|(sku, units)| self.add(sku, *units))
    }

    /// Lists an article of which the vendor counts nothing.
    fn add_unmanaged(&self, sku: &str) -> Applies<()> {
        let _ = sku;
        unsaid("add_unmanaged")
    }

    /// Takes an article off the catalogue.
    fn remove(&self, sku: &str) -> Applies<()> {
        let _ = sku;
        unsaid("remove")
    }

    /// A listing that the vendor doesn't know.
    fn nobody(&self) -> ListingReference {
        unsaid("nobody")
    }

    /// Sets the number by a person in the vendor's pages.
    fn set_stock(&self, sku: &str, units: i64) -> Applies<()> {
        let _ = (sku, units);
        unsaid("set_stock")
    }

    /// Whole units that a buyer is offered.
    fn shown(&self, sku: &str) -> i64 {
        let _ = sku;
        unsaid("shown")
    }

    /// The same of many articles, where that is quicker than one by one.
    fn shown_of(&self, skus: &[String]) -> Vec<i64> {
        skus.iter().map(|sku| self.shown(sku)).collect()
    }

    /// What a buyer is asked, in euros where the vendor knows several currencies; `None`: nothing yet.
    fn asked(&self, sku: &str) -> Applies<Option<Price>> {
        let _ = sku;
        unsaid("asked")
    }

    /// Sets the price by a person in the vendor's pages.
    fn set_price(&self, sku: &str, price: Money) -> Applies<()> {
        let _ = (sku, price);
        unsaid("set_price")
    }

    /// Whether a price without a currency of its own is in euros there, so that one in dollars is a mistake.
    fn sells_in_one_currency(&self) -> Applies<()> {
        Ok(())
    }

    /// The shop sells in this currency from now on.
    fn sells_in(&self, currency: Currency) -> Applies<()> {
        let _ = currency;
        unsaid("sells_in")
    }

    /// A buyer checks out and pays; the order's id. `None`: the vendor refused, sold out.
    fn buy(&self, sku: &str, units: i64) -> Applies<Option<String>> {
        let _ = (sku, units);
        unsaid("buy")
    }

    /// Many buyers check out, where that is quicker than one by one; the orders' ids, none where one was refused.
    fn buy_each(&self, sku: &str, units: i64, buyers: usize) -> Applies<Vec<String>> {
        let placed: Applies<Option<Vec<String>>> = (0..buyers).map(|_| self.buy(sku, units)).collect();
        Ok(placed?.unwrap_or_default())
    }

    /// The order is cancelled.
    fn cancel(&self, order: &str) -> Applies<()> {
        let _ = order;
        unsaid("cancel")
    }

    /// The order is handed over and its money given back.
    fn refund(&self, order: &str) -> Applies<()> {
        let _ = order;
        unsaid("refund")
    }

    /// The quantity of the order's line is changed.
    fn edit(&self, order: &str, units: i64) -> Applies<()> {
        let _ = (order, units);
        unsaid("edit")
    }

    /// So many units of the order's line are handed over.
    fn ship_part(&self, order: &str, units: i64) -> Applies<()> {
        let _ = (order, units);
        unsaid("ship_part")
    }

    /// The whole order is handed over.
    fn ship(&self, order: &str) -> Applies<()> {
        let _ = order;
        unsaid("ship")
    }

    /// An id in the vendor's form that no order has.
    fn no_order(&self) -> String {
        unsaid("no_order")
    }

    /// Words of a buyer (name, e-mail) that the vendor sends with each order.
    fn buyer(&self) -> &'static [&'static str] {
        unsaid("buyer")
    }

    /// Whether requests are signed over their bodies.
    fn signs(&self) -> Applies<()> {
        Ok(())
    }

    /// Whether subscriptions are registered through the vendor's interface.
    fn registers(&self) -> Applies<()> {
        Ok(())
    }

    /// The request as the vendor would send it.
    fn webhook(&self, hook: &Hook) -> Applies<RawRequest> {
        let _ = hook;
        unsaid("webhook")
    }

    /// Subscriptions that are active at the vendor.
    fn subscriptions(&self) -> usize {
        unsaid("subscriptions")
    }

    /// The vendor drops one subscription without a word.
    fn lose_subscription(&self) -> Applies<()> {
        unsaid("lose_subscription")
    }

    /// Whether the source also says 0 of every place where it has none of an article.
    fn says_zeros(&self) -> bool {
        false
    }

    /// The source has these figures now, and no others.
    async fn report(&self, figures: &[Figure]) -> Applies<()> {
        let _ = figures;
        unsaid("report")
    }

    /// The source has something that nobody can read.
    async fn report_unreadable(&self) -> Applies<()> {
        unsaid("report_unreadable")
    }
}
