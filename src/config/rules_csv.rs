//! Rules in a list of their own, `[[rules]] csv = "rules/items.csv"`: a row is a rule for one SKU or listing, most
//! often with `setting` and `value`; a column named as a setting does as well, and an empty cell sets nothing.

use super::list_file::{self, Cell, Row, rows};
use super::locations::Locations;
use super::policy::patch;
use super::problem::Findings;
use super::reader::{Fault, Section};
use super::root::Root;
use super::rules::users;
use super::rules_columns::{Columns, ROW, filled};
use super::schema::SET;
use super::schema_kinds::Kind;
use super::schema_policy::OF_POLICY;
use super::sources::Sources;
use super::tree::{Entry, Node, Place, Table, Value};
use super::value::{instant, sku, text};
use super::{document, places};
use omnistock_words::{ChannelName, ChannelSettings, Match, Rule};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Problems of one list that are told one by one.
const MOST_TOLD: usize = 50;
/// Characters of a row's `reason` that explanations repeat.
const MOST_REASON: usize = 80;

/// Rules of a list, and where their settings stand that don't stand where the rule does.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) rules: Vec<Rule>,
    /// By the rule's index among these, and `KEY`.
    pub(super) places: Vec<(usize, String, String)>,
}

/// Reads the files that `csv` in `[[rules]]` names, from the folder of the first file on, into the sources.
pub(super) fn read_files(table: &Table, path: &Path, sources: &mut Sources, findings: &Findings) {
    let members = table.get("rules").and_then(|entry| entry.node.members());
    for node in members.unwrap_or_default().iter().filter_map(|rule| rule.get("csv")) {
        let Ok(name) = text(node) else { continue };
        let file = path.parent().unwrap_or_else(|| Path::new("")).join(name);
        match list_file::read(&file) {
            Ok(text) => sources.add_list(node.place, file.display().to_string(), text),
            Err(unreadable) if unreadable.text.is_empty() => {
                findings.error(node.place, format!("the list `{name}` {}", unreadable.message));
            }
            Err(unreadable) => {
                let whole = sources.add(file.display().to_string(), unreadable.text);
                let (start, end) = (unreadable.at, unreadable.at + 1);
                findings.error(Place { start, end, ..whole }, unreadable.message);
            }
        }
    }
}

/// The rules of the list that a section names; everything that is wrong with them is told, up to a limit.
pub(super) fn listed(
    root: Root,
    locations: &Locations,
    channels: &BTreeMap<ChannelName, ChannelSettings>,
    section: &Section,
) -> Listed {
    for key in ["match", "channels", "from", "until", "set"] {
        if section.has(key) {
            let message = format!("`{key}` in {} beside `csv`: the list says it row by row", section.title);
            section.error_at(key, message);
        }
    }
    let named = section.read("csv", |node| text(node).map(|_| node.place));
    let Some(source) = named.and_then(|place| root.sources.list(place)) else {
        return Listed::default();
    };
    let found = Findings::default();
    let mut reader = Reader {
        root: Root {
            findings: &found,
            ..root
        },
        locations,
        channels,
        name: places::inside(root, root.sources.name(source).to_owned()),
        reached: HashMap::new(),
        seen: HashMap::new(),
        open: None,
        listed: Listed::default(),
    };
    reader.read(source);
    let Reader { name, listed, .. } = reader;
    let left = found.tell_some(root.findings, MOST_TOLD);
    if left > 0 {
        let message = format!("{left} more problems in {name} are not shown");
        section.error_at("csv", message);
    }
    listed
}

/// Rows of the same SKU, listing, channel and time that stand together: one rule.
struct Open {
    key: String,
    rule: Rule,
    line: usize,
    set: Table,
    places: Vec<(String, String)>,
}

struct Reader<'a> {
    root: Root<'a>,
    locations: &'a Locations,
    channels: &'a BTreeMap<ChannelName, ChannelSettings>,
    name: String,
    /// What a cell of `channel` means.
    reached: HashMap<String, Option<Vec<ChannelName>>>,
    /// The line that sets it, by what a row is for and the setting.
    seen: HashMap<String, usize>,
    open: Option<Open>,
    listed: Listed,
}

impl Reader<'_> {
    fn error(&self, place: Place, message: impl Into<String>) {
        self.root.findings.error(place, message);
    }

    fn read(&mut self, source: usize) {
        let whole = Place {
            source,
            start: 0,
            end: 0,
        };
        let mut rows = rows(source, self.root.sources.text(source));
        let Some(header) = rows.next() else {
            self.error(
                whole,
                "holds nothing: its first line names the columns, such as sku;channel;setting;value",
            );
            return;
        };
        let columns = match header {
            Ok(header) => Columns::read(&header, self.root.findings),
            Err(bad) => return self.error(bad.place, bad.message),
        };
        let Some(columns) = columns else { return };
        for row in rows {
            match row {
                Ok(row) => self.row(&columns, &row),
                Err(bad) => self.error(bad.place, bad.message),
            }
        }
        self.close();
    }

    fn row(&mut self, columns: &Columns, row: &Row) {
        let (found, wanted) = (row.cells.len(), columns.count);
        let extra = row.cells.iter().skip(wanted).find(|cell| !cell.text.is_empty());
        if let Some(cell) = extra.or_else(|| row.cells.last().filter(|_| found < wanted)) {
            self.error(
                cell.place,
                format!("this row has {found} cells, but the first line names {wanted} columns"),
            );
            return;
        }
        let set = self.settings(columns, row);
        let Some(first) = set.first().map(|(.., cell)| cell.place) else {
            return;
        };
        let text_of = |name| columns.cell(row, name).map(|cell| &*cell.text).unwrap_or_default();
        let key = ["sku", "listing", "channel", "from", "until"].map(text_of).join("\n");
        if self.open.as_ref().is_none_or(|open| open.key != key) {
            self.close();
            let Some(rule) = self.rule(columns, row, first) else {
                return;
            };
            self.open = Some(Open {
                key: key.clone(),
                rule,
                line: row.line,
                set: Table::new(),
                places: Vec::new(),
            });
        }
        let place = self.place(row.line);
        let reason: String = text_of("reason")
            .chars()
            .filter(|c| !c.is_control())
            .take(MOST_REASON)
            .collect();
        for (setting, at, cell) in set {
            if let Some(line) = self.seen.insert(format!("{key}\n{setting}"), row.line) {
                self.error(
                    at,
                    format!("`{setting}` is set for the same in line {line} already: keep one of them"),
                );
            } else {
                let node = node(&setting, cell);
                let Some(open) = &mut self.open else { return };
                put(&mut open.set, &setting, at, node);
                if !reason.is_empty() {
                    open.places.push((format!("{setting}.reason"), reason.clone()));
                }
                if open.line != row.line {
                    open.places.push((setting, place.clone()));
                }
            }
        }
    }

    /// What a row sets: the setting, where its name stands, and the cell with its value.
    fn settings<'r>(&self, columns: &Columns, row: &'r Row<'r>) -> Vec<(String, Place, &'r Cell<'r>)> {
        let mut found = Vec::new();
        match (columns.cell(row, "setting"), columns.cell(row, "value")) {
            (Some(setting), Some(value)) => found.push((setting.text.to_string(), setting.place, value)),
            (None, Some(value)) => self.error(
                value.place,
                format!("`value` in {} without `setting`: nothing says what it sets", self.name),
            ),
            _ => {}
        }
        let own = columns.settings.iter();
        found.extend(own.filter_map(|(index, name)| filled(row, *index).map(|cell| (name.clone(), cell.place, cell))));
        found
    }

    /// What a row is for; `None`: something is wrong with that.
    fn rule(&mut self, columns: &Columns, row: &Row, first: Place) -> Option<Rule> {
        let mut entries = Table::new();
        for (name, index) in &columns.special {
            if let Some(cell) = filled(row, *index) {
                put(&mut entries, name, cell.place, plain(cell));
            }
        }
        let place = row.cells.first().map_or(first, |cell| cell.place);
        let node = Node {
            value: Value::Table(entries),
            place,
        };
        let findings = self.root.findings;
        let section = Section::open(&node, self.name.clone(), &ROW, findings)?;
        let wanted = |key: &str| section.has(key).then(|| section.read(key, pattern));
        let (article, listing) = (wanted("sku"), wanted("listing"));
        if article.is_none() && listing.is_none() {
            self.error(
                place,
                format!("a row of {} needs `sku` or `listing`: what it is for", self.name),
            );
            return None;
        }
        let (from, until) = (section.read("from", instant), section.read("until", instant));
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            section.error_at(
                "until",
                format!("`until` in {} is not after `from`: it would never hold", self.name),
            );
        }
        let channels = section.entry("channel").map(|entry| self.reaches(&entry.node));
        Some(Rule {
            matches: Match {
                sku: article.flatten(),
                listing: listing.flatten(),
                ..Match::default()
            },
            channels: channels.flatten(),
            from,
            until,
            set: omnistock_words::PolicyPatch::default(),
            place: self.place(row.line),
        })
    }

    /// The channels that a cell names: one, `@template`, or `*` for all.
    fn reaches(&mut self, node: &Node) -> Option<Vec<ChannelName>> {
        let Value::Text(name) = &node.value else { return None };
        if let Some(known) = self.reached.get(name) {
            return known.clone();
        }
        let found = match name.strip_prefix('@') {
            _ if name == "*" => return None,
            Some(template) => users(self.root, self.channels, node, template),
            None => self.root.name::<ChannelName>(node, "channels").into_iter().collect(),
        };
        // What is not declared is told row by row: each has to be mended.
        if !found.is_empty() {
            self.reached.insert(name.clone(), Some(found.clone()));
        }
        Some(found)
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.name)
    }

    /// Reads the settings of the rows that belong together.
    fn close(&mut self) {
        let Some(Open {
            mut rule, set, places, ..
        }) = self.open.take()
        else {
            return;
        };
        let Some(place) = set.values().next().map(|entry| entry.key) else {
            return;
        };
        let node = Node {
            value: Value::Table(set),
            place,
        };
        let Some(section) = Section::open(&node, self.name.clone(), &SET, self.root.findings) else {
            return;
        };
        rule.set = patch(self.root, self.locations, &section);
        let index = self.listed.rules.len();
        for (setting, place) in places {
            if let Some((above, _)) = setting.split_once('.').filter(|(_, inner)| *inner != "reason") {
                self.listed.places.push((index, above.to_owned(), place.clone()));
            }
            self.listed.places.push((index, setting, place));
        }
        self.listed.rules.push(rule);
    }
}

/// A pattern of SKUs or listings; one without `*` is a SKU or a listing itself.
fn pattern(node: &Node) -> Result<String, Fault> {
    let pattern = text(node)?;
    if !pattern.contains('*') {
        sku(node)?;
    }
    Ok(pattern.to_owned())
}

/// A value as TOML would have it: numbers and percentages are read from text by the settings themselves.
fn node(setting: &str, cell: &Cell) -> Node {
    let kind = OF_POLICY
        .iter()
        .find(|(name, _)| *name == setting)
        .map(|(_, kind)| kind);
    let value = match (&*cell.text, kind) {
        ("true", Some(Kind::Boolean)) => Some(Value::Boolean(true)),
        ("false", Some(Kind::Boolean)) => Some(Value::Boolean(false)),
        (inside, _) if inside.starts_with(['[', '{']) => document::value(inside, cell.place),
        _ => None,
    };
    value.map_or_else(
        || plain(cell),
        |value| Node {
            value,
            place: cell.place,
        },
    )
}

fn plain(cell: &Cell) -> Node {
    Node {
        value: Value::Text(match &cell.text {
            Cow::Borrowed(text) => (*text).to_owned(),
            Cow::Owned(text) => text.clone(),
        }),
        place: cell.place,
    }
}

/// Puts a value under its setting, in a table of its own where that has a point.
fn put(table: &mut Table, setting: &str, key: Place, node: Node) {
    let Some((above, inner)) = setting.split_once('.') else {
        table.insert(setting.to_owned(), Entry { key, node });
        return;
    };
    let within = table.entry(above.to_owned()).or_insert_with(|| Entry {
        key,
        node: Node {
            value: Value::Table(Table::new()),
            place: key,
        },
    });
    if let Value::Table(within) = &mut within.node.value {
        put(within, inner, key, node);
    }
}
