//! Which column is what: by its name, as far as its values agree.

use crate::propose::{Answers, Doubt};
use crate::propose_numbers::looks_like_a_number;

/// A table of texts.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) cells: Vec<Vec<String>>,
    /// Columns whose values are numbers of JSON.
    pub(crate) typed: Vec<bool>,
}

/// A column with its values.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) meaning: Option<&'static str>,
    pub(crate) values: Vec<String>,
    pub(crate) typed: bool,
}

/// So many of [`SKUS`] mean the merchant's own number; the others may stand beside it and mean something else.
const OWN_NUMBERS: usize = 13;

/// Names that columns have, the surer ones first; without signs and in small letters.
const SKUS: &[&str] = &[
    "sku",
    "artikelnummer",
    "artikelnr",
    "artnr",
    "artikelno",
    "articlenumber",
    "articleno",
    "itemnumber",
    "itemno",
    "productcode",
    "defaultcode",
    "materialnummer",
    "materialnr",
    "matnr",
    "bestellnummer",
    "artikel",
    "article",
    "item",
    "material",
    "productid",
    "partno",
    "partnumber",
    "reference",
    "ean",
    "gtin",
];
const QUANTITIES: &[&str] = &[
    "quantity",
    "qty",
    "stock",
    "bestand",
    "lagerbestand",
    "menge",
    "onhand",
    "quantityonhand",
    "qtyonhand",
    "stockquantity",
    "stocklevel",
    "inventory",
    "freierbestand",
    "frei",
    "verfuegbar",
    "verfuegbarerbestand",
    "available",
    "availablequantity",
    "availableqty",
    "stueck",
    "anzahl",
    "units",
];
const LOCATIONS: &[&str] = &[
    "location",
    "locationcode",
    "warehouse",
    "warehousecode",
    "lager",
    "lagerort",
    "lagernummer",
    "lagernr",
    "werk",
    "filiale",
    "filialnummer",
    "store",
    "storecode",
    "storeid",
    "standort",
    "plant",
    "site",
    "depot",
    "branch",
];
const PRICES: &[&str] = &[
    "price",
    "preis",
    "vk",
    "vkpreis",
    "verkaufspreis",
    "retailprice",
    "salesprice",
    "bruttopreis",
    "uvp",
    "rrp",
    "ek",
    "einkaufspreis",
    "cost",
    "nettopreis",
];

/// A name without what people write differently.
fn plain(name: &str) -> String {
    let lower = name
        .to_lowercase()
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
        .replace('ß', "ss");
    lower.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn rank(known: &[&str], name: &str) -> Option<usize> {
    let plain = plain(name);
    known.iter().position(|known| *known == plain)
}

/// What each column is.
pub(crate) fn meanings(rows: &Rows, answers: &Answers, doubts: &mut Vec<Doubt>) -> Vec<Column> {
    let mut columns: Vec<Column> = rows
        .names
        .iter()
        .enumerate()
        .map(|(index, name)| column(rows, index, name))
        .collect();
    let named = |columns: &[Column], known: &[&str], fits: &dyn Fn(&Column) -> bool| {
        let ranked = columns.iter().filter(|column| fits(column));
        let mut found: Vec<(usize, String)> = ranked
            .filter_map(|column| Some((rank(known, &column.name)?, column.name.clone())))
            .collect();
        found.sort();
        found.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let skus = named(&columns, SKUS, &|column| column.is_filled());
    let quantities = named(&columns, QUANTITIES, &|column| column.is_numeric());
    let places = named(&columns, LOCATIONS, &|column| column.is_filled());
    let prices = named(&columns, PRICES, &|column| column.is_numeric());
    let by_value = |columns: &[Column], fits: &dyn Fn(&Column) -> bool| -> Vec<String> {
        columns
            .iter()
            .filter(|column| fits(column))
            .map(|column| column.name.clone())
            .collect()
    };
    let skus = if skus.is_empty() {
        by_value(&columns, &|column| column.is_key())
    } else {
        skus
    };
    let sure = rank(QUANTITIES, quantities.first().map_or("", String::as_str)).is_some();
    let quantities = if sure {
        quantities
    } else {
        by_value(&columns, &|column| column.is_numeric())
    };
    for (meaning, found, question) in [
        (
            "sku",
            skus,
            "Which column is the article number, as the channels know it?",
        ),
        ("quantity", quantities, "Which column is the stock that is counted?"),
    ] {
        let known = if meaning == "sku" { SKUS } else { QUANTITIES };
        choose(&mut columns, meaning, &found, known, question, answers, doubts);
    }
    // A place is proposed only by its name: most files are about one.
    let question = "Which column is the place of the stock?";
    if !places.is_empty() || answers.contains_key("columns.location") {
        choose(&mut columns, "location", &places, LOCATIONS, question, answers, doubts);
    }
    for name in prices {
        if let Some(column) = columns
            .iter_mut()
            .find(|column| column.name == name && column.meaning.is_none())
        {
            column.meaning = Some("price");
        }
    }
    columns
}

fn column(rows: &Rows, index: usize, name: &str) -> Column {
    let values = rows
        .cells
        .iter()
        .map(|row| row.get(index).map_or(String::new(), |cell| cell.trim().to_owned()));
    Column {
        name: name.to_owned(),
        meaning: None,
        values: values.collect(),
        typed: rows.typed.get(index).copied().unwrap_or_default(),
    }
}

/// Gives a meaning to one of the columns found. Where the names say it of one alone, nobody is asked.
fn choose(
    columns: &mut [Column],
    meaning: &'static str,
    found: &[String],
    known: &[&str],
    question: &str,
    answers: &Answers,
    doubts: &mut Vec<Doubt>,
) {
    let key = format!("columns.{meaning}");
    let free: Vec<&String> = found
        .iter()
        .filter(|name| {
            columns
                .iter()
                .any(|column| column.name == **name && column.meaning.is_none())
        })
        .collect();
    let answered = answers.get(&key);
    let chosen = answered.or_else(|| free.first().copied()).cloned();
    let telling = if meaning == "sku" { OWN_NUMBERS } else { known.len() };
    let own = |name: &&&String| rank(known, name).is_some_and(|rank| rank < telling);
    let by_name = free.iter().filter(own).count();
    let only = free.len() == 1 && free.iter().all(|name| rank(known, name).is_some());
    let certain = answered.is_some() || only || by_name == 1;
    if !certain {
        let choices = free.iter().take(12).map(|name| {
            let values = columns
                .iter()
                .find(|column| column.name == **name)
                .map(|column| column.values.iter());
            let values: Vec<&str> = values.into_iter().flatten().take(3).map(String::as_str).collect();
            ((*name).clone(), format!("values like {}", values.join(", ")))
        });
        doubts.push(Doubt {
            key,
            question: question.to_owned(),
            choices: choices.collect(),
        });
    }
    if let Some(column) = columns.iter_mut().find(|column| Some(&column.name) == chosen.as_ref()) {
        column.meaning = Some(meaning);
    }
}

impl Column {
    /// Nine of ten values are numbers.
    fn is_numeric(&self) -> bool {
        let numbers = self.values.iter().filter(|value| looks_like_a_number(value)).count();
        numbers > 0 && numbers * 10 >= self.values.len() * 9
    }

    fn is_filled(&self) -> bool {
        let filled = self.values.iter().filter(|value| !value.is_empty()).count();
        filled * 10 >= self.values.len() * 9
    }

    /// Filled, without spaces inside, and hardly ever the same twice.
    fn is_key(&self) -> bool {
        let different: std::collections::BTreeSet<&String> = self.values.iter().collect();
        let plain = self.values.iter().filter(|value| !value.contains(' ')).count();
        self.is_filled() && plain * 10 >= self.values.len() * 9 && different.len() * 2 >= self.values.len()
    }
}
