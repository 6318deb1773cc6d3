//! The older Trading model: listings that were made without inventory items. They are found among all active
//! listings, read one by one, and written four at a time.

use crate::client::Client;
use crate::inventory::{Row, money};
use crate::listing::Listing;
use crate::quotas::{LEAST, spent};
use crate::xml::{Node, element};
use omnistock_sdk::{ConnectorError, ListingReading};
use omnistock_words::{Millis, Quantity, Sku};

/// Listings in one write call, at most [documented].
pub(crate) const MOST: usize = 4;
/// Listings in a page, at most [documented].
pub(crate) const PAGE: u64 = 200;

const NAMESPACE: &str = "urn:ebay:apis:eBLBaseComponents";

/// The token is refused or over [documented].
const TOKEN: [&str; 5] = ["931", "932", "16110", "21916984", "21917053"];
/// The day's calls are used up, or too many came at once [documented].
const SPENT: [&str; 3] = ["518", "21919144", "2001"];
/// There is no such item any more [documented].
const GONE: [&str; 3] = ["17", "291", "21916271"];

/// What the vendor complains of, and whether it is a passing trouble of its own.
pub(crate) struct Complaint {
    /// Its number and words.
    pub(crate) words: String,
    code: String,
    passing: bool,
}

impl Complaint {
    fn read(error: &Node) -> Self {
        let text = |path: &str| error.text_at(path).unwrap_or_default().to_owned();
        let (code, mut words) = (text("ErrorCode"), text("LongMessage"));
        if words.is_empty() {
            words = text("ShortMessage");
        }
        Self {
            words: format!("error {code}: {words}"),
            passing: text("ErrorClassification") == "SystemError",
            code,
        }
    }

    /// Worth another try.
    pub(crate) fn passes(&self) -> bool {
        self.passing || SPENT.contains(&self.code.as_str())
    }
}

/// The errors of an answer, warnings left out.
pub(crate) fn complaints(root: &Node) -> Vec<Complaint> {
    let errors = root.all("Errors");
    let errors = errors.filter(|error| error.text_at("SeverityCode") != Some("Warning"));
    errors.map(Complaint::read).collect()
}

/// Makes a call; its answer, whatever it says but that the token or the quota is over.
pub(crate) async fn call(client: &Client, name: &str, inner: &str) -> Result<Node, ConnectorError> {
    client.quotas.trading()?;
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><{name}Request xmlns=\"{NAMESPACE}\">{inner}</{name}Request>"
    );
    let (answer, pass) = client.trade(name, &document, None).await?;
    let root = read(name, &answer.body)?;
    let has = |root: &Node, codes: &[&str]| complaints(root).iter().any(|one| codes.contains(&one.code.as_str()));
    let root = if has(&root, &TOKEN) {
        let (answer, _) = client.trade(name, &document, Some(&pass)).await?;
        read(name, &answer.body)?
    } else {
        root
    };
    let words = || {
        complaints(&root)
            .into_iter()
            .next()
            .map(|one| one.words)
            .unwrap_or_default()
    };
    if has(&root, &TOKEN) {
        let message = format!(
            "{name}: {}; check `refresh_token`: the seller has to consent again",
            words()
        );
        return Err(ConnectorError::operator(message));
    }
    if has(&root, &SPENT) {
        // The limits of the account are others: this one is held back here.
        client.quotas.refused();
        return Err(spent(LEAST, format!("{name}: {}", words())));
    }
    Ok(root)
}

fn read(name: &str, body: &[u8]) -> Result<Node, ConnectorError> {
    let root = Node::parse(body)?;
    if root.name() == format!("{name}Response") && root.text_at("Ack").is_some() {
        return Ok(root);
    }
    Err(ConnectorError::unknown(format!(
        "{name}: the answer is of another call"
    )))
}

/// An answer that has to be there whole.
fn whole(name: &str, root: &Node) -> Result<(), ConnectorError> {
    match complaints(root).into_iter().next() {
        None => Ok(()),
        Some(one) if one.passes() => Err(ConnectorError::unknown(format!("{name}: {}", one.words))),
        Some(one) => Err(ConnectorError::rejected(format!("{name}: {}", one.words))),
    }
}

/// All that is for sale: a page of it, and how many there are.
pub(crate) async fn active(client: &Client, page: u64) -> Result<(Vec<Node>, u64), ConnectorError> {
    const NAME: &str = "GetMyeBaySelling";
    let pages = format!(
        "<Pagination>{}{}</Pagination>",
        element("EntriesPerPage", &PAGE.to_string()),
        element("PageNumber", &(page + 1).to_string())
    );
    let list = format!("<ActiveList><Include>true</Include><Sort>StartTime</Sort>{pages}</ActiveList>");
    let root = call(client, NAME, &format!("<DetailLevel>ReturnAll</DetailLevel>{list}")).await?;
    whole(NAME, &root)?;
    // Where nothing is for sale there is no list; a page behind the last one is empty.
    let total = root
        .number_at("ActiveList/PaginationResult/TotalNumberOfPages")
        .unwrap_or(0);
    let items = root.at("ActiveList/ItemArray");
    let items = items.map(|array| array.all("Item").cloned().collect());
    Ok((items.unwrap_or_default(), u64::try_from(total).unwrap_or(0)))
}

/// One listing with its variations; `None` where it is gone.
pub(crate) async fn item(client: &Client, id: &str) -> Result<Option<Node>, ConnectorError> {
    const NAME: &str = "GetItem";
    let root = call(
        client,
        NAME,
        &format!("{}<DetailLevel>ReturnAll</DetailLevel>", element("ItemID", id)),
    )
    .await?;
    if complaints(&root).iter().any(|one| GONE.contains(&one.code.as_str())) {
        return Ok(None);
    }
    whole(NAME, &root)?;
    let item = root.at("Item").cloned();
    let item = item.ok_or_else(|| ConnectorError::unknown(format!("{NAME}: there is no item in the answer")))?;
    Ok(Some(item).filter(|item| item.text_at("ItemID") == Some(id)))
}

/// What is left of a number that includes what was sold.
fn left(node: &Node) -> Option<Quantity> {
    if let Some(left) = node.number_at("QuantityAvailable") {
        return Some(Quantity::whole(left));
    }
    let sold = node.number_at("SellingStatus/QuantitySold").unwrap_or(0);
    let left = node.number_at("Quantity")?.saturating_sub(sold);
    Some(Quantity::whole(left).positive())
}

/// The numbers of a listing: its own, or one for each variation. Those in another currency are of another marketplace.
pub(crate) fn rows(client: &Client, item: &Node, read_at: Millis) -> Vec<Row> {
    let Some(id) = item.text_at("ItemID") else {
        return Vec::new();
    };
    let kind = item.text_at("ListingType").unwrap_or("FixedPriceItem");
    let auction = kind == "Chinese";
    let status = item.text_at("SellingStatus/ListingStatus").unwrap_or("Active");
    let variations: Vec<&Node> = item
        .at("Variations")
        .map(|list| list.all("Variation").collect())
        .unwrap_or_default();
    let single = variations.is_empty();
    let numbers = if single { vec![item] } else { variations };
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        let sku = number.text_at("SKU");
        let why = match sku {
            _ if auction => Some("it is an auction, whose number stays while it runs"),
            _ if status != "Active" => Some("its listing has ended: list it again at eBay"),
            None if !single => Some("a variation without a SKU can't be named: give it one (custom label) at eBay"),
            _ => None,
        };
        let amount = ["StartPrice", "BuyItNowPrice", "SellingStatus/CurrentPrice"];
        let amount = amount.iter().find_map(|path| number.at(path));
        let own = amount.and_then(|amount| money(client, amount.text(), amount.currency()?));
        if amount.is_some_and(|amount| amount.currency().is_some()) && own.is_none() {
            continue;
        }
        let variation = sku.filter(|_| !single).map(str::to_owned);
        let listing = Listing::Item {
            item: id.to_owned(),
            variation,
        };
        let Some(reference) = listing.reference(Some(id)) else {
            continue;
        };
        rows.push(Row {
            listing: ListingReading {
                reference,
                sku: sku.and_then(|sku| Sku::new(sku).ok()),
                place: None,
                quantity: left(number).filter(|_| why.is_none()),
                reserved: Vec::new(),
                read_at,
                unwritable: why.map(str::to_owned),
                about: None,
            },
            price: own,
        });
    }
    unnamed_once(&mut rows);
    rows
}

/// Variations without a SKU have one name between them: only the first is listed.
fn unnamed_once(rows: &mut Vec<Row>) {
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|row| seen.insert(row.listing.reference.key.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sold_is_taken_off_and_what_is_available_counts_first() {
        let left_of = |inner: &str| left(&Node::parse(format!("<V>{inner}</V>").as_bytes()).unwrap());
        let sold = "<Quantity>10</Quantity><SellingStatus><QuantitySold>3</QuantitySold></SellingStatus>";
        assert_eq!(left_of(sold), Some(Quantity::whole(7)));
        assert_eq!(
            left_of("<Quantity>10</Quantity><QuantityAvailable>4</QuantityAvailable>"),
            Some(Quantity::whole(4))
        );
        assert_eq!(
            left_of("<Quantity>2</Quantity><SellingStatus><QuantitySold>5</QuantitySold></SellingStatus>"),
            Some(Quantity::ZERO)
        );
        assert_eq!(left_of(""), None);
    }

    #[test]
    fn a_warning_is_no_complaint() {
        let answer = "<R><Errors><SeverityCode>Warning</SeverityCode><ErrorCode>1</ErrorCode></Errors>\
                      <Errors><SeverityCode>Error</SeverityCode><ErrorCode>518</ErrorCode><LongMessage>spent</LongMessage></Errors></R>";
        let told = complaints(&Node::parse(answer.as_bytes()).unwrap());
        assert_eq!(told.len(), 1);
        assert!(
            told[0].passes() && told[0].words == "error 518: spent",
            "{}",
            told[0].words
        );
    }

    #[test]
    fn an_answer_of_another_call_is_none() {
        assert!(read("GetItem", b"<GetItemResponse><Ack>Success</Ack></GetItemResponse>").is_ok());
        assert!(read("GetItem", b"<GetItemResponse/>").is_err());
        assert!(read("GetItem", b"{}").is_err());
    }
}
