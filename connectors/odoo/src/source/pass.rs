//! The passes: everything with proof that it is everything, or what changed.

use super::{Made, OdooSource, State, World};
use crate::articles::{Articles, ProductReader};
use crate::changes::Changes;
use crate::figures::{FigureReader, Sums};
use crate::orders::{Look, OrderReader, agreed};
use crate::prices;
use crate::settings::{OrdersPlan, PriceOrigin};
use omnistock_sdk::{ConnectorError, Report, StatementReport, StockReport, StockRow, StockRows, now};
use omnistock_words::Millis;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// A list that changes while it is counted and read is read again so often.
const TRIES: usize = 3;
/// Locations that nobody declared are counted so many at most.
const MOST_STRANGE: usize = 20;

impl OdooSource {
    fn figures<'a>(&'a self, world: &'a World) -> FigureReader<'a> {
        FigureReader {
            client: &self.client,
            page: self.parts.page,
            places: &world.places,
            basis: self.basis,
            consigned: self.parts.consigned,
        }
    }

    fn products<'a>(&'a self, world: &World) -> ProductReader<'a> {
        let fields = self.parts.prices.iter().filter_map(|plan| match &plan.origin {
            PriceOrigin::Field(field) => Some(field.as_str()),
            PriceOrigin::Pricelist(_) => None,
        });
        let prices: BTreeSet<&str> = fields.collect();
        ProductReader {
            client: &self.client,
            page: self.parts.page,
            fields: world.fields,
            only: &self.parts.products,
            prices: prices.into_iter().collect(),
        }
    }

    fn orders<'a>(&'a self, world: &'a World, plan: &'a OrdersPlan) -> OrderReader<'a> {
        OrderReader {
            client: &self.client,
            page: self.parts.page,
            plan,
            places: &world.places,
            fields: world.fields,
            basis: self.basis,
        }
    }

    async fn changed(&self, world: &World, changes: &mut Changes) -> Result<BTreeSet<i64>, ConnectorError> {
        changes
            .look(
                &self.client,
                self.parts.page,
                &world.places,
                world.fields,
                self.parts.overlap,
            )
            .await
    }

    /// The first look at the orders that changed since then.
    async fn first_look(&self, world: &World, since: Millis) -> Result<Option<Look>, ConnectorError> {
        match &self.parts.orders {
            Some(plan) => Ok(Some(self.orders(world, plan).changed(since).await?)),
            None => Ok(None),
        }
    }

    /// The second look, and what both agree on. It is handed out before the figures that it speaks of: they
    /// count less from then on, so that no line is subtracted from a figure that has lost it already.
    async fn state_orders(
        &self,
        state: &mut State,
        world: &World,
        first: Option<Look>,
        as_of: Millis,
    ) -> Result<(), ConnectorError> {
        let (Some(first), Some(plan)) = (first, &self.parts.orders) else {
            return Ok(());
        };
        let second = self.orders(world, plan).again(&first).await?;
        if first.unmarked > 0 {
            tracing::warn!(
                "{} lines of our channels' orders have no `{}` in Odoo: they are never known to be contained",
                first.unmarked,
                plan.line_field
            );
        }
        let rows = agreed(&first, &second);
        if !rows.is_empty() {
            let title = format!("orders of Odoo at {as_of}");
            let report = StatementReport {
                title,
                as_of,
                rows,
                unknown_channels: BTreeMap::new(),
            };
            state.hand(Report::Statements(report), None);
        }
        Ok(())
    }

    /// Reads a little of everything that a pass reads.
    pub(super) async fn probe(&self, world: &World) -> Result<(), ConnectorError> {
        self.figures(world).of(&[0]).await?;
        let products = self.products(world).some(&[0]).await?;
        Changes::begin(&self.client).await?;
        if let Some(plan) = &self.parts.orders {
            self.orders(world, plan).probe().await?;
        }
        let articles = Articles::new(&products);
        prices::read(
            &self.client,
            self.parts.page,
            &self.parts.prices,
            &products,
            &articles,
            now(),
        )
        .await?;
        Ok(())
    }

    /// A full pass. What changes while it runs is read once more at its end, so that one transfer is not seen at two places.
    pub(super) async fn everything(&self, state: &mut State) -> Result<(), ConnectorError> {
        let world = self.world().await?;
        let mut changes = Changes::begin(&self.client).await?;
        let newest = changes.from(0);
        // What is in the overlap now is read by the pass itself.
        self.changed(&world, &mut changes).await?;
        let since = self
            .parts
            .orders
            .as_ref()
            .map_or(newest, |plan| newest.plus(-plan.window));
        let look = self.first_look(&world, since).await?;
        let as_of = now();
        let (products, whole_products) = self.whole_products(&world).await?;
        let (mut sums, whole_figures) = self.whole_figures(&world).await?;
        for _ in 0..TRIES {
            let late: Vec<i64> = self.changed(&world, &mut changes).await?.into_iter().collect();
            if late.is_empty() {
                break;
            }
            let fresh = self.figures(&world).of(&late).await?;
            sums.retain(|(product, _), _| late.binary_search(product).is_err());
            sums.extend(fresh);
        }
        let articles = Articles::new(&products);
        let prices = prices::read(
            &self.client,
            self.parts.page,
            &self.parts.prices,
            &products,
            &articles,
            now(),
        )
        .await?;
        for (list, count) in &prices.without {
            tracing::warn!("{count} articles have no fixed price in list `{list}`");
        }
        let complete = whole_products && whole_figures;
        if !complete {
            tracing::warn!("Odoo's lists changed each time they were counted: this pass proves no absence");
        }
        state.tell(articles.faults.told());
        let report = StockReport {
            title: format!("all of Odoo at {as_of}"),
            as_of,
            complete,
            rows: rows(&world, &articles, articles.by_product.keys().copied(), &sums),
            prices: prices.rows,
            unknown_locations: self.strange(&world).await?,
        };
        state.stated.clear();
        if let Some(look) = &look {
            Self::restate(state, look);
        }
        self.state_orders(state, &world, look, as_of).await?;
        state.hand(Report::Stock(report), Some(Made::Full));
        state.changes = changes;
        // One that proves nothing is followed by another at once.
        state.full_at = complete.then(Instant::now);
        state.world = Some(world);
        Ok(())
    }

    async fn whole_products(&self, world: &World) -> Result<(Vec<crate::articles::Product>, bool), ConnectorError> {
        let reader = self.products(world);
        let mut read = reader.all().await?;
        for _ in 1..TRIES {
            if read.1 {
                break;
            }
            read = reader.all().await?;
        }
        Ok(read)
    }

    async fn whole_figures(&self, world: &World) -> Result<(Sums, bool), ConnectorError> {
        let reader = self.figures(world);
        let mut read = reader.all().await?;
        for _ in 1..TRIES {
            if read.1 {
                break;
            }
            read = reader.all().await?;
        }
        Ok(read)
    }

    async fn strange(&self, world: &World) -> Result<BTreeMap<String, u64>, ConnectorError> {
        let mut found = BTreeMap::new();
        for (id, name) in world.places.strange().iter().take(MOST_STRANGE) {
            let count = self.figures(world).strange(*id).await?;
            if count > 0 {
                found.insert(name.clone(), count);
            }
        }
        Ok(found)
    }

    /// What changed: products that moves and quants point to, that a hint names, whose order lines changed.
    pub(super) async fn some(&self, state: &mut State, mut touched: BTreeSet<i64>) -> Result<(), ConnectorError> {
        let Some(world) = state.world.take() else {
            return self.everything(state).await;
        };
        let done = self.some_of(state, &world, &mut touched).await;
        state.world = Some(world);
        if done? { Ok(()) } else { self.everything(state).await }
    }

    /// False: everything has to be read instead.
    async fn some_of(
        &self,
        state: &mut State,
        world: &World,
        touched: &mut BTreeSet<i64>,
    ) -> Result<bool, ConnectorError> {
        let since = state.changes.from(self.parts.overlap);
        touched.extend(self.changed(world, &mut state.changes).await?);
        let look = self.first_look(world, since).await?;
        if let Some(look) = &look {
            touched.extend(Self::restate(state, look));
        }
        if touched.is_empty() {
            return Ok(true);
        }
        // A held full report can only be followed by a full one: a part would put it aside.
        if state.full_open() {
            return Ok(false);
        }
        let as_of = now();
        let ids: Vec<i64> = touched.iter().copied().collect();
        let articles = Articles::new(&self.products(world).some(&ids).await?);
        let sums = self.figures(world).of(&ids).await?;
        let known = ids.iter().copied().filter(|id| articles.by_product.contains_key(id));
        let rows = rows(world, &articles, known, &sums);
        self.state_orders(state, world, look, as_of).await?;
        if !rows.is_empty() {
            let report = StockReport {
                title: format!("changes of Odoo at {as_of}"),
                as_of,
                complete: false,
                rows,
                prices: Vec::new(),
                unknown_locations: BTreeMap::new(),
            };
            state.hand(Report::Stock(report), Some(Made::Of(ids)));
        }
        Ok(true)
    }
}

/// One figure per SKU and place: where Odoo has no quant there is nothing, since it deletes those that reach zero.
fn rows(world: &World, articles: &Articles, products: impl Iterator<Item = i64>, sums: &Sums) -> StockRows {
    let mut found: BTreeMap<_, StockRow> = BTreeMap::new();
    for product in products {
        let Some(article) = articles.by_product.get(&product) else {
            continue;
        };
        for place in world.places.names() {
            let quantity = sums.get(&(product, place.clone())).copied().unwrap_or_default();
            let row = StockRow {
                sku: article.sku.clone(),
                location: place.clone(),
                quantity,
                sellable: article.sellable,
            };
            // Archived products that share a reference are one article.
            found
                .entry((article.sku.clone(), place.clone()))
                .and_modify(|known| known.quantity += quantity)
                .or_insert(row);
        }
    }
    found.into_values().collect()
}
