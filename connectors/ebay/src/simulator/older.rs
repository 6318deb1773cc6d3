//! The Trading API: all that is for sale, single listings, and revising up to four that have no inventory item.

use super::server::Call;
use super::shop::{Accepted, Older, Shop, Variation};
use super::tokens::Owner;
use crate::trading::MOST;
use crate::xml::{Node, element};
use axum::http::header;
use axum::response::{IntoResponse, Response};

const NAMESPACE: &str = "urn:ebay:apis:eBLBaseComponents";

/// The vendor's number of "made with the Inventory API: not by this call" is not documented.
const INVENTORY_MODEL: &str = "21919474";

pub(super) fn answer(shop: &mut Shop, call: &Call<'_>) -> Response {
    let name = call
        .headers
        .get("x-ebay-api-call-name")
        .and_then(|value| value.to_str().ok());
    let name = name.unwrap_or_default().to_owned();
    let token = call
        .headers
        .get("x-ebay-api-iaf-token")
        .and_then(|value| value.to_str().ok());
    let inner = if token.and_then(|token| shop.tokens.owner(token)) != Some(Owner::Seller) {
        failure(&[problem("21917053", "Expired IAF token.", "RequestError")])
    } else if !shop.spend("tradingapi") {
        shop.counters.throttled += 1;
        failure(&[problem(
            "518",
            "Your application has exceeded usage limit on this call.",
            "RequestError",
        )])
    } else {
        match Node::parse(call.body) {
            Ok(root) if root.name() == format!("{name}Request") => carry_out(shop, &name, &root),
            _ => failure(&[problem("5", "XML Parse error.", "RequestError")]),
        }
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}Response xmlns=\"{NAMESPACE}\"><Timestamp>{}</Timestamp>{inner}<Version>1379</Version></{name}Response>",
        crate::windows::stamp(shop.now())
    );
    ([(header::CONTENT_TYPE, "text/xml;charset=utf-8")], body).into_response()
}

fn problem(code: &str, words: &str, class: &str) -> String {
    let parts = [
        element("ShortMessage", words),
        element("LongMessage", words),
        element("ErrorCode", code),
        element("SeverityCode", "Error"),
        element("ErrorClassification", class),
    ];
    format!("<Errors>{}</Errors>", parts.concat())
}

fn failure(problems: &[String]) -> String {
    format!("<Ack>Failure</Ack>{}", problems.concat())
}

fn carry_out(shop: &mut Shop, name: &str, root: &Node) -> String {
    match name {
        "GetMyeBaySelling" => active(shop, root),
        "GetItem" => item(shop, root),
        "ReviseInventoryStatus" => revise(shop, root),
        _ => failure(&[problem("2", "Unsupported API call.", "RequestError")]),
    }
}

fn amount(name: &str, price: &(String, String)) -> String {
    format!("<{name} currencyID=\"{}\">{}</{name}>", price.1, price.0)
}

fn number(variation: &Variation, list: bool) -> String {
    let mut inner = variation
        .sku
        .as_ref()
        .map(|sku| element("SKU", sku))
        .unwrap_or_default();
    inner.push_str(&amount("StartPrice", &variation.price));
    inner.push_str(&element("Quantity", &(variation.left + variation.sold).to_string()));
    if list {
        inner.push_str(&element("QuantityAvailable", &variation.left.to_string()));
    }
    inner
}

/// `ListingStatus` is of the whole listing; what was sold stands at each variation.
fn selling(sold: Option<i64>, status: Option<&str>) -> String {
    let sold = sold.map(|sold| element("QuantitySold", &sold.to_string()));
    let status = status.map(|status| element("ListingStatus", status));
    let inner: String = sold.into_iter().chain(status).collect();
    format!("<SellingStatus>{inner}</SellingStatus>")
}

fn older(id: u64, older: &Older, list: bool) -> String {
    let head = element("ItemID", &id.to_string()) + &element("ListingType", "FixedPriceItem");
    // The vendor's word for a listing that is over.
    let status = if older.ended { "Completed" } else { "Active" };
    if older.varies {
        let one = |one: &Variation| number(one, false) + &selling(Some(one.sold), None);
        let each = older.numbers.iter();
        let all: Vec<String> = each
            .map(|number| format!("<Variation>{}</Variation>", one(number)))
            .collect();
        let own = selling(None, Some(status));
        return format!("<Item>{head}{own}<Variations>{}</Variations></Item>", all.concat());
    }
    let one = |one: &Variation| number(one, list) + &selling(Some(one.sold), Some(status));
    let inner: String = older.numbers.iter().map(one).collect();
    format!("<Item>{head}{inner}</Item>")
}

/// A page of the Inventory model, as this interface shows it: with its variations where it has several.
fn newer(shop: &Shop, page: u64, list: bool) -> String {
    let offers = shop.offers_on(page).into_iter();
    let ended = offers.clone().all(|(_, offer)| offer.ended);
    let numbers = offers.map(|(id, offer)| Variation {
        sku: Some(offer.sku.clone()),
        left: shop.shown_by(id).unwrap_or(0),
        sold: offer.sold,
        price: offer.price.clone(),
    });
    let numbers: Vec<Variation> = numbers.collect();
    let varies = numbers.len() > 1;
    older(page, &Older { numbers, varies, ended }, list)
}

fn active(shop: &Shop, root: &Node) -> String {
    let asked = |path: &str| root.number_at(path).and_then(|number| usize::try_from(number).ok());
    let size = asked("ActiveList/Pagination/EntriesPerPage")
        .unwrap_or(25)
        .clamp(1, 200);
    let page = asked("ActiveList/Pagination/PageNumber").unwrap_or(1).max(1);
    let pages = shop
        .offers
        .values()
        .filter(|offer| offer.published && !offer.ended)
        .filter_map(|offer| offer.page);
    let mut all: Vec<u64> = pages.collect();
    all.extend(shop.older.iter().filter(|(_, older)| !older.ended).map(|(id, _)| *id));
    all.sort_unstable();
    all.dedup();
    let total = all.len();
    let some = all.iter().skip((page - 1) * size).take(size);
    let rows: String = some
        .map(|id| {
            shop.older
                .get(id)
                .map_or_else(|| newer(shop, *id, true), |one| older(*id, one, true))
        })
        .collect();
    if rows.is_empty() {
        return "<Ack>Success</Ack>".to_owned();
    }
    let pages = element("TotalNumberOfPages", &total.div_ceil(size).to_string());
    let entries = element("TotalNumberOfEntries", &total.to_string());
    format!(
        "<Ack>Success</Ack><ActiveList><ItemArray>{rows}</ItemArray><PaginationResult>{pages}{entries}</PaginationResult></ActiveList>"
    )
}

fn item(shop: &Shop, root: &Node) -> String {
    let id = root
        .number_at("ItemID")
        .and_then(|id| u64::try_from(id).ok())
        .unwrap_or_default();
    if let Some(one) = shop.older.get(&id) {
        return format!("<Ack>Success</Ack>{}", older(id, one, false));
    }
    if shop.offers.values().any(|offer| offer.page == Some(id)) {
        return format!("<Ack>Success</Ack>{}", newer(shop, id, false));
    }
    failure(&[problem(
        "17",
        "This item cannot be accessed because the listing has been deleted.",
        "RequestError",
    )])
}

fn revise(shop: &mut Shop, root: &Node) -> String {
    let nodes: Vec<Node> = root.all("InventoryStatus").cloned().collect();
    if nodes.is_empty() || nodes.len() > MOST {
        return failure(&[problem(
            "21916564",
            "Between 1 and 4 InventoryStatus are allowed.",
            "RequestError",
        )]);
    }
    let (mut done, mut problems) = (String::new(), Vec::new());
    for node in &nodes {
        match revise_one(shop, node) {
            Ok(status) => done.push_str(&status),
            Err(problem) => problems.push(problem),
        }
    }
    let ack = match (done.is_empty(), problems.is_empty()) {
        (false, true) => "Success",
        (false, false) => "PartialFailure",
        _ => "Failure",
    };
    format!("<Ack>{ack}</Ack>{}{done}", problems.concat())
}

fn revise_one(shop: &mut Shop, node: &Node) -> Result<String, String> {
    let refused = |code: &str, words: &str| Err(problem(code, words, "RequestError"));
    let id = node
        .number_at("ItemID")
        .and_then(|id| u64::try_from(id).ok())
        .unwrap_or_default();
    if shop.offers.values().any(|offer| offer.page == Some(id)) {
        return refused(
            INVENTORY_MODEL,
            "This listing was made with the Inventory API and can't be revised by this call.",
        );
    }
    let Some(known) = shop.older.get(&id).filter(|older| !older.ended) else {
        return refused("291", "You are not allowed to revise an ended item.");
    };
    let sku = node.text_at("SKU").map(str::to_owned);
    let same = known.numbers.iter().find(|number| !known.varies || number.sku == sku);
    let Some(number) = same.cloned() else {
        return refused(
            "21916799",
            "SKU Mismatch. The SKU does not exist in the listing as a variation.",
        );
    };
    if number.sku.is_some() && shop.faults.failing_sku == number.sku {
        return Err(problem("10007", "Internal error to the application.", "SystemError"));
    }
    let quantity = match node.text_at("Quantity").map(str::parse::<i64>) {
        None => None,
        Some(Ok(units)) if units >= 0 => Some(units),
        Some(_) => return refused("515", "The quantity must be a valid number greater than 0."),
    };
    let price = node.text_at("StartPrice").map(str::to_owned);
    if !shop.revise(id) {
        return refused("21919189", "You have revised this item 250 times this calendar day.");
    }
    shop.accept(Accepted::Older {
        item: id,
        sku: sku.clone(),
        quantity,
        price,
    });
    let status = [
        element("ItemID", &id.to_string()),
        element("SKU", number.sku.as_deref().unwrap_or_default()),
        element("StartPrice", &number.price.0),
        element("Quantity", &quantity.unwrap_or(number.left).to_string()),
    ];
    Ok(format!("<InventoryStatus>{}</InventoryStatus>", status.concat()))
}
