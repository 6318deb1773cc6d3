//! What each room may name: the picture of `ARCHITECTURE.md` as a table.

/// The rooms below those where work is done.
const BELOW: &[&str] = &["history", "store", "config", "retry", "pace", "newest"];

/// Rooms that are modules of the package, and the rooms each may name beside itself. The daemon, the demo,
/// the command line and `main` are not here: they may use everything.
pub(super) const ROOMS: &[(&str, &[&str])] = &[
    ("store", &[]),
    ("retry", &[]),
    ("pace", &[]),
    ("secrets", &[]),
    ("registry", &[]),
    ("near", &[]),
    ("newest", &[]),
    ("config", &["registry", "secrets"]),
    ("history", &["store"]),
    ("intake", BELOW),
    ("delivery", BELOW),
    ("notify", &["store", "config", "retry"]),
    ("server", &["store", "config"]),
];

/// Crates that the rooms at work may name.
const INNER: &[&str] = &[
    "omnistock_engine",
    "omnistock_planner",
    "omnistock_sdk",
    "omnistock_words",
];

/// The crates of ours that a room may name.
pub(super) const CRATES: &[(&str, &[&str])] = &[
    ("store", &["omnistock_words"]),
    ("retry", &["omnistock_planner"]),
    ("secrets", &["omnistock_sdk", "omnistock_words"]),
    (
        "registry",
        &[
            "omnistock_sdk",
            "omnistock_file",
            "omnistock_woocommerce",
            "omnistock_medusa",
            "omnistock_odoo",
            "omnistock_shopify",
            "omnistock_amazon",
            "omnistock_ebay",
        ],
    ),
    ("near", &["omnistock_words"]),
    ("newest", &["omnistock_engine", "omnistock_words"]),
    ("config", &["omnistock_sdk", "omnistock_words"]),
    ("history", &["omnistock_engine", "omnistock_planner", "omnistock_words"]),
    ("intake", INNER),
    ("delivery", INNER),
    ("notify", &["omnistock_sdk", "omnistock_words"]),
    ("server", INNER),
];
