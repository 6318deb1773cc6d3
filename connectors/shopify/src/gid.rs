//! The vendor's global ids (`gid://shopify/Order/450789469`) and the bare numbers that we keep of them.

/// The number of a global id, without its kind and its query; `None` for anything else.
pub(crate) fn number(gid: &str) -> Option<&str> {
    let (_, tail) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
    let number = tail.split('?').next().unwrap_or_default();
    is_number(number).then_some(number)
}

/// The global id of this kind and number; `None` where it is not a number that the vendor can have given.
pub(crate) fn gid(kind: &str, number: &str) -> Option<String> {
    is_number(number).then(|| format!("gid://shopify/{kind}/{number}"))
}

fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_vendors_own_ids_have_a_number() {
        assert_eq!(
            number("gid://shopify/InventoryItem/53469430055218"),
            Some("53469430055218")
        );
        assert_eq!(number("gid://shopify/InventoryLevel/1?inventory_item_id=2"), Some("1"));
        for foreign in [
            "",
            "7",
            "gid://shopify/Order",
            "gid://shopify/Order/",
            "gid://shopify/Order/7a",
            "gid://other/Order/7",
        ] {
            assert_eq!(number(foreign), None, "{foreign}");
        }
        assert_eq!(gid("Order", "7\" }"), None);
        assert_eq!(gid("Order", ""), None);
    }

    proptest! {
        #[test]
        fn numbers_survive(id in any::<u64>()) {
            let id = id.to_string();
            let whole = gid("Location", &id).unwrap();
            prop_assert_eq!(number(&whole), Some(id.as_str()));
        }
    }
}
