//! What Amazon's depots hold: read only, a place of its own, never mixed with own stock.
//!
//! A pass reads all pages at the vendor's pace and is one complete report. Nothing has to be durable: the next pass
//! reads everything anew.

use crate::client::Client;
use crate::limits::SUMMARIES;
use crate::wire::{DepotRow, Summaries};
use omnistock_sdk::{ConnectorError, LocationCodes, Report, StockReport, StockRow, Ticket, now};
use omnistock_words::{LocationName, Quantity, Sku};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Two pages a second are taken [the vendor's definition], and a page leads on for 30 s only.
const PACE: Duration = Duration::from_millis(500);
/// Pages of one pass, at most: 50 articles each.
const MOST_PAGES: usize = 20_000;

/// The depots of one region.
pub(crate) struct Depot {
    code: &'static str,
    codes: LocationCodes,
    /// The pass was handed out: the next poll says that there is nothing more.
    told: AtomicBool,
    number: AtomicU64,
}

impl Depot {
    /// Depots that the vendor calls `code`.
    pub(crate) fn new(code: &'static str, codes: LocationCodes) -> Self {
        Self {
            code,
            codes,
            told: AtomicBool::new(false),
            number: AtomicU64::new(0),
        }
    }

    /// What the vendor calls them.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Our place for them.
    pub(crate) fn place(&self) -> Option<LocationName> {
        self.codes.name(self.code)
    }

    /// A new reader begins.
    pub(crate) fn begin(&self) {
        self.told.store(false, Ordering::Relaxed);
    }

    /// One pass; then, once, that there is nothing more.
    pub(crate) async fn poll(&self, client: &Client) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        if self.told.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        let as_of = now();
        let mut figures: BTreeMap<Sku, i64> = BTreeMap::new();
        let mut token: Option<String> = None;
        for page in 0..MOST_PAGES {
            if page > 0 {
                sleep(PACE).await;
            }
            let answer = self.page(client, token.take()).await?;
            for row in &answer.payload.inventory_summaries {
                if let Some((sku, units)) = figure(row) {
                    // One SKU may have several rows, by condition.
                    let total = figures.entry(sku).or_default();
                    *total = total.saturating_add(units);
                }
            }
            token = answer.pagination.and_then(|pagination| pagination.next_token);
            if token.is_none() {
                self.told.store(true, Ordering::Relaxed);
                return Ok(Some(self.report(as_of, &figures)));
            }
        }
        Err(ConnectorError::retry("the depots' list does not end; it is read again"))
    }

    async fn page(&self, client: &Client, token: Option<String>) -> Result<Summaries, ConnectorError> {
        let store = client.marketplace().to_owned();
        let mut query = vec![
            ("details", "true".to_owned()),
            ("granularityType", "Marketplace".to_owned()),
            ("granularityId", store.clone()),
            ("marketplaceIds", store),
        ];
        query.extend(token.map(|token| ("nextToken", token)));
        client
            .get(SUMMARIES, "/fba/inventory/v1/summaries", &query)
            .await?
            .json()
    }

    fn report(&self, as_of: omnistock_words::Millis, figures: &BTreeMap<Sku, i64>) -> (Ticket, Report) {
        let count = u64::try_from(figures.len()).unwrap_or(u64::MAX);
        let place = self.place();
        let unknown = place.is_none() && count > 0;
        let rows = place.into_iter().flat_map(|location| {
            figures.iter().map(move |(sku, units)| StockRow {
                sku: sku.clone(),
                location: location.clone(),
                quantity: Quantity::whole(*units),
                sellable: true,
            })
        });
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let report = StockReport {
            title: format!("what Amazon's depots ({}) hold", self.code),
            as_of,
            complete: true,
            rows: rows.collect(),
            prices: Vec::new(),
            unknown_locations: unknown.then(|| (self.code.to_owned(), count)).into_iter().collect(),
        };
        (Ticket(format!("depot-{number}")), Report::Stock(report))
    }
}

/// Units that can be sold and sent now; what is reserved, inbound or damaged is not.
fn figure(row: &DepotRow) -> Option<(Sku, i64)> {
    let sku = Sku::new(row.seller_sku.as_ref()?).ok()?;
    let units = row.inventory_details.as_ref()?.fulfillable_quantity?;
    Some((sku, units))
}
