//! Calls that don't depend on each other, five on their way at a time: a page of listings takes as many calls as it has.

use std::future::Future;

async fn maybe<F: Future>(call: Option<F>) -> Option<F::Output> {
    match call {
        Some(call) => Some(call.await),
        None => None,
    }
}

/// Makes these calls; their answers in their order. The first error ends it, behind those that are on their way with it.
pub(crate) async fn five_at_once<R, E, F>(calls: Vec<F>) -> Result<Vec<R>, E>
where
    F: Future<Output = Result<R, E>>,
{
    let mut answers = Vec::with_capacity(calls.len());
    let mut calls = calls.into_iter();
    while calls.len() > 0 {
        // On the heap: five of them side by side are large.
        let mut next = || maybe(calls.next().map(Box::pin));
        let (one, two, three, four, five) = tokio::join!(next(), next(), next(), next(), next());
        for answer in [one, two, three, four, five].into_iter().flatten() {
            answers.push(answer?);
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    #[tokio::test(start_paused = true)]
    async fn answers_come_in_order_and_five_take_the_time_of_one() {
        let began = Instant::now();
        let slow = async |item: u64| {
            sleep(Duration::from_secs(10 - item % 5)).await;
            Ok::<_, ()>(item)
        };
        let answers = five_at_once((0..12).map(slow).collect()).await.unwrap();
        assert_eq!(answers, (0..12).collect::<Vec<_>>());
        assert_eq!(began.elapsed().as_secs(), 30);
        let failing = async |item: u64| if item == 3 { Err("three") } else { Ok(item) };
        assert_eq!(five_at_once((0..9).map(failing).collect()).await, Err("three"));
        assert_eq!(five_at_once((0..0).map(failing).collect()).await, Ok(vec![]));
    }
}
