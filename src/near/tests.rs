//! What strangers make of SKUs, and which one is taken for meant.

use super::*;

fn near(skus: &[&str]) -> Near {
    Near::new(skus.iter().map(|sku| (sku.parse().unwrap(), Vec::new())))
}

fn by_sku(text: &str) -> Stranger<'_> {
    Stranger {
        sku: Some(text),
        gtin: None,
    }
}

/// The one that is meant, or `-`; and every candidate with its confidence.
fn found(near: &Near, stranger: Stranger<'_>) -> (String, Vec<(String, u8)>) {
    let candidates = near.candidates(stranger);
    let meant = plain(stranger, &candidates).map_or_else(|| "-".to_owned(), ToString::to_string);
    let all = candidates
        .iter()
        .map(|one| (one.sku.to_string(), one.likeness.confidence()));
    (meant, all.collect())
}

#[test]
fn each_likeness_is_found_with_its_reason() {
    let near = near(&[
        "MUG-RED",
        "ART-007",
        "Hose 12",
        "4006381333931",
        "SHIRT-GREEN-41",
        "0815",
    ]);
    for (text, meant, likeness) in [
        ("mug-red", "MUG-RED", Likeness::Case),
        ("МUG-RЕD", "MUG-RED", Likeness::Look),
        ("MUG_RED", "MUG-RED", Likeness::Marks),
        ("hose12", "Hose 12", Likeness::Marks),
        ("ART-7", "ART-007", Likeness::Zeros),
        ("815", "0815", Likeness::Zeros),
        ("04006381333931", "4006381333931", Likeness::Gtin),
        ("MUG-RAD", "MUG-RED", Likeness::One),
        ("SHIRT-GRN-41", "SHIRT-GREEN-41", Likeness::Two),
    ] {
        let (one, all) = found(&near, by_sku(text));
        assert_eq!(
            (one.as_str(), &all[..]),
            (meant, &[(meant.to_owned(), likeness.confidence())][..]),
            "{text}"
        );
    }
    for text in ["VASE", "x", "-", "SHIRT"] {
        assert_eq!(found(&near, by_sku(text)), ("-".to_owned(), Vec::new()), "{text}");
    }
    assert_eq!(found(&near, Stranger::default()).1, []);
}

#[test]
fn another_number_is_another_article() {
    let near = near(&["SHIRT-RED-41", "SHIRT-BLUE-42"]);
    assert_eq!(
        found(&near, by_sku("SHIRT-RED-42")),
        ("-".to_owned(), vec![("SHIRT-RED-41".to_owned(), 60)])
    );
}

#[test]
fn what_could_be_two_is_left_to_a_person() {
    let near = near(&["Mug-Red", "MUG-RED", "MUG RED", "MUG-REDS"]);
    let (meant, all) = found(&near, by_sku("mug-red"));
    assert_eq!(meant, "-");
    assert_eq!(
        all,
        [
            ("MUG-RED".to_owned(), 95),
            ("Mug-Red".to_owned(), 95),
            ("MUG RED".to_owned(), 90)
        ]
    );
    // One is as it was written but for the case, the others are not.
    assert_eq!(found(&near, by_sku("mug red")).0, "MUG RED");
}

#[test]
fn a_number_on_the_article_names_it_unless_its_name_says_otherwise() {
    let known = [("A-1", vec![4_006_381_333_931]), ("B-1", vec![]), ("a1", vec![])];
    let near = Near::new(known.map(|(sku, gtins)| (sku.parse().unwrap(), gtins)));
    let stranger = Stranger {
        sku: Some("b-1"),
        gtin: Some("04006381333931"),
    };
    let (meant, all) = found(&near, stranger);
    let torn = vec![("A-1".to_owned(), 99), ("B-1".to_owned(), 95)];
    assert_eq!(
        (meant.as_str(), all),
        ("-", torn),
        "it says one thing and its name another"
    );
    let numbered = Stranger { sku: None, ..stranger };
    assert_eq!(found(&near, numbered).0, "A-1");
}

#[test]
fn candidates_are_few_however_many_there_are() {
    let all: Vec<String> = (0..200)
        .map(|number| format!("A{}1", "-".repeat(number % 90)))
        .collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    assert!(near(&all).candidates(by_sku("a  1")).len() <= MOST_NAMED);
    assert_eq!(near(&all[..6]).candidates(by_sku("a  1")).len(), MOST_NAMED);
}
