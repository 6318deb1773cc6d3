//! The text of a first configuration.

use super::sample::{ONE_PLACE, Proposed, Sample};
use omnistock_file::propose::{Answers, ProposedColumn};
use std::collections::BTreeMap;

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn table(pairs: &[(String, String)]) -> String {
    let inside: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", inside.join(", "))
}

/// The whole file.
pub(super) fn configuration(sample: &Sample, proposed: &Proposed, answers: &Answers) -> String {
    let proposal = &proposed.proposal;
    let basis = answers.get("basis").map_or("physical", String::as_str);
    let columns: Vec<(String, String)> = ["sku", "quantity", "location"]
        .into_iter()
        .filter_map(|meaning| Some((meaning.to_owned(), quoted(proposal.column(meaning)?))))
        .collect();
    let format: Vec<(String, String)> = proposal
        .format
        .iter()
        .map(|(key, value)| ((*key).to_owned(), quoted(value)))
        .collect();
    let mut text = format!(
        "# omnistock: a first configuration, made from {} by `omnistock init`.\n\
         # As it stands nothing is written to any channel. After every change: `omnistock check`. What each setting means:\n\
         # docs/first-channel.md and config/reference.toml (of the package: /usr/share/doc/omnistock).\n\n\
         [connectors.erp]\n\
         kind    = \"file\"\n\
         path    = {}   # taken files move to done/ beside it, refused ones to rejected/\n\
         every   = \"15s\"\n\
         basis   = {}\n\
         absorb  = {{ by_delay = \"30m\" }}   # its figures contain an order half an hour after it came in: see the reference\n\
         columns = {}\n",
        one_line(&sample.name),
        quoted(&sample.path()),
        quoted(basis),
        table(&columns),
    );
    if !format.is_empty() {
        text.extend([format!("format  = {}\n", table(&format))]);
    }
    if proposal.column("location").is_none() {
        text.extend([format!(
            "location = \"{ONE_PLACE}\"   # the whole file is about this place\n"
        )]);
    }
    text += &unsure(proposed, answers);
    text += &prices(proposed);
    text += &places(&proposed.places);
    text + CHANNEL
}

/// File names and columns are other people's words: none of them begins a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What was not asked stays as a comment.
fn unsure(proposed: &Proposed, answers: &Answers) -> String {
    let mut text = String::new();
    for doubt in proposed
        .proposal
        .doubts
        .iter()
        .filter(|doubt| !answers.contains_key(&doubt.key))
    {
        text.extend([format!("# unsure: {}: {}\n", doubt.key, one_line(&doubt.question))]);
        for (index, (value, meaning)) in doubt.choices.iter().enumerate() {
            let taken = if index == 0 { ", taken" } else { "" };
            text.extend([format!(
                "#   {} ({}{taken})\n",
                one_line(&quoted(value)),
                one_line(meaning)
            )]);
        }
    }
    text
}

fn prices(proposed: &Proposed) -> String {
    let named = proposed
        .proposal
        .columns
        .iter()
        .filter(|column| column.meaning == Some("price"));
    let line = |column: &ProposedColumn| {
        let name = one_line(&column.name);
        format!("# prices: {name} could be columns.price, with `currency` and a price list\n")
    };
    named.map(line).collect::<Vec<_>>().concat()
}

fn places(places: &BTreeMap<String, String>) -> String {
    if places.is_empty() {
        return format!("\n[locations.{ONE_PLACE}]\n\n[pools.all]\nlocations = [\"{ONE_PLACE}\"]\n");
    }
    let mut text = "\n[locations]   # what the file calls them\n".to_owned();
    for (name, code) in places {
        let codes = if name == code {
            String::new()
        } else {
            format!(" codes = {{ erp = {} }} ", quoted(code))
        };
        text.extend([format!("{name} = {{{codes}}}\n")]);
    }
    let names: Vec<String> = places.keys().map(|name| quoted(name)).collect();
    text + &format!("\n[pools.all]\nlocations = [{}]\n", names.join(", "))
}

const CHANNEL: &str = "
# A shop. `omnistock connectors` lists the kinds, `omnistock connectors woocommerce` says all about one.
# [connectors.shop]
# kind   = \"woocommerce\"
# url    = \"https://shop.example.com\"
# key    = { file = \"secrets/shop-key\" }      # of mode 0600; or { credential = \"shop-key\" } of the systemd unit
# secret = { file = \"secrets/shop-secret\" }
#
# [channels.shop]   # computes and compares, and writes nothing, until mode = \"live\"
# pool = \"all\"
";
