//! Every key that a configuration may have, by section: the one list that reading, suggestions,
//! environment variables and the test of the reference go by.

/// How often a section may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `[section]`
    One,
    /// `[section.NAME]`, with the word for what is named.
    Named(&'static str),
    /// `[[section]]`
    List,
}

/// A section.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) keys: &'static Keys,
}

/// Keys of a table.
#[derive(Debug)]
pub(super) struct Keys {
    /// Those that have an effect.
    pub(super) known: &'static [&'static [&'static str]],
    /// Those that are agreed, but that nothing honours in this version: an error, never silence.
    pub(super) later: &'static [&'static str],
    /// Other keys are somebody else's: a connector's own.
    pub(super) open: bool,
}

impl Keys {
    pub(super) const fn of(known: &'static [&'static [&'static str]]) -> Self {
        Self {
            known,
            later: &[],
            open: false,
        }
    }

    /// All keys that have an effect.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.known.iter().flat_map(|part| part.iter().copied())
    }
}

pub(super) const STORE: Keys = Keys::of(&[&["kind", "path"], super::store_redis::KEYS]);
pub(super) const WAIT: Keys = Keys::of(&[&["replicas", "on_disk", "within"]]);
pub(super) const HISTORY: Keys = Keys::of(&[&["keep", "most_mb"]]);
pub(super) const SERVER: Keys = Keys::of(&[&["admin", "webhooks", "public_url", "require_tokens"]]);
pub(super) const TOKEN: Keys = Keys::of(&[&["role", "token"]]);
/// Keys that every connector has; the others are its own.
pub(super) const CONNECTOR: Keys = Keys {
    known: &[&["kind", "calls"], SOURCE],
    later: &["contained"],
    open: true,
};
/// Keys of a connector in its reading role.
pub(super) const SOURCE: &[&str] = &[
    "every",
    "schedule",
    "timezone",
    "basis",
    "absorb",
    "max_age",
    "stale",
    "missing",
    "guard",
    "confirm_after",
    "cutover",
    "absorb_alarm",
];
pub(super) const SOURCE_GUARD: Keys = Keys::of(&[&["rows_missing", "total_drop", "newly_zero"]]);
pub(super) const BY_DELAY: Keys = Keys::of(&[&["by_delay"]]);
pub(super) const ZERO_AFTER: Keys = Keys::of(&[&["zero_after"]]);
pub(super) const LOCATION: Keys = Keys::of(&[&[
    "codes",
    "part_of",
    "units",
    "share",
    "enabled",
    "source",
    "safety_stock",
    "stop_at",
    "max_age",
]]);
pub(super) const GROUP: Keys = Keys::of(&[&["members", "safety_stock", "stop_at", "max_age"]]);
pub(super) const POOL: Keys = Keys::of(&[&["locations"]]);
pub(super) const PRICE_LIST: Keys = Keys::of(&[&["from", "currency", "tax", "tax_rate"]]);

/// Keys that every layer may set: templates, channels, rules.
const POLICY: &[&str] = &[
    "mode",
    "pool",
    "locations",
    "sourcing",
    "ship_complete",
    "share",
    "sku_safety_stock",
    "safety_stock",
    "stop_at",
    "backorder_limit",
    "preorder_limit",
    "max_shown",
    "unit",
    "decimals",
    "pack_size",
    "factor",
    "track",
    "same_sku",
    "home",
    "expected_sales",
    "price",
    "guard",
];
const POLICY_LATER: &[&str] = &["foreign_edit"];
/// Keys of templates and channels that no rule may set.
const TIMES: &[&str] = &[
    "ramp",
    "orders_every",
    "audit_every",
    "gate_wait",
    "all_orders_every",
    "missing_after",
];
pub(super) const TEMPLATE: Keys = Keys {
    known: &[POLICY, TIMES],
    later: POLICY_LATER,
    open: false,
};
pub(super) const CHANNEL: Keys = Keys {
    known: &[&["use", "connector"], POLICY, TIMES],
    later: POLICY_LATER,
    open: false,
};
pub(super) const SET: Keys = Keys {
    known: &[POLICY],
    later: POLICY_LATER,
    open: false,
};
pub(super) const ADAPTIVE: Keys = Keys::of(&[&["adaptive", "max"]]);
pub(super) const PRICE: Keys = Keys::of(&[&[
    "list",
    "factor",
    "add",
    "ending",
    "floor",
    "ceiling",
    "min_margin",
    "compare_at",
]]);
pub(super) const FLOOR: Keys = Keys::of(&[&["list", "factor"]]);
pub(super) const COMPARE_AT: Keys = Keys::of(&[&["list", "factor"]]);
pub(super) const CHANNEL_GUARD: Keys = Keys::of(&[&["newly_zero", "price_jump", "prices_changed"]]);

pub(super) const RULE: Keys = Keys::of(&[&["match", "channels", "from", "until", "set", "csv"]]);
pub(super) const MATCH: Keys = Keys::of(&[&["sku", "brand", "category", "tag", "listing"]]);
pub(super) const NOTIFY: Keys = Keys::of(&[&[
    "name",
    "exec",
    "url",
    "token",
    "min",
    "after",
    "settle",
    "most_per_hour",
    "timeout",
]]);
pub(super) const TEST: Keys = Keys::of(&[&["scenario"]]);
pub(super) const BUNDLE: Keys = Keys::of(&[&["sku", "components"]]);
pub(super) const COMPONENT: Keys = Keys::of(&[&["sku", "quantity"]]);
#[cfg(test)]
pub(super) const SECRET: Keys = Keys::of(&[&["credential", "file", "env"]]);

/// All sections in the order in which people write them.
pub(super) const SECTIONS: &[Shape] = &[
    Shape {
        name: "store",
        form: Form::One,
        keys: &STORE,
    },
    Shape {
        name: "server",
        form: Form::One,
        keys: &SERVER,
    },
    Shape {
        name: "tokens",
        form: Form::Named("token"),
        keys: &TOKEN,
    },
    Shape {
        name: "history",
        form: Form::One,
        keys: &HISTORY,
    },
    Shape {
        name: "connectors",
        form: Form::Named("connector"),
        keys: &CONNECTOR,
    },
    Shape {
        name: "locations",
        form: Form::Named("location"),
        keys: &LOCATION,
    },
    Shape {
        name: "location_groups",
        form: Form::Named("location group"),
        keys: &GROUP,
    },
    Shape {
        name: "pools",
        form: Form::Named("pool"),
        keys: &POOL,
    },
    Shape {
        name: "price_lists",
        form: Form::Named("price list"),
        keys: &PRICE_LIST,
    },
    Shape {
        name: "templates",
        form: Form::Named("template"),
        keys: &TEMPLATE,
    },
    Shape {
        name: "channels",
        form: Form::Named("channel"),
        keys: &CHANNEL,
    },
    Shape {
        name: "rules",
        form: Form::List,
        keys: &RULE,
    },
    Shape {
        name: "bundles",
        form: Form::List,
        keys: &BUNDLE,
    },
    Shape {
        name: "notify",
        form: Form::List,
        keys: &NOTIFY,
    },
    Shape {
        name: "test",
        form: Form::List,
        keys: &TEST,
    },
];

/// Sections that are agreed, but that nothing honours in this version.
pub(super) const SECTIONS_LATER: &[&str] = &[];

/// Tables inside sections, for the test of the reference.
#[cfg(test)]
pub(super) const INNER: &[&Keys] = &[
    &WAIT,
    &SOURCE_GUARD,
    &BY_DELAY,
    &ZERO_AFTER,
    &ADAPTIVE,
    &PRICE,
    &FLOOR,
    &COMPARE_AT,
    &CHANNEL_GUARD,
    &MATCH,
    &SET,
    &COMPONENT,
    &SECRET,
];
