//! What a manifest says to people: one list of rows, from which `omnistock connectors KIND` and the vendors' pages are made.

use crate::{Grouping, Manifest};
use omnistock_words::{Basis, OrderStatus, WriteMeaning};

/// What a kind of connector can be to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A source of stock.
    Stock,
    /// A source of prices.
    SourcePrices,
    /// A source that says which orders its figures contain.
    Statements,
    /// A channel whose numbers are written.
    Channel,
    /// A channel whose prices are written.
    Prices,
    /// A source of orders.
    Orders,
    /// A sender of webhooks.
    Webhooks,
    /// Its messages wait in a queue, which is read.
    Queue,
}

impl Role {
    const fn words(self) -> &'static str {
        match self {
            Self::Stock => "source of stock",
            Self::SourcePrices => "source of prices",
            Self::Statements => "says which orders its figures contain",
            Self::Channel => "channel whose stock is written",
            Self::Prices => "channel whose prices are written",
            Self::Orders => "source of orders",
            Self::Webhooks => "sends webhooks",
            Self::Queue => "lays messages down in a queue, which is read",
        }
    }
}

/// Facts that nobody computes with, beside those that planner and intake go by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// What it can be.
    pub roles: &'static [Role],
    /// What its figures can contain, where it is a source of stock.
    pub basis: &'static [Basis],
    /// States of an order in which the vendor itself takes its units off what it sells.
    pub decrement_states: &'static [&'static str],
    /// What makes a write harmless that arrives twice.
    pub idempotency: &'static str,
    /// How an article that is sold out is said.
    pub sold_out: &'static str,
    /// The vendor's states of an order, and what they mean here.
    pub order_states: &'static [(&'static str, OrderStatus)],
    /// What is read back, and when.
    pub read_back: &'static str,
    /// What the vendor takes in how much time, as it states it.
    pub limits: &'static str,
}

const fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Open => "open",
        OrderStatus::Cancelled => "cancelled",
        OrderStatus::Shipped => "shipped",
        OrderStatus::Returned => "returned",
    }
}

const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Physical => "physical",
        Basis::NetOfReserved => "net_of_reserved",
        Basis::NetOfOrders => "net_of_orders",
    }
}

impl Manifest {
    /// Everything that it says, as rows of a name and its words; what does not apply to this kind has no row.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let facts = &self.facts;
        let list = |words: Vec<&str>| words.join(", ");
        let mut rows = vec![("roles", list(facts.roles.iter().map(|role| role.words()).collect()))];
        if !facts.basis.is_empty() {
            rows.push(("basis", list(facts.basis.iter().copied().map(basis).collect())));
        }
        if facts.roles.contains(&Role::Channel) {
            rows.extend(self.of_channel());
        }
        if !facts.order_states.is_empty() {
            let states = facts.order_states.iter();
            let states: Vec<String> = states
                .map(|(theirs, ours)| format!("{theirs}: {}", status(*ours)))
                .collect();
            rows.push(("order states", states.join("; ")));
        }
        rows.push(("read back", facts.read_back.to_owned()));
        rows.push(("limits", facts.limits.to_owned()));
        rows.retain(|(_, words)| !words.is_empty());
        rows
    }

    fn of_channel(&self) -> Vec<(&'static str, String)> {
        let facts = &self.facts;
        let write = match self.write {
            WriteMeaning::Available => "available: the vendor takes its own sales off it",
            WriteMeaning::Gross => "gross: the vendor keeps what it has sold apart",
        };
        let grouping = match self.grouping {
            Grouping::Any => "any listings",
            Grouping::Parent => "listings of one product",
            Grouping::Location => "listings at one location",
        };
        let refused = if self.all_or_nothing {
            "undoes its call"
        } else {
            "harms no other"
        };
        let numbers = match self.decimals {
            0 => "whole".to_owned(),
            digits => format!("up to {digits} decimals"),
        };
        vec![
            ("write", write.to_owned()),
            ("decrement_states", facts.decrement_states.join(", ")),
            (
                "compare-and-set",
                if self.compare_and_set { "yes" } else { "no" }.to_owned(),
            ),
            ("a write that comes twice", facts.idempotency.to_owned()),
            (
                "in one call",
                format!("{} written ({grouping}), {} read", self.max_write, self.max_read),
            ),
            ("calls at once", self.concurrency.to_string()),
            ("a refused listing", refused.to_owned()),
            ("numbers", format!("{numbers}, {} to {}", self.least, self.most)),
            ("sold out", facts.sold_out.to_owned()),
        ]
    }

    /// The rows as the table "What it can do" of a vendor's page.
    pub fn table(&self) -> String {
        let mut table = "| | |\n|---|---|\n".to_owned();
        for (name, words) in self.rows() {
            table.extend(["| ", name, " | ", words.as_str(), " |\n"]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Quantity;
    use std::time::Duration;

    fn manifest(roles: &'static [Role]) -> Manifest {
        Manifest {
            kind: "toy",
            write: WriteMeaning::Gross,
            compare_and_set: true,
            max_write: 7,
            max_read: 9,
            grouping: Grouping::Location,
            all_or_nothing: true,
            concurrency: 2,
            clock_grain: Duration::from_secs(1),
            decimals: 3,
            least: Quantity::ZERO,
            most: Quantity::whole(50),
            facts: Facts {
                roles,
                basis: &[Basis::NetOfReserved],
                order_states: &[("paid", OrderStatus::Open), ("gone", OrderStatus::Shipped)],
                sold_out: "0",
                ..Facts::default()
            },
        }
    }

    #[test]
    fn a_channel_says_how_it_is_written_and_a_source_does_not() {
        let table = manifest(&[Role::Channel, Role::Orders]).table();
        for row in [
            "| roles | channel whose stock is written, source of orders |",
            "| in one call | 7 written (listings at one location), 9 read |",
            "| numbers | up to 3 decimals, 0 to 50 |",
            "| order states | paid: open; gone: shipped |",
            "| a refused listing | undoes its call |",
        ] {
            assert!(table.contains(row), "{row} is not in\n{table}");
        }
        assert!(!table.contains("| limits |"), "nothing is said of them");
        let source: Vec<&str> = manifest(&[Role::Stock])
            .rows()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(source, ["roles", "basis", "order states"]);
    }
}
