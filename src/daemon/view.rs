//! The daemon as seen from outside: its parts that are shown, and what is said of it as a whole.

use super::house::House;
use super::lease::Beat;
use super::planned::Work;
use super::planning::Planning;
use super::stance::Stance;
use super::term::Life;
use super::turn::Turns;
use crate::delivery::ChannelBoard;
use crate::intake::{OrderBoard, SourceBoard};
use crate::server::metrics::Metrics;
use crate::server::{Access, ApiError, View};
use arc_swap::ArcSwap;
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// What is shown of a channel.
pub(super) struct ChannelView {
    pub(super) board: Arc<ChannelBoard>,
    pub(super) orders: Option<Arc<OrderBoard>>,
    /// Rung when a person has decided something.
    pub(super) wake: Arc<Notify>,
}

/// What is shown of a source.
pub(super) struct SourceView {
    pub(super) board: Arc<SourceBoard>,
    pub(super) wake: Arc<Notify>,
}

/// Everything that is asked of a daemon.
pub struct DaemonView {
    pub(super) started_at: Millis,
    pub(super) house: Arc<House>,
    /// The term that works now, or none.
    pub(super) life: Arc<ArcSwap<Life>>,
    pub(super) leading: Leading,
    /// What a person calls the store.
    pub(super) store_title: String,
    /// Who may ask, as last reloaded.
    pub(super) access: Access,
    pub(super) metrics: Metrics,
    pub(super) turns: Turns,
    pub(super) nearest: super::listings::Nearest,
    /// Plans and reloads on their way.
    pub(super) planning: Planning<Work>,
}

/// What the keeper of the lease tells.
pub(super) struct Leading {
    pub(super) stance: watch::Receiver<Stance>,
    pub(super) beat: Arc<Beat>,
    /// Why the mirror of the store's mark can't be written.
    pub(super) mirror: watch::Receiver<Option<String>>,
}

impl DaemonView {
    pub(super) fn new(
        house: Arc<House>,
        life: Arc<ArcSwap<Life>>,
        leading: Leading,
        (store_title, access): (String, Access),
    ) -> Self {
        Self {
            started_at: now(),
            house,
            life,
            leading,
            store_title,
            access,
            metrics: Metrics::new(),
            turns: Turns::default(),
            nearest: super::listings::Nearest::default(),
            planning: Planning::default(),
        }
    }

    /// Why nothing is worked at, one sentence a cause; empty while this daemon leads and its ledger goes on,
    /// and while another leads.
    pub(super) fn obstacles(&self) -> Vec<String> {
        let stance = self.leading.stance.borrow().clone();
        let leads = stance.leads;
        let whose = |trouble| {
            if leads {
                trouble
            } else {
                format!("this daemon stands by: {trouble}")
            }
        };
        let trouble = stance.trouble.map(whose);
        let told = |error: &String| {
            trouble
                .as_ref()
                .is_none_or(|trouble| !trouble.ends_with(error.as_str()))
        };
        let ledger = self.house.ledger_board.error().filter(|_| leads).filter(told);
        trouble.clone().into_iter().chain(ledger).collect()
    }

    /// One line for `systemctl status`.
    pub(super) async fn line(&self) -> String {
        let status = self.status().await;
        let (waiting, total) = status.channels.iter().fold((0, 0), |(waiting, total), channel| {
            (waiting + channel.listings.waiting(), total + channel.listings.total())
        });
        let gate = if status.gate.open { "gate open" } else { "gate closed" };
        let attention = status
            .attention
            .first()
            .map(|first| format!("; ATTENTION: {first}"))
            .unwrap_or_default();
        format!(
            "{gate}; {total} listings on {} channels, {waiting} waiting{attention}",
            status.channels.len()
        )
    }

    /// The lag of every channel that has written: milliseconds that 50, 95 and 99 of 100 updates did not exceed.
    pub fn lags(&self) -> BTreeMap<String, [u64; 3]> {
        let of = |parts: &ChannelView| {
            let lag = |per_mille| parts.board.lag.quantile(per_mille);
            Some([lag(500)?, lag(950)?, lag(990)?])
        };
        self.house
            .channels
            .iter()
            .filter_map(|(name, parts)| Some((name.to_string(), of(parts)?)))
            .collect()
    }

    pub(super) fn one_channel(
        &self,
        channel: Option<&ChannelName>,
    ) -> Result<Vec<(&ChannelName, &ChannelView)>, ApiError> {
        let Some(channel) = channel else {
            return Ok(self.house.channels.iter().collect());
        };
        let found = self.house.channels.get_key_value(channel);
        found
            .map(|found| vec![found])
            .ok_or_else(|| ApiError::not_found(format!("there is no channel {channel}")))
    }
}
