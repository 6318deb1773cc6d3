//! The simulator does what was seen of a real server: each line of the table in `README.md`.

use super::shop::Shop;
use omnistock_sdk::ConnectorError;
use omnistock_sdk::http::{Http, HttpSettings};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

async fn ask(shop: &Shop, path: &str, body: Option<Value>) -> Result<Value, ConnectorError> {
    let http = Http::new(HttpSettings::new(shop.simulator.url())).unwrap();
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let request = http
        .request(method, path)
        .basic_auth(shop.simulator.api_key(), Some(""));
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    http.send(request).await?.json()
}

#[tokio::test]
async fn a_list_of_prices_is_the_whole_set_and_the_later_of_two_counts() {
    let shop = Shop::open().await;
    shop.add("A", 5, 0);
    let variants = ask(&shop, "/admin/product-variants?fields=id", None).await.unwrap();
    let write = async |prices: Value| {
        let rows = json!({"update": [{"id": variants["variants"][0]["id"], "prices": prices}]});
        ask(&shop, "/admin/products/prod_other/variants/batch", Some(rows)).await
    };
    let asked = || shop.simulator.asked("A", "eur", None);
    let twice = json!([{"currency_code": "eur", "amount": 3}, {"currency_code": "eur", "amount": 4}]);
    write(twice).await.unwrap();
    assert_eq!(asked(), Some(Decimal::from(4)));
    let text = write(json!([{"currency_code": "eur", "amount": "3"}]))
        .await
        .unwrap_err();
    assert!(
        text.message
            .contains("Field 'update, 0, prices, 0, amount' is required"),
        "{text}"
    );
    assert_eq!(asked(), Some(Decimal::from(4)));
    write(json!([])).await.unwrap();
    assert_eq!(asked(), None);
}

#[tokio::test]
async fn whom_a_price_is_for_is_told_only_to_who_asks_for_the_fields_of_its_rules() {
    let shop = Shop::open().await;
    shop.add("A", 5, 0);
    shop.simulator.set_price("A", "eur", Some("reg_1"), Decimal::from(8));
    for (fields, rules) in [
        ("id,prices.id", json!({})),
        ("id,prices.id,prices.price_rules.value", json!({"region_id": "reg_1"})),
    ] {
        let path = format!("/admin/product-variants?fields={fields}");
        let told = ask(&shop, &path, None).await.unwrap();
        let price = &told["variants"][0]["prices"][1];
        assert_eq!(
            (&price["rules"], price.get("price_rules"), price.get("amount")),
            (&rules, None, None)
        );
    }
}

#[tokio::test]
async fn nobody_sets_a_number_below_zero_and_tiny_ones_are_nothing() {
    let shop = Shop::open().await;
    shop.add("A", 5, 0);
    assert!(!shop.simulator.set_stock("A", &shop.berlin, -1));
    assert!(shop.simulator.set_stock("A", &shop.berlin, 0));
    let items = ask(&shop, "/admin/inventory-items?fields=id", None).await.unwrap();
    for (number, stored) in [(json!(0.000_01), json!(0)), (json!(1.5), json!(1.5))] {
        let row = json!({"inventory_item_id": items["inventory_items"][0]["id"], "location_id": shop.berlin,
                         "stocked_quantity": number});
        let path = "/admin/inventory-items/location-levels/batch";
        let told = ask(&shop, path, Some(json!({"update": [row]}))).await.unwrap();
        assert_eq!(told["updated"][0]["stocked_quantity"], stored);
    }
}

#[tokio::test]
async fn one_orders_line_has_its_quantity_only_beside_that_of_its_detail_and_no_sku_is_null() {
    let shop = Shop::open().await;
    shop.add("", 5, 0);
    let order = shop.simulator.buy("", 2).unwrap();
    for (fields, quantity) in [
        ("id,items.quantity,items.variant_sku", None),
        (
            "id,items.quantity,items.variant_sku,items.detail.quantity",
            Some(json!(2)),
        ),
    ] {
        let told = ask(&shop, &format!("/admin/orders/{order}?fields={fields}"), None)
            .await
            .unwrap();
        let line = &told["order"]["items"][0];
        assert_eq!(
            (line.get("quantity"), &line["variant_sku"]),
            (quantity.as_ref(), &Value::Null)
        );
    }
}
