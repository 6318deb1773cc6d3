//! What the values of a policy's keys may be: the part of [`super::schema_kinds`] that templates, channels and rules share.

use super::schema::{ADAPTIVE, CHANNEL_GUARD, COMPARE_AT, FLOOR, PRICE};
use super::schema_kinds::{Kind, NAMES, Typed};

const HELD_BACK: Kind = Kind::Either(&[
    Kind::Quantity,
    Kind::Percent,
    Kind::Table(&Typed {
        keys: &ADAPTIVE,
        kinds: &[&[("adaptive", Kind::Percent), ("max", Kind::Quantity)]],
    }),
]);
const LIMIT: Kind = Kind::Either(&[Kind::Quantity, Kind::Words(&["unlimited"])]);
/// Of templates, channels and rules.
pub(super) const OF_POLICY: &[(&str, Kind)] = &[
    (
        "mode",
        Kind::Words(&["observe", "shadow", "live", "decrease_only", "frozen", "draining"]),
    ),
    ("pool", Kind::Text),
    ("locations", NAMES),
    ("sourcing", Kind::Words(&["priority", "most_stock", "single_location"])),
    ("ship_complete", Kind::Boolean),
    ("share", Kind::Percent),
    ("sku_safety_stock", HELD_BACK),
    ("safety_stock", HELD_BACK),
    ("stop_at", Kind::Quantity),
    ("backorder_limit", LIMIT),
    ("preorder_limit", LIMIT),
    ("max_shown", Kind::Quantity),
    ("unit", Kind::Text),
    ("decimals", Kind::Count(0, 6)),
    ("pack_size", Kind::Quantity),
    ("factor", Kind::Quantity),
    ("track", Kind::Boolean),
    ("same_sku", Kind::Words(&["same", "split"])),
    ("home", Kind::Boolean),
    ("expected_sales", Kind::Text),
    (
        "price",
        Kind::Table(&Typed {
            keys: &PRICE,
            kinds: &[OF_PRICE],
        }),
    ),
    (
        "guard",
        Kind::Table(&Typed {
            keys: &CHANNEL_GUARD,
            kinds: &[OF_CHANNEL_GUARD],
        }),
    ),
];
/// Of templates and channels.
pub(super) const OF_TIMES: &[(&str, Kind)] = &[
    ("ramp", Kind::Text),
    ("orders_every", Kind::Duration),
    ("audit_every", Kind::Duration),
    ("gate_wait", Kind::Duration),
    ("all_orders_every", Kind::Duration),
    ("missing_after", Kind::Duration),
];
const OF_CHANNEL_GUARD: &[(&str, Kind)] = &[
    ("newly_zero", Kind::Percent),
    ("price_jump", Kind::Percent),
    ("prices_changed", Kind::Percent),
];
const FACTOR_OF: &[(&str, Kind)] = &[("list", Kind::Text), ("factor", Kind::Decimal)];
const OF_PRICE: &[(&str, Kind)] = &[
    ("list", Kind::Text),
    ("factor", Kind::Decimal),
    ("add", Kind::Decimal),
    ("ending", Kind::Decimal),
    (
        "floor",
        Kind::Either(&[
            Kind::Decimal,
            Kind::Words(&["none"]),
            Kind::Table(&Typed {
                keys: &FLOOR,
                kinds: &[FACTOR_OF],
            }),
        ]),
    ),
    ("ceiling", Kind::Decimal),
    ("min_margin", Kind::Percent),
    (
        "compare_at",
        Kind::Either(&[
            Kind::Text,
            Kind::Table(&Typed {
                keys: &COMPARE_AT,
                kinds: &[FACTOR_OF],
            }),
        ]),
    ),
];
