//! What people may set while the daemon runs: modes of channels, settings of single SKUs.

use omnistock_words::{ChannelName, ListingId, Millis, Mode, Quantity, Sku};
use serde::{Deserialize, Serialize};

/// A mode, or the file's again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeAsked {
    /// Read only.
    Observe,
    /// Compute and compare, write nothing.
    Shadow,
    /// Write.
    Live,
    /// Write only what lowers.
    DecreaseOnly,
    /// Keep what is published.
    Frozen,
    /// Publish zero, remember, restore with a check.
    Draining,
    /// The mode of the configuration.
    Reset,
}

impl ModeAsked {
    /// The mode; `None`: the configuration's.
    pub fn mode(self) -> Option<Mode> {
        match self {
            Self::Observe => Some(Mode::Observe),
            Self::Shadow => Some(Mode::Shadow),
            Self::Live => Some(Mode::Live),
            Self::DecreaseOnly => Some(Mode::DecreaseOnly),
            Self::Frozen => Some(Mode::Frozen),
            Self::Draining => Some(Mode::Draining),
            Self::Reset => None,
        }
    }
}

/// The body of `channel`: how a channel is to be worked from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelBody {
    /// Which channel.
    pub channel: ChannelName,
    /// Its mode.
    pub mode: ModeAsked,
    /// Until when; then the configuration's mode holds again.
    #[serde(default)]
    pub until: Option<Millis>,
    /// Channels whose open orders it does not wait for; with `live` only.
    #[serde(default)]
    pub without: Vec<ChannelName>,
    /// Why, for the record; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// What `channel` came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelAnswer {
    /// Which channel.
    pub channel: ChannelName,
    /// The mode that holds now.
    #[serde(default)]
    pub mode: Mode,
    /// That of the configuration.
    #[serde(default)]
    pub file: Mode,
    /// Until when the mode from the command line holds, if there is one with an end.
    #[serde(default)]
    pub until: Option<Millis>,
    /// Channels whose open orders it does not wait for any more.
    pub without: Vec<ChannelName>,
    /// What it still waits for, each one sentence; empty: it may be written.
    pub waits: Vec<String>,
}

/// A mode from the command line, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteeredStatus {
    /// The mode of the configuration.
    pub file: Mode,
    /// Since when it is another one.
    pub since: Millis,
    /// Until when.
    #[serde(default)]
    pub until: Option<Millis>,
    /// Why, in a person's words; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// A channel that is not written beside what would be written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Compared {
    /// Listings that show what they should.
    pub equal: u64,
    /// Listings that would rise.
    pub up: u64,
    /// Listings that would fall.
    pub down: u64,
    /// Of these the ones that would fall to zero.
    pub to_zero: u64,
    /// Units shown that do not exist.
    pub excess: Quantity,
    /// Units that exist and are not shown.
    pub missing: Quantity,
    /// The listing that shows most too much, else most too little.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Worst>,
}

/// One listing that shows another number than it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    /// The vendor's id.
    pub listing: ListingId,
    /// Its SKU.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// What it should show.
    pub ours: Quantity,
    /// What it shows.
    pub there: Quantity,
}

/// The body of `set`: one setting of one SKU until an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBody {
    /// Which SKU.
    pub sku: Sku,
    /// On which channel; all unless said.
    #[serde(default)]
    pub channel: Option<ChannelName>,
    /// `KEY=VALUE`, as in `set` of a rule.
    pub set: String,
    /// Until when.
    pub until: Millis,
    /// Why, for the record; 1 to 500 characters.
    pub reason: String,
}

/// The body of `set/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsetBody {
    /// Which, such as `o-3`.
    pub id: String,
    /// Why, for the record; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// A setting of one SKU that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideView {
    /// Its name, such as `o-3`.
    pub id: String,
    /// Which SKU.
    pub sku: Sku,
    /// On which channel; none: on all.
    #[serde(default)]
    pub channel: Option<ChannelName>,
    /// `KEY=VALUE`.
    pub set: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// Why.
    pub reason: String,
}
