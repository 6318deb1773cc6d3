//! What is where: quants summed per product and place of ours, in the meaning that the basis names.
//!
//! Duplicate and negative quants are normal (Odoo makes a second one where the first is locked), so
//! nothing is clamped before the sum.

use crate::articles::IDS;
use crate::client::Client;
use crate::pages::{List, Row};
use crate::places::Places;
use crate::wire::{Figure, Link};
use omnistock_sdk::ConnectorError;
use omnistock_words::{Basis, LocationName, Quantity};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Quant {
    id: i64,
    product_id: Link,
    location_id: Link,
    quantity: Figure,
    reserved_quantity: Figure,
}

impl Row for Quant {
    fn id(&self) -> i64 {
        self.id
    }
}

/// Units that a confirmed order wants to take away.
#[derive(Debug, Deserialize)]
struct Demand {
    id: i64,
    product_id: Link,
    location_id: Link,
    location_dest_id: Link,
    product_qty: Figure,
}

impl Row for Demand {
    fn id(&self) -> i64 {
        self.id
    }
}

/// States of a move that is neither a draft, nor done, nor cancelled.
pub(crate) const OPEN: [&str; 4] = ["waiting", "confirmed", "partially_available", "assigned"];

/// Units by product and place.
pub(crate) type Sums = BTreeMap<(i64, LocationName), Quantity>;

/// Reads figures.
pub(crate) struct FigureReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) page: usize,
    pub(crate) places: &'a Places,
    pub(crate) basis: Basis,
    /// Whether goods that belong to others count.
    pub(crate) consigned: bool,
}

impl<'a> FigureReader<'a> {
    /// All figures, and proof that they are all: counts from before and after agree with what was read.
    pub(crate) async fn all(&self) -> Result<(Sums, bool), ConnectorError> {
        let mut sums = self.demand(None).await?;
        let list = self.quants(None);
        let before = list.count().await?;
        let quants = list.read::<Quant>().await?;
        let after = list.count().await?;
        let whole = before == after && usize::try_from(after) == Ok(quants.len());
        self.add(&mut sums, &quants);
        Ok((sums, whole))
    }

    /// The figures of these products; where one has none, there is nothing of it.
    pub(crate) async fn of(&self, products: &[i64]) -> Result<Sums, ConnectorError> {
        let mut sums = Sums::new();
        for ids in products.chunks(IDS) {
            let mut part = self.demand(Some(ids)).await?;
            let quants = self.quants(Some(ids)).read::<Quant>().await?;
            self.add(&mut part, &quants);
            sums.extend(part);
        }
        Ok(sums)
    }

    /// How many quants lie below a location that is no place of ours.
    pub(crate) async fn strange(&self, location: i64) -> Result<u64, ConnectorError> {
        let domain = vec![
            json!(["location_id", "child_of", [location]]),
            json!(["location_id.usage", "=", "internal"]),
        ];
        let list = List {
            client: self.client,
            page: self.page,
            model: "stock.quant",
            domain,
            fields: vec!["id"],
        };
        list.count().await
    }

    fn quants(&self, products: Option<&[i64]>) -> List<'a> {
        let mut domain = vec![
            json!(["location_id", "child_of", self.places.roots()]),
            json!(["location_id.usage", "=", "internal"]),
        ];
        if !self.consigned {
            domain.push(json!(["owner_id", "=", false]));
        }
        domain.extend(products.map(|ids| json!(["product_id", "in", ids])));
        let fields = vec!["id", "product_id", "location_id", "quantity", "reserved_quantity"];
        List {
            client: self.client,
            page: self.page,
            model: "stock.quant",
            domain,
            fields,
        }
    }

    fn add(&self, sums: &mut Sums, quants: &[Quant]) {
        for quant in quants {
            let (Some(product), Some(place)) = (
                quant.product_id.0,
                quant.location_id.0.and_then(|id| self.places.of(id)),
            ) else {
                continue;
            };
            let figure = match self.basis {
                Basis::Physical | Basis::NetOfOrders => quant.quantity.0,
                Basis::NetOfReserved => quant.quantity.0 - quant.reserved_quantity.0,
            };
            *sums.entry((product, place.clone())).or_default() += figure;
        }
    }

    /// What confirmed orders want, below zero. It is read before the quants: an order shipped in between
    /// then counts twice until the next look, and never not at all.
    async fn demand(&self, products: Option<&[i64]>) -> Result<Sums, ConnectorError> {
        let mut sums = Sums::new();
        if self.basis != Basis::NetOfOrders {
            return Ok(sums);
        }
        let mut domain: Vec<Value> = vec![
            json!(["state", "in", OPEN]),
            json!(["location_id", "child_of", self.places.roots()]),
        ];
        domain.extend(products.map(|ids| json!(["product_id", "in", ids])));
        let fields = vec!["id", "product_id", "location_id", "location_dest_id", "product_qty"];
        let list = List {
            client: self.client,
            page: self.page,
            model: "stock.move",
            domain,
            fields,
        };
        for demand in list.read::<Demand>().await? {
            let place = |link: Link| link.0.and_then(|id| self.places.of(id));
            if let (Some(product), Some(from), None) = (
                demand.product_id.0,
                place(demand.location_id),
                place(demand.location_dest_id),
            ) {
                *sums.entry((product, from.clone())).or_default() -= demand.product_qty.0;
            }
        }
        Ok(sums)
    }
}
