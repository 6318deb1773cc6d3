//! Full passes: sums per place, what each basis means, proof, what is left out and told.

use super::office::{Office, accepted, figures, map, refused, stock};
use omnistock_words::{Basis, Quantity};
use serde_json::json;

#[tokio::test]
async fn every_version_and_interface_gives_the_same_figures() {
    for version in [14, 15, 16, 17, 18, 19] {
        let office = Office::of(version).await;
        let product = office.add("A", 10);
        office.simulator.books(|books| {
            books.set_quant(product, office.shelf, "2.5".parse().unwrap());
            books.add_quant(product, office.berlin, Quantity::whole(-3), None);
            books.set_quant(product, office.hamburg, Quantity::whole(4));
        });
        let reports = accepted(office.connector(Basis::Physical, &json!({})).as_ref()).await;
        let report = stock(&reports).unwrap();
        assert!(report.complete, "{version}");
        // Below berlin is berlin; a quant below zero belongs to the sum.
        assert_eq!(
            figures(report),
            map(&[("A@berlin", "9.5"), ("A@hamburg", "4")]),
            "{version}"
        );
        let interfaces = office.simulator.counters().interfaces;
        assert_eq!(
            interfaces.contains_key("/json/2"),
            version >= 19,
            "{version}: {interfaces:?}"
        );
    }
}

#[tokio::test]
async fn an_article_without_a_quant_has_none() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    office.set(product, office.berlin, 0);
    let reports = accepted(office.connector(Basis::Physical, &json!({})).as_ref()).await;
    assert_eq!(
        figures(stock(&reports).unwrap()),
        map(&[("A@berlin", "0"), ("A@hamburg", "0")])
    );
}

#[tokio::test]
async fn each_basis_reads_its_own_figure() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    office.simulator.books(|books| {
        let set_aside = books.take_order("B2B 1", &[(product, 3, "")]);
        books.confirm(set_aside, office.berlin, office.customers);
        books.reserve(set_aside);
        let waiting = books.take_order("B2B 2", &[(product, 2, "")]);
        books.confirm(waiting, office.berlin, office.customers);
        books.take_order("a quotation", &[(product, 5, "")]);
    });
    for (basis, expected) in [
        (Basis::Physical, "10"),
        (Basis::NetOfReserved, "7"),
        (Basis::NetOfOrders, "5"),
    ] {
        let reports = accepted(office.connector(basis, &json!({})).as_ref()).await;
        assert_eq!(figures(stock(&reports).unwrap())["A@berlin"], expected, "{basis:?}");
    }
}

#[tokio::test]
async fn goods_of_others_count_only_if_said_so() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    office
        .simulator
        .books(|books| books.add_quant(product, office.berlin, Quantity::whole(5), Some(77)));
    let of = async |change| {
        figures(stock(&accepted(office.connector(Basis::Physical, &change).as_ref()).await).unwrap())["A@berlin"]
            .clone()
    };
    assert_eq!(
        (of(json!({})).await, of(json!({"consigned": true})).await),
        ("10".to_owned(), "15".to_owned())
    );
}

#[tokio::test]
async fn pages_add_up_to_everything() {
    let office = Office::open().await;
    for index in 0..23 {
        office.add(&format!("A{index}"), index + 1);
    }
    for page in [1, 7, 23, 500] {
        let reports = accepted(office.connector(Basis::Physical, &json!({"page": page})).as_ref()).await;
        let report = stock(&reports).unwrap();
        let total: Quantity = report.rows.iter().map(|row| row.quantity).sum();
        assert_eq!(
            (report.complete, report.rows.len(), total),
            (true, 46, Quantity::whole(276)),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_transfer_while_paging_is_not_seen_twice() {
    let office = Office::open().await;
    let (first, second) = (office.add("A", 10), office.add("B", 10));
    let (berlin, hamburg) = (office.berlin, office.hamburg);
    office.set(second, hamburg, 1);
    office
        .simulator
        .while_paging(move |books| books.transfer(first, berlin, hamburg, Quantity::whole(4)));
    let reports = accepted(office.connector(Basis::Physical, &json!({"page": 1})).as_ref()).await;
    let report = stock(&reports).unwrap();
    assert!(report.complete);
    let expected = map(&[
        ("A@berlin", "6"),
        ("A@hamburg", "4"),
        ("B@berlin", "10"),
        ("B@hamburg", "1"),
    ]);
    assert_eq!(figures(report), expected);
}

#[tokio::test]
async fn quants_that_are_merged_while_paging_are_counted_right() {
    let office = Office::open().await;
    let product = office.add("A", 3);
    let other = office.add("B", 1);
    let berlin = office.berlin;
    office
        .simulator
        .books(|books| books.add_quant(product, berlin, Quantity::whole(-2), None));
    // Without a time of change, as Odoo does it: only the counts can tell.
    office
        .simulator
        .while_paging(move |books| books.merge_quants(product, berlin));
    let reports = accepted(office.connector(Basis::Physical, &json!({"page": 1})).as_ref()).await;
    let report = stock(&reports).unwrap();
    assert_eq!(
        (report.complete, figures(report)["A@berlin"].as_str()),
        (true, "1"),
        "{other}"
    );
}

#[tokio::test]
async fn what_can_not_be_an_article_is_told_once_and_the_rest_goes_on() {
    let office = Office::open().await;
    let (one, two) = (office.add("A", 1), office.add("A", 2));
    office.add("b", 3);
    office.add("B", 4);
    office.simulator.books(|books| books.add_product(None));
    let connector = office.connector(Basis::Physical, &json!({"full_every_ms": 100}));
    let reports = accepted(connector.as_ref()).await;
    let report = stock(&reports).unwrap();
    assert!(report.complete);
    let known: Vec<String> = figures(report).into_keys().collect();
    assert_eq!(known, ["B@berlin", "B@hamburg", "b@berlin", "b@hamburg"]);
    let told = refused(&reports);
    for part in [
        format!("[{one}, {two}]"),
        "1 storable products have no internal reference".to_owned(),
        "only in case".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    connector.stock().unwrap().begin().await.unwrap();
    let again = accepted(connector.as_ref()).await;
    assert!(!refused(&again).is_empty(), "a new reader is told anew");
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let again = accepted(connector.as_ref()).await;
    assert!(
        stock(&again).unwrap().complete && refused(&again).is_empty(),
        "the same is not told again"
    );
}

#[tokio::test]
async fn an_archived_article_is_in_the_books_and_not_for_sale_and_one_of_its_name_is_meant_instead() {
    let office = Office::open().await;
    let old = office.add("A", 5);
    office
        .simulator
        .books(|books| books.change_product(old, &json!({"active": false})));
    let reports = accepted(office.connector(Basis::Physical, &json!({})).as_ref()).await;
    let row = stock(&reports).unwrap().rows.iter().next().unwrap();
    assert_eq!((row.sellable, row.quantity), (false, Quantity::whole(5)));
    office.add("A", 2);
    let reports = accepted(office.connector(Basis::Physical, &json!({})).as_ref()).await;
    let row = stock(&reports).unwrap().rows.iter().next().unwrap();
    assert_eq!((row.sellable, row.quantity), (true, Quantity::whole(2)));
}

#[tokio::test]
async fn stock_at_places_nobody_declared_is_counted_and_articles_can_be_chosen() {
    let office = Office::open().await;
    let product = office.add("A", 1);
    office.add("RAW-1", 9);
    office.simulator.books(|books| {
        let third = books.add_location("WH3/Stock", "internal", None);
        books.set_quant(product, third, Quantity::whole(8));
    });
    let only = json!({"products": [["default_code", "not in", ["RAW-1"]]]});
    let reports = accepted(office.connector(Basis::Physical, &only).as_ref()).await;
    let report = stock(&reports).unwrap();
    assert_eq!(
        report.unknown_locations,
        [("WH3/Stock".to_owned(), 1)].into_iter().collect()
    );
    assert_eq!(figures(report), map(&[("A@berlin", "1"), ("A@hamburg", "0")]));
}
