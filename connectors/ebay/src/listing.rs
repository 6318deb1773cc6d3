//! Names of listings: an offer of the Inventory model, or an item of the older Trading model.
//!
//! A listing's id says all that a write has to name (`offer:ID:SKU`, `item:ID`, `item:ID:SKU` for a variation), so that
//! no write depends on what was read before. Its parent is the page that buyers see: revisions are counted of that.

use omnistock_sdk::{ListingKey, ListingReference};
use omnistock_words::ListingId;

/// What a listing's id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// An offer of an inventory item.
    Offer {
        /// The offer's id.
        offer: String,
        /// The inventory item's SKU.
        sku: String,
    },
    /// A listing that was made without inventory items, or one variation of it.
    Item {
        /// The item's number.
        item: String,
        /// The variation's SKU.
        variation: Option<String>,
    },
}

fn number(text: &str) -> bool {
    (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Listing {
    /// What this id names; `None`: it is none of eBay's.
    pub(crate) fn read(id: &ListingId) -> Option<Self> {
        let (model, rest) = id.as_str().split_once(':')?;
        let (id, sku) = match rest.split_once(':') {
            Some((id, sku)) => (id, Some(sku.to_owned()).filter(|sku| !sku.is_empty())),
            None => (rest, None),
        };
        let id = id.to_owned();
        match model {
            _ if !number(&id) => None,
            "offer" => Some(Self::Offer { offer: id, sku: sku? }),
            "item" => Some(Self::Item {
                item: id,
                variation: sku,
            }),
            _ => None,
        }
    }

    fn id(&self) -> Option<ListingId> {
        let text = match self {
            Self::Offer { offer, sku } => format!("offer:{offer}:{sku}"),
            Self::Item { item, variation: None } => format!("item:{item}"),
            Self::Item {
                item,
                variation: Some(sku),
            } => format!("item:{item}:{sku}"),
        };
        // What does not read back as it was written could name something else.
        ListingId::new(text)
            .ok()
            .filter(|id| Self::read(id).as_ref() == Some(self))
    }

    /// Its reference, on the page with this number where it has one.
    pub(crate) fn reference(&self, page: Option<&str>) -> Option<ListingReference> {
        let key = ListingKey {
            listing: self.id()?,
            location: None,
        };
        let parent = page.and_then(|page| ListingId::new(page).ok());
        Some(ListingReference { key, parent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_name_of_a_listing_is_none() {
        for text in [
            "offer:1",
            "offer:1:",
            "offer:x:A",
            "item:",
            "item:1 ",
            "page:1",
            "7",
            "item:../1",
        ] {
            assert_eq!(Listing::read(&ListingId::new(text).unwrap()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn names_read_back(id in "[0-9]{1,12}", sku in "[^\\x00-\\x1f\\x7f-\\x9f]{1,50}", kind in 0u8..3) {
            let listing = match kind {
                0 => Listing::Offer { offer: id, sku },
                1 => Listing::Item { item: id, variation: None },
                _ => Listing::Item { item: id, variation: Some(sku) },
            };
            let reference = listing.reference(Some("110043671232")).unwrap();
            prop_assert_eq!(Listing::read(&reference.key.listing), Some(listing));
            let parent = reference.parent.unwrap();
            prop_assert_eq!(parent.as_str(), "110043671232");
        }
    }
}
