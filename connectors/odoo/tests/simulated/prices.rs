//! Prices of a field and of a pricelist.

use super::office::{Office, accepted, stock};
use omnistock_sdk::ErrorClass;
use omnistock_words::Basis;
use serde_json::json;

#[tokio::test]
async fn prices_come_with_the_full_pass_as_decimals_in_their_currency() {
    let office = Office::open().await;
    let product = office.add("A", 1);
    office.add("B", 1);
    let list = office.simulator.books(|books| {
        let list = books.add_pricelist("EUR");
        books.add_price(list, product, "19.9");
        list
    });
    let change = json!({"prices": {"retail": {"pricelist": list, "currency": "EUR"}, "cost": {"field": "standard_price", "currency": "EUR"}}});
    let reports = accepted(office.connector(Basis::Physical, &change).as_ref()).await;
    let mut found: Vec<String> = stock(&reports)
        .unwrap()
        .prices
        .iter()
        .map(|row| format!("{} {} {}", row.list, row.sku, row.price))
        .collect();
    found.sort();
    assert_eq!(
        found,
        ["cost A 4 EUR", "cost B 4 EUR", "retail A 19.9 EUR"],
        "B has no fixed price and gets none"
    );
}

#[tokio::test]
async fn another_currency_and_a_list_that_is_not_there_are_for_a_person() {
    let office = Office::open().await;
    office.add("A", 1);
    let list = office.simulator.books(|books| books.add_pricelist("CHF"));
    for (id, named) in [(list, "CHF"), (list + 1, "no pricelist")] {
        let change = json!({"prices": {"retail": {"pricelist": id, "currency": "EUR"}}});
        let error = office.connector(Basis::Physical, &change).check().await.unwrap_err();
        assert!(
            error.class == ErrorClass::Operator && error.message.contains(named),
            "{error}"
        );
    }
}
