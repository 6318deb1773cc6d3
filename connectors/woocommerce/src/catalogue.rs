//! What is listed and what it shows: products page by page, variations product by product.

use crate::client::{PAGE, has_next, total};
use crate::connector::WooCommerce;
use crate::wire::{ManageStock, Product};
use crate::write;
use async_trait::async_trait;
use omnistock_sdk::http::Answer;
use omnistock_sdk::{
    ChannelRole, ConnectorError, Cursor, ItemOutcome, ListingAbout, ListingKey, ListingPage, ListingReading,
    ListingReference, WriteItem, now,
};
use omnistock_words::{ListingId, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FIELDS: &str = "id,sku,type,manage_stock,stock_quantity,name,global_unique_id";

/// A product or variation that is a listing, as read.
pub(crate) struct Row {
    pub(crate) product: Product,
    parent: Option<u64>,
    pub(crate) read_at: Millis,
}

impl Row {
    pub(crate) fn key(&self) -> Result<ListingKey, ConnectorError> {
        Ok(ListingKey {
            listing: id(self.product.id)?,
            location: None,
        })
    }
}

/// What is read of each.
fn fields() -> String {
    format!("{FIELDS},{}", crate::prices::FIELDS)
}

/// Where a pass over the catalogue stands. One step is one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Products read so far; `None` after the last.
    products: Option<usize>,
    /// The last of them: their ids ascend.
    #[serde(default)]
    last: u64,
    /// Products whose variations are still to be read, at most one page of them.
    parents: Vec<u64>,
    /// The next page of the first parent's variations.
    variations: u32,
}

impl Place {
    const START: Self = Self {
        products: Some(0),
        last: 0,
        parents: Vec::new(),
        variations: 1,
    };

    fn read(cursor: Option<&Cursor>) -> Result<Self, ConnectorError> {
        cursor.map_or(Ok(Self::START), |cursor| {
            serde_json::from_str(&cursor.0)
                .map_err(|error| ConnectorError::rejected(format!("not a place in this catalogue: {error}")))
        })
    }

    fn next(&self) -> Result<Option<Cursor>, ConnectorError> {
        if self.products.is_none() && self.parents.is_empty() {
            return Ok(None);
        }
        let text = serde_json::to_string(self).map_err(|error| ConnectorError::retry(error.to_string()))?;
        Ok(Some(Cursor(text)))
    }
}

/// Why a listing can't be written, and what to do.
pub(crate) fn unwritable(manage: ManageStock) -> Option<String> {
    match manage {
        ManageStock::Yes => None,
        ManageStock::No => Some(
            "WooCommerce does not count it; switch on \"Manage stock\" (\"Stock management\") in its Inventory tab"
                .to_owned(),
        ),
        ManageStock::Parent => Some(
            "its stock is counted at the parent product; switch on \"Manage stock\" on the variation itself".to_owned(),
        ),
    }
}

fn id(number: u64) -> Result<ListingId, ConnectorError> {
    ListingId::new(number.to_string()).map_err(|error| ConnectorError::unknown(error.to_string()))
}

/// Rows as a page of the catalogue.
pub(crate) fn page(rows: &[Row], next: Option<Cursor>) -> Result<ListingPage, ConnectorError> {
    let listings = rows.iter().map(reading).collect::<Result<_, _>>()?;
    Ok(ListingPage { listings, next })
}

fn reading(row: &Row) -> Result<ListingReading, ConnectorError> {
    let (key, product) = (row.key()?, &row.product);
    let counted = product.manage_stock == ManageStock::Yes;
    Ok(ListingReading {
        reference: ListingReference {
            key,
            parent: row.parent.map(id).transpose()?,
        },
        sku: product.sku.clone(),
        place: None,
        quantity: product.stock_quantity.filter(|_| counted),
        reserved: Vec::new(),
        read_at: row.read_at,
        unwritable: unwritable(product.manage_stock),
        about: ListingAbout::of(&product.name, &product.gtin),
    })
}

/// Grouped and external products have no stock of their own; a variable one only where it counts for its variations.
fn listed(product: &Product) -> bool {
    match product.kind.as_str() {
        "grouped" | "external" => false,
        "variable" => product.manage_stock == ManageStock::Yes,
        _ => true,
    }
}

impl WooCommerce {
    /// The products behind the first `read` ones. One that is deleted pulls its followers forward: each page begins
    /// with the last row of the one before, and goes back where that row isn't there any more.
    async fn products(&self, read: usize, place: &mut Place) -> Result<Vec<Row>, ConnectorError> {
        let read_at = now();
        let mut offset = read.saturating_sub(1);
        let (answer, mut products) = loop {
            let (answer, products) = self.products_from(offset).await?;
            if offset == 0 || products.first().is_some_and(|first| first.id <= place.last) {
                break (answer, products);
            }
            offset = offset.saturating_sub(PAGE);
        };
        let next = offset + products.len();
        let full = products.len() >= PAGE;
        let more = total(&answer).map_or(full, |total| next < total && products.len() > 1);
        let before = place.last;
        place.products = more.then_some(next);
        place.last = products.last().map_or(before, |last| last.id.max(before));
        products.retain(|product| product.id > before);
        place.parents = products
            .iter()
            .filter(|product| product.kind == "variable")
            .map(|product| product.id)
            .collect();
        place.variations = 1;
        let listed = products.into_iter().filter(listed);
        Ok(listed
            .map(|product| Row {
                product,
                parent: None,
                read_at,
            })
            .collect())
    }

    async fn products_from(&self, offset: usize) -> Result<(Answer, Vec<Product>), ConnectorError> {
        let (offset, fields) = (offset.to_string(), fields());
        let query = [
            ("status", "any"),
            ("orderby", "id"),
            ("order", "asc"),
            ("per_page", "100"),
            ("offset", offset.as_str()),
            ("_fields", fields.as_str()),
        ];
        let answer = self.client.get("/products", &query).await?;
        let products = answer.json()?;
        Ok((answer, products))
    }

    async fn variations(&self, parent: u64, place: &mut Place) -> Result<Vec<Row>, ConnectorError> {
        let read_at = now();
        let (number, fields) = (place.variations.to_string(), fields());
        let query = [
            ("orderby", "id"),
            ("order", "asc"),
            ("per_page", "100"),
            ("page", number.as_str()),
            ("_fields", fields.as_str()),
        ];
        let answer = match self.client.get(&format!("/products/{parent}/variations"), &query).await {
            Ok(answer) => answer,
            Err(error) if error.message.contains("_invalid_id") => {
                // Deleted since its page was read: its variations went with it.
                place.parents.retain(|other| *other != parent);
                place.variations = 1;
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let variations: Vec<Product> = answer.json()?;
        if has_next(&answer, place.variations, variations.len()) {
            place.variations = place.variations.saturating_add(1);
        } else {
            place.parents.retain(|other| *other != parent);
            place.variations = 1;
        }
        let rows = variations.into_iter();
        Ok(rows
            .map(|product| Row {
                product,
                parent: Some(parent),
                read_at,
            })
            .collect())
    }

    /// One step of a pass over the catalogue, and where to go on.
    pub(crate) async fn rows(&self, cursor: Option<&Cursor>) -> Result<(Vec<Row>, Option<Cursor>), ConnectorError> {
        let mut place = Place::read(cursor)?;
        let rows = match (place.parents.first().copied(), place.products) {
            (Some(parent), _) => self.variations(parent, &mut place).await?,
            (None, Some(read)) => self.products(read, &mut place).await?,
            (None, None) => Vec::new(),
        };
        Ok((rows, place.next()?))
    }

    /// These listings as they are now; one that is gone is left out.
    pub(crate) async fn rows_of(&self, listings: &[ListingReference]) -> Result<Vec<Row>, ConnectorError> {
        let mut groups: BTreeMap<Option<&ListingId>, Vec<&str>> = BTreeMap::new();
        for listing in listings {
            groups
                .entry(listing.parent.as_ref())
                .or_default()
                .push(listing.key.listing.as_str());
        }
        let mut rows = Vec::with_capacity(listings.len());
        for (parent, ids) in groups {
            for chunk in ids.chunks(PAGE) {
                rows.extend(self.read_group(parent, &chunk.join(",")).await?);
            }
        }
        Ok(rows)
    }

    async fn read_group(&self, parent: Option<&ListingId>, ids: &str) -> Result<Vec<Row>, ConnectorError> {
        let read_at = now();
        let path = match parent {
            None => "/products".to_owned(),
            Some(parent) if parent.as_str().parse::<u64>().is_ok() => format!("/products/{parent}/variations"),
            Some(_) => return Ok(Vec::new()),
        };
        let fields = fields();
        let query = [
            ("status", "any"),
            ("include", ids),
            ("per_page", "100"),
            ("_fields", fields.as_str()),
        ];
        let answer = match self.client.get(&path, &query).await {
            Ok(answer) => answer,
            Err(error) if parent.is_some() && error.message.contains("_invalid_id") => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let products: Vec<Product> = answer.json()?;
        let parent = parent.and_then(|parent| parent.as_str().parse().ok());
        Ok(products
            .into_iter()
            .map(|product| Row {
                product,
                parent,
                read_at,
            })
            .collect())
    }
}

#[async_trait]
impl ChannelRole for WooCommerce {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        let (rows, next) = self.rows(cursor).await?;
        page(&rows, next)
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        self.rows_of(listings).await?.iter().map(reading).collect()
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        write::write(&self.client, items).await
    }
}
