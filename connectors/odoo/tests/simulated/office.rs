//! A simulated server with two warehouses, a connector for it, and what every test reads.

use omnistock_odoo::SPEC;
use omnistock_odoo::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::{Connector, ConnectorError, Report, StatementReport, StockReport, Ticket, Verdict, testing};
use omnistock_words::{Basis, Quantity};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) struct Office {
    pub(crate) simulator: Simulator,
    pub(crate) berlin: i64,
    pub(crate) shelf: i64,
    pub(crate) hamburg: i64,
    pub(crate) customers: i64,
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::of(18).await
    }

    pub(crate) async fn of(version: i64) -> Self {
        let settings = SimulatorSettings {
            version,
            ..SimulatorSettings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let (berlin, shelf, hamburg, customers) = simulator.books(|books| {
            let house = books.add_location("WH", "view", None);
            let berlin = books.add_location("WH/Stock", "internal", Some(house));
            let shelf = books.add_location("WH/Stock/Shelf 1", "internal", Some(berlin));
            let hamburg = books.add_location("WH2/Stock", "internal", None);
            let customers = books.add_location("Partners/Customers", "customer", None);
            (berlin, shelf, hamburg, customers)
        });
        Self {
            simulator,
            berlin,
            shelf,
            hamburg,
            customers,
        }
    }

    /// A product with so many in berlin.
    pub(crate) fn add(&self, code: &str, berlin: i64) -> i64 {
        self.simulator.books(|books| {
            let product = books.add_product(Some(code));
            books.set_quant(product, self.berlin, Quantity::whole(berlin));
            product
        })
    }

    pub(crate) fn set(&self, product: i64, location: i64, units: i64) {
        self.simulator
            .books(|books| books.set_quant(product, location, Quantity::whole(units)));
    }

    /// berlin by its full name, hamburg by its id. A time of change is a second: what was before is read again.
    pub(crate) fn connector(&self, basis: Basis, change: &Value) -> Arc<dyn Connector> {
        let simulator = &self.simulator;
        let mut table = json!({"url": simulator.url().as_str(), "database": simulator.database(), "login": simulator.login(),
                               "key": {"env": simulator.key()}, "deadline_ms": 5_000});
        for (key, value) in change.as_object().unwrap() {
            table[key] = value.clone();
        }
        table.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut context = testing::context("erp", &[("berlin", "WH/Stock"), ("hamburg", &self.hamburg.to_string())]);
        context.basis = Some(basis);
        testing::build(&SPEC, context, table)
    }

    pub(crate) fn calls(&self, name: &str) -> u64 {
        self.simulator.counters().calls.get(name).copied().unwrap_or_default()
    }
}

/// Settings by which orders of the channel `shop` are known.
pub(crate) fn orders() -> Value {
    json!({"orders": {"line_field": "x_channel_line", "channels": {"shop": {"prefix": "S-"}}}})
}

/// All reports of one round.
pub(crate) async fn round(connector: &dyn Connector) -> Result<Vec<(Ticket, Report)>, ConnectorError> {
    let source = connector.stock().unwrap();
    let mut reports = Vec::new();
    while let Some(report) = source.poll().await? {
        reports.push(report);
    }
    Ok(reports)
}

/// One round, with everything accepted.
pub(crate) async fn accepted(connector: &dyn Connector) -> Vec<Report> {
    let reports = round(connector).await.unwrap();
    let source = connector.stock().unwrap();
    for (ticket, _) in &reports {
        source.acknowledge(ticket, &Verdict::Accepted).await.unwrap();
    }
    reports.into_iter().map(|(_, report)| report).collect()
}

pub(crate) fn stock(reports: &[Report]) -> Option<&StockReport> {
    reports.iter().find_map(|report| match report {
        Report::Stock(report) => Some(report),
        _ => None,
    })
}

pub(crate) fn statements(reports: &[Report]) -> Option<&StatementReport> {
    reports.iter().find_map(|report| match report {
        Report::Statements(report) => Some(report),
        _ => None,
    })
}

pub(crate) fn refused(reports: &[Report]) -> String {
    let told = reports.iter().filter_map(|report| match report {
        Report::Refused(refused) => Some(refused.reason.clone()),
        _ => None,
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Figures as `SKU@place` → units.
pub(crate) fn figures(report: &StockReport) -> BTreeMap<String, String> {
    report
        .rows
        .iter()
        .map(|row| (format!("{}@{}", row.sku, row.location), row.quantity.to_string()))
        .collect()
}

/// What is stated, as `order/line` → units.
pub(crate) fn stated(report: &StatementReport) -> BTreeMap<String, String> {
    report
        .rows
        .iter()
        .map(|row| (format!("{}/{}", row.order, row.line), row.quantity.to_string()))
        .collect()
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
