//! What an answer told of the vendor's limits, from deep in a connector to whoever made the call.

use omnistock_words::Learned;
use std::cell::RefCell;
use std::future::Future;

/// What one call may tell, at most.
const MOST: usize = 32;

tokio::task_local! {
    static TOLD: RefCell<Vec<Learned>>;
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
        (output, TOLD.with(RefCell::take))
    };
    TOLD.scope(RefCell::default(), with_told).await
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
    }
}
