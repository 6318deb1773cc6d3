//! The rest of a product and of an order: what the vendor sends with every one of them, and nobody here reads.
//!
//! Our parsers have to find their fields in all of it, and a call costs what it really costs. What is the same in all
//! rows is written once and copied: the shop answers on the cores of the daemon that is measured.

use super::answer::gmt;
use super::records::{ShopLine, ShopOrder};
use super::shop::{Product, Shop};
use omnistock_words::Millis;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What one unit costs in an order, in hundredths of the currency.
const UNIT: i64 = 990;

/// Adds the fields of `more`, where it is an object.
pub(super) fn join(to: &mut Value, more: Value) {
    if let (Some(to), Value::Object(more)) = (to.as_object_mut(), more) {
        to.extend(more);
    }
}

fn local(shop: &Shop, at: Millis) -> String {
    gmt(at.plus(shop.offset * 1_000))
}

fn links(shop: &Shop, room: &str, id: u64) -> Value {
    let root = format!("{}/wp-json/wc/v3/{room}", shop.address);
    let hints = json!({"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]});
    json!({"self": [{"href": format!("{root}/{id}"), "targetHints": hints}], "collection": [{"href": root}]})
}

/// What is the same in all products.
const PRODUCT: &str = r#""featured":false,"catalog_visibility":"visible","description":"","short_description":"","purchasable":true,"total_sales":0,"virtual":false,"downloadable":false,"downloads":[],"download_limit":-1,"download_expiry":-1,"external_url":"","button_text":"","tax_status":"taxable","tax_class":"","backorders_allowed":false,"backordered":false,"sold_individually":false,"weight":"","dimensions":{"length":"","width":"","height":""},"shipping_required":true,"shipping_taxable":true,"shipping_class":"","shipping_class_id":0,"reviews_allowed":true,"average_rating":"0.00","rating_count":0,"upsell_ids":[],"cross_sell_ids":[],"purchase_note":"","global_unique_id":"","categories":[{"id":1,"name":"Articles","slug":"articles"}],"brands":[],"tags":[],"images":[],"attributes":[],"default_attributes":[],"grouped_products":[],"menu_order":0,"post_password":"""#;

/// What is the same in all lines of orders.
pub(super) const LINE: &str = r#""tax_class":"","subtotal_tax":"0.00","total_tax":"0.00","taxes":[],"global_unique_id":"","price":9.9,"image":{"id":"","src":""},"parent_name":null"#;

/// A row with more fields, which are given as text.
pub(super) fn with(row: &Value, more: &str) -> String {
    let mut text = row.to_string();
    text.pop();
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push_str(more);
    text.push('}');
    text
}

fn read(fields: &str) -> Value {
    serde_json::from_str(&format!("{{{fields}}}")).unwrap_or_default()
}

/// A product with what it has beside its identity, its stock and its prices.
pub(super) fn product(shop: &Shop, id: u64, product: &Product, mut row: Value) -> Value {
    own_of_product(shop, id, product, &mut row);
    join(&mut row, read(PRODUCT));
    row
}

/// The same as text.
pub(super) fn product_text(shop: &Shop, id: u64, product: &Product, mut row: Value) -> String {
    own_of_product(shop, id, product, &mut row);
    with(&row, PRODUCT)
}

fn own_of_product(shop: &Shop, id: u64, product: &Product, row: &mut Value) {
    let slug = format!("article-{id}");
    let date = |at: Option<Millis>| at.map(|at| local(shop, at));
    let others = shop.tops.iter().filter(|other| **other != id);
    let related: Vec<u64> = others.take(5).copied().collect();
    join(
        row,
        json!({
            "slug": slug, "permalink": format!("{}/product/{slug}/", shop.address),
            "date_created": local(shop, product.created), "date_created_gmt": gmt(product.created),
            "date_on_sale_from": date(product.price.from), "date_on_sale_to": date(product.price.to),
            "price_html": format!("<span>{}</span>", product.price.now()), "related_ids": related,
            "has_options": product.kind == "variable", "_links": links(shop, "products", id),
        }),
    );
}

fn money(hundredths: i64) -> String {
    Decimal::new(hundredths, 2).to_string()
}

/// A line of an order with what it has beside its article and its quantity.
pub(super) fn line(line: &ShopLine, mut row: Value) -> Value {
    own_of_line(line, &mut row);
    join(&mut row, read(LINE));
    row
}

/// What the units of a line cost together.
pub(super) fn total(line: &ShopLine) -> String {
    money(line.quantity.saturating_mul(UNIT))
}

fn own_of_line(line: &ShopLine, row: &mut Value) {
    let total = total(line);
    join(row, json!({"subtotal": total, "total": total}));
}

/// What an order has beside its identity, its status and its lines.
pub(super) fn order(shop: &Shop, order: &ShopOrder, row: &mut Value) {
    let units = order
        .lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.quantity));
    let total = money(units.saturating_mul(UNIT));
    let key = format!("wc_order_{:013}", order.id);
    let refunds: Vec<Value> = (order.refund.iter())
        .map(|id| json!({"id": id, "reason": "All of it.", "total": format!("-{total}"), "total_tax": "0.00"}))
        .collect();
    join(
        row,
        json!({
            "version": "11.0.1", "prices_include_tax": false, "discount_total": "0.00", "discount_tax": "0.00",
            "shipping_total": "0.00", "shipping_tax": "0.00", "cart_tax": "0.00", "total": total, "total_tax": "0.00",
            "order_key": key, "payment_method": "", "payment_method_title": "", "transaction_id": "",
            "customer_ip_address": "", "customer_user_agent": "", "created_via": "rest-api", "customer_note": "",
            "date_paid": order.paid.map(|at| local(shop, at)), "date_paid_gmt": order.paid.map(gmt), "cart_hash": "",
        }),
    );
    let address = |first: &str, last: &str| {
        json!({"first_name": first, "last_name": last, "company": "", "address_1": "", "address_2": "", "city": "",
               "state": "", "postcode": "", "country": "", "phone": ""})
    };
    let mut billing = address("A", "B");
    join(&mut billing, json!({"email": "buyer@example.test"}));
    let mut links = links(shop, "orders", order.id);
    let templates = format!(
        "{}/wp-json/wc/v3/orders/{}/actions/email_templates",
        shop.address, order.id
    );
    join(
        &mut links,
        json!({"email_templates": [{"embeddable": true, "href": templates}]}),
    );
    let pay = format!(
        "{}/checkout/order-pay/{}/?pay_for_order=true&key={key}",
        shop.address, order.id
    );
    join(
        row,
        json!({
            "billing": billing, "shipping": address("", ""), "tax_lines": [], "shipping_lines": [], "fee_lines": [],
            "coupon_lines": [], "refunds": refunds, "payment_url": pay, "currency_symbol": "€", "_links": links,
            "is_editable": matches!(order.status.as_str(), "pending" | "on-hold"),
            "needs_payment": order.status == "pending", "needs_processing": true,
        }),
    );
}
