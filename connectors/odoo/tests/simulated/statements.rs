//! Which orders the figures contain, by basis and by what became of them.

use super::office::{Office, accepted, figures, map, orders, stated, statements, stock};
use omnistock_words::Basis;
use serde_json::json;

#[tokio::test]
async fn an_order_is_contained_from_the_status_on_that_the_basis_names() {
    for version in [14, 16, 17, 19] {
        for (basis, expected) in [
            (Basis::Physical, ["0", "0", "0", "3"]),
            (Basis::NetOfReserved, ["0", "0", "3", "3"]),
            (Basis::NetOfOrders, ["0", "3", "3", "3"]),
        ] {
            let office = Office::of(version).await;
            let product = office.add("A", 10);
            let connector = office.connector(basis, &orders());
            let order = office
                .simulator
                .books(|books| books.take_order("S-1001", &[(product, 3, "77")]));
            let mut found = Vec::new();
            for step in 0..4 {
                office.simulator.books(|books| match step {
                    0 => {}
                    1 => books.confirm(order, office.berlin, office.customers),
                    2 => books.reserve(order),
                    _ => books.ship(order),
                });
                let reports = accepted(connector.as_ref()).await;
                let report = statements(&reports).unwrap();
                assert_eq!(report.rows[0].channel.as_str(), "shop");
                assert_eq!(
                    report.as_of,
                    stock(&reports).unwrap().as_of,
                    "of the figures that were read between the looks"
                );
                found.push(stated(report)["1001/77"].clone());
                let figure: i64 = figures(stock(&reports).unwrap())["A@berlin"].parse().unwrap();
                let contained: i64 = found[step].parse().unwrap();
                assert_eq!(
                    figure + contained,
                    10,
                    "{version} {basis:?}: what is contained is what is missing"
                );
            }
            assert_eq!(found, expected, "{version} {basis:?}");
        }
    }
}

#[tokio::test]
async fn cancelling_and_giving_back_take_the_statement_back() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::NetOfReserved, &orders());
    let (one, two) = office.simulator.books(|books| {
        let (one, two) = (
            books.take_order("S-1", &[(product, 3, "a")]),
            books.take_order("S-2", &[(product, 2, "b")]),
        );
        for order in [one, two] {
            books.confirm(order, office.berlin, office.customers);
            books.reserve(order);
        }
        (one, two)
    });
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(
        stated(statements(&reports).unwrap()),
        map(&[("1/a", "3"), ("2/b", "2")])
    );
    office.simulator.books(|books| {
        books.cancel(one);
        books.unreserve(two);
    });
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(
        stated(statements(&reports).unwrap()),
        map(&[("1/a", "0"), ("2/b", "0")])
    );
    assert_eq!(figures(stock(&reports).unwrap())["A@berlin"], "10");
}

#[tokio::test]
async fn what_is_set_aside_in_part_is_contained_in_part() {
    let office = Office::open().await;
    let product = office.add("A", 2);
    let connector = office.connector(Basis::NetOfReserved, &orders());
    office.simulator.books(|books| {
        let order = books.take_order("S-1", &[(product, 5, "a")]);
        books.confirm(order, office.berlin, office.customers);
        books.reserve(order);
    });
    assert_eq!(
        stated(statements(&accepted(connector.as_ref()).await).unwrap()),
        map(&[("1/a", "2")])
    );
}

#[tokio::test]
async fn what_ships_between_the_looks_waits_for_the_next_round() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::Physical, &orders());
    let (order, berlin, customers) = (
        office
            .simulator
            .books(|books| books.take_order("S-1", &[(product, 3, "a")])),
        office.berlin,
        office.customers,
    );
    office.simulator.books(|books| books.confirm(order, berlin, customers));
    // The quants are read before it, the second look is after it.
    office.simulator.while_paging(move |books| books.ship(order));
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(
        stated(statements(&reports).unwrap())["1/a"],
        "0",
        "of both looks the smaller"
    );
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(stated(statements(&reports).unwrap())["1/a"], "3");
    assert_eq!(figures(stock(&reports).unwrap())["A@berlin"], "7");
}

#[tokio::test]
async fn an_order_made_twice_is_added_up_and_those_of_others_are_left_alone() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    let connector = office.connector(Basis::NetOfOrders, &orders());
    office.simulator.books(|books| {
        let first = books.take_order("S-1", &[(product, 3, "a")]);
        books.confirm(first, office.berlin, office.customers);
        books.cancel(first);
        let second = books.take_order("S-1", &[(product, 3, "a"), (product, 1, "")]);
        let customer = books.take_order("PO 4711", &[(product, 2, "a")]);
        for order in [second, customer] {
            books.confirm(order, office.berlin, office.customers);
        }
    });
    let reports = accepted(connector.as_ref()).await;
    assert_eq!(
        stated(statements(&reports).unwrap()),
        map(&[("1/a", "3")]),
        "a line without a mark is nobody's"
    );
    assert_eq!(
        figures(stock(&reports).unwrap())["A@berlin"],
        "4",
        "what others ordered is in the figure"
    );
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_named() {
    let office = Office::open().await;
    let product = office.add("A", 10);
    office
        .simulator
        .books(|books| books.take_order("S-1", &[(product, 1, "a")]));
    let change = json!({"orders": {"line_field": "x_other", "channels": {"shop": {"prefix": "S-"}}}});
    let error = office.connector(Basis::Physical, &change).check().await.unwrap_err();
    assert!(
        error.message.contains("x_other") && error.message.contains("`orders`"),
        "{error}"
    );
}
