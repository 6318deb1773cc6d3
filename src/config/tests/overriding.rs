//! `KEY=VALUE` of `omnistock set`: read as a file is, refused in the same words.

use super::good::{loaded, shop};
use omnistock_words::{Mode, PolicyPatch, PriceFloor, Quantity, SafetyStock};

fn words(text: &str) -> String {
    let problems = loaded(&shop()).read_override(text).unwrap_err();
    crate::config::render(&problems)
}

fn read(text: &str) -> PolicyPatch {
    loaded(&shop())
        .read_override(text)
        .unwrap_or_else(|problems| panic!("{}", crate::config::render(&problems)))
}

#[test]
fn every_kind_of_value_is_read() {
    assert_eq!(read("max_shown=2").max_shown, Some(Quantity::whole(2)));
    assert_eq!(read(" mode = frozen ").mode, Some(Mode::Frozen));
    assert_eq!(read("mode=\"frozen\"").mode, Some(Mode::Frozen));
    assert_eq!(read("track=false").track, Some(false));
    assert!(matches!(
        read("safety_stock=5%").safety_stock,
        Some(SafetyStock::Share(_))
    ));
    let adaptive = read("safety_stock={ adaptive = \"1%\", max = 6 }").safety_stock;
    assert!(matches!(adaptive, Some(SafetyStock::Adaptive { .. })));
    assert!(matches!(
        read("price.floor=\"4.90\"").price.floor,
        Some(PriceFloor::Amount(_))
    ));
    assert_eq!(
        read("locations=[\"berlin\"]").locations.map(|places| places.len()),
        Some(1)
    );
}

#[test]
fn what_is_wrong_is_said_as_of_a_file() {
    for (text, said) in [
        (
            "max_show=2",
            "omnistock set:1:1: error: unknown setting `max_show` in `omnistock set`; did you mean `max_shown`?",
        ),
        ("mode=forzen", "`mode` in `omnistock set`"),
        (
            "max_shown=-1",
            "omnistock set:1:11: error: `max_shown` in `omnistock set`",
        ),
        (
            "locations=[\"berln\"]",
            "location `berln` is not declared; did you mean `berlin`?",
        ),
        ("max_shown", "expected KEY=VALUE"),
        ("=2", "expected KEY=VALUE"),
        ("a=1\nb=2", "on one line"),
        ("price.flor=\"4.90\"", "did you mean `floor`?"),
    ] {
        assert!(words(text).contains(said), "{text}: {}", words(text));
    }
}
