//! Prices that stand beside the stock: one per list and SKU, however many locations have a row.

use crate::problem::quoted;
use crate::settings::StockPlan;
use crate::table::{CellFault, Table};
use omnistock_sdk::PriceRow;
use omnistock_words::{Currency, Money, PriceListName, Sku};
use std::collections::HashMap;

pub(crate) struct Prices {
    lists: Vec<(PriceListName, usize)>,
    number: crate::number::NumberFormat,
    currency: Option<Currency>,
    currency_column: Option<usize>,
    /// Row and byte offset of what is known already.
    seen: HashMap<(usize, Sku), (usize, usize)>,
    rows: Vec<PriceRow>,
}

impl Prices {
    pub(crate) fn new(plan: &StockPlan, table: &mut Table<'_>) -> Self {
        let lists = plan
            .prices
            .iter()
            .map(|(list, column)| (list.clone(), table.column(column)))
            .collect();
        let currency_column = table.optional(plan.columns.currency.as_ref());
        let number = plan.format.number;
        Self {
            lists,
            number,
            currency: plan.currency,
            currency_column,
            seen: HashMap::new(),
            rows: Vec::new(),
        }
    }

    /// Takes the present row's prices. A blank cell is no price.
    pub(crate) fn row(&mut self, table: &Table<'_>, sku: &Sku) -> Result<(), CellFault> {
        let mut found = Vec::new();
        for (index, (_, column)) in self.lists.iter().enumerate() {
            let cell = table.cell(*column);
            if !cell.trim().is_empty() {
                found.push((index, *column, self.money(table, *column, cell)?));
            }
        }
        // Only now: a row with one bad price leaves no trace.
        found
            .into_iter()
            .try_for_each(|(list, column, price)| self.add(table, sku, list, column, price))
    }

    fn money(&self, table: &Table<'_>, column: usize, cell: &str) -> Result<Money, CellFault> {
        let amount = table
            .number(column, self.number)
            .amount(cell)
            .map_err(|what| CellFault::new(column, format!("price {what}")))?;
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(CellFault::new(column, format!("price {} is below zero", quoted(cell))));
        }
        let currency = match (self.currency, self.currency_column) {
            (Some(currency), _) => currency,
            (None, Some(place)) => {
                let cell = table.cell(place);
                cell.parse()
                    .map_err(|error| CellFault::new(place, format!("currency {} is {error}", quoted(cell))))?
            }
            (None, None) => return Err(CellFault::new(column, "price has no currency")),
        };
        Money::new(amount, currency)
            .map_err(|error| CellFault::new(column, format!("price {} is {error}", quoted(cell))))
    }

    fn add(&mut self, table: &Table<'_>, sku: &Sku, list: usize, column: usize, price: Money) -> Result<(), CellFault> {
        let key = (list, sku.clone());
        if let Some((row, offset)) = self.seen.get(&key) {
            let known = self.rows.get(*row).map(|row| row.price);
            if known.is_none_or(|known| known.currency() == price.currency() && known.amount() == price.amount()) {
                return Ok(());
            }
            let there = table.there(*offset);
            let known = known.map(|known| known.to_string()).unwrap_or_default();
            let message = format!("price {price} of sku {sku:?} differs from {known} {there}");
            return Err(CellFault {
                column,
                message,
                whole_file: true,
            });
        }
        let Some((name, _)) = self.lists.get(list) else {
            return Ok(());
        };
        self.seen.insert(key, (self.rows.len(), table.start()));
        self.rows.push(PriceRow {
            list: name.clone(),
            sku: sku.clone(),
            price,
        });
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<PriceRow> {
        self.rows
    }
}
