//! Names and identifiers: strings with a type, a length limit and cheap clones.

use crate::as_text::as_text;
use crate::text::Text;
use std::fmt;

/// Why a string is not a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    what: &'static str,
    rule: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid {}: {}", self.what, self.rule)
    }
}

impl std::error::Error for NameError {}

const DECLARED: &str = "1 to 64 characters out of a-z, 0-9 and _";
const FOREIGN: &str = "1 to 200 characters without control characters";
const ARTICLE: &str = "1 to 100 characters without control characters";

fn declared(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn printable(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().take(most + 1).count() <= most && !text.chars().any(char::is_control)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        as_text!($name, |name, take| take(name.as_str()));

        impl $name {
            /// Checks and wraps `text`.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(Text::new(text))) } else { Err(NameError { what: $what, rule: $rule }) }
            }

            /// The text as given.
            #[inline]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }
    };
}

name!(/// The merchant's own article number: exact, case-sensitive, never a number.
    Sku, "SKU", ARTICLE, |text| printable(text, 100));
name!(/// A configured connector: `[connectors.NAME]`.
    ConnectorName, "connector name", DECLARED, declared);
name!(/// One sellable counter at a vendor: `[channels.NAME]`.
    ChannelName, "channel name", DECLARED, declared);
name!(/// A place with stock: `[locations.NAME]`.
    LocationName, "location name", DECLARED, declared);
name!(/// A price list: `[price_lists.NAME]`.
    PriceListName, "price list name", DECLARED, declared);
name!(/// What a vendor calls a location.
    VendorLocation, "vendor location", FOREIGN, |text| printable(text, 200));
name!(/// What a vendor calls one offer.
    ListingId, "listing id", FOREIGN, |text| printable(text, 200));
name!(/// What a channel calls an order.
    OrderId, "order id", FOREIGN, |text| printable(text, 200));
name!(/// What a channel calls a line of an order; unique within its order.
    LineId, "line id", FOREIGN, |text| printable(text, 200));
name!(/// What a source calls one movement of stock.
    MovementId, "movement id", FOREIGN, |text| printable(text, 200));
name!(/// What our own interface calls a reservation.
    ReservationId, "reservation id", FOREIGN, |text| printable(text, 200));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_kept_to_the_letter_and_bounded() {
        assert_eq!(Sku::new(" 00123 ").unwrap().as_str(), " 00123 ");
        assert_ne!(Sku::new("a").unwrap(), Sku::new("A").unwrap());
        assert!(Sku::new("ä".repeat(100)).is_ok());
        assert!(Sku::new("ä".repeat(101)).is_err());
        assert!(Sku::new("").is_err());
        assert!(Sku::new("a\nb").is_err());
    }

    #[test]
    fn declared_names_are_lower_case() {
        assert!(ChannelName::new("shop_de2").is_ok());
        let error = ChannelName::new("Shop-DE").unwrap_err().to_string();
        assert_eq!(
            error,
            "not a valid channel name: 1 to 64 characters out of a-z, 0-9 and _"
        );
    }

    #[test]
    fn a_bad_name_does_not_deserialise() {
        assert!(serde_json::from_str::<LocationName>("\"berlin\"").is_ok());
        assert!(serde_json::from_str::<LocationName>("\"Berlin\"").is_err());
    }
}
