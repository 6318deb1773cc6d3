//! What an answer told of the vendor's limits, from deep in a connector to whoever made the call.

use omnistock_words::{CallLimit, Learned};
use std::cell::{Cell, RefCell};
use std::future::Future;

/// What one call may tell, at most.
const MOST: usize = 32;

tokio::task_local! {
    static TOLD: RefCell<Vec<Learned>>;
    /// Requests that went to the vendor for one call.
    static REQUESTS: Cell<u32>;
}

/// A request goes out. A call of several counts as so many against the operator's own limit, whatever the vendor counts.
pub(crate) fn requested() {
    REQUESTS
        .try_with(|requests| requests.set(requests.get().saturating_add(1)))
        .unwrap_or_default();
}

/// Says what an answer told of a limit. The client of [`crate::http`] tells of 429 itself; a connector tells
/// what it knows to read in its vendor's headers and bodies. Without effect outside a call, and in a task of its own.
pub fn learn(learned: Learned) {
    // An error means that nobody asks.
    TOLD.try_with(|told| {
        let mut told = told.borrow_mut();
        if told.len() < MOST {
            told.push(learned);
        }
    })
    .unwrap_or_default();
}

/// Makes a call; its output, and what its answers told.
pub async fn learning<F: Future>(call: F) -> (F::Output, Vec<Learned>) {
    let with_told = async {
        let output = call.await;
        let (mut told, requests) = (TOLD.with(RefCell::take), REQUESTS.with(Cell::get));
        // It was counted as one when it was let go.
        if requests > 1 {
            told.push(Learned::Cost {
                limit: CallLimit::OF_SETTINGS,
                cost: requests,
            });
        }
        (output, told)
    };
    let counted = REQUESTS.scope(Cell::new(0), with_told);
    TOLD.scope(RefCell::default(), counted).await
}

/// Makes a call beside the one that was asked for, such as a look at what was begun earlier. Its requests count; what its
/// answers tell of limits is not told of the call that was asked for.
pub async fn aside<F: Future>(call: F) -> F::Output {
    TOLD.scope(RefCell::default(), call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_told_comes_out_of_the_call_that_it_was_told_in() {
        let told = Learned::Throttled { after: Some(3_000) };
        learn(told);
        let (output, learned) = learning(async {
            for _ in 0..100 {
                learn(told);
            }
            7
        })
        .await;
        assert_eq!((output, learned), (7, vec![told; MOST]));
        assert_eq!(learning(async {}).await.1, [], "nothing is left over");
        let looked = aside(async { learn(told) });
        assert_eq!(
            learning(looked).await.1,
            [],
            "what is done beside it tells nothing of it"
        );
    }

    #[tokio::test]
    async fn a_call_of_many_requests_costs_as_many() {
        let calls = |requests: u32| learning(async move { (0..requests).for_each(|_| requested()) });
        assert_eq!((calls(0).await.1, calls(1).await.1), (vec![], vec![]));
        let cost = Learned::Cost {
            limit: CallLimit::OF_SETTINGS,
            cost: 40,
        };
        assert_eq!(calls(40).await.1, [cost]);
        requested();
    }
}
