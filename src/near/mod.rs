//! Which of our SKUs a stranger's text may mean: pure, and quick for 100,000 texts against 100,000 SKUs.
//!
//! SKUs are exact: nothing here decides anything. It finds candidates for a person, each with its reason.

mod fold;
mod gtin;
mod typo;

pub(crate) use gtin::gtin;

use fold::Forms;
use omnistock_words::Sku;
use std::collections::HashMap;
use typo::Typos;

/// Candidates named for one text, at most.
pub(crate) const MOST_NAMED: usize = 5;
/// SKUs that share one form, at most: with more of them the form tells nothing apart.
const MOST_ALIKE: usize = 32;

/// Why a SKU may be meant, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// They have one GTIN.
    Gtin,
    /// They differ in upper and lower case.
    Case,
    /// They differ in characters that look alike, such as a Cyrillic А or a full-width 1, or in spaces around them.
    Look,
    /// They differ in spaces, dashes and other marks.
    Marks,
    /// They differ in leading zeros.
    Zeros,
    /// One letter is another, missing, too many, or has changed places with its neighbour.
    One,
    /// Two letters are.
    Two,
}

impl Likeness {
    /// In words.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Gtin => "same GTIN",
            Self::Case => "upper and lower case",
            Self::Look => "characters that look alike",
            Self::Marks => "spaces or dashes",
            Self::Zeros => "leading zeros",
            Self::One => "one letter differs",
            Self::Two => "two letters differ",
        }
    }

    /// How sure that is, in percent: an order to go by, not a probability that was measured.
    pub(crate) fn confidence(self) -> u8 {
        match self {
            Self::Gtin => 99,
            Self::Case => 95,
            Self::Look => 92,
            Self::Marks => 90,
            Self::Zeros => 85,
            Self::One => 60,
            Self::Two => 40,
        }
    }
}

/// A SKU that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) sku: Sku,
    pub(crate) likeness: Likeness,
}

/// What a stranger says of an article.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stranger<'a> {
    /// Its SKU there.
    pub(crate) sku: Option<&'a str>,
    /// Its GTIN there.
    pub(crate) gtin: Option<&'a str>,
}

/// Our SKUs by everything that strangers may have made of them.
pub(crate) struct Near {
    skus: Vec<Sku>,
    gtins: HashMap<u64, Vec<u32>>,
    looks: HashMap<String, Vec<u32>>,
    marks: HashMap<String, Vec<u32>>,
    zeros: HashMap<String, Vec<u32>>,
    typos: Typos,
}

fn put<K: std::hash::Hash + Eq>(into: &mut HashMap<K, Vec<u32>>, key: K, index: u32) {
    let alike = into.entry(key).or_default();
    if alike.len() <= MOST_ALIKE && alike.last() != Some(&index) {
        alike.push(index);
    }
}

impl Near {
    /// An index of these SKUs, each with the GTINs that are known of it.
    pub(crate) fn new(skus: impl IntoIterator<Item = (Sku, Vec<u64>)>) -> Self {
        let mut near = Self {
            skus: Vec::new(),
            gtins: HashMap::new(),
            looks: HashMap::new(),
            marks: HashMap::new(),
            zeros: HashMap::new(),
            typos: Typos::default(),
        };
        let mut folded = Vec::new();
        for (sku, gtins) in skus {
            let Ok(index) = u32::try_from(near.skus.len()) else {
                break;
            };
            for known in gtins.into_iter().chain(gtin(sku.as_str())) {
                put(&mut near.gtins, known, index);
            }
            let forms = Forms::of(sku.as_str());
            put(&mut near.zeros, forms.zeros, index);
            put(&mut near.marks, forms.marks.clone(), index);
            put(&mut near.looks, forms.look, index);
            folded.push(forms.marks);
            near.skus.push(sku);
        }
        near.typos = Typos::new(folded);
        near
    }

    /// SKUs that may be meant, the likeliest first, of one likeness by name; at most [`MOST_NAMED`].
    pub(crate) fn candidates(&self, stranger: Stranger<'_>) -> Vec<Candidate> {
        let mut found: Vec<(Likeness, &Sku)> = Vec::new();
        let named = |indexes: Option<&Vec<u32>>| {
            let alike = indexes.filter(|alike| alike.len() <= MOST_ALIKE);
            let skus = alike.into_iter().flatten();
            skus.filter_map(|index| self.skus.get(*index as usize))
                .collect::<Vec<_>>()
        };
        let gtins = [stranger.gtin, stranger.sku].into_iter().flatten().filter_map(gtin);
        found.extend(
            gtins
                .flat_map(|known| named(self.gtins.get(&known)))
                .map(|sku| (Likeness::Gtin, sku)),
        );
        if let Some(text) = stranger.sku {
            let forms = Forms::of(text);
            for sku in named(self.looks.get(&forms.look)) {
                let case = sku.as_str().eq_ignore_ascii_case(text);
                found.push((if case { Likeness::Case } else { Likeness::Look }, sku));
            }
            found.extend(
                named(self.marks.get(&forms.marks))
                    .into_iter()
                    .map(|sku| (Likeness::Marks, sku)),
            );
            found.extend(
                named(self.zeros.get(&forms.zeros))
                    .into_iter()
                    .map(|sku| (Likeness::Zeros, sku)),
            );
            if found.is_empty() {
                let typos = self.typos.near(&forms.marks).into_iter();
                let typos = typos.filter_map(|(index, distance)| Some((distance, self.skus.get(index as usize)?)));
                found.extend(
                    typos.map(|(distance, sku)| (if distance < 2 { Likeness::One } else { Likeness::Two }, sku)),
                );
            }
        }
        found.sort_unstable();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (likeness, sku) in found {
            if candidates.len() < MOST_NAMED && !candidates.iter().any(|known| known.sku == *sku) {
                candidates.push(Candidate {
                    sku: sku.clone(),
                    likeness,
                });
            }
        }
        candidates
    }
}

/// The one that is meant, where nothing else is as likely. A near miss is one only in a text of some length and with
/// the very digits of the other: `SHIRT-41` and `SHIRT-42` are two sizes, not a typing error.
pub(crate) fn plain<'a>(stranger: Stranger<'_>, candidates: &'a [Candidate]) -> Option<&'a Sku> {
    let (first, rest) = candidates.split_first()?;
    // What two things speak for that contradict each other is for a person, too.
    let torn = first.likeness == Likeness::Gtin && !rest.is_empty();
    if torn || rest.iter().any(|other| other.likeness == first.likeness) {
        return None;
    }
    if first.likeness >= Likeness::One {
        let text = stranger.sku?;
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let sure = rest.is_empty() && text.chars().count() >= 6 && digits(text) == digits(first.sku.as_str());
        return sure.then_some(&first.sku);
    }
    Some(&first.sku)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
