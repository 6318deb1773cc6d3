//! Encoding, kind and delimiter of a file, and its first rows.

use crate::decode::mark_of;
use crate::kind::FileKind;
use crate::propose::{Answers, Doubt};
use crate::propose_columns::Rows;
use serde_json::{Map, Value};

/// The encoding, by its name in a configuration.
pub(crate) fn encoding(bytes: &[u8], answers: &Answers, doubts: &mut Vec<Doubt>) -> String {
    const KEY: &str = "format.encoding";
    if let Some(answer) = answers.get(KEY) {
        return answer.clone();
    }
    if let (Some(mark), _) = mark_of(bytes) {
        return mark.name();
    }
    let zeros = |odd: usize| {
        bytes
            .iter()
            .skip(odd)
            .step_by(2)
            .take(4_096)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    if even + odd > 0 {
        return if odd > even { "utf-16le" } else { "utf-16be" }.to_owned();
    }
    if std::str::from_utf8(bytes).is_ok() {
        return "utf-8".to_owned();
    }
    // The same byte means another character in one of these.
    let telling = bytes.iter().position(|byte| {
        matches!(byte, 0x80..=0x9f | 0xa4 | 0xa6 | 0xa8 | 0xb4 | 0xb8 | 0xbc..=0xbe)
            && !matches!(byte, 0x80 | 0x85 | 0x91..=0x97 | 0x99)
    });
    if let Some(at) = telling {
        let choices = ["windows-1252", "iso-8859-15", "macintosh"].map(|name| (name.to_owned(), word(bytes, at, name)));
        doubts.push(Doubt {
            key: KEY.to_owned(),
            question: "Which of these is spelt right?".to_owned(),
            choices: choices.to_vec(),
        });
    }
    "windows-1252".to_owned()
}

/// The word around a byte in an encoding.
fn word(bytes: &[u8], at: usize, encoding: &str) -> String {
    let is_part = |byte: &u8| !matches!(byte, b' ' | b';' | b',' | b'\t' | b'|' | b'\n' | b'\r' | b'"');
    let before = bytes
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(20)
        .take_while(|byte| is_part(byte))
        .count();
    let after = bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take(20)
        .take_while(|byte| is_part(byte))
        .count();
    let part = bytes.get(at - before..at + after).unwrap_or_default();
    let known = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    known.decode_without_bom_handling(part).0.into_owned()
}

/// The kind of a file whose name doesn't say it.
pub(crate) fn kind(text: &str) -> FileKind {
    let start = text.trim_start();
    let object = |line: &str| serde_json::from_str::<Map<String, Value>>(line).is_ok();
    match start.as_bytes().first() {
        Some(b'<') => FileKind::Xml,
        Some(b'{') if start.lines().take(2).all(object) => FileKind::JsonLines,
        Some(b'[' | b'{') => FileKind::Json,
        _ => FileKind::Csv,
    }
}

/// The sign between cells: the one with which all lines have as many cells as the header.
pub(crate) fn delimiter(name: &str, text: &str, answers: &Answers, doubts: &mut Vec<Doubt>) -> Result<u8, String> {
    const KEY: &str = "format.delimiter";
    const SIGNS: [(u8, &str); 4] = [(b';', ";"), (b'\t', "tab"), (b',', ","), (b'|', "|")];
    if let Some(answer) = answers.get(KEY) {
        let known = SIGNS.iter().find(|(_, word)| word == answer);
        return known
            .map(|(sign, _)| *sign)
            .ok_or_else(|| format!("{name}: {answer:?} is no delimiter that is known"));
    }
    let fits = |sign: u8| {
        let rows = cells(text, sign, 200)?;
        let width = rows.names.len();
        (width > 1 && rows.cells.iter().all(|row| row.len() == width)).then_some((width, sign))
    };
    let mut found: Vec<(usize, u8)> = SIGNS.iter().filter_map(|(sign, _)| fits(*sign)).collect();
    // The sort is stable: of as many columns the more usual sign is first.
    found.sort_by_key(|(width, _)| std::cmp::Reverse(*width));
    let Some((_, first)) = found.first().copied() else {
        return Err(format!(
            "{name}: with none of ; , | and tab do all lines have as many cells as the first one: is it a table with a header?"
        ));
    };
    if found.len() > 1 {
        let word = |sign: u8| {
            SIGNS
                .iter()
                .find(|(other, _)| *other == sign)
                .map_or("", |(_, word)| *word)
        };
        let choices = found
            .iter()
            .map(|(width, sign)| (word(*sign).to_owned(), format!("{width} columns")));
        doubts.push(Doubt {
            key: KEY.to_owned(),
            question: "Which sign stands between the cells?".to_owned(),
            choices: choices.collect(),
        });
    }
    Ok(first)
}

/// The first rows of a table; `None` without a header.
pub(crate) fn cells(text: &str, delimiter: u8, most: usize) -> Option<Rows> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader
        .records()
        .map_while(Result::ok)
        .map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    let names: Vec<String> = records.next()?.into_iter().map(|name| name.trim().to_owned()).collect();
    let cells: Vec<Vec<String>> = records.take(most).collect();
    let typed = vec![false; names.len()];
    Some(Rows { names, cells, typed })
}

/// The rows of a JSON document, and the path to them where they are not all of it.
pub(crate) fn objects(name: &str, text: &str, most: usize) -> Result<(Option<String>, Option<Rows>), String> {
    let document: Value = serde_json::from_str(text).map_err(|error| format!("{name}: is not JSON: {error}"))?;
    let (path, list) = list_in(&document, "", 4).ok_or_else(|| format!("{name}: holds no list of objects"))?;
    let rows = of_objects(list.iter().filter_map(Value::as_object).take(most));
    Ok(((!path.is_empty()).then_some(path), rows))
}

/// The first list of objects.
fn list_in<'v>(value: &'v Value, path: &str, depth: usize) -> Option<(String, &'v Vec<Value>)> {
    match value {
        Value::Array(list) if list.iter().any(Value::is_object) => Some((path.to_owned(), list)),
        Value::Object(object) if depth > 0 => object.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            list_in(value, &path, depth - 1)
        }),
        _ => None,
    }
}

/// The rows of a file with an object a line.
pub(crate) fn lines(name: &str, text: &str, most: usize) -> Result<Option<Rows>, String> {
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(most)
        .enumerate();
    let parsed: Result<Vec<Map<String, Value>>, String> = lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| format!("{name}: line {} is no object: {error}", index + 1))
        })
        .collect();
    Ok(of_objects(parsed?.iter()))
}

fn of_objects<'v>(objects: impl Iterator<Item = &'v Map<String, Value>>) -> Option<Rows> {
    let mut rows = Rows::default();
    for object in objects {
        let mut cells = vec![String::new(); rows.names.len()];
        for (key, value) in object
            .iter()
            .filter(|(_, value)| !value.is_object() && !value.is_array())
        {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            let place = rows.names.iter().position(|name| name == key);
            if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
                *cell = text;
            } else if rows.names.len() < 200 {
                rows.names.push(key.clone());
                rows.typed.push(value.is_number());
                cells.push(text);
            }
        }
        rows.cells.push(cells);
    }
    (!rows.names.is_empty()).then_some(rows)
}
