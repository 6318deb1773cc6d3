//! Whether a text is a whole XML document: one root that is closed, nothing that could stand for something else.
//!
//! Entities are never expanded: a document type, where they are defined, refuses the file. The reader checks that
//! elements close in order, but not that all of them do, and not what stands beside the root: that is done here.

use crate::decode::TextEncoding;
use crate::format::{Format, Path};
use crate::problem::{Fault, Refusal, quoted};
use crate::structure::Promise;
use encoding_rs::Encoding;
use omnistock_sdk::nearest;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, XmlVersion};
use std::collections::BTreeSet;

/// Elements within each other at most.
const MOST_DEEP: usize = 64;
/// Attributes of one element at most: the check for doubled ones compares them all.
const MOST_ATTRIBUTES: usize = 200;
/// Paths kept for hints.
const MOST_HINTS: usize = 200;

/// What is wrong, and whether the text could be the beginning of a good one.
type Bad = (Fault, bool);

/// A reader as both passes use it.
pub(crate) fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader
}

/// Where a reader is.
pub(crate) fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The character that a reference stands for; `None` where that would have to be defined somewhere.
pub(crate) fn resolved(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten();
    }
    Some(match &*reference.xml10_content() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

/// Refuses a document that says it is written in another encoding than the one configured.
pub(crate) fn check_encoding(title: &str, bytes: &[u8], encoding: TextEncoding) -> Result<(), Refusal> {
    let start = bytes.get(..bytes.len().min(200)).unwrap_or_default();
    // Enough to read the declaration in every encoding but the wide ones, which a byte order mark tells.
    let start: String = start.iter().map(|byte| char::from(*byte)).collect();
    let declaration = start.find("<?xml").and_then(|at| start.get(at..)?.split("?>").next());
    let Some(named) = declaration.and_then(|text| text.split_once("encoding")) else {
        return Ok(());
    };
    let value = named.1.trim_start().trim_start_matches('=').trim_start();
    let mut parts = value.splitn(3, ['"', '\'']);
    let (Some(""), Some(label)) = (parts.next(), parts.next()) else {
        return Ok(());
    };
    let declared = Encoding::for_label(label.trim().as_bytes());
    if declared.is_some_and(|declared| Some(declared) == encoding.decoder()) {
        return Ok(());
    }
    let message = format!(
        "says that it is written in {}, but format.encoding is {:?}: set it to that, or look at what wrote it",
        quoted(label),
        encoding.name()
    );
    Err(Refusal::at(title, (1, 1), &message))
}

/// Proves the document, and reads what it says about its rows.
pub(crate) fn proven(title: &str, text: &str, rows: &Path, format: &Format) -> Result<Option<Promise>, Refusal> {
    let named = |fault: Fault| Refusal::named(title, text, &[fault], 1);
    let mut proof = Proof::new(text, rows, format);
    proof.run().map_err(|(fault, cut)| {
        let refusal = named(fault);
        if cut { refusal.unfinished() } else { refusal }
    })?;
    proof.finish().map_err(named)
}

/// A figure that the document states about itself.
struct Claim<'f> {
    what: &'static str,
    path: Option<&'f Path>,
    /// As `/stock/trailer/count`, or `/stock/@count`.
    place: String,
    found: Option<(usize, String)>,
    twice: Option<usize>,
}

impl<'f> Claim<'f> {
    fn new(what: &'static str, path: Option<&'f Path>) -> Self {
        let place = path.map(|path| format!("/{}", path.join("/"))).unwrap_or_default();
        Self {
            what,
            path,
            place,
            found: None,
            twice: None,
        }
    }

    fn begins(&mut self, place: &str, offset: usize) {
        if self.path.is_none() || self.place != place {
            return;
        }
        if self.found.is_some() {
            self.twice = Some(offset);
        }
        self.found = Some((offset, String::new()));
    }

    fn text(&mut self, place: &str, text: &str) {
        if let (Some((_, found)), true) = (&mut self.found, self.place == place)
            && found.len() < 1_000
        {
            found.push_str(text);
        }
    }
}

struct Proof<'t> {
    text: &'t str,
    format: &'t Format,
    reader: Reader<&'t [u8]>,
    /// Where the reader is, as `/stock/item`.
    place: String,
    deep: usize,
    closed: bool,
    /// The element in which rows stand, as `/stock`.
    parent: String,
    parent_met: bool,
    met: BTreeSet<String>,
    claims: [Claim<'t>; 2],
}

impl<'t> Proof<'t> {
    fn new(text: &'t str, rows: &'t Path, format: &'t Format) -> Self {
        let parent = rows
            .split_last()
            .map(|(_, parents)| parents.join("/"))
            .unwrap_or_default();
        Self {
            text,
            format,
            reader: reader(text),
            place: String::new(),
            deep: 0,
            closed: false,
            parent: format!("/{parent}"),
            parent_met: false,
            met: BTreeSet::new(),
            claims: [
                Claim::new("format.count", format.claims.count.as_ref()),
                Claim::new("format.sum", format.claims.sum.as_ref()),
            ],
        }
    }

    fn run(&mut self) -> Result<(), Bad> {
        loop {
            let offset = position(&self.reader);
            let event = self.reader.read_event().map_err(|error| self.malformed(&error))?;
            let bad = |message: &str| Err((Fault::new(offset, message), false));
            match event {
                Event::Start(start) => self.start(offset, &start)?,
                Event::End(_) => self.end(),
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if self.deep == 0 && !text.trim().is_empty() {
                        return bad("text outside of the root element");
                    }
                    self.said(&text);
                }
                Event::CData(data) if self.deep > 0 => self.said(&data.xml10_content()),
                Event::GeneralRef(reference) if self.deep > 0 => {
                    let Some(sign) = resolved(&reference) else {
                        let name = quoted(&reference.xml10_content());
                        return bad(&format!(
                            "the entity {name} is none of XML's own, and others are never expanded"
                        ));
                    };
                    self.said(sign.encode_utf8(&mut [0; 4]));
                }
                Event::CData(_) | Event::GeneralRef(_) => return bad("text outside of the root element"),
                Event::DocType(_) => {
                    return bad(
                        "a document type (DOCTYPE) can define entities, so it is never read: export without one",
                    );
                }
                Event::Eof => return self.eof(),
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            }
        }
    }

    fn start(&mut self, offset: usize, start: &BytesStart<'_>) -> Result<(), Bad> {
        let bad = |message: String| Err((Fault::new(offset, message), false));
        if self.closed {
            return bad("a second root element: two documents in one file".to_owned());
        }
        self.deep += 1;
        if self.deep > MOST_DEEP {
            return bad(format!("more than {MOST_DEEP} elements within each other"));
        }
        self.place.push('/');
        self.place.push_str(start.name().as_ref());
        self.parent_met |= self.place == self.parent;
        if self.met.len() < MOST_HINTS && !self.met.contains(&self.place) {
            self.met.insert(self.place.clone());
        }
        let place = self.place.clone();
        self.claims.iter_mut().for_each(|claim| claim.begins(&place, offset));
        for (index, attribute) in start.attributes().enumerate() {
            if index >= MOST_ATTRIBUTES {
                return bad(format!("more than {MOST_ATTRIBUTES} attributes of one element"));
            }
            let attribute =
                attribute.map_err(|error| (Fault::new(offset, format!("is not valid XML: {error}")), false))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| (Fault::new(offset, format!("is not valid XML: {error}")), false))?;
            let at = format!("{place}/@{}", attribute.key.as_ref());
            for claim in self.claims.iter_mut().filter(|claim| claim.place == at) {
                claim.begins(&at, offset);
                claim.text(&at, &value);
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        let left = self.place.rfind('/').unwrap_or_default();
        self.place.truncate(left);
        self.deep = self.deep.saturating_sub(1);
        self.closed = self.deep == 0;
    }

    fn said(&mut self, text: &str) {
        let place = &self.place;
        self.claims.iter_mut().for_each(|claim| claim.text(place, text));
    }

    fn eof(&self) -> Result<(), Bad> {
        let end = self.text.len();
        if self.deep > 0 {
            let open = self.place.rsplit('/').next().unwrap_or_default();
            let message = format!("the element {open:?} is never closed: the file is cut off or not finished");
            return Err((Fault::new(end, message), true));
        }
        if !self.closed {
            return Err((
                Fault::new(end, "there is no root element: the file is cut off or not finished"),
                true,
            ));
        }
        Ok(())
    }

    fn malformed(&self, error: &Error) -> Bad {
        let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
        let cut = matches!(error, Error::Syntax(_));
        let hint = if cut {
            ": the file is cut off or not finished"
        } else {
            ""
        };
        let message = format!("is not valid XML: {error}{hint}");
        (Fault::new(at.min(self.text.len()), message), cut)
    }

    fn finish(self) -> Result<Option<Promise>, Fault> {
        if !self.parent_met {
            let names = || self.met.iter().map(String::as_str);
            let near = nearest(&self.parent, names()).or_else(|| names().next());
            let hint = near.map(|near| format!("; there is {near:?}")).unwrap_or_default();
            let message = format!("no element {:?}, in which rows should stand{hint}", self.parent);
            return Err(Fault::new(0, message));
        }
        if self.claims.iter().all(|claim| claim.path.is_none()) {
            return Ok(None);
        }
        let mut promise = Promise::of("document", self.format.number);
        for claim in self.claims.into_iter().filter(|claim| claim.path.is_some()) {
            if let Some(second) = claim.twice {
                return Err(Fault::new(
                    second,
                    format!("{} of {} stands twice", claim.place, claim.what),
                ));
            }
            let Some((offset, written)) = claim.found else {
                return Err(Fault::new(0, format!("there is no {} of {}", claim.place, claim.what)));
            };
            promise.offset = offset;
            let written = Some(written.trim().to_owned());
            if claim.what == "format.count" {
                promise.rows = written;
            } else {
                promise.sum = written;
            }
        }
        Ok(Some(promise))
    }
}
