//! The whole page of `omnistock status`, to the letter.

use super::*;
use crate::server::{Counted, Gate, Lag, LastReport, ReportProblem, StoreLine, Throttled};
use omnistock_words::Quantity;

fn at(text: &str) -> Millis {
    text.parse().unwrap()
}

fn problem(title: &str, time: &str, reason: &str) -> ReportProblem {
    ReportProblem {
        title: title.to_owned(),
        at: at(time),
        reason: reason.to_owned(),
    }
}

fn channel(name: &str, mode: Mode, listings: StateCounts, p99_ms: Option<u64>) -> ChannelStatus {
    let lag = p99_ms.map(|p99_ms| Lag {
        p50_ms: p99_ms / 3,
        p99_ms,
    });
    let name = name.parse().unwrap();
    ChannelStatus {
        name,
        mode,
        listings,
        lag,
        calls: 0,
        errors: 0,
        last_error: None,
        waiting: None,
        limits: vec![],
        throttled: None,
        ramp: None,
        steered: None,
        drained: 0,
        compared: None,
        orders: None,
    }
}

fn source(name: &str) -> SourceStatus {
    let name = name.parse().unwrap();
    let unknown = std::collections::BTreeMap::new();
    SourceStatus {
        name,
        last: None,
        complete_as_of: None,
        stale: false,
        cutover: None,
        limit_seconds: None,
        held: vec![],
        refused: vec![],
        unknown,
        last_error: None,
    }
}

fn erp() -> SourceStatus {
    let mut erp = source("erp");
    erp.last = Some(LastReport {
        title: "stock-0312.csv".to_owned(),
        as_of: at("2026-11-27T02:21:52Z"),
        rows: 20_118,
    });
    erp.limit_seconds = Some(300);
    erp.held = vec![problem(
        "stock-0313.csv",
        "2026-11-27T02:00:00Z",
        "3,102 of 20,118 SKUs to 0 (limit 5 %)",
    )];
    let reason = "line 17, column Bestand: `12,x` is no number";
    erp.refused = vec![problem("stock-0309.csv", "2026-11-26T21:00:00Z", reason)];
    let unknown = Counted {
        count: 7,
        examples: vec!["B/09".to_owned(), "B/10".to_owned()],
    };
    erp.unknown.insert("locations".to_owned(), unknown);
    erp
}

fn ebay() -> ChannelStatus {
    let mut ebay = channel("ebay_de", Mode::DecreaseOnly, StateCounts::default(), None);
    ebay.throttled = Some(Throttled {
        until: "2026-11-27T02:25:00Z".parse().unwrap(),
        reason: "the vendor asked for a pause".to_owned(),
    });
    (ebay.calls, ebay.errors) = (1_204, 3);
    ebay.last_error = Some(problem(
        "write",
        "2026-11-27T02:21:00Z",
        "answer 503: Service Unavailable",
    ));
    ebay
}

/// In the order of `in_sync`, `pending`, `in_flight`, `accepted`, `held`, `parked`, `unmapped`, `excluded`, `paused`.
fn counts(figures: [u64; 9]) -> StateCounts {
    let [
        in_sync,
        pending,
        in_flight,
        accepted,
        held,
        parked,
        unmapped,
        excluded,
        paused,
    ] = figures;
    StateCounts {
        in_sync,
        pending,
        in_flight,
        accepted,
        held,
        parked,
        unmapped,
        excluded,
        paused,
    }
}

fn busy() -> Status {
    let shop = counts([38_741, 10, 0, 2, 3_102, 6, 0, 9, 0]);
    let amazon = counts([25_102, 0, 388, 0, 1_940, 41, 112, 0, 57]);
    let otto = counts([0, 0, 0, 0, 0, 0, 0, 0, 31_940]);
    Status {
        standing: "leads since 2026-01-05T11:00:00Z".to_owned(),
        version: "0.1.0".to_owned(),
        at: at("2026-11-27T02:22:07Z"),
        started_at: at("2026-10-17T02:00:00Z"),
        attention: vec!["2 held".to_owned(), "h-412 paged 03:01".to_owned()],
        gate: Gate {
            open: false,
            missing: vec!["till has given no complete snapshot yet".to_owned()],
        },
        store: StoreLine {
            title: "embedded /var/lib/omnistock".to_owned(),
            warnings: vec![],
            inbox: 4,
        },
        channels: vec![
            channel("shopify", Mode::Live, shop, Some(640)),
            channel("amazon_de", Mode::Live, amazon, Some(94_200)),
            ebay(),
            channel("otto", Mode::Shadow, otto, None),
        ],
        prices: counts([107_425, 0, 0, 0, 320, 225, 0, 0, 31_940]),
        sources: vec![erp(), source("till")],
        notifiers: Vec::new(),
        complaints: [("as_of_in_the_future".to_owned(), 3)].into(),
        next: Some("omnistock holds list".to_owned()),
    }
}

#[test]
fn a_busy_night_on_one_page() {
    let expected = "\
omnistock 0.1.0                                          Fri 27 Nov 03:22:07 CET
ATTENTION: 2 held, h-412 paged 03:01                        gate closed, up 41 d
gate: till has given no complete snapshot yet

CHANNEL    MODE   LISTINGS IN_SYNC WAITING  HELD PARKED UNMAPPED  OTHER LAG_P99
shopify    live     41,870  38,741      12 3,102      6        0      9   0.6 s
amazon_de  live     27,640  25,102     388 1,940     41      112     57    94 s
ebay_de    lower         0       0       0     0      0        0      0       -
otto       shadow   31,940       0       0     0      0        0 31,940       -
WAITING = pending + in_flight + accepted; OTHER = excluded + paused
ebay_de: the vendor asked for a pause, until 03:25
ebay_de: 3 of 1,204 calls failed, last 03:21 write: answer 503: Service
  Unavailable
prices: 107,425 in_sync, 320 held, 225 parked (refused, or no floor), 31,940
  paused
erp 15 s old (limit 5 min), 20,118 rows in stock-0312.csv
erp held 03:00 stock-0313.csv: 3,102 of 20,118 SKUs to 0 (limit 5 %)
erp refused 26 Nov 22:00 stock-0309.csv: line 17, column Bestand: `12,x` is no
  number
erp names 7 unknown locations: B/09, B/10, …
till has not reported yet
set aside: 3 as_of_in_the_future
store: embedded /var/lib/omnistock, 4 reports to apply
next: omnistock holds list
";
    let page = render(&busy(), &TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    assert_eq!(page, expected, "\n{page}");
}

#[test]
fn a_quiet_daemon_says_so() {
    let status = Status {
        version: "0.1.0".to_owned(),
        at: at("2026-01-05T12:00:00Z"),
        started_at: at("2026-01-05T11:59:00Z"),
        gate: Gate {
            open: true,
            missing: vec![],
        },
        ..Status::default()
    };
    let expected = "\
omnistock 0.1.0                                           Mon 5 Jan 12:00:00 UTC
nothing needs attention                                       gate open, up 60 s

no channels configured
";
    assert_eq!(render(&status, &TimeZone::UTC), expected);
}

#[test]
fn the_page_stays_within_80_columns_with_long_names_and_words() {
    let mut status = busy();
    status.channels[0].name = "a_channel_with_a_name_of_the_greatest_length_that_there_may_be_1"
        .parse()
        .unwrap();
    status.channels[0].listings = counts([1_000_000, 0, 0, 0, 50_000_000, 0, 0, 0, 2_000_000]);
    status.channels[1].mode = Mode::Draining;
    status.channels[0].waiting = Some("word".repeat(60));
    status.attention = vec!["x".repeat(120)];
    let page = render(&status, &TimeZone::UTC);
    assert!(page.contains("\na_ch..e_1  live          53M   1000k "), "{page}");
    let long: Vec<&str> = page.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn an_older_daemon_with_fewer_facts_is_still_read() {
    let status: Status = serde_json::from_str(r#"{"version":"0.0.9","channels":[{"name":"shop"}]}"#).unwrap();
    assert!(render(&status, &TimeZone::UTC).contains("shop"));
}

#[test]
fn states_add_up_to_the_catalogue() {
    let mut counts = StateCounts::default();
    for state in ListingState::ALL {
        counts.add(state, 1);
        assert_eq!(counts.get(state), 1, "{}", state.name());
    }
    assert_eq!(counts.total(), 9);
    assert_eq!(counts.waiting() + counts.other() + 4, counts.total());
}

#[test]
fn a_mode_from_the_command_line_is_told_with_the_files_and_its_end() {
    let mut status = Status {
        at: at("2026-11-27T02:22:07Z"),
        channels: vec![channel("otto", Mode::Shadow, StateCounts::default(), None)],
        ..Status::default()
    };
    let otto = &mut status.channels[0];
    otto.steered = Some(crate::server::SteeredStatus {
        file: Mode::Live,
        since: at("2026-11-27T02:00:00Z"),
        until: Some(at("2026-11-27T05:00:00Z")),
        reason: "stocktaking".to_owned(),
    });
    otto.drained = 3;
    otto.compared = Some(Compared {
        equal: 31_902,
        up: 30,
        down: 8,
        to_zero: 2,
        excess: Quantity::whole(19),
        missing: Quantity::whole(41),
        worst: Some(crate::server::Worst {
            listing: "17".parse().unwrap(),
            sku: Some("VASE-2".parse().unwrap()),
            ours: Quantity::whole(0),
            there: Quantity::whole(9),
        }),
    });
    let page = render(&status, &TimeZone::UTC);
    for line in [
        "otto: shadow since 02:00 until 05:00 by a person (file: live): stocktaking\n",
        "otto: 3 listings still to be restored\n",
        "otto: would write 38 of 31,940 listings: 30 up, 8 down, 2 of them to 0; it shows\n  19 units that do not exist, and lacks 41; worst VASE-2: 9 there, 0 ours\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
}
