//! Sources of stock: whole reports, exact figures, nothing lost before it is acknowledged.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::fake::Figure;
use crate::hand::{connector, stock};
use crate::{Access, Applies, Fault, Shop};
use omnistock_sdk::simulated::Trouble;
use omnistock_sdk::{Connector, ErrorClass, Report, StockReport, Ticket, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const fn figure(sku: &'static str, location: &'static str, quantity: &'static str) -> Figure {
    Figure {
        sku,
        location,
        quantity,
    }
}

/// Polls, as a daemon does, until there is something.
async fn next(connector: &Arc<dyn Connector>) -> (Ticket, Report) {
    let source = connector.stock().expect("a source");
    for _ in 0..300 {
        if let Some(report) = source.poll().await.expect("a poll") {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no report came");
}

fn figures<'a>(shop: &Shop, report: &'a Report) -> (&'a StockReport, BTreeMap<(String, String), String>) {
    let Report::Stock(report) = report else {
        panic!("{report:?}")
    };
    let row = |row: omnistock_sdk::StockRow| {
        (
            (row.sku.to_string(), row.location.to_string()),
            row.quantity.to_string(),
        )
    };
    let mut rows: BTreeMap<_, _> = report.rows.iter().map(row).collect();
    assert_eq!(rows.len(), report.rows.len(), "a figure comes twice");
    if shop.says_zeros() {
        rows.retain(|_, quantity| quantity != "0");
    }
    (report, rows)
}

fn expected(shop: &Shop, figures: &[Figure]) -> BTreeMap<(String, String), String> {
    let row = |figure: &Figure| {
        (
            (figure.sku.to_owned(), figure.location.to_owned()),
            figure.quantity.to_owned(),
        )
    };
    let told = figures
        .iter()
        .filter(|figure| figure.quantity != "0" || !shop.says_zeros());
    told.map(row).collect()
}

/// A source with these figures, polled once.
async fn reported(shop: &Shop, given: &[Figure]) -> Applies<(Arc<dyn Connector>, Ticket, Report)> {
    let connector = connector(shop)?;
    stock(&connector)?;
    shop.report(given).await?;
    let (ticket, report) = next(&connector).await;
    Ok((connector, ticket, report))
}

const TWO: [Figure; 3] = [
    figure("A", "berlin", "12"),
    figure("A", "hamburg", "3"),
    figure("B", "berlin", "7"),
];

pub async fn a_report_holds_every_figure(shop: Shop) -> Applies<()> {
    let (_, _, report) = reported(&shop, &TWO).await?;
    let (report, rows) = figures(&shop, &report);
    assert_eq!(rows, expected(&shop, &TWO));
    assert!(report.complete, "a whole report proves that nothing else is there");
    assert!(report.as_of.0 > 0 && report.as_of <= omnistock_sdk::now());
    Ok(())
}

pub async fn zero_decimals_and_negative_figures_are_exact(shop: Shop) -> Applies<()> {
    let given = [
        figure("A", "berlin", "0"),
        figure("B", "berlin", "2.5"),
        figure("C", "berlin", "-4"),
        figure("D", "berlin", "1000000000"),
        figure("00123", "berlin", "1"),
    ];
    let (_, _, report) = reported(&shop, &given).await?;
    assert_eq!(figures(&shop, &report).1, expected(&shop, &given));
    Ok(())
}

pub async fn a_report_comes_again_until_it_is_acknowledged(shop: Shop) -> Applies<()> {
    let (_, _, report) = reported(&shop, &TWO).await?;
    let after_a_crash = connector(&shop)?;
    let (_, again) = next(&after_a_crash).await;
    assert_eq!(figures(&shop, &again).1, figures(&shop, &report).1);
    Ok(())
}

pub async fn an_acknowledged_report_is_gone_and_stays_gone(shop: Shop) -> Applies<()> {
    let (connector, ticket, _) = reported(&shop, &TWO).await?;
    let source = stock(&connector)?;
    for _ in 0..2 {
        source
            .acknowledge(&ticket, &Verdict::Accepted)
            .await
            .expect("an acknowledgement");
    }
    assert_eq!(source.poll().await.expect("a poll"), None);
    Ok(())
}

pub async fn an_unreadable_report_is_refused_and_hinders_no_other(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    stock(&connector)?;
    shop.report_unreadable().await?;
    let (_, report) = next(&connector).await;
    assert!(
        matches!(&report, Report::Refused(refused) if !refused.reason.is_empty()),
        "{report:?}"
    );
    shop.report(&TWO).await?;
    // What could be read of the bad one may come before.
    for _ in 0..3 {
        let (ticket, report) = next(&connector).await;
        if matches!(&report, Report::Stock(_)) && figures(&shop, &report).1 == expected(&shop, &TWO) {
            return Ok(());
        }
        let source = stock(&connector)?;
        source
            .acknowledge(&ticket, &Verdict::Accepted)
            .await
            .expect("an acknowledgement");
    }
    panic!("the good report doesn't come")
}

pub async fn reports_come_in_the_order_they_were_made(shop: Shop) -> Applies<()> {
    let (connector, ticket, _) = reported(&shop, &TWO).await?;
    stock(&connector)?
        .acknowledge(&ticket, &Verdict::Accepted)
        .await
        .expect("an acknowledgement");
    let mut last = omnistock_words::Millis(0);
    for quantity in ["1", "2", "3"] {
        let given = [figure("A", "berlin", quantity)];
        shop.report(&given).await?;
        let (ticket, report) = next(&connector).await;
        let (stock_report, rows) = figures(&shop, &report);
        assert_eq!(rows, expected(&shop, &given));
        assert!(stock_report.as_of >= last);
        last = stock_report.as_of;
        stock(&connector)?
            .acknowledge(&ticket, &Verdict::Accepted)
            .await
            .expect("an acknowledgement");
    }
    Ok(())
}

pub async fn an_unknown_location_is_counted_by_its_name(shop: Shop) -> Applies<()> {
    let given = [figure("A", "berlin", "12"), figure("A", "nowhere", "3")];
    let (_, _, report) = reported(&shop, &given).await?;
    let (report, rows) = figures(&shop, &report);
    assert_eq!(rows, expected(&shop, &given[..1]));
    assert_eq!(report.unknown_locations.get("nowhere"), Some(&1));
    Ok(())
}

/// What a source may answer with when it fails; none of it is news.
const FAULTS: [Fault; 6] = [
    Fault::EveryCall(Trouble::ServerError),
    Fault::EveryCall(Trouble::Throttled(None)),
    Fault::EveryCall(Trouble::Page),
    Fault::EveryCall(Trouble::CutOff),
    Fault::EveryCall(Trouble::EmptyObject),
    Fault::EveryCall(Trouble::Redirect),
];

pub async fn a_failed_read_tells_nothing_and_loses_nothing(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let source = stock(&connector)?;
    for fault in FAULTS {
        shop.fault(fault.clone()).await?;
        shop.report(&TWO).await?;
        let error = source.poll().await.expect_err("a failed read tells something");
        let person = fault == Fault::EveryCall(Trouble::Redirect);
        assert_eq!(error.class == ErrorClass::Operator, person, "{fault:?}: {error:?}");
        let text = format!("{error} {error:?}");
        assert!(
            !shop.secrets().iter().any(|secret| text.contains(secret)),
            "{fault:?} tells a secret"
        );
        shop.heal().await;
    }
    assert_eq!(figures(&shop, &next(&connector).await.1).1, expected(&shop, &TWO));
    Ok(())
}

pub async fn a_throttled_read_says_when_to_come_back(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let source = stock(&connector)?;
    shop.fault(Fault::EveryCall(Trouble::Throttled(Some(7)))).await?;
    let error = source.poll().await.expect_err("a throttled read");
    let after = Some(Duration::from_secs(7));
    assert_eq!(error.class, ErrorClass::Retry { after });
    Ok(())
}

pub async fn a_source_that_is_gone_is_tried_again(shop: Shop) -> Applies<()> {
    let connector = shop.connector(Access::Impatient)?;
    let source = stock(&connector)?;
    shop.fault(Fault::Unreachable).await?;
    let error = source.poll().await.expect_err("nobody is there");
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
    Ok(())
}
