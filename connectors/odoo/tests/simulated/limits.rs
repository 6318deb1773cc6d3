//! A large warehouse. The vendor states no limit, so what is counted are calls at the server: as few as its pages allow.

use super::office::{Office, stock};
use omnistock_sdk::Report;
use omnistock_words::{Basis, Quantity};
use serde_json::json;

const ARTICLES: usize = 10_000;

/// Records in one page, as the connector asks for them where nobody set another number.
const PAGE: u64 = 1_000;

#[tokio::test]
async fn a_full_read_of_ten_thousand_articles_takes_no_more_calls_than_its_pages() {
    let office = Office::open().await;
    office.simulator.books(|books| {
        // Counted yesterday, all but one: what changed of late is read once more.
        books.commit_late(86_400);
        for number in 1..ARTICLES {
            let product = books.add_product(Some(&format!("SKU-{number}")));
            books.add_quant(product, office.berlin, Quantity::whole(5), None);
        }
        books.commit_late(0);
    });
    office.add("SKU-0", 5);
    let connector = office.connector(Basis::Physical, &json!({"deadline_ms": 120_000}));
    let source = connector.stock().unwrap();
    let mut reports: Vec<Report> = Vec::new();
    loop {
        let Some((_, report)) = source.poll().await.unwrap() else {
            break;
        };
        reports.push(report);
    }
    let report = stock(&reports).unwrap();
    // Each article at both places.
    assert_eq!((report.complete, report.rows.len()), (true, 2 * ARTICLES));
    let calls = office.simulator.counters().calls;
    let total: u64 = calls.values().sum();
    eprintln!("odoo, {ARTICLES} articles read: {total} calls of the server: {calls:?}");
    // A page that is not full doesn't end a list: an empty one does.
    let pages = ARTICLES as u64 / PAGE + 1;
    assert_eq!(calls["product.product.search_read"], pages);
    // What changed of late is looked for at the beginning and at the end.
    let quants = calls["stock.quant.search_read"];
    assert!((pages..=pages + 4).contains(&quants), "{quants}");
    assert!(total <= 2 * pages + 20, "{total}");
}
