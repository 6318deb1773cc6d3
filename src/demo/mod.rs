//! `omnistock demo`: the main job on the embedded store, with a simulated ERP that drops files,
//! three channels that sell, or five, and faults now and then.
//!
//! What was sold and what is shown is counted at the channels, by their simulators, not by us.

mod buyers;
mod configuration;
mod erp;
mod faults;
mod shop;
mod summary;
mod table;
mod world;

pub use buyers::run as buyers;
pub use configuration::{StoreSection, write as write_configuration};
pub use erp::Erp;
pub use summary::Summary;
pub use world::World;

use crate::daemon::{self, Running};
use crate::server::View;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the channels have, once nobody buys and nothing fails, to show what they should.
const SETTLE: Duration = Duration::from_secs(15);

/// How a demonstration runs.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// How long buyers buy; `None`: until Ctrl-C, without a verdict.
    pub length: Option<Duration>,
    /// Where it lives; `None`: a new folder among the temporary ones.
    pub folder: Option<PathBuf>,
    /// The summary as one JSON object on standard output, nothing else.
    pub json: bool,
    /// What is there beside the shops.
    pub with: Vec<Marketplace>,
    /// Ports of the admin and the webhook listener, where they are free, else others; 0 takes any.
    pub ports: (u16, u16),
}

/// A marketplace that the demonstration can show beside its shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marketplace {
    /// Amazon.
    Amazon,
    /// eBay.
    Ebay,
}

/// Runs the demonstration: what it came to.
pub async fn run(options: DemoOptions, interrupted: CancellationToken) -> Result<Summary> {
    let folder = match options.folder {
        Some(folder) => folder,
        None => tempfile::Builder::new().prefix("omnistock-demo-").tempdir()?.keep(),
    };
    let world = Arc::new(
        World::open(&options.with)
            .await
            .context("the simulated shops can't be opened")?,
    );
    let erp = erp::Erp::new(folder.join("erp"), Arc::clone(&world)).context("the ERP's folder can't be made")?;
    let file = configuration::write(&folder, &world, &StoreSection::Embedded, options.ports)
        .await
        .context("the configuration can't be written")?;
    let running = daemon::start_file(&file).await?;
    if !options.json {
        table::begin(&folder, &file, &options.with, &running);
    }
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(erp.run(stop.clone()));
    wait_until_open(&running, &interrupted).await;
    let selling = CancellationToken::new();
    tasks.spawn(buyers::run(Arc::clone(&world), selling.clone()));
    tasks.spawn(faults::run(Arc::clone(&world), selling.clone()));
    show(options.length, options.json, &world, &running, &interrupted).await;
    selling.cancel();
    world.heal();
    let settled = world.settled(SETTLE).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let summary = summary::of(&world, &running, &folder, settled);
    running.stop().await;
    world.close().await;
    table::end(&summary, options.json);
    Ok(summary)
}

/// Buyers come once every channel may be written.
async fn wait_until_open(running: &Running, interrupted: &CancellationToken) {
    let opened = async {
        while !running.view().status().await.gate.open {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = interrupted.cancelled() => {}
        () = tokio::time::sleep(Duration::from_secs(15)) => {}
        () = opened => {}
    }
}

/// Shows the table once a second until the time is over.
async fn show(length: Option<Duration>, json: bool, world: &World, running: &Running, interrupted: &CancellationToken) {
    let begun = tokio::time::Instant::now();
    let mut table = table::Table::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = interrupted.cancelled() => break,
            () = tokio::time::sleep(length.map_or(Duration::MAX, |length| length.saturating_sub(begun.elapsed()))) => break,
            _ = tick.tick() => {}
        }
        if !json {
            table.show(begun.elapsed(), &running.view().status().await, world);
        }
    }
}
