//! What the demonstration shows in the terminal: a table that is drawn again every second, or
//! lines where there is no terminal; then the summary.
#![allow(clippy::print_stdout, reason = "a command line for people")]

use super::Marketplace;
use super::summary::Summary;
use super::world::World;
use crate::daemon::Running;
use crate::server::{ChannelStatus, Status};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// Says where everything is.
pub(super) fn begin(folder: &Path, file: &Path, with: &[Marketplace], running: &Running) {
    println!("omnistock demo: a simulated ERP, two WooCommerce shops, a Medusa market");
    for marketplace in with {
        println!(
            "{}",
            match marketplace {
                Marketplace::Amazon => "and Amazon, where nothing waits for minutes",
                Marketplace::Ebay => "and eBay, where a page is revised 250 times a day at most",
            }
        );
    }
    println!(
        "folder {} stays: its configuration, ERP files and store",
        folder.display()
    );
    println!(
        "look around from another terminal: omnistock -c {} status",
        file.display()
    );
    println!(
        "admin http://{}  webhooks http://{}\n",
        running.admin(),
        running.webhooks()
    );
}

/// The table, and what it said before.
pub(super) struct Table {
    live: bool,
    lines: usize,
    sales: usize,
    updates: u64,
    at: Duration,
}

impl Table {
    /// Nothing shown yet.
    pub(super) fn new() -> Self {
        Self {
            live: std::io::stdout().is_terminal(),
            lines: 0,
            sales: 0,
            updates: 0,
            at: Duration::ZERO,
        }
    }

    /// Shows how things stand.
    pub(super) fn show(&mut self, elapsed: Duration, status: &Status, world: &World) {
        let (sales, updates) = (
            world.sales().len(),
            world.shops.iter().map(super::shop::Shop::updates).sum(),
        );
        let passed = elapsed.saturating_sub(self.at).as_millis().max(1_000);
        let per_second = |count: u64| u128::from(count) * 1_000 / passed;
        let orders = per_second(sales.saturating_sub(self.sales) as u64);
        let sent = per_second(u64::saturating_sub(updates, self.updates));
        (self.sales, self.updates, self.at) = (sales, updates, elapsed);
        let head = format!(
            "{:>4} s  {orders:>4} orders/s  {sent:>4} updates/s  {sales:>6} orders",
            elapsed.as_secs()
        );
        if self.live {
            self.draw(&head, status);
        } else if elapsed.as_secs().is_multiple_of(5) {
            println!("{head}");
        }
    }

    fn draw(&mut self, head: &str, status: &Status) {
        let mut out = match self.lines {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        };
        let mut lines = vec![head.to_owned(), HEAD.to_owned()];
        lines.extend(status.channels.iter().map(line));
        self.lines = lines.len();
        out.push_str(&lines.join("\n"));
        println!("{out}");
        // A terminal that is gone is no reason to stop.
        drop(std::io::stdout().flush());
    }
}

const HEAD: &str = "CHANNEL    MODE  LISTINGS IN_SYNC WAITING PARKED  LAG_P50  LAG_P99  CALLS ERRORS";

fn line(channel: &ChannelStatus) -> String {
    let (states, lag) = (&channel.listings, channel.lag.unwrap_or_default());
    format!(
        "{:<10} {:<5} {:>8} {:>7} {:>7} {:>6} {:>5} ms {:>5} ms {:>6} {:>6}",
        channel.name.to_string(),
        mode(channel.mode),
        states.total(),
        states.in_sync,
        states.waiting(),
        states.parked,
        lag.p50_ms,
        lag.p99_ms,
        channel.calls,
        channel.errors,
    )
}

fn mode(mode: omnistock_words::Mode) -> &'static str {
    match mode {
        omnistock_words::Mode::Live => "live",
        _ => "other",
    }
}

/// The summary.
pub(super) fn end(summary: &Summary, json: bool) {
    if json {
        println!("{}", serde_json::to_string(summary).unwrap_or_default());
        return;
    }
    println!(
        "\n{:>7} orders, {} units sold, {} orders cancelled",
        summary.orders, summary.units_sold, summary.cancelled
    );
    println!(
        "{:>7} units oversold, counted at the channels (safety stock {} at these rates and lags: at most {})",
        summary.oversold, summary.safety_stock, summary.oversold_allowed
    );
    println!("{:>7} SKUs sold out everywhere", summary.sold_out);
    println!("{:>7} updates written", summary.updates);
    for (channel, [p50, p95, p99]) in &summary.lag_ms {
        println!(
            "{:>7} {channel}: lag p50 {p50} ms, p95 {p95} ms, p99 {p99} ms, outages included",
            ""
        );
    }
    match summary.settled_ms {
        Some(settled) => println!(
            "{:>7} listings differ, {settled} ms after the last buyer",
            summary.divergence
        ),
        None => println!("{:>7} listings differ", summary.divergence),
    }
    for line in &summary.differing {
        println!("        {line}");
    }
    println!(
        "\n{}",
        if summary.good() {
            "Every channel shows what it should."
        } else {
            "NOT every channel shows what it should."
        }
    );
    println!("left in place: {}", summary.folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_fits_eighty_columns() {
        let lag = serde_json::json!({"p50_ms": 99_999, "p99_ms": 99_999});
        let channel = serde_json::json!({"name": "amazon", "mode": "live", "listings": {"in_sync": 1_200, "pending": 99_999},
            "lag": lag, "calls": 999_999, "errors": 999_999, "limits": [], "drained": 0});
        let channel: ChannelStatus = serde_json::from_value(channel).unwrap();
        for line in [HEAD.to_owned(), line(&channel)] {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
