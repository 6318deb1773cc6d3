//! Tests of [`super`].

use super::*;
use omnistock_words::{Currency, LocationName, Percent, PriceListName};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its shape is looked at")]
struct Shop {
    url: String,
    key: Option<SecretReference>,
    location: Option<LocationName>,
    currency: Currency,
    tries: Option<u32>,
    #[serde(default)]
    rows: Rows,
    parts: Vec<Part>,
    lists: BTreeMap<PriceListName, i64>,
    free: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only its shape is looked at")]
enum Rows {
    #[default]
    Refuse,
    KeepLast(Percent),
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "only its shape is looked at")]
struct Part {
    dry: bool,
    inner: Option<Box<Part>>,
}

#[test]
fn a_type_tells_its_keys_and_what_they_hold() {
    let Shape::Table(keys) = shape_of::<Shop>() else {
        panic!("no table")
    };
    let of = |name: &str| &keys.iter().find(|(key, _)| *key == name).unwrap().1;
    assert_eq!(keys.len(), 9);
    assert_eq!(
        (of("url"), of("key"), of("location")),
        (&Shape::Text, &Shape::Secret, &Shape::Text)
    );
    assert_eq!(
        (of("currency"), of("tries"), of("free")),
        (&Shape::Text, &Shape::Integer, &Shape::Any)
    );
    assert_eq!(
        of("rows"),
        &Shape::Choice(vec![("refuse", None), ("keep_last", Some(Shape::Text))])
    );
    assert_eq!(of("lists"), &Shape::Map(Box::new(Shape::Integer)));
    let Shape::List(part) = of("parts") else {
        panic!("no list")
    };
    assert!(
        matches!(&**part, Shape::Table(keys) if keys[0] == ("dry", Shape::Boolean)),
        "{part:?}"
    );
}

#[test]
fn a_connector_is_asked_without_being_built() {
    fn build(
        _: ConnectorContext,
        table: serde_json::Value,
    ) -> Result<Arc<dyn crate::Connector>, Vec<crate::SettingProblem>> {
        Err(crate::read_settings::<Part>(table).err().unwrap_or_default())
    }
    fn manifest() -> crate::Manifest {
        unreachable!("nobody asks for it")
    }
    let spec = ConnectorSpec {
        kind: "part",
        about: "",
        manifest,
        build,
    };
    let shapes = own_settings(&spec);
    assert!(
        matches!(shapes.as_slice(), [Shape::Table(keys)] if keys.len() == 2),
        "{shapes:?}"
    );
    assert!(TOLD.take().is_none(), "nothing is noted afterwards");
}
