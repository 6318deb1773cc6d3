//! A report that is in the inbox and can't be put away.

use super::*;
use crate::intake::applying::Applying;
use crate::intake::board::SourceBoard;
use crate::intake::gate::GateKeeper;
use crate::intake::holds::Holds;
use crate::intake::inbox::Inbox;
use crate::intake::schedule::Schedule;
use crate::intake::stock::StockParts;
use crate::store::Store;
use crate::store::memory::Memory;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use omnistock_sdk::{Connector, ConnectorError, Facts, Grouping, Manifest, StockRow};
use omnistock_words::{Quantity, Settings, WriteMeaning};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};

const ROWS: usize = 12_000;

/// Has one report, and takes verdicts while it is not away.
struct Erp {
    manifest: Manifest,
    report: Mutex<Option<StockReport>>,
    verdicts: Mutex<Vec<Verdict>>,
    away: AtomicBool,
}

#[async_trait]
impl StockSource for Erp {
    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let report = self.report.lock().unwrap().take();
        Ok(report.map(|report| (Ticket("1".to_owned()), Report::Stock(report))))
    }

    async fn acknowledge(&self, _: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(ConnectorError::retry("away"));
        }
        self.verdicts.lock().unwrap().push(verdict.clone());
        Ok(())
    }
}

#[async_trait]
impl Connector for Erp {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn stock(&self) -> Option<&dyn StockSource> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

fn erp() -> Arc<Erp> {
    let row = |number: usize| StockRow {
        sku: Sku::new(format!("SKU-{number:05}")).unwrap(),
        location: "berlin".parse().unwrap(),
        quantity: Quantity::ONE,
        sellable: true,
    };
    let report = StockReport {
        title: "stock.csv".to_owned(),
        as_of: Millis(5),
        complete: true,
        rows: (0..ROWS).map(row).collect(),
        prices: Vec::new(),
        unknown_locations: BTreeMap::new(),
    };
    let manifest = Manifest {
        kind: "fake",
        write: WriteMeaning::Available,
        compare_and_set: false,
        max_write: 1,
        max_read: 1,
        grouping: Grouping::Any,
        all_or_nothing: false,
        concurrency: 1,
        clock_grain: Duration::from_millis(1),
        decimals: 0,
        least: Quantity::ZERO,
        most: Quantity::whole(9),
        facts: Facts::default(),
    };
    Arc::new(Erp {
        manifest,
        report: Mutex::new(Some(report)),
        verdicts: Mutex::default(),
        away: AtomicBool::new(true),
    })
}

/// A ledger that has applied everything at once.
fn parts(erp: &Arc<Erp>, store: &Arc<dyn Store>) -> StockParts {
    let settings = Settings::default();
    let applied = watch::channel(EntryId(u64::MAX)).1;
    StockParts {
        source: "erp".parse().unwrap(),
        connector: Arc::clone(erp) as Arc<dyn Connector>,
        schedule: Schedule::Every(Duration::from_secs(1)),
        store: Arc::clone(store),
        lease: watch::channel(None).1,
        inbox: Inbox::new(Arc::clone(store), Arc::default(), applied),
        gate: Arc::new(GateKeeper::new(&settings, &BTreeSet::new(), BTreeMap::new(), None)),
        settings: Arc::new(ArcSwap::from_pointee(settings)),
        holds: Arc::new(Holds::default()),
        applying: Applying::default(),
        board: Arc::new(SourceBoard::default()),
        wake: Arc::new(Notify::new()),
        listed: Arc::new(|sku| (sku.as_str() > "SKU-00099").then_some(true)),
    }
}

#[tokio::test]
async fn a_report_in_the_inbox_is_put_away_later_without_its_rows_and_never_appended_again() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let erp = erp();
    let mut poller = StockPoller::new(parts(&erp, &store));
    let applying = poller.parts.applying.watch();
    assert!(poller.take_all().await.is_err(), "it can't be put away");
    assert!(poller.unfinished.is_none() && poller.appended.is_some());
    assert_eq!(*applying.borrow(), (0, 1), "applied all the same");
    let entries = async || store.read(EntryId(0), 100).await.unwrap().len();
    assert_eq!(entries().await, ROWS / 500 + 1);
    assert!(poller.take_all().await.is_err());
    erp.away.store(false, Ordering::Relaxed);
    poller.take_all().await.unwrap();
    assert_eq!(*erp.verdicts.lock().unwrap(), [Verdict::Accepted]);
    assert!(poller.appended.is_none());
    assert_eq!(entries().await, ROWS / 500 + 1, "once");
    assert_eq!(poller.unlisted.len(), 100, "what no channel is known to list");
    assert_eq!(poller.unlisted.last().map(Sku::as_str), Some("SKU-00000"));
}

/// Another daemon may have taken in reports between two terms of this one.
#[tokio::test]
async fn what_was_remembered_ends_with_the_term() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let erp = erp();
    erp.away.store(false, Ordering::Relaxed);
    let mut settings = Settings::default();
    let channel = omnistock_words::ChannelSettings {
        connector: "shop".parse().unwrap(),
        template: None,
        policy: omnistock_words::ChannelPolicy::default(),
    };
    settings.channels.insert("shop".parse().unwrap(), channel);
    let mut parts = parts(&erp, &store);
    parts.settings = Arc::new(ArcSwap::from_pointee(settings));
    let mut poller = StockPoller::new(parts);
    let row = omnistock_sdk::StatementRow {
        channel: "shop".parse().unwrap(),
        order: "7".parse().unwrap(),
        line: "1".parse().unwrap(),
        quantity: Quantity::ONE,
    };
    let list = omnistock_sdk::StatementReport {
        title: "orders.csv".to_owned(),
        as_of: Millis(5),
        rows: vec![row],
        unknown_channels: BTreeMap::new(),
    };
    let entries = async || store.read(EntryId(0), 100).await.unwrap().len();
    let ticket = Ticket("2".to_owned());
    let report = erp.report.lock().unwrap().take().unwrap();
    assert!(poller.begins(3));
    poller.held = Some(super::super::Held::long_ago(report));
    for (token, new, stated) in [(3, false, 1), (3, false, 1), (5, true, 2)] {
        assert_eq!(poller.begins(token), new);
        poller.state(erp.as_ref(), &ticket, list.clone()).await.unwrap();
        assert_eq!(entries().await, stated);
        let counts = poller.held.as_ref().unwrap().agreed_since();
        assert_eq!(counts > Millis(0), new);
    }
}
