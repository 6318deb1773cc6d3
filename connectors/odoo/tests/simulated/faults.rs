//! What goes wrong on the way: no half-truth becomes a report, and nothing is lost.

use super::office::{Office, accepted, figures, round, stock};
use omnistock_odoo::simulator::{Faults, Trouble};
use omnistock_sdk::ErrorClass;
use omnistock_words::Basis;
use serde_json::json;
use std::time::Duration;

fn faults() -> Vec<(&'static str, Faults)> {
    vec![
        (
            "a proxy's page",
            Faults {
                outage: true,
                ..Faults::default()
            },
        ),
        (
            "a login page",
            Faults {
                login_page: true,
                ..Faults::default()
            },
        ),
        (
            "an error inside",
            Faults {
                errors: 1,
                ..Faults::default()
            },
        ),
        (
            "throttled",
            Faults {
                every_call: Some(Trouble::Throttled(Some(7))),
                ..Faults::default()
            },
        ),
        (
            "no answer in time",
            Faults {
                latency: Duration::from_secs(2),
                ..Faults::default()
            },
        ),
        (
            "out of order",
            Faults {
                disorder: true,
                ..Faults::default()
            },
        ),
    ]
}

#[tokio::test]
async fn each_fault_gives_no_report_and_the_next_round_has_everything() {
    for version in [18, 19] {
        for (what, fault) in faults() {
            let office = Office::of(version).await;
            let product = office.add("A", 10);
            office.add("B", 1);
            let connector = office.connector(Basis::Physical, &json!({"deadline_ms": 700}));
            accepted(connector.as_ref()).await;
            office.set(product, office.berlin, 4);
            office.simulator.set_faults(fault);
            let error = round(connector.as_ref()).await.unwrap_err();
            assert!(matches!(error.class, ErrorClass::Retry { .. }), "{what}: {error:?}");
            assert!(!error.message.contains("Traceback"), "{what}: {error}");
            office.simulator.set_faults(Faults::default());
            let reports = accepted(connector.as_ref()).await;
            let report = stock(&reports).unwrap();
            assert!(
                report.complete,
                "{what}: what changed may have been lost, so all is read"
            );
            assert_eq!(figures(report)["A@berlin"], "4", "{what}");
        }
    }
}

#[tokio::test]
async fn the_vendors_own_wish_to_wait_is_kept() {
    let office = Office::of(19).await;
    office.add("A", 1);
    let connector = office.connector(Basis::Physical, &json!({"protocol": "json-2"}));
    office.simulator.set_faults(Faults {
        every_call: Some(Trouble::Throttled(Some(7))),
        ..Faults::default()
    });
    let error = round(connector.as_ref()).await.unwrap_err();
    assert_eq!(
        error.class,
        ErrorClass::Retry {
            after: Some(Duration::from_secs(7))
        }
    );
}

#[tokio::test]
async fn a_server_that_cuts_pages_short_is_read_whole() {
    let office = Office::open().await;
    for index in 0..9 {
        office.add(&format!("A{index}"), 2);
    }
    office.simulator.set_faults(Faults {
        most_records: Some(2),
        ..Faults::default()
    });
    let reports = accepted(office.connector(Basis::Physical, &json!({})).as_ref()).await;
    let report = stock(&reports).unwrap();
    let held = report.rows.iter().filter(|row| row.quantity.is_positive()).count();
    assert!(report.complete && held == 9, "{held}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_again() {
    let office = Office::open().await;
    office.add("A", 1);
    let connector = office.connector(Basis::Physical, &json!({}));
    office.simulator.stop().await;
    let error = connector.check().await.unwrap_err();
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
}
