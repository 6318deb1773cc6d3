//! The gate as people see it: what is missing, what has been missing for too long and its way out, and
//! what a person decided.

use super::view::DaemonView;
use crate::intake::{GateDecision, GateKeeper};
use crate::server::{ApiError, Gate};
use crate::store::Lease;
use omnistock_words::ChannelName;
use std::collections::BTreeSet;
use std::sync::Arc;

impl DaemonView {
    /// The gate of the term that works now.
    pub(super) fn gate(&self) -> Option<(Arc<GateKeeper>, Lease)> {
        self.life.load().gate.clone()
    }

    /// What a channel waits for, each one sentence; `None`: it may be written.
    pub(super) fn closed(&self, channel: &ChannelName) -> Option<Vec<String>> {
        let Some((gate, _)) = self.gate() else {
            return Some(vec![self.leading.stance.borrow().says.clone()]);
        };
        let waits: Vec<String> = gate.waits(channel).iter().map(ToString::to_string).collect();
        (!waits.is_empty()).then_some(waits)
    }

    /// The gates of all channels.
    pub(super) fn gates(&self) -> Gate {
        let missing: BTreeSet<String> = self
            .house
            .channels
            .keys()
            .flat_map(|channel| self.closed(channel).unwrap_or_default())
            .collect();
        Gate {
            open: missing.is_empty(),
            missing: missing.into_iter().collect(),
        }
    }

    /// What of the gate needs a person: back-fills that fail for too long, and decisions in force.
    pub(super) fn gate_attention(&self) -> Vec<String> {
        let Some((gate, _)) = self.gate() else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for channel in self.house.channels.keys() {
            let times = self
                .house
                .configuration
                .channels
                .get(channel)
                .copied()
                .unwrap_or_default();
            let others = gate.waited_for(channel, times.gate_wait).into_iter();
            lines.extend(
                others
                    .filter(|other| other != channel)
                    .map(|other| self.way_out(channel, &other)),
            );
        }
        lines.extend(gate.decisions().into_iter().map(|(channel, other, decision)| {
            let because = if decision.reason.is_empty() {
                String::new()
            } else {
                format!(" ({})", decision.reason)
            };
            format!(
                "{channel} goes without the open orders of {other}, as decided {}{because}: it may sell what {other} has sold already",
                decision.at
            )
        }));
        lines
    }

    fn way_out(&self, channel: &ChannelName, other: &ChannelName) -> String {
        let failing = self
            .house
            .channels
            .get(other)
            .and_then(|view| view.orders.as_ref()?.last().1);
        let why = failing.map(|why| format!(" ({why})")).unwrap_or_default();
        format!(
            "{channel} stays closed because the open orders of {other} can't be read{why}: mend that, or open it without them by `omnistock channel {channel} live --without {other}`"
        )
    }

    /// Opens a channel without the open orders of others. Durable when it answers.
    pub(super) async fn go_without(
        &self,
        channel: &ChannelName,
        without: &[ChannelName],
        decision: &GateDecision,
    ) -> Result<(), ApiError> {
        let Some((gate, lease)) = self.gate() else {
            let says = self.leading.stance.borrow().says.clone();
            return Err(ApiError::conflict(format!("this daemon is {says}")).help("ask the one that leads"));
        };
        let others: Vec<_> = without.iter().map(|other| (other.clone(), decision.clone())).collect();
        let store = self.house.store.as_ref();
        gate.go_without(store, &lease, channel, &others)
            .await
            .map_err(|error| ApiError::unavailable(error.to_string()))?;
        for other in without {
            tracing::warn!(%channel, reason = decision.reason, "goes without the open orders of {other}, by a person's decision");
        }
        Ok(())
    }
}
