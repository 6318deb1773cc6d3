//! A complete report against the ledgers: streamed once in SKU order, so that memory does not
//! grow with the merchant's catalogue; what comes out is only what has to change.

use super::stock::StockParts;
use crate::store::{Key, Kind, StoreError};
use omnistock_engine::snapshot::{Affected, Judge, Recent, RowVerdict, Verdict};
use omnistock_engine::{Event, MissingRow, SkuDocument, SourceDocument, StockEvent, StockRow};
use omnistock_sdk::{StockReport, now};
use omnistock_words::{ConnectorName, Millis, Quantity, Sku};

/// Rows in one inbox entry, at most: a commit stays short.
const CHUNK: usize = 500;
/// Documents read at once.
const PAGE: usize = 1_000;

/// What judging a report came to.
pub(super) struct Judged {
    rewrites: Vec<StockRow>,
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

fn engine_rows(report: &StockReport) -> Vec<StockRow> {
    let mut rows: Vec<StockRow> = report
        .rows
        .iter()
        .map(|row| StockRow {
            sku: row.sku.clone(),
            location: row.location.clone(),
            quantity: row.quantity,
            sellable: row.sellable,
            brand: None,
            category: None,
            tags: Vec::new(),
        })
        .collect();
    rows.sort_by(|a, b| (&a.sku, &a.location).cmp(&(&b.sku, &b.location)));
    rows
}

/// Collects verdicts while rows and documents pass by in SKU order.
struct Pass<'a> {
    judge: Judge<'a>,
    source: &'a SourceDocument,
    rows: &'a [StockRow],
    rewrites: Vec<StockRow>,
    missing: Vec<MissingRow>,
}

impl Pass<'_> {
    /// Rows of SKUs before `limit` have no document (or there are none left): they are new.
    fn before(&mut self, limit: Option<&Sku>) {
        while let Some(first) = self
            .rows
            .first()
            .filter(|row| limit.is_none_or(|limit| row.sku < *limit))
        {
            let sku = first.sku.clone();
            self.one(&sku, None);
        }
    }

    fn one(&mut self, sku: &Sku, document: Option<&SkuDocument>) {
        let count = self.rows.iter().take_while(|row| row.sku == *sku).count();
        let (own, rest) = self.rows.split_at(count);
        self.rows = rest;
        for verdict in self.judge.see(sku, document, self.source, own) {
            match verdict {
                RowVerdict::Unchanged => {}
                RowVerdict::Rewrite(row) => self.rewrites.push(row),
                RowVerdict::Missing(location) => self.missing.push(MissingRow {
                    sku: sku.clone(),
                    location,
                }),
            }
        }
    }
}

/// Judges a report; one that is not complete together with the single changes of the last 15 minutes.
/// The inbox must hold nothing of this source that is not applied.
pub(super) async fn judge(parts: &StockParts, report: &StockReport, recent: &Recent) -> Result<Judged, StoreError> {
    let settings = parts.settings.load_full();
    let rows = engine_rows(report);
    if !report.complete {
        return judge_rows(parts, report, &rows, recent).await;
    }
    let source = source_document(parts).await?;
    let judge = Judge::new(&settings, &parts.source, report.as_of, now());
    let mut pass = Pass {
        judge,
        source: &source,
        rows: &rows,
        rewrites: Vec::new(),
        missing: Vec::new(),
    };
    let mut after: Option<String> = None;
    loop {
        let page = parts.store.scan(Kind::Sku, after.as_deref(), PAGE).await?;
        for (id, stored) in &page {
            let sku = Sku::new(id).map_err(|error| StoreError::Damaged(format!("document sku {id:?}: {error}")))?;
            let document = SkuDocument::decode(&stored.bytes)
                .map_err(|error| StoreError::Damaged(format!("document sku {id:?} can't be read: {error}")))?;
            pass.before(Some(&sku));
            pass.one(&sku, Some(&document));
        }
        if page.len() < PAGE {
            break;
        }
        after = page.into_iter().next_back().map(|(id, _)| id);
    }
    pass.before(None);
    let newer = source.complete_as_of.filter(|newest| report.as_of < *newest);
    Ok(Judged { newer, ..finish(pass) })
}

/// Judges single rows: they say nothing of others.
async fn judge_rows(
    parts: &StockParts,
    report: &StockReport,
    rows: &[StockRow],
    recent: &Recent,
) -> Result<Judged, StoreError> {
    let settings = parts.settings.load_full();
    let source = source_document(parts).await?;
    let judge = Judge::delta(&settings, &parts.source, &source, recent, (report.as_of, now()));
    let mut pass = Pass {
        judge,
        source: &source,
        rows,
        rewrites: Vec::new(),
        missing: Vec::new(),
    };
    let mut skus: Vec<&Sku> = rows.iter().map(|row| &row.sku).collect();
    skus.dedup();
    for page in skus.chunks(PAGE) {
        let keys: Vec<Key> = page.iter().map(|sku| Key::sku(sku)).collect();
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

    /// The report as events: what changes in chunks, then what is missing, then the close.
    pub(super) fn into_events(self, source: &ConnectorName, report: &StockReport) -> Vec<Event> {
        let as_of = report.as_of;
        let stock = |rows: &[StockRow]| {
            Event::Stock(StockEvent {
                source: source.clone(),
                complete: false,
                basis: None,
                as_of,
                read_until: None,
                rows: rows.to_vec(),
            })
        };
        let mut events: Vec<Event> = self.rewrites.chunks(CHUNK).map(stock).collect();
        let missing = |rows: &[MissingRow]| Event::Missing {
            source: source.clone(),
            as_of,
            rows: rows.to_vec(),
        };
        events.extend(self.missing.chunks(CHUNK).map(missing));
        events.extend(report.prices.iter().map(|row| Event::Price {
            source: source.clone(),
            list: row.list.clone(),
            sku: row.sku.clone(),
            price: row.price,
            from: None,
            until: None,
        }));
        if report.complete {
            let total: Quantity = report.rows.iter().map(|row| row.quantity).sum();
            let rows = report.rows.len() as u64;
            events.push(Event::Snapshot {
                source: source.clone(),
                as_of,
                read_until: None,
                rows,
                total,
            });
        }
        events
    }
}
