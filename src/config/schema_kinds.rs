//! What the value of each key may be: what `omnistock schema` says beside the names of `schema.rs`.
//!
//! A test holds both lists together, and asks the reader whether it agrees.

use super::schema::{
    BUNDLE, BY_DELAY, CHANNEL, COMPONENT, CONNECTOR, GROUP, HISTORY, Keys, LOCATION, MATCH, NOTIFY, POOL, PRICE_LIST,
    RULE, SERVER, SET, SOURCE_GUARD, STORE, TEMPLATE, TEST, TOKEN, WAIT, ZERO_AFTER,
};
use super::schema_policy::{OF_POLICY, OF_TIMES};

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Text; more about it in words.
    Text,
    Boolean,
    /// Units: a whole number, or a decimal in quotes.
    Quantity,
    /// A whole number between these.
    Count(u32, u32),
    /// An amount or factor: a whole number, or a decimal in quotes.
    Decimal,
    Percent,
    Duration,
    Instant,
    Currency,
    /// Where a secret is.
    Secret,
    /// One of these.
    Words(&'static [&'static str]),
    List(&'static Kind),
    /// A table with keys of the operator's own.
    Map(&'static Kind),
    Table(&'static Typed),
    Either(&'static [Kind]),
}

/// A table's keys with what they hold.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) keys: &'static Keys,
    pub(super) kinds: &'static [&'static [(&'static str, Kind)]],
}

impl Typed {
    /// `None`: not listed here.
    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        let mut all = self.kinds.iter().flat_map(|part| part.iter());
        all.find(|(name, _)| *name == key).map(|(_, kind)| *kind)
    }
}

/// The keys of a section with what they hold; `None` for one that is not listed here.
pub(super) fn section(name: &str) -> Option<&'static Typed> {
    SECTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, typed)| typed)
}

/// All sections.
const SECTIONS: &[(&str, Typed)] = &[
    (
        "store",
        Typed {
            keys: &STORE,
            kinds: &[OF_STORE],
        },
    ),
    (
        "server",
        Typed {
            keys: &SERVER,
            kinds: &[&[
                ("admin", Kind::Text),
                ("webhooks", Kind::Text),
                ("public_url", Kind::Text),
                ("require_tokens", Kind::Boolean),
            ]],
        },
    ),
    (
        "tokens",
        Typed {
            keys: &TOKEN,
            kinds: &[&[("role", Kind::Words(&["viewer", "operator"])), ("token", Kind::Secret)]],
        },
    ),
    (
        "history",
        Typed {
            keys: &HISTORY,
            kinds: &[&[("keep", Kind::Duration), ("most_mb", Kind::Count(1, 10_000_000))]],
        },
    ),
    (
        "connectors",
        Typed {
            keys: &CONNECTOR,
            kinds: &[OF_CONNECTOR],
        },
    ),
    (
        "locations",
        Typed {
            keys: &LOCATION,
            kinds: &[OF_LOCATION, OF_PLACE],
        },
    ),
    (
        "location_groups",
        Typed {
            keys: &GROUP,
            kinds: &[&[("members", NAMES)], OF_PLACE],
        },
    ),
    (
        "pools",
        Typed {
            keys: &POOL,
            kinds: &[&[("locations", NAMES)]],
        },
    ),
    (
        "price_lists",
        Typed {
            keys: &PRICE_LIST,
            kinds: &[OF_PRICE_LIST],
        },
    ),
    (
        "templates",
        Typed {
            keys: &TEMPLATE,
            kinds: &[OF_POLICY, OF_TIMES],
        },
    ),
    (
        "channels",
        Typed {
            keys: &CHANNEL,
            kinds: &[&[("use", Kind::Text), ("connector", Kind::Text)], OF_POLICY, OF_TIMES],
        },
    ),
    (
        "rules",
        Typed {
            keys: &RULE,
            kinds: &[OF_RULE],
        },
    ),
    (
        "bundles",
        Typed {
            keys: &BUNDLE,
            kinds: &[&[("sku", Kind::Text), ("components", Kind::List(&Kind::Table(&PART)))]],
        },
    ),
    (
        "notify",
        Typed {
            keys: &NOTIFY,
            kinds: &[OF_NOTIFY],
        },
    ),
    (
        "test",
        Typed {
            keys: &TEST,
            kinds: &[&[("scenario", Kind::Text)]],
        },
    ),
];

pub(super) const NAMES: Kind = Kind::List(&Kind::Text);

const OF_NOTIFY: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("exec", Kind::Either(&[Kind::Text, NAMES])),
    ("url", Kind::Either(&[Kind::Text, Kind::Secret])),
    ("token", Kind::Secret),
    ("min", Kind::Words(&["warn", "page"])),
    ("after", Kind::Duration),
    ("settle", Kind::Duration),
    ("most_per_hour", Kind::Count(2, 1_000)),
    ("timeout", Kind::Duration),
];
const OF_STORE: &[(&str, Kind)] = &[
    ("kind", Kind::Words(&["embedded", "redis"])),
    ("path", Kind::Text),
    ("url", Kind::Either(&[Kind::Text, Kind::Secret])),
    ("sentinels", NAMES),
    ("master", Kind::Text),
    ("database", Kind::Count(0, 16_383)),
    ("sentinel_username", Kind::Text),
    ("sentinel_password", Kind::Secret),
    ("cluster", NAMES),
    ("prefix", Kind::Text),
    ("username", Kind::Text),
    ("password", Kind::Secret),
    ("certificate_authority", Kind::Text),
    ("client_certificate", Kind::Text),
    ("client_key", Kind::Secret),
    (
        "wait",
        Kind::Table(&Typed {
            keys: &WAIT,
            kinds: &[OF_WAIT],
        }),
    ),
    ("lease", Kind::Duration),
];
const OF_WAIT: &[(&str, Kind)] = &[
    ("replicas", Kind::Count(0, 16)),
    ("on_disk", Kind::Boolean),
    ("within", Kind::Duration),
];

const OF_CONNECTOR: &[(&str, Kind)] = &[
    ("kind", Kind::Text),
    ("calls", Kind::Text),
    ("every", Kind::Duration),
    ("schedule", Kind::Text),
    ("timezone", Kind::Text),
    ("basis", Kind::Words(&["physical", "net_of_reserved", "net_of_orders"])),
    (
        "absorb",
        Kind::Either(&[
            Kind::Words(&["by_reference", "by_status", "never"]),
            Kind::Table(&DELAY),
        ]),
    ),
    ("max_age", Kind::Duration),
    (
        "stale",
        Kind::Either(&[Kind::Words(&["keep", "only_decrease"]), Kind::Table(&ZERO_AFTER_TIME)]),
    ),
    (
        "missing",
        Kind::Either(&[Kind::Words(&["keep"]), Kind::Table(&ZERO_AFTER_COUNT)]),
    ),
    (
        "guard",
        Kind::Table(&Typed {
            keys: &SOURCE_GUARD,
            kinds: &[OF_SOURCE_GUARD],
        }),
    ),
    ("confirm_after", Kind::Duration),
    ("cutover", Kind::Instant),
    ("absorb_alarm", Kind::Duration),
];
const DELAY: Typed = Typed {
    keys: &BY_DELAY,
    kinds: &[&[("by_delay", Kind::Duration)]],
};
const ZERO_AFTER_TIME: Typed = Typed {
    keys: &ZERO_AFTER,
    kinds: &[&[("zero_after", Kind::Duration)]],
};
const ZERO_AFTER_COUNT: Typed = Typed {
    keys: &ZERO_AFTER,
    kinds: &[&[("zero_after", Kind::Count(1, 1_000))]],
};
const OF_SOURCE_GUARD: &[(&str, Kind)] = &[
    ("rows_missing", Kind::Percent),
    ("total_drop", Kind::Percent),
    ("newly_zero", Kind::Percent),
];

const OF_LOCATION: &[(&str, Kind)] = &[
    ("codes", Kind::Map(&Kind::Text)),
    ("part_of", Kind::Text),
    ("units", Kind::Quantity),
    ("share", Kind::Percent),
    ("enabled", Kind::Boolean),
    ("source", Kind::Text),
];
/// Of a place or a group of them.
const OF_PLACE: &[(&str, Kind)] = &[
    ("safety_stock", Kind::Quantity),
    ("stop_at", Kind::Quantity),
    ("max_age", Kind::Duration),
];
const OF_PRICE_LIST: &[(&str, Kind)] = &[
    ("from", Kind::Text),
    ("currency", Kind::Currency),
    ("tax", Kind::Words(&["gross", "net"])),
    ("tax_rate", Kind::Percent),
];

const OF_RULE: &[(&str, Kind)] = &[
    (
        "match",
        Kind::Table(&Typed {
            keys: &MATCH,
            kinds: &[OF_MATCH],
        }),
    ),
    ("channels", NAMES),
    ("from", Kind::Instant),
    ("until", Kind::Instant),
    ("csv", Kind::Text),
    (
        "set",
        Kind::Table(&Typed {
            keys: &SET,
            kinds: &[OF_POLICY],
        }),
    ),
];
const OF_MATCH: &[(&str, Kind)] = &[
    ("sku", Kind::Text),
    ("brand", Kind::Text),
    ("category", Kind::Text),
    ("tag", Kind::Text),
    ("listing", Kind::Text),
];
const PART: Typed = Typed {
    keys: &COMPONENT,
    kinds: &[&[("sku", Kind::Text), ("quantity", Kind::Quantity)]],
};
