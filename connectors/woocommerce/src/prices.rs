//! What products ask: read with the catalogue, written in batches of one parent.
//!
//! A price that is compared is a sale price below the regular one. We begin and end sales ourselves, so the
//! vendor's dates of a sale are cleared with every write: an old one would hide ours.

use crate::catalogue::Row;
use crate::client::PAGE;
use crate::connector::WooCommerce;
use crate::wire::{BatchAnswer, BatchItem, Current, Prices};
use crate::write::{FOR_GOOD, batch_path};
use async_trait::async_trait;
use omnistock_sdk::{
    ConnectorError, Cursor, ErrorClass, Grouping, ListingReference, PriceCurrency, PriceField, PriceItem, PriceOutcome,
    PriceReading, PriceRole, PriceTerms, PricedPage,
};
use omnistock_words::{Currency, ListingId, Money, Price};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The fields that a price is read from [observed].
pub(crate) const FIELDS: &str = "regular_price,sale_price,on_sale";

/// What a product asks in the shop's one currency. A sale price counts while the shop says that it is on sale.
pub(crate) fn asked(prices: &Prices, currency: Currency) -> Option<Price> {
    let money = |text: &str| Money::new(Decimal::from_str_exact(text.trim()).ok()?, currency).ok();
    let regular = money(&prices.regular_price)?;
    let sale = money(&prices.sale_price).filter(|sale| prices.on_sale && sale.amount() < regular.amount());
    Some(match sale {
        Some(amount) => Price {
            amount,
            compare_at: Some(regular),
        },
        None => Price::plain(regular),
    })
}

/// As the vendor takes it: text. What is compared is the regular price, what is asked the sale price.
fn row(id: u64, price: Price) -> Value {
    let compared = price
        .compare_at
        .filter(|compared| compared.amount() > price.amount.amount());
    let regular = compared.unwrap_or(price.amount).amount().to_string();
    let sale = compared.map_or_else(String::new, |_| price.amount.amount().to_string());
    json!({"id": id, "regular_price": regular, "sale_price": sale, "date_on_sale_from": "", "date_on_sale_to": ""})
}

/// The vendor's id, or why the price must not be sent.
fn sendable(item: &PriceItem, currency: Currency) -> Result<u64, String> {
    let listing = &item.reference.key.listing;
    let number = |id: &ListingId| id.as_str().parse::<u64>();
    let strange = |id: &ListingId| format!("`{id}` is not a WooCommerce product id");
    if let Some(parent) = item.reference.parent.as_ref().filter(|parent| number(parent).is_err()) {
        return Err(strange(parent));
    }
    if item.price.currency() != currency {
        let wanted = item.price.currency();
        return Err(format!(
            "the shop's prices are in {currency}, this one is in {wanted}: give the channel a price list in {currency}"
        ));
    }
    if item.price.amount.amount() < Decimal::ZERO {
        return Err(format!("WooCommerce takes prices from 0 on, not {}", item.price.amount));
    }
    number(listing).map_err(|_| strange(listing))
}

fn outcome_of_item(id: u64, answer: Option<&BatchItem>, currency: Currency) -> PriceOutcome {
    let Some(answer) = answer.filter(|answer| answer.id == Some(id)) else {
        let reason = format!("the answer does not speak of product {id}");
        return PriceOutcome::Unknown { reason };
    };
    match &answer.error {
        None => PriceOutcome::Applied {
            price: asked(&answer.prices, currency),
        },
        Some(error) => {
            let reason = format!("{}: {}", error.code, error.message);
            if FOR_GOOD.contains(&error.code.as_str()) {
                PriceOutcome::Rejected { reason }
            } else {
                PriceOutcome::Failed { reason }
            }
        }
    }
}

fn outcome_of_call(error: &ConnectorError) -> PriceOutcome {
    let reason = error.message.clone();
    match error.class {
        ErrorClass::Unknown => PriceOutcome::Unknown { reason },
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Rejected | ErrorClass::Operator => {
            PriceOutcome::Failed { reason }
        }
    }
}

impl WooCommerce {
    /// The shop's one currency: as configured, else asked of the shop once, and again with each pass over
    /// the catalogue (`anew`).
    async fn currency(&self, anew: bool) -> Result<Currency, ConnectorError> {
        if let Some(currency) = self.settled_currency {
            return Ok(currency);
        }
        let mut known = self.asked_currency.lock().await;
        if let Some(currency) = known.filter(|_| !anew) {
            return Ok(currency);
        }
        let current: Current = self.client.get("/data/currencies/current", &[]).await?.json()?;
        let currency = current.code.parse().map_err(|_| {
            let code = &current.code;
            ConnectorError::operator(format!(
                "the shop's currency is `{code}`; set `currency` in its section"
            ))
        })?;
        *known = Some(currency);
        Ok(currency)
    }

    async fn send_prices(
        &self,
        parent: Option<&ListingId>,
        items: &[(u64, Price)],
        currency: Currency,
    ) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let update: Vec<Value> = items.iter().map(|(id, price)| row(*id, *price)).collect();
        let body = json!({ "update": update });
        let answer = self.client.send(Method::POST, &batch_path(parent), &body).await?;
        let answer: BatchAnswer = answer.json()?;
        let mut answers = answer.update.iter();
        let outcome = |(id, _): &(u64, Price)| outcome_of_item(*id, answers.next(), currency);
        Ok(items.iter().map(outcome).collect())
    }
}

fn readings(rows: &[Row], currency: Currency) -> Result<Vec<PriceReading>, ConnectorError> {
    // A variable product's price is that of its variations: none of its own.
    let own = rows.iter().filter(|row| row.product.kind != "variable");
    let reading = |row: &Row| {
        Ok(PriceReading {
            key: row.key()?,
            prices: asked(&row.product.prices, currency).into_iter().collect(),
            read_at: row.read_at,
        })
    };
    own.map(reading).collect()
}

#[async_trait]
impl PriceRole for WooCommerce {
    fn terms(&self) -> PriceTerms {
        PriceTerms {
            // 101 is answered with 413 [observed].
            max_write: PAGE,
            // per_page=101 is answered with 400 [observed].
            max_read: PAGE,
            // Variations are written by product [observed].
            grouping: Grouping::Parent,
            // The vendor's documentation of products.
            fields: &[PriceField::Regular, PriceField::Sale, PriceField::SaleDates],
            // One setting of the whole shop.
            currency: PriceCurrency::OfShop,
        }
    }

    async fn priced_page(&self, cursor: Option<&Cursor>) -> Result<PricedPage, ConnectorError> {
        let currency = self.currency(cursor.is_none()).await?;
        let (rows, next) = self.rows(cursor).await?;
        Ok(PricedPage {
            prices: readings(&rows, currency)?,
            page: crate::catalogue::page(&rows, next)?,
        })
    }

    async fn read_prices(&self, listings: &[ListingReference]) -> Result<Vec<PriceReading>, ConnectorError> {
        let currency = self.currency(false).await?;
        readings(&self.rows_of(listings).await?, currency)
    }

    async fn write_prices(&self, items: &[PriceItem]) -> Result<Vec<PriceOutcome>, ConnectorError> {
        let currency = self.currency(false).await?;
        let reason = "not sent".to_owned();
        let mut outcomes = vec![PriceOutcome::Failed { reason }; items.len()];
        let mut groups: Vec<(Option<&ListingId>, Vec<(usize, u64, Price)>)> = Vec::new();
        for (index, (item, outcome)) in items.iter().zip(&mut outcomes).enumerate() {
            let parent = item.reference.parent.as_ref();
            match sendable(item, currency) {
                Err(reason) => *outcome = PriceOutcome::Rejected { reason },
                Ok(id) => match groups.iter_mut().find(|(other, _)| *other == parent) {
                    Some((_, group)) => group.push((index, id, item.price)),
                    None => groups.push((parent, vec![(index, id, item.price)])),
                },
            }
        }
        let mut sent = false;
        for (parent, group) in groups {
            for chunk in group.chunks(PAGE) {
                let rows: Vec<(u64, Price)> = chunk.iter().map(|(_, id, price)| (*id, *price)).collect();
                let answers = match self.send_prices(parent, &rows, currency).await {
                    Ok(answers) => answers,
                    Err(error) if !sent => return Err(error),
                    Err(error) => vec![outcome_of_call(&error); rows.len()],
                };
                sent = true;
                for ((index, ..), answer) in chunk.iter().zip(answers) {
                    if let Some(outcome) = outcomes.get_mut(*index) {
                        *outcome = answer;
                    }
                }
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur() -> Currency {
        "EUR".parse().unwrap()
    }

    fn price(amount: &str, compared: Option<&str>) -> Price {
        let money = |text: &str| Money::new(text.parse().unwrap(), eur()).unwrap();
        Price {
            amount: money(amount),
            compare_at: compared.map(money),
        }
    }

    fn prices(regular: &str, sale: &str, on_sale: bool) -> Prices {
        Prices {
            regular_price: regular.to_owned(),
            sale_price: sale.to_owned(),
            on_sale,
        }
    }

    #[test]
    fn a_sale_counts_while_the_shop_says_so() {
        for (regular, sale, on_sale, meant) in [
            ("19.90", "", false, Some(price("19.90", None))),
            ("19.90", "14.90", true, Some(price("14.90", Some("19.90")))),
            ("19.90", "14.90", false, Some(price("19.90", None))),
            ("", "", false, None),
            ("", "14.90", true, None),
            ("abc", "", false, None),
            ("1e3", "", false, None),
        ] {
            assert_eq!(
                asked(&prices(regular, sale, on_sale), eur()),
                meant,
                "{regular} {sale} {on_sale}"
            );
        }
    }

    #[test]
    fn what_is_compared_is_the_regular_price_and_dates_of_sales_are_cleared() {
        let sale = row(7, price("14.90", Some("19.90")));
        let cleared = json!({"id": 7, "regular_price": "19.90", "sale_price": "14.90", "date_on_sale_from": "", "date_on_sale_to": ""});
        assert_eq!(sale, cleared);
        for plain in [price("14.90", None), price("14.90", Some("14.90"))] {
            let row = row(7, plain);
            assert_eq!(
                (&row["regular_price"], &row["sale_price"]),
                (&json!("14.90"), &json!(""))
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(cents in 1i64..100_000_000, more in 0i64..1_000_000) {
            let text = |cents: i64| Decimal::new(cents, 2).to_string();
            let compared = (more > 0).then(|| text(cents + more));
            let price = price(&text(cents), compared.as_deref());
            let row = row(1, price);
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let read = asked(&prices(&text("regular_price"), &text("sale_price"), more > 0), eur());
            prop_assert_eq!(read, Some(price));
        }
    }
}
