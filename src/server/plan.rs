//! What a configuration would change, as `plan` and `reload` tell it.

use omnistock_words::{ChannelName, Millis, Mode, Money, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// The body of `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlanBody {
    /// A file on the daemon's machine; its own unless said.
    pub file: Option<String>,
}

/// The body of `reload`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReloadBody {
    /// Takes exactly the plan of this name, whatever guards say.
    pub expect_plan: Option<String>,
    /// Why, for the record; at most 500 characters; a plan needs one.
    pub reason: String,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanWhat {
    /// Says what a configuration would change.
    Plan,
    /// Brings it into force, if its guards let it.
    Reload,
}

/// How a plan or a reload stands: each looks at every article, which takes minutes where there are millions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanJob {
    /// Names it, for an hour after its end.
    pub id: String,
    /// What it does.
    pub what: PlanWhat,
    /// It is still on its way.
    pub running: bool,
    /// It was ended before it was done, and nothing was changed.
    pub cancelled: bool,
    /// How many asked for it and wait for its end.
    pub waiting: u64,
    /// When it began.
    pub since: Millis,
    /// Articles that were looked at so far.
    pub looked: u64,
    /// How many there are.
    pub articles: u64,
    /// What came of it, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanView>,
}

/// What would change at one channel. `same`, `up`, `down`, `to_0` and `from_0` add up to `listings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChannel {
    /// Which.
    pub channel: ChannelName,
    /// Listings with a number.
    pub listings: u64,
    /// Keep their number.
    pub same: u64,
    /// Rise, and did not show zero.
    pub up: u64,
    /// Fall, and not to zero.
    pub down: u64,
    /// Fall to zero.
    pub to_0: u64,
    /// Are back from zero.
    pub from_0: u64,
    /// Prices that change.
    pub price: u64,
    /// Calls that it takes; 0 where the channel is not written.
    pub calls: u64,
    /// Seconds that the limits of the vendor make these calls take at least, if nothing else is done by the account;
    /// none where no limit is stated, and where the channel is not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Its mode then.
    pub mode: Mode,
}

impl PlanChannel {
    /// Whether anything changes.
    pub fn changes(&self) -> bool {
        self.same < self.listings || self.price > 0
    }
}

/// A line of the configuration and the listings that change because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCause {
    /// Such as `omnistock.toml:42`.
    pub place: String,
    /// What it says now, such as `max_shown 50 -> 20`.
    pub text: String,
    /// How many.
    pub listings: u64,
}

/// One of the largest changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTop {
    /// At which channel.
    pub channel: ChannelName,
    /// What.
    pub sku: Sku,
    /// What it shows.
    pub from: Quantity,
    /// What it would show.
    pub to: Quantity,
    /// The units between them at its price.
    #[serde(default)]
    pub value: Option<Money>,
}

/// One of the largest moves of a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "a channel, a SKU, and two prices")]
pub struct PlanPrice {
    pub channel: ChannelName,
    pub sku: Sku,
    pub from: Money,
    pub to: Money,
}

/// What a configuration would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// Names the configuration and the program's version exactly.
    pub hash: String,
    /// When it was computed.
    pub at: Millis,
    /// It is in force now.
    #[serde(default)]
    pub applied: bool,
    /// Why a plain reload refuses, each one sentence; zeros first.
    pub refused: Vec<String>,
    /// What only a restart changes, such as `[server]`.
    pub restart: Vec<String>,
    /// Every channel.
    pub channels: Vec<PlanChannel>,
    /// Lines that cause it, most listings first.
    pub because: Vec<PlanCause>,
    /// The largest changes of numbers, by value.
    pub top: Vec<PlanTop>,
    /// The largest moves of prices.
    pub prices: Vec<PlanPrice>,
}
