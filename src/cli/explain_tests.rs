//! What `omnistock explain` prints, to the letter.

use super::*;
use crate::server::ListingState;
use omnistock_words::Mode;

fn at(text: &str) -> Millis {
    text.parse().unwrap()
}

fn units(value: i64) -> Quantity {
    Quantity::whole(value)
}

fn step(name: &str, value: i64, changes: bool, because: &[(&str, Option<&str>)]) -> Step {
    let because = because.iter().map(|(text, by)| Because {
        text: (*text).to_owned(),
        set_by: by.map(str::to_owned),
    });
    Step {
        step: name.to_owned(),
        value: Some(units(value)),
        because: because.collect(),
        changes,
    }
}

fn hose() -> Explanation {
    let stamp = |quantity, time: &str| {
        Some(Stamped {
            quantity: units(quantity),
            at: at(time),
        })
    };
    Explanation {
        sku: "HOSE-12-BL".parse().unwrap(),
        channel: "ebay_de".parse().unwrap(),
        as_of: None,
        listing: Some("394857".to_owned()),
        mode: Mode::Live,
        state: ListingState::InSync,
        stock_state: "in_stock".to_owned(),
        desired: Some(units(4)),
        sent: stamp(4, "2026-11-27T12:04:53Z"),
        accepted: stamp(4, "2026-11-27T12:04:54Z"),
        observed: stamp(4, "2026-11-27T12:05:02Z"),
        notes: vec![
            "Others sell 0.8/min, eBay needs 74 s (p95): up to 4 unseen sales in 99 of 100 cases, so 4 stay back."
                .to_owned(),
        ],
        steps: vec![
            step(
                "pool",
                8,
                true,
                &[
                    (
                        "hannover 6: erp 8 at 12:04:51, -2 orders shopify 10211/1, otto 7HK/1",
                        Some("[pools.all]"),
                    ),
                    ("s03 2: erp 2", Some("stores.stop_at 1")),
                    ("s07 0: erp 2, -1 pick-up r-77; 1 left", Some("stores.stop_at 1")),
                ],
            ),
            step("bundle", 8, false, &[]),
            step("allocation", 8, false, &[("share 100 %", None)]),
            step(
                "safety_stock",
                4,
                true,
                &[("-4 adaptive 1 % (max 6)", Some("omnistock.toml:24"))],
            ),
            step("max_shown", 4, false, &[("cap 20", Some("omnistock.toml:32"))]),
        ],
        price: Some(PriceExplanation {
            amount: Some("24.99".to_owned()),
            currency: Some("EUR".to_owned()),
            state: ListingState::InSync,
            because: "retail 23.49 x 1.06, ending .99; floor 18.20".to_owned(),
        }),
        changes: vec![
            Change {
                at: at("2026-11-27T12:04:53Z"),
                from: Some(units(5)),
                to: Some(units(4)),
                cause: "order shopify 10211/1".to_owned(),
            },
            Change {
                at: at("2026-11-26T09:00:00Z"),
                from: None,
                to: Some(units(5)),
                cause: "erp stock-1.csv".to_owned(),
            },
        ],
    }
}

const NOW: &str = "2026-11-27T12:06:00Z";

#[test]
fn a_number_with_its_reasons_on_one_page() {
    let expected = "\
Shows 4, wanted 4, read back 12:05:02: in_sync. Others sell 0.8/min, eBay needs
74 s (p95): up to 4 unseen sales in 99 of 100 cases, so 4 stay back.

STEP         VALUE  BECAUSE                                  SET BY
pool             8  hannover 6: erp 8 at 12:04:51, -2 orders [pools.all]
                      shopify 10211/1, otto 7HK/1
                    s03 2: erp 2                             stores.stop_at 1
                    s07 0: erp 2, -1 pick-up r-77; 1 left    stores.stop_at 1
safety_stock     4  -4 adaptive 1 % (max 6)                  omnistock.toml:24
unchanged: bundle, allocation, max_shown (--all)
price: 24.99 EUR (in_sync), retail 23.49 x 1.06, ending .99; floor 18.20
last: 12:04:53  5 -> 4  order shopify 10211/1
";
    let text = page(&[hose()], false, at(NOW), &TimeZone::UTC);
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn all_steps_and_all_changes_when_asked() {
    let text = page(&[hose()], true, at(NOW), &TimeZone::UTC);
    assert!(
        text.contains("\nmax_shown        4  cap 20                                   omnistock.toml:32\n"),
        "{text}"
    );
    assert!(text.contains("\nbundle           8\n"), "{text}");
    assert!(
        text.ends_with("      26 Nov 09:00:00  nothing -> 5  erp stock-1.csv\n"),
        "{text}"
    );
    assert!(!text.contains("unchanged:"), "{text}");
}

#[test]
fn several_channels_have_a_heading_each() {
    let mut other = hose();
    other.channel = "shop".parse().unwrap();
    let text = page(&[hose(), other], false, at(NOW), &TimeZone::UTC);
    assert!(text.starts_with("ebay_de 394857 (live)\nShows 4"), "{text}");
    assert!(text.contains("\n\nshop 394857 (live)\nShows 4"), "{text}");
    assert_eq!(
        page(&[], false, at(NOW), &TimeZone::UTC),
        "no channel has a listing of it\n"
    );
}

#[test]
fn what_is_not_read_back_is_not_said_to_be_shown() {
    let first = |one: &Explanation| standing(one, at(NOW), &TimeZone::UTC);
    let mut one = hose();
    one.notes.clear();
    one.state = ListingState::Accepted;
    one.observed = Some(Stamped {
        quantity: units(5),
        at: at("2026-11-26T12:00:00Z"),
    });
    assert_eq!(
        first(&one),
        "Shows 5 (read back 26 Nov 12:00:00), 4 accepted 12:04:54, wanted 4: accepted."
    );
    one.observed = None;
    assert_eq!(
        first(&one),
        "Accepted 4 at 12:04:54, not read back yet, wanted 4: accepted."
    );
    one.accepted = None;
    one.state = ListingState::InFlight;
    assert_eq!(first(&one), "Sent 4 at 12:04:53, no answer yet, wanted 4: in_flight.");
    (one.sent, one.desired, one.state) = (None, None, ListingState::Pending);
    one.stock_state = "unknown".to_owned();
    assert_eq!(
        first(&one),
        "Never read and never written, wanted nothing (unknown): pending."
    );
}

#[test]
fn every_line_fits_whatever_the_words() {
    let mut one = hose();
    one.steps[0].because[0].text = "y".repeat(300);
    one.steps[0].because[1].set_by = Some("z".repeat(90));
    one.changes[0].cause = "cause ".repeat(40);
    one.listing = Some("9".repeat(200));
    let text = page(&[one.clone(), one], true, at(NOW), &TimeZone::UTC);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
