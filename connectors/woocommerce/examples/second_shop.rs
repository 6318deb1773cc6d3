//! The simulated `WooCommerce` shop as a process of its own: the second channel of `cargo xtask real medusa`.
//! It says where it is, then answers line by line until its input ends.
#![allow(
    clippy::print_stdout,
    reason = "its whole purpose is a dialogue over standard input and output"
)]

use anyhow::{Context, Result};
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};

/// `["add", sku, units]`, `["shown", sku]`, `["buy", sku, units]`, `["cancel", order]`; the answer is a JSON value a line.
fn answer(shop: &Simulator, line: &str) -> Result<Value> {
    let words: Vec<Value> = serde_json::from_str(line)?;
    let text = |at: usize| {
        words
            .get(at)
            .and_then(Value::as_str)
            .with_context(|| format!("word {at} of {line}"))
    };
    let number = |at: usize| {
        words
            .get(at)
            .and_then(Value::as_i64)
            .with_context(|| format!("word {at} of {line}"))
    };
    Ok(match text(0)? {
        "add" => json!(shop.add_product(text(1)?, number(2)?)),
        "shown" => json!(shop.shown(text(1)?)),
        "buy" => shop
            .buy(text(1)?, number(2)?)
            .map_or_else(|refusal| json!(refusal.to_string()), |order| json!(order)),
        "cancel" => json!(shop.cancel(u64::try_from(number(1)?)?)),
        other => json!(format!("what is {other}?")),
    })
}

#[tokio::main]
async fn main() -> Result<()> {
    let shop = Simulator::start(SimulatorSettings::default()).await?;
    println!(
        "{}",
        json!({"url": shop.url().as_str(), "key": shop.key(), "secret": shop.secret(), "webhook_secret": shop.webhook_secret()})
    );
    // Blocks this task only: the shop is served by the runtime's other threads.
    for line in std::io::stdin().lines() {
        println!("{}", answer(&shop, &line?)?);
    }
    shop.stop().await;
    Ok(())
}
