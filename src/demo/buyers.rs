//! Buyers: a Poisson stream at each shop, some of whom change their minds.

use super::world::World;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Attempts to buy per second at the shops, in their order.
const RATES: [f64; 5] = [36.0, 24.0, 30.0, 8.0, 6.0];
/// One buyer in so many cancels.
const CANCELS: u32 = 60;

/// Buyers come until `stop`.
pub async fn run(world: Arc<World>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    for (index, rate) in RATES.into_iter().enumerate() {
        tasks.spawn(at_shop(Arc::clone(&world), index, rate, stop.clone(), tasks.clone()));
    }
    tasks.close();
    tasks.wait().await;
}

#[allow(clippy::float_arithmetic, reason = "a simulated buyer's patience, not a decision")]
async fn at_shop(world: Arc<World>, index: usize, rate: f64, stop: CancellationToken, tasks: TaskTracker) {
    let mut random = StdRng::seed_from_u64(index as u64);
    let total: u32 = world.articles.iter().map(|article| article.weight).sum();
    let mut due = tokio::time::Instant::now();
    loop {
        due += Duration::from_secs_f64(-(1.0 - random.random::<f64>()).ln() / rate);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep_until(due) => {}
        }
        let Some(shop) = world.shops.get(index) else { break };
        let mut pick = random.random_range(0..total);
        let wanted = world.articles.iter().find(|article| {
            let found = pick < article.weight;
            pick = pick.saturating_sub(article.weight);
            found
        });
        let units = if random.random_ratio(1, 10) { 2 } else { 1 };
        let order = wanted.and_then(|article| shop.buy(&article.sku, units));
        if let Some(order) = order
            && random.random_ratio(1, CANCELS)
        {
            tasks.spawn(change_mind(Arc::clone(&world), index, order, stop.clone()));
        }
    }
}

async fn change_mind(world: Arc<World>, index: usize, order: String, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        () = tokio::time::sleep(Duration::from_millis(1_700)) => {}
    }
    if let Some(shop) = world.shops.get(index)
        && shop.cancel(&order)
    {
        world.cancel(shop.channel, order);
    }
}
