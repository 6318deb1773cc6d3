//! Lines that fail between the daemon and Redis, and between the daemon and a shop, while buyers buy and the ERP counts:
//! latency, resets also in the middle of an answer, half-open and half-closed connections, slow answers, nobody there.
//! The shops' own logs are the judge. `OMNISTOCK_FAULTS` sets the rounds (8, each fault once), `OMNISTOCK_SEED` the seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

#[path = "network/half_open.rs"]
mod half_open;
#[path = "network/trial.rs"]
mod trial;

use crate::support::merchant::Merchant;
use trial::Trial;

fn number(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(usual, |given| given.parse().expect("a number"))
}

fn rounds() -> u32 {
    u32::try_from(number("OMNISTOCK_FAULTS", 8)).unwrap()
}

/// Readiness is refused, and says that it is Redis that does not answer; so does the status.
fn says_redis(merchant: &Merchant) -> Result<(), String> {
    let ready = merchant.get("/health/ready").ok_or("nobody answers")?;
    let status = merchant.status();
    let lines: Vec<&str> = status["attention"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str())
        .collect();
    let named =
        |text: &str| text.contains("redis") && text.contains(" at 127.0.0.1:") && text.contains("does not answer");
    // It is one cause, and one line.
    if ready.status == 503 && named(&ready.body) && lines.len() == 1 && named(lines[0]) {
        return Ok(());
    }
    Err(format!("{ready:?}\n{lines:#?}"))
}

/// The status names the shop as what is in trouble, and no other; the daemon goes on being ready.
fn says_shop(merchant: &Merchant) -> Result<(), String> {
    let status = merchant.status();
    let named = |name: &str| {
        let lines = status["attention"].as_array().into_iter().flatten();
        lines
            .filter_map(|line| line.as_str())
            .any(|line| line.starts_with(&format!("{name}: ")))
    };
    let ready = merchant.get("/health/ready").ok_or("nobody answers")?;
    if named("shop") && !named("market") && ready.status == 200 {
        return Ok(());
    }
    Err(format!("{ready:?}\n{:#}", status["attention"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_redis_that_fails_costs_time_and_nothing_else() {
    let mut trial = Trial::begin(number("OMNISTOCK_SEED", 21)).await;
    for _ in 0..rounds() {
        let fault = trial.next_fault();
        trial.round(fault, |trial| &trial.to_redis, says_redis).await;
    }
    trial.end("between the daemon and redis", rounds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_a_shop_that_fails_costs_time_and_nothing_else() {
    let mut trial = Trial::begin(number("OMNISTOCK_SEED", 22)).await;
    for _ in 0..rounds() {
        let fault = trial.next_fault();
        trial.round(fault, |trial| &trial.to_shop, says_shop).await;
    }
    trial.end("between the daemon and a shop", rounds());
}
