//! How many units of a sales order's line the figures contain, by what its stock moves did.
//!
//! The test is the boundary of our places: a unit is out of the physical figure once a move took it
//! from a place of ours to where no place of ours is, however many steps a delivery has.

use crate::figures::OPEN;
use crate::pages::Row;
use crate::places::Places;
use crate::wire::{Figure, Link, Text};
use omnistock_words::{Basis, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Move {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) sale_line_id: Link,
    pub(crate) product_id: Link,
    pub(crate) state: Text,
    pub(crate) location_id: Link,
    pub(crate) location_dest_id: Link,
    /// Wanted, in the move's own unit.
    pub(crate) product_uom_qty: Figure,
    /// Wanted, in the product's unit.
    pub(crate) product_qty: Figure,
    /// From 17 on: reserved, or done where it is done; the move's own unit.
    #[serde(default)]
    pub(crate) quantity: Figure,
    /// Up to 16, the move's own unit.
    #[serde(default)]
    pub(crate) quantity_done: Figure,
    /// Up to 16, the move's own unit.
    #[serde(default)]
    pub(crate) reserved_availability: Figure,
}

impl Row for Move {
    fn id(&self) -> i64 {
        self.id
    }
}

/// A line of a sales order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sold {
    pub(crate) product: Option<i64>,
    pub(crate) quantity: Quantity,
}

/// Units of the line that are contained.
pub(crate) fn contained(basis: Basis, line: Sold, moves: &[&Move], places: &Places) -> Quantity {
    let counted: Vec<(&Move, Quantity)> = moves
        .iter()
        .filter(|one| one.state.0.as_deref() != Some("cancel"))
        .filter_map(|one| Some((*one, units(basis, one, places)?)))
        .collect();
    let kit = counted.iter().any(|(one, _)| one.product_id.0 != line.product);
    if !kit {
        return counted.iter().map(|(_, units)| *units).sum();
    }
    // A kit is sold as one and moved in parts: contained once every part is.
    let all = !counted.is_empty() && counted.iter().all(|(one, units)| *units >= one.product_qty.0);
    if all { line.quantity } else { Quantity::ZERO }
}

/// What a move took out of the figures; `None`: it has no part in them.
fn units(basis: Basis, one: &Move, places: &Places) -> Option<Quantity> {
    let inside = |link: Link| link.0.is_some_and(|id| places.of(id).is_some());
    if !inside(one.location_id) {
        return None;
    }
    let (leaves, state) = (
        !inside(one.location_dest_id),
        one.state.0.as_deref().unwrap_or_default(),
    );
    let open = OPEN.contains(&state);
    let units = match basis {
        _ if state == "done" => return leaves.then(|| own_unit(one, one.quantity.0 + one.quantity_done.0)),
        // A step inside our places that is set aside lowers what is free, too.
        Basis::NetOfReserved if open => own_unit(one, one.quantity.0 + one.reserved_availability.0),
        Basis::NetOfOrders if open => one.product_qty.0,
        _ => Quantity::ZERO,
    };
    (leaves || units.is_positive()).then_some(units)
}

/// Into the product's unit, by what the move wants in both.
fn own_unit(one: &Move, quantity: Quantity) -> Quantity {
    let (own, product) = (one.product_uom_qty.0, one.product_qty.0);
    if own == product || !own.is_positive() {
        return quantity;
    }
    let factor = product.decimal().checked_div(own.decimal()).unwrap_or(Decimal::ONE);
    quantity.multiply(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Location;
    use omnistock_sdk::LocationCodes;
    use omnistock_words::{LocationName, VendorLocation};
    use serde_json::{Value, json};

    const STOCK: i64 = 8;
    const OUTPUT: i64 = 9;
    const CUSTOMERS: i64 = 5;

    fn places(root: &str) -> Places {
        let rows = json!([
            {"id": 5, "complete_name": "Partners/Customers", "usage": "customer", "parent_path": "2/5/"},
            {"id": 7, "complete_name": "WH", "usage": "view", "parent_path": "7/"},
            {"id": 8, "complete_name": "WH/Stock", "usage": "internal", "parent_path": "7/8/"},
            {"id": 9, "complete_name": "WH/Output", "usage": "internal", "parent_path": "7/9/"},
        ]);
        let rows: Vec<Location> = serde_json::from_value(rows).unwrap();
        let berlin = LocationName::new("berlin").unwrap();
        let codes = [(VendorLocation::new(root).unwrap(), berlin.clone())]
            .into_iter()
            .collect();
        Places::new(&rows, &LocationCodes::new(vec![berlin], codes)).unwrap()
    }

    fn step(from: i64, to: i64, state: &str, more: &Value) -> Move {
        let mut row = json!({"id": 1, "sale_line_id": [3, "S1"], "product_id": [1, "A"], "state": state,
            "location_id": [from, "x"], "location_dest_id": [to, "y"], "product_uom_qty": 3.0, "product_qty": 3.0});
        for (key, value) in more.as_object().unwrap() {
            row[key] = value.clone();
        }
        serde_json::from_value(row).unwrap()
    }

    fn of(basis: Basis, root: &str, moves: &[Move]) -> String {
        let line = Sold {
            product: Some(1),
            quantity: Quantity::whole(3),
        };
        contained(basis, line, &moves.iter().collect::<Vec<_>>(), &places(root)).to_string()
    }

    #[test]
    fn each_basis_has_its_status() {
        let reserved = [step(STOCK, CUSTOMERS, "partially_available", &json!({"quantity": 2.0}))];
        let done = [step(STOCK, CUSTOMERS, "done", &json!({"quantity": 3.0}))];
        let waiting = [step(STOCK, CUSTOMERS, "confirmed", &json!({"quantity": 0.0}))];
        let gone = [step(STOCK, CUSTOMERS, "cancel", &json!({"quantity": 0.0}))];
        for (basis, expected) in [
            (Basis::Physical, ["0", "3", "0", "0"]),
            (Basis::NetOfReserved, ["2", "3", "0", "0"]),
            (Basis::NetOfOrders, ["3", "3", "3", "0"]),
        ] {
            let found = [&reserved, &done, &waiting, &gone].map(|moves| of(basis, "WH/Stock", moves));
            assert_eq!(found, expected, "{basis:?}");
        }
    }

    #[test]
    fn before_17_done_and_reserved_have_their_own_fields() {
        let reserved = [step(
            STOCK,
            CUSTOMERS,
            "assigned",
            &json!({"reserved_availability": 3.0, "quantity_done": 1.0}),
        )];
        assert_eq!(of(Basis::NetOfReserved, "WH/Stock", &reserved), "3");
        assert_eq!(
            of(Basis::Physical, "WH/Stock", &reserved),
            "0",
            "typed in, but not done"
        );
        assert_eq!(
            of(
                Basis::Physical,
                "WH/Stock",
                &[step(STOCK, CUSTOMERS, "done", &json!({"quantity_done": 3.0}))]
            ),
            "3"
        );
    }

    #[test]
    fn a_delivery_in_two_steps_counts_once_wherever_the_boundary_is() {
        let picked = [
            step(STOCK, OUTPUT, "done", &json!({"quantity": 3.0})),
            step(OUTPUT, CUSTOMERS, "assigned", &json!({"quantity": 3.0})),
        ];
        let shipped = [
            step(STOCK, OUTPUT, "done", &json!({"quantity": 3.0})),
            step(OUTPUT, CUSTOMERS, "done", &json!({"quantity": 3.0})),
        ];
        assert_eq!(of(Basis::Physical, "WH/Stock", &picked), "3", "it left what we count");
        assert_eq!(of(Basis::Physical, "WH", &picked), "0", "it is still in the house");
        assert_eq!(of(Basis::NetOfReserved, "WH", &picked), "3");
        assert_eq!(
            (
                of(Basis::Physical, "WH/Stock", &shipped),
                of(Basis::Physical, "WH", &shipped)
            ),
            ("3".to_owned(), "3".to_owned())
        );
    }

    #[test]
    fn a_return_takes_nothing_back() {
        let moves = [
            step(STOCK, CUSTOMERS, "done", &json!({"quantity": 3.0})),
            step(CUSTOMERS, STOCK, "done", &json!({"quantity": 1.0})),
        ];
        assert_eq!(of(Basis::Physical, "WH/Stock", &moves), "3");
    }

    #[test]
    fn a_kit_is_contained_once_all_its_parts_are() {
        let part = |state: &str| {
            step(
                STOCK,
                CUSTOMERS,
                state,
                &json!({"product_id": [50, "part"], "quantity": 3.0}),
            )
        };
        assert_eq!(of(Basis::Physical, "WH/Stock", &[part("done"), part("assigned")]), "0");
        assert_eq!(of(Basis::Physical, "WH/Stock", &[part("done"), part("done")]), "3");
    }

    #[test]
    fn dozens_become_pieces() {
        let dozen = step(
            STOCK,
            CUSTOMERS,
            "done",
            &json!({"product_uom_qty": 1.0, "product_qty": 12.0, "quantity": 1.0}),
        );
        assert_eq!(of(Basis::Physical, "WH/Stock", &[dozen]), "12");
    }
}
