//! Listing documents as bytes.

use omnistock_planner::{ListingDocument, SCHEMA};

/// A listing document that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DamagedListing {
    /// Written by a version that this one doesn't read.
    #[error(
        "listing document has schema {0}, this program reads up to {SCHEMA}: use the version of omnistock that wrote it"
    )]
    Schema(u32),
    /// No document at all.
    #[error("listing document can't be read ({0}): restore the store from a backup")]
    Malformed(String),
}

/// JSON with the schema inside.
pub fn encode_listing(document: &ListingDocument) -> Vec<u8> {
    // Plain data with text keys always serialises.
    serde_json::to_vec(document).unwrap_or_default()
}

/// Reads what [`encode_listing`] wrote.
pub fn decode_listing(bytes: &[u8]) -> Result<ListingDocument, DamagedListing> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema: u32,
    }
    let malformed = |error: serde_json::Error| DamagedListing::Malformed(error.to_string());
    let version: Version = serde_json::from_slice(bytes).map_err(malformed)?;
    if version.schema > SCHEMA {
        return Err(DamagedListing::Schema(version.schema));
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::{ChannelName, ListingId};

    #[test]
    fn a_newer_schema_is_told_from_damage() {
        let document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        assert_eq!(decode_listing(&encode_listing(&document)), Ok(document));
        assert_eq!(decode_listing(br#"{"schema":9,"x":1}"#), Err(DamagedListing::Schema(9)));
        assert!(matches!(
            decode_listing(b"{\"schema\":1}"),
            Err(DamagedListing::Malformed(_))
        ));
    }
}
