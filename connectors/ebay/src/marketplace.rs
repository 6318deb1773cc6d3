//! eBay's marketplaces: their names, their numbers in the Trading API, their currencies.

use omnistock_words::Currency;

/// One marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marketplace {
    /// As the Sell APIs call it, such as `EBAY_DE`.
    pub(crate) name: &'static str,
    /// As the Trading API calls it.
    pub(crate) site: u16,
    currency: &'static str,
}

/// The vendor's documentation of `MarketplaceIdEnum` and of site ids.
const ALL: [(&str, u16, &str); 18] = [
    ("EBAY_AT", 16, "EUR"),
    ("EBAY_AU", 15, "AUD"),
    ("EBAY_BE", 23, "EUR"),
    ("EBAY_CA", 2, "CAD"),
    ("EBAY_CH", 193, "CHF"),
    ("EBAY_DE", 77, "EUR"),
    ("EBAY_ES", 186, "EUR"),
    ("EBAY_FR", 71, "EUR"),
    ("EBAY_GB", 3, "GBP"),
    ("EBAY_HK", 201, "HKD"),
    ("EBAY_IE", 205, "EUR"),
    ("EBAY_IT", 101, "EUR"),
    ("EBAY_MOTORS_US", 100, "USD"),
    ("EBAY_MY", 207, "MYR"),
    ("EBAY_NL", 146, "EUR"),
    ("EBAY_PL", 212, "PLN"),
    ("EBAY_SG", 216, "SGD"),
    ("EBAY_US", 0, "USD"),
];

impl Marketplace {
    /// By its name in the Sell APIs.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = ALL.iter().find(|(known, ..)| *known == name)?;
        let (name, site, currency) = *found;
        Some(Self { name, site, currency })
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
            .map(|(name, site, currency)| Self { name, site, currency })
    }

    /// The known name that is nearest to this one.
    pub(crate) fn nearest(name: &str) -> Option<&'static str> {
        let name = name.to_ascii_uppercase();
        omnistock_sdk::nearest(&name, ALL.iter().map(|(known, ..)| *known))
    }

    /// What its prices are in.
    pub(crate) fn currency(self) -> Option<Currency> {
        self.currency.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marketplace_is_found_and_has_a_currency() {
        for (name, site, _) in ALL {
            let found = Marketplace::named(name).unwrap();
            assert_eq!((found.name, found.site), (name, site));
            assert!(found.currency().is_some(), "{name}");
        }
        assert_eq!(Marketplace::named("EBAY_XX"), None);
        assert_eq!(Marketplace::nearest("ebay_de"), Some("EBAY_DE"));
    }
}
