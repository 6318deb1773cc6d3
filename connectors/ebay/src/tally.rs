//! What one call of ours cost in calls of the vendor's: a page of listings takes dozens, and the vendor counts each.

use omnistock_sdk::{CallKind, Learned, learn};
use std::cell::Cell;
use std::future::Future;

/// The vendor's quotas, as the manifest names them.
pub(crate) const INVENTORY: &str = "inventory";
/// Of the Trading API.
pub(crate) const TRADING: &str = "trading";
/// Of the Fulfillment API.
pub(crate) const ORDERS: &str = "orders";

#[derive(Debug, Default)]
struct Tally {
    inventory: Cell<u32>,
    trading: Cell<u32>,
    orders: Cell<u32>,
}

tokio::task_local! {
    static TALLY: Tally;
}

/// One more call is made that counts for this quota.
pub(crate) fn count(quota: &str) {
    // An error means that nobody asks.
    TALLY
        .try_with(|tally| {
            let cell = match quota {
                TRADING => &tally.trading,
                ORDERS => &tally.orders,
                _ => &tally.inventory,
            };
            cell.set(cell.get().saturating_add(1));
        })
        .unwrap_or_default();
}

/// Makes a call of this kind, and says what it cost.
pub(crate) async fn tallied<T>(kind: CallKind, call: impl Future<Output = T>) -> T {
    let counted = async {
        let output = call.await;
        let counts = TALLY.with(|tally| (tally.inventory.get(), tally.trading.get(), tally.orders.get()));
        (output, counts)
    };
    let (output, (inventory, trading, orders)) = TALLY.scope(Tally::default(), counted).await;
    let costs = if kind == CallKind::Orders {
        vec![(ORDERS, orders)]
    } else {
        vec![(INVENTORY, inventory), (TRADING, trading)]
    };
    for (limit, cost) in costs {
        learn(Learned::Cost { limit, cost });
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::learning;

    #[tokio::test]
    async fn a_call_tells_what_it_cost_of_each_quota() {
        let work = async {
            for quota in [INVENTORY, INVENTORY, TRADING] {
                count(quota);
            }
            7
        };
        let (output, told) = learning(tallied(CallKind::Read, work)).await;
        let cost = |limit, cost| Learned::Cost { limit, cost };
        assert_eq!((output, told), (7, vec![cost(INVENTORY, 2), cost(TRADING, 1)]));
        let ((), told) = learning(tallied(CallKind::Orders, async { count(ORDERS) })).await;
        assert_eq!(told, [cost(ORDERS, 1)]);
        count(INVENTORY);
    }
}
