//! What becomes of a listing that shows 0: it stays only where the account has out-of-stock control. Elsewhere its page ends
//! and its history is lost, so zeros are held back there until a person has switched it on.

use crate::client::{Client, SELL_ACCOUNT};
use crate::wire;
use omnistock_sdk::ConnectorError;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// As long what eBay said stays good.
const EVERY: Duration = Duration::from_hours(1);
/// As long nobody asks again after an error.
const BRIEFLY: Duration = Duration::from_mins(1);

/// Why a zero is not sent, and what to do.
pub(crate) const OFF: &str = "the account has no `out-of-stock control`: a listing that sells out would end. Switch it on in Seller Hub, \
                              under Account settings > Site preferences > Multi-quantity listings";

/// Whether the account has it; an error where eBay doesn't say.
pub(crate) async fn controlled(client: &Client) -> Result<bool, ConnectorError> {
    let path = format!("{SELL_ACCOUNT}/program/get_opted_in_programs");
    let programs: wire::Programs = client.get(&path, &[]).await?;
    Ok(programs
        .all
        .iter()
        .any(|program| program.kind == "OUT_OF_STOCK_CONTROL"))
}

/// What is known of it, and until when.
#[derive(Debug, Clone, Copy)]
struct Known {
    on: bool,
    until: Instant,
}

/// Remembers what eBay said.
#[derive(Default)]
pub(crate) struct SoldOut(Mutex<Option<Known>>);

impl SoldOut {
    /// Whether a listing may show 0. Asks where it is time to; while it is off always, since somebody may have
    /// switched it on meanwhile. Where eBay doesn't answer, what it said last counts; where it never said anything a zero
    /// goes, since silence is no reason to go on selling.
    pub(crate) async fn stays(&self, client: &Client) -> bool {
        let before = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = before.filter(|known| Instant::now() < known.until) {
            return known.on;
        }
        let answer = controlled(client).await;
        let (on, good) = match answer {
            Ok(true) => (true, EVERY),
            Ok(false) => {
                if before.is_none_or(|known| known.on) {
                    tracing::warn!("{OFF}; until then no listing is set to 0");
                }
                (false, Duration::ZERO)
            }
            Err(error) => {
                tracing::warn!(%error, "eBay does not say whether the account has out-of-stock control");
                (before.is_none_or(|known| known.on), BRIEFLY)
            }
        };
        let until = Instant::now() + good;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Known { on, until });
        on
    }
}
