//! A failing seed made small: less time, fewer faults, fewer articles and channels, as long as the
//! same invariant breaks; then the last sentences of its story.

use crate::Arguments;
use crate::broken::Broken;
use crate::fault::Faults;
use crate::run::{self, Outcome};
use crate::scenario::{BEGIN, Cut, MINUTE, Scenario};

/// Sentences that are printed, at most.
const SENTENCES: usize = 60;

fn fails(seed: u64, cut: &Cut, broken: Option<Broken>, invariant: &str) -> Option<Outcome> {
    let outcome = run::seed(seed, cut, broken, false);
    let same = outcome
        .violation
        .as_ref()
        .is_some_and(|violation| violation.invariant == invariant);
    same.then_some(outcome)
}

fn smaller(seed: u64, invariant: &str, broken: Option<Broken>, t: i64) -> Cut {
    let mut cut = Cut::default();
    let full = Scenario::draw(seed, &cut);
    let early = ((t - BEGIN) / MINUTE + 1) * MINUTE;
    let mut attempt = |change: &dyn Fn(&mut Cut)| {
        let mut next = cut;
        change(&mut next);
        if fails(seed, &next, broken, invariant).is_some() {
            cut = next;
        }
    };
    for traffic in [early, full.traffic / 2, full.traffic / 4, full.traffic / 8] {
        if traffic < full.traffic {
            attempt(&|cut: &mut Cut| cut.traffic = Some(cut.traffic.map_or(traffic, |old| old.min(traffic))));
        }
    }
    for fault in full.faults.list() {
        attempt(&|cut: &mut Cut| cut.without = cut.without.with(fault));
    }
    for channels in 1..full.shops.len() {
        attempt(&|cut: &mut Cut| cut.channels = Some(cut.channels.map_or(channels, |old| old.min(channels))));
    }
    for skus in [full.skus / 2, full.skus / 4] {
        attempt(&|cut: &mut Cut| cut.skus = Some(skus));
    }
    cut
}

/// Prints the short story of a failing seed.
pub(crate) fn story(arguments: &Arguments, failed: &Outcome, broken: Option<Broken>) {
    let Some(violation) = &failed.violation else { return };
    let cut = smaller(failed.seed, violation.invariant, broken, violation.t);
    let told = run::seed(failed.seed, &cut, broken, true);
    let scenario = Scenario::draw(failed.seed, &cut);
    let sku = told.violation.as_ref().and_then(|violation| violation.sku.clone());
    let line = |text: &str| {
        if arguments.json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    };
    let minutes = cut.traffic.unwrap_or(scenario.traffic) / MINUTE;
    line(&format!(
        "  made smaller: {minutes} min, {} channels, {} articles, {:?}, {:?}",
        scenario.shops.len(),
        scenario.skus,
        scenario.basis,
        scenario.absorb
    ));
    let faults: Vec<&str> = Faults(scenario.faults.0)
        .list()
        .map(crate::fault::Fault::name)
        .collect();
    line(&format!("  with: {}", faults.join("; ")));
    let about: Vec<&String> = told
        .story
        .iter()
        .filter(|sentence| concerns(sentence, sku.as_deref()))
        .collect();
    for sentence in about.iter().skip(about.len().saturating_sub(SENTENCES)) {
        line(&format!("  {sentence}"));
    }
}

/// Whether the sentence is about the SKU, or about everything.
fn concerns(sentence: &str, sku: Option<&str>) -> bool {
    let names_one = sentence
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.len() == 3 && word.starts_with('K'));
    sku.is_none_or(|sku| !names_one || sentence.contains(sku))
}
