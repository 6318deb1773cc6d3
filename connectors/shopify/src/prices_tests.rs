//! What goes to the vendor as a price, and what an error names.

use super::*;

fn price(amount: &str, compared: Option<&str>) -> Price {
    let money = |text: &str| Money::new(text.parse().unwrap(), "EUR".parse().unwrap()).unwrap();
    Price {
        amount: money(amount),
        compare_at: compared.map(money),
    }
}

#[test]
fn a_former_price_is_in_a_call_only_where_it_is_ours() {
    let id = "gid://shopify/ProductVariant/7";
    let sale = price("9.90", Some("12.90"));
    assert_eq!(row("7", sale, false), json!({"id": id, "price": "9.90"}));
    assert_eq!(
        row("7", sale, true),
        json!({"id": id, "price": "9.90", "compareAtPrice": "12.90"})
    );
    let plain = price("9.90", None);
    assert_eq!(
        row("7", plain, true),
        json!({"id": id, "price": "9.90", "compareAtPrice": null})
    );
    let upside_down = price("9.90", Some("8.00"));
    assert_eq!(
        row("7", upside_down, true),
        json!({"id": id, "price": "9.90", "compareAtPrice": null})
    );
}

#[test]
fn an_error_names_its_variant_or_all() {
    let error = |field: Option<&[&str]>| wire::UserError {
        field: field.map(|field| field.iter().map(|part| (*part).to_owned()).collect()),
        message: "no".to_owned(),
        code: Some("GREATER_THAN_OR_EQUAL_TO".to_owned()),
    };
    assert_eq!(place(&error(Some(&["variants", "1", "price"])), 2), Some(1));
    for other in [
        None,
        Some(["variants", "2", "price"].as_slice()),
        Some(&["productId"]),
        Some(&["variants"]),
    ] {
        assert_eq!(place(&error(other), 2), None, "{other:?}");
    }
    assert!(matches!(refused(&error(None)), PriceOutcome::Rejected { .. }));
}
