//! A complete report against the ledgers: streamed once in SKU order, so that memory does not
//! grow with the merchant's catalogue; what comes out is only what has to change.

mod sorted;

pub(super) use sorted::Sorted;

use super::stock::StockParts;
use crate::store::{Key, Kind, StoreError, Versioned};
use omnistock_engine::snapshot::{Affected, Judge, Recent, RowVerdict, Verdict};
use omnistock_engine::{Event, MissingRow, SkuDocument, SourceDocument, StockEvent, StockRow};
use omnistock_sdk::{StockReport, now};
use omnistock_words::{ConnectorName, Millis, Sku};
use sorted::index;

/// Rows in one inbox entry, at most: a commit stays short.
const CHUNK: usize = 500;
/// Documents read at once.
const PAGE: usize = 1_000;

/// What judging a report came to.
pub(super) struct Judged {
    /// Places of the rows to be written, by SKU and location.
    rewrites: Vec<u32>,
    missing: Vec<MissingRow>,
    /// Rows that change something.
    pub(super) changed: u64,
    /// What the guards found, one sentence each; empty: nothing.
    pub(super) findings: Vec<String>,
    guards: Vec<String>,
    /// The rows at fault, to compare a later report with.
    pub(super) affected: Affected,
    /// Whether only a person may release it.
    pub(super) needs_person: bool,
    /// The newest complete report, where this one is complete and as of earlier.
    pub(super) newer: Option<Millis>,
    /// Single changes of the last 15 minutes with those of this report, where it proves nothing by absence.
    pub(super) recent: Option<Recent>,
}

fn engine_row(row: omnistock_sdk::StockRow) -> StockRow {
    StockRow {
        sku: row.sku,
        location: row.location,
        quantity: row.quantity,
        sellable: row.sellable,
        brand: None,
        category: None,
        tags: Vec::new(),
    }
}

/// Collects verdicts while rows and documents pass by in SKU order.
struct Pass<'a> {
    judge: Judge<'a>,
    source: &'a SourceDocument,
    sorted: &'a Sorted<'a>,
    /// So many rows have passed by.
    passed: usize,
    rewrites: Vec<u32>,
    missing: Vec<MissingRow>,
}

impl<'a> Pass<'a> {
    fn new(judge: Judge<'a>, source: &'a SourceDocument, sorted: &'a Sorted<'a>) -> Self {
        Self {
            judge,
            source,
            sorted,
            passed: 0,
            rewrites: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Rows of SKUs before `limit` have no document (or there are none left): they are new.
    fn before(&mut self, limit: Option<&Sku>) {
        while let Some(first) = self.sorted.sku(self.passed)
            && limit.is_none_or(|limit| first < limit.as_str())
            && let Ok(first) = Sku::new(first)
        {
            self.one(&first, None);
        }
    }

    fn one(&mut self, sku: &Sku, document: Option<&SkuDocument>) {
        let sorted = self.sorted;
        let own = (self.passed..).take_while(|nth| sorted.sku(*nth) == Some(sku.as_str()));
        let places: Vec<u32> = own.filter_map(|nth| sorted.place(nth)).collect();
        self.passed += places.len();
        let rows: Vec<StockRow> = places
            .iter()
            .filter_map(|place| sorted.rows.get(index(*place)).map(engine_row))
            .collect();
        let mut places = places.iter();
        // Verdicts come in the order of the rows, then those of what is missing.
        for verdict in self.judge.see(sku, document, self.source, &rows) {
            match verdict {
                RowVerdict::Unchanged => drop(places.next()),
                RowVerdict::Rewrite(_) => self.rewrites.extend(places.next()),
                RowVerdict::Missing(location) => self.missing.push(MissingRow {
                    sku: sku.clone(),
                    location,
                }),
            }
        }
    }

    fn page(&mut self, page: &[(String, Versioned)]) -> Result<(), StoreError> {
        for (id, stored) in page {
            let sku = Sku::new(id).map_err(|error| StoreError::Damaged(format!("document sku {id:?}: {error}")))?;
            let document = SkuDocument::decode(&stored.bytes)
                .map_err(|error| StoreError::Damaged(format!("document sku {id:?} can't be read: {error}")))?;
            self.before(Some(&sku));
            self.one(&sku, Some(&document));
        }
        Ok(())
    }
}

/// Judges a report; one that is not complete together with the single changes of the last 15 minutes.
/// The inbox must hold nothing of this source that is not applied.
pub(super) async fn judge(
    parts: &StockParts,
    report: &StockReport,
    sorted: &Sorted<'_>,
    recent: &Recent,
) -> Result<Judged, StoreError> {
    let settings = parts.settings.load_full();
    if !report.complete {
        return judge_rows(parts, report, sorted, recent).await;
    }
    let source = source_document(parts).await?;
    let judge = Judge::new(&settings, &parts.source, report.as_of, now());
    let mut pass = Pass::new(judge, &source, sorted);
    let mut page = parts.store.scan(Kind::Sku, None, PAGE).await?;
    while page.len() >= PAGE {
        let after = page.last().map(|(id, _)| id.as_str());
        // The store looks for the next page while this one is judged.
        let (next, judged) = tokio::join!(parts.store.scan(Kind::Sku, after, PAGE), async { pass.page(&page) });
        judged?;
        page = next?;
    }
    pass.page(&page)?;
    pass.before(None);
    let newer = source.complete_as_of.filter(|newest| report.as_of < *newest);
    Ok(Judged { newer, ..finish(pass) })
}

/// Judges single rows: they say nothing of others.
async fn judge_rows(
    parts: &StockParts,
    report: &StockReport,
    sorted: &Sorted<'_>,
    recent: &Recent,
) -> Result<Judged, StoreError> {
    let settings = parts.settings.load_full();
    let source = source_document(parts).await?;
    let judge = Judge::delta(&settings, &parts.source, &source, recent, (report.as_of, now()));
    let mut pass = Pass::new(judge, &source, sorted);
    let mut skus = sorted.skus();
    loop {
        let page: Vec<Sku> = skus.by_ref().take(PAGE).collect();
        if page.is_empty() {
            break;
        }
        let keys: Vec<Key> = page.iter().map(Key::sku).collect();
        let found = parts.store.load(&keys).await?;
        for (sku, stored) in page.iter().zip(found) {
            if stored.bytes.is_empty() {
                pass.one(sku, None);
                continue;
            }
            let document = SkuDocument::decode(&stored.bytes)
                .map_err(|error| StoreError::Damaged(format!("document sku {sku} can't be read: {error}")))?;
            pass.one(sku, Some(&document));
        }
    }
    let mut later = recent.clone();
    pass.judge.remember(&mut later);
    let mut judged = finish(pass);
    judged.recent = Some(later);
    Ok(judged)
}

fn finish(pass: Pass<'_>) -> Judged {
    let affected = pass.judge.affected();
    let findings = match pass.judge.verdict() {
        Verdict::Pass => Vec::new(),
        Verdict::Held(findings) => findings,
    };
    Judged {
        changed: (pass.rewrites.len() + pass.missing.len()) as u64,
        rewrites: pass.rewrites,
        missing: pass.missing,
        needs_person: findings.iter().any(|finding| finding.guard.needs_person()),
        guards: findings.iter().map(|finding| finding.guard.name().to_owned()).collect(),
        findings: findings.iter().map(ToString::to_string).collect(),
        affected,
        recent: None,
        newer: None,
    }
}

async fn source_document(parts: &StockParts) -> Result<SourceDocument, StoreError> {
    let key = Key::source(&parts.source);
    let stored = parts.store.load(&[key]).await?.into_iter().next().unwrap_or_default();
    if stored.bytes.is_empty() {
        return Ok(SourceDocument::default());
    }
    SourceDocument::decode(&stored.bytes)
        .map_err(|error| StoreError::Damaged(format!("document of source {} can't be read: {error}", parts.source)))
}

impl Judged {
    /// The guards that found something, by name, sorted.
    pub(super) fn guards(&self) -> Vec<String> {
        let mut guards = self.guards.clone();
        guards.sort();
        guards
    }

    /// The report as events, one after the other: what changes in chunks, then what is missing, then the close.
    pub(super) fn events<'a>(
        &'a self,
        source: &'a ConnectorName,
        report: &'a StockReport,
    ) -> impl Iterator<Item = Event> + Send + 'a {
        let as_of = report.as_of;
        let stock = move |places: &[u32]| {
            let rows = places.iter().filter_map(|place| report.rows.get(index(*place)));
            Event::Stock(StockEvent {
                source: source.clone(),
                complete: false,
                basis: None,
                as_of,
                read_until: None,
                rows: rows.map(engine_row).collect(),
            })
        };
        let missing = move |rows: &[MissingRow]| Event::Missing {
            source: source.clone(),
            as_of,
            rows: rows.to_vec(),
        };
        let prices = report.prices.iter().map(|row| Event::Price {
            source: source.clone(),
            list: row.list.clone(),
            sku: row.sku.clone(),
            price: row.price,
            from: None,
            until: None,
        });
        let close = report.complete.then(|| Event::Snapshot {
            source: source.clone(),
            as_of,
            read_until: None,
            rows: report.rows.len() as u64,
            total: (0..report.rows.len())
                .filter_map(|place| report.rows.seen(place))
                .map(|row| row.quantity)
                .sum(),
        });
        let changed = self.rewrites.chunks(CHUNK).map(stock);
        changed
            .chain(self.missing.chunks(CHUNK).map(missing))
            .chain(prices)
            .chain(close)
    }
}

#[cfg(test)]
pub(in crate::intake) mod tests {
    use super::*;
    use omnistock_words::{LocationName, Quantity};
    use std::collections::BTreeMap;

    pub(in crate::intake) fn report(rows: &[(&str, &str, i64)]) -> StockReport {
        let row = |(sku, location, units): &(&str, &str, i64)| omnistock_sdk::StockRow {
            sku: sku.parse().unwrap(),
            location: location.parse().unwrap(),
            quantity: Quantity::whole(*units),
            sellable: true,
        };
        StockReport {
            title: "stock.csv".to_owned(),
            as_of: Millis(9),
            complete: true,
            rows: rows.iter().map(row).collect(),
            prices: Vec::new(),
            unknown_locations: BTreeMap::new(),
        }
    }

    fn position(location: &str, units: i64) -> omnistock_engine::Position {
        omnistock_engine::Position {
            location: location.parse().unwrap(),
            source: "erp".parse().unwrap(),
            quantity: Quantity::whole(units),
            basis: omnistock_words::Basis::Physical,
            as_of: Millis(1),
            read_until: None,
            sellable: true,
            missing: false,
        }
    }

    #[test]
    fn rows_in_any_order_are_judged_by_sku_and_what_changes_is_named_by_its_place() {
        let report = report(&[
            ("C", "berlin", 1),
            ("A", "munich", 5),
            ("B", "berlin", 2),
            ("A", "berlin", 4),
        ]);
        let sorted = Sorted::new(&report);
        let skus: Vec<String> = sorted.skus().map(|sku| sku.to_string()).collect();
        assert_eq!(skus, ["A", "B", "C"]);
        let mut settings = omnistock_words::Settings::default();
        let erp: ConnectorName = "erp".parse().unwrap();
        let policy = omnistock_words::SourcePolicy::new(omnistock_words::Basis::Physical);
        settings.sources.insert(erp.clone(), policy);
        let source = SourceDocument::default();
        let mut pass = Pass::new(Judge::new(&settings, &erp, Millis(9), Millis(9)), &source, &sorted);
        let stored = |positions| Versioned {
            version: 1,
            bytes: SkuDocument {
                positions,
                ..SkuDocument::default()
            }
            .encode(),
        };
        let known = [
            (
                "A".to_owned(),
                stored(vec![position("berlin", 4), position("munich", 6)]),
            ),
            ("AA".to_owned(), stored(vec![position("berlin", 3)])),
            ("C".to_owned(), stored(vec![position("berlin", 1)])),
        ];
        pass.page(&known).unwrap();
        pass.before(None);
        let judged = finish(pass);
        assert_eq!(judged.rewrites, [1, 2], "A at munich, and B, which is new");
        let lacks: Vec<(&Sku, &LocationName)> = judged.missing.iter().map(|row| (&row.sku, &row.location)).collect();
        assert_eq!(lacks, [(&"AA".parse().unwrap(), &"berlin".parse().unwrap())]);
        let events: Vec<Event> = judged.events(&erp, &report).collect();
        let [
            Event::Stock(stock),
            Event::Missing { .. },
            Event::Snapshot { rows: 4, total, .. },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        let rows: Vec<(&str, &str)> = stock
            .rows
            .iter()
            .map(|row| (row.sku.as_str(), row.location.as_str()))
            .collect();
        assert_eq!(
            (rows, *total),
            (vec![("A", "munich"), ("B", "berlin")], Quantity::whole(12))
        );
    }
}
