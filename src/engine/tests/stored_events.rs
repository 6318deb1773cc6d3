//! Events in an inbox: what was written is read again, and what can't be read says why.

#[cfg(test)]
mod cases {
    use crate::common::*;
    use omnistock_engine::{DecodeError, Event, decode_event, encode_event};
    use serde_json::json;

    fn event() -> Event {
        serde_json::from_value(order("shop", 7, &[("A", "2")])).unwrap()
    }

    #[test]
    fn what_was_written_is_read_again_with_and_without_a_version() {
        let bytes = encode_event(&event());
        assert_eq!(decode_event(&bytes), Ok(event()));
        // As the first version wrote them.
        assert_eq!(decode_event(&serde_json::to_vec(&event()).unwrap()), Ok(event()));
    }

    #[test]
    fn an_order_reads_alike_whichever_way_it_is_read() {
        let line = json!({ "line": "1", "sku": "A", "listing": "77", "quantity": "2", "status": "returned",
            "location": "berlin", "fulfilled_by": "channel", "reservation": "r", "restock_location": "kassel" });
        let full = json!({ "type": "order", "channel": "shop", "order": "7", "revision": { "number": 5, "sequence": 6 },
            "status": "shipped", "placed_at": "2026-11-23T21:54:09Z", "at": "2026-11-23T21:54:10Z",
            "lines": [line, { "line": "2", "quantity": "1" }] });
        let bare = json!({ "type": "order", "channel": "shop", "order": "7", "status": "cancelled",
            "placed_at": "2026-11-23T21:54:09Z" });
        let counted = json!({ "type": "order", "channel": "shop", "order": "7", "revision": 9, "status": "open",
            "placed_at": "2026-11-23T21:54:09Z", "unknown": [{}] });
        for order in [full, bare, counted] {
            // Without an envelope it is read as any event is.
            let event: Event = serde_json::from_value(order.clone()).unwrap();
            for version in 1..=3 {
                let stored = json!({ "v": version, "d": order }).to_string();
                assert_eq!(decode_event(stored.as_bytes()).as_ref(), Ok(&event));
            }
            assert_eq!(decode_event(&encode_event(&event)), Ok(event));
        }
    }

    #[test]
    fn an_event_of_a_later_version_names_it_and_is_not_guessed_at() {
        let mut document: serde_json::Value = serde_json::from_slice(&encode_event(&event())).unwrap();
        document["v"] = 99.into();
        let refused = decode_event(document.to_string().as_bytes()).unwrap_err();
        assert_eq!(refused, DecodeError::Version(99));
        let said = refused.to_string();
        assert!(
            said.starts_with("the document has schema version 99, this program reads "),
            "{said}"
        );
        // One that this program could not even parse names its version all the same.
        document["d"] = "of another shape".into();
        let refused = decode_event(document.to_string().as_bytes());
        assert_eq!(refused, Err(DecodeError::Version(99)));
    }

    #[test]
    fn a_damaged_event_is_no_event() {
        let bytes = encode_event(&event());
        let refused = decode_event(&bytes[..bytes.len() - 3]).unwrap_err();
        assert!(matches!(refused, DecodeError::Malformed(_)), "{refused:?}");
        let said = refused.to_string();
        assert!(said.ends_with("restore the store from a backup"), "{said}");
        assert!(decode_event(b"{}").is_err() && decode_event(b"").is_err());
    }
}
