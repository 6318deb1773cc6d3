//! What the vendor says of a listing beside its number: kept where our SKU is not simply the vendor's.

use crate::ListingDocument;
use omnistock_words::Sku;
use serde::{Deserialize, Serialize};

/// What the vendor says of a listing that a person has mapped, or that no SKU of ours belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct There {
    /// A person has said which SKU it sells: [`ListingDocument::sku`] is that one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mapped: bool,
    /// The vendor's SKU of a mapped listing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// As buyers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// GTIN, EAN, UPC or ISBN, as the vendor has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
}

impl ListingDocument {
    /// Whether a person has said which SKU it sells.
    pub fn is_mapped(&self) -> bool {
        self.there.as_ref().is_some_and(|there| there.mapped)
    }

    /// The SKU that the vendor has for it, whatever a person has said.
    pub fn sku_there(&self) -> Option<&Sku> {
        match &self.there {
            Some(there) if there.mapped => there.sku.as_ref(),
            _ => self.sku.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_sku_is_told_apart_from_ours() {
        let bare = r#"{"schema":1,"channel":"shop","listing":"7","sku":"A"}"#;
        let mut document: ListingDocument = serde_json::from_str(bare).unwrap();
        assert!(!document.is_mapped());
        assert_eq!(document.sku_there().map(Sku::as_str), Some("A"));
        document.there = Some(Box::new(There {
            mapped: true,
            ..There::default()
        }));
        assert!(document.is_mapped());
        assert_eq!(document.sku_there(), None);
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<ListingDocument>(&text).unwrap(), document);
    }
}
