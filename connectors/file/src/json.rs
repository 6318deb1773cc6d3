//! Whether a text is a whole JSON document, or whole lines of it; where its rows are, and what it says about them.

use crate::format::{Claims, Format, Path};
use crate::json_rows::{JsonRows, list, members};
use crate::kind::FileKind;
use crate::number::NumberFormat;
use crate::problem::{Fault, MOST_NAMED, Refusal, quoted};
use crate::records::offset_in;
use crate::structure::Promise;
use omnistock_sdk::nearest;
use serde_json::value::RawValue;

/// Lists and objects within each other at most.
const MOST_DEEP: usize = 64;

/// Proves a document and finds its rows.
pub(crate) fn document<'t>(
    title: &str,
    text: &'t str,
    path: &Path,
    format: &Format,
) -> Result<(JsonRows<'t>, Option<Promise>), Refusal> {
    let named = |fault: Fault| Refusal::named(title, text, &[fault], 1);
    let whole = value(text, 0, false).map_err(|(fault, cut)| {
        let refusal = named(fault);
        if cut { refusal.unfinished() } else { refusal }
    })?;
    let rows = descend(text, whole, path, "format.rows").map_err(named)?;
    if !rows.starts_with('[') {
        return Err(named(no_list(text, rows, path)));
    }
    let rows = list(rows).map_err(|error| named(Fault::new(offset_in(text, rows), error)))?;
    let promise = promise(text, whole, &format.claims, format).map_err(named)?;
    Ok((JsonRows::new(text, rows), promise))
}

/// Proves lines that are a document each.
pub(crate) fn lines<'t>(
    title: &str,
    text: &'t str,
    format: &Format,
) -> Result<(JsonRows<'t>, Option<Promise>), Refusal> {
    let named = |fault: Fault| Refusal::named(title, text, &[fault], 1);
    let mut rows = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            continue;
        }
        let ended = line.ends_with('\n');
        let row = value(line, offset_in(text, line), ended).map_err(|(fault, cut)| {
            let refusal = named(fault);
            if cut { refusal.unfinished() } else { refusal }
        })?;
        rows.push(row);
        if rows.len() > crate::table::MOST_ROWS {
            let message = format!("more than {} rows: split the file by location", crate::table::MOST_ROWS);
            return Err(named(Fault::new(offset_in(text, line), message)));
        }
    }
    if !text.ends_with('\n') {
        let message = "the last line has no line end: the file is cut off or not finished";
        return Err(named(Fault::new(text.len(), message)).unfinished());
    }
    let promise = match (&format.claims, rows.last()) {
        (Claims { count: None, sum: None }, _) => None,
        (claims, Some(last)) => {
            let promise = promise(text, last, claims, format).map_err(|fault| {
                let message = format!("the last line is not the trailer: {}", fault.message);
                named(Fault::new(fault.offset, message)).unfinished()
            })?;
            rows.pop();
            promise
        }
        (_, None) => return Err(named(Fault::new(text.len(), "there is no trailer")).unfinished()),
    };
    Ok((JsonRows::new(text, rows), promise))
}

/// The one value of a text that begins at `offset` of the whole one, where the text may be a line that has `ended`;
/// true where it is the beginning of a value.
fn value(text: &str, offset: usize, ended: bool) -> Result<&str, (Fault, bool)> {
    if let Some(deep) = too_deep(text) {
        let message = format!("more than {MOST_DEEP} lists and objects within each other");
        return Err((Fault::new(offset + deep, message), false));
    }
    let raw: Result<&RawValue, _> = serde_json::from_str(text);
    raw.map(RawValue::get).map_err(|error| {
        let full = error.to_string();
        let said = full.rsplit_once(" at line ").map_or(full.as_str(), |(said, _)| said);
        let at = if error.is_eof() {
            text.trim_end().len()
        } else {
            at(text, &error)
        };
        // Half a number or half a word is no end of the text to the reader, but to us it is.
        let cut = !ended && (error.is_eof() || at + 1 >= text.len());
        let message = match (error.is_eof(), ended) {
            (true, true) => format!("the line ends too early: {said}"),
            (true, false) => format!("the document ends too early ({said}): the file is cut off or not finished"),
            (false, _) => format!("is not valid JSON: {said}"),
        };
        (Fault::new(offset + at, message), cut)
    })
}

/// The byte that an error means.
fn at(text: &str, error: &serde_json::Error) -> usize {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    (start + error.column().saturating_sub(1)).min(text.len())
}

/// The first bracket that opens too deep. A pass of its own: it comes before anything that grows with the depth.
fn too_deep(text: &str) -> Option<usize> {
    let (mut deep, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                deep += 1;
                if deep > MOST_DEEP {
                    return Some(at);
                }
            }
            b']' | b'}' if !quoted => deep = deep.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Follows keys from the top; `what` says whose path it is.
fn descend<'t>(text: &str, top: &'t str, path: &[String], what: &str) -> Result<&'t str, Fault> {
    let mut value = top;
    for key in path {
        let offset = offset_in(text, value);
        let members = members(value).map_err(|error| Fault::new(offset, error))?;
        let mut found = members.iter().filter(|(name, _)| name == key);
        match (found.next(), found.next()) {
            (Some((_, inner)), None) => value = inner,
            (Some(_), Some((_, second))) => {
                let message = format!("{} stands twice", quoted(key));
                return Err(Fault::new(offset_in(text, second), message));
            }
            (None, _) => {
                let names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
                return Err(Fault::new(offset, no_key(key, path, &names, what)));
            }
        }
    }
    Ok(value)
}

fn no_key(key: &str, path: &[String], names: &[&str], what: &str) -> String {
    let mut found: Vec<String> = names.iter().take(MOST_NAMED).map(|name| quoted(name)).collect();
    if names.len() > found.len() {
        found.push("…".into());
    }
    let found = if found.is_empty() {
        "nothing".to_owned()
    } else {
        found.join(", ")
    };
    let near = nearest(key, names.iter().copied()).map(|near| format!("; did you mean {}?", quoted(near)));
    format!(
        "no {} of {what} = {}: there is {found}{}",
        quoted(key),
        quoted(&path.join(".")),
        near.unwrap_or_default()
    )
}

fn no_list(text: &str, value: &str, path: &Path) -> Fault {
    let message = if path.is_empty() {
        let lists: Vec<String> = members(value)
            .unwrap_or_default()
            .iter()
            .filter(|(_, value)| value.starts_with('['))
            .take(MOST_NAMED)
            .map(|(name, _)| quoted(name))
            .collect();
        let hint = if lists.is_empty() {
            "look at what wrote it".to_owned()
        } else {
            format!("format.rows says where it is: {}", lists.join(" or "))
        };
        format!("the document is no list of rows: {hint}")
    } else {
        format!("{} is no list of rows", quoted(&path.join(".")))
    };
    Fault::new(offset_in(text, value), message)
}

/// What the document says about its rows.
fn promise(text: &str, whole: &str, claims: &Claims, format: &Format) -> Result<Option<Promise>, Fault> {
    if *claims == Claims::default() {
        return Ok(None);
    }
    let lines = format.kind() == FileKind::JsonLines;
    let mut promise = Promise::of(if lines { "trailer" } else { "document" }, format.number);
    let claimed = [("format.count", &claims.count), ("format.sum", &claims.sum)];
    for (what, path) in claimed {
        let Some(path) = path else { continue };
        let value = descend(text, whole, path, what)?;
        promise.offset = offset_in(text, value);
        let written = if value.starts_with('"') {
            serde_json::from_str(value).unwrap_or_default()
        } else {
            value.to_owned()
        };
        if what == "format.count" {
            promise.rows = Some(written);
        } else {
            promise.sum = Some(written);
            if !value.starts_with('"') {
                promise.number = NumberFormat::JSON;
            }
        }
    }
    Ok(Some(promise))
}
