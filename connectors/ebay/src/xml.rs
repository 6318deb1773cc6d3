//! The Trading API's documents: small trees, read without entities of their own, written with all signs escaped.

use omnistock_sdk::ConnectorError;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Elements within each other at most.
const MOST_DEEP: usize = 32;

/// An element with its text and its children. Attributes are not kept, but for a currency.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    name: String,
    text: String,
    currency: Option<String>,
    children: Vec<Node>,
}

fn bad(what: &str) -> ConnectorError {
    ConnectorError::unknown(format!("the answer is not the XML it should be: {what}"))
}

/// The character that a reference stands for; `None` where that would have to be defined somewhere.
fn resolved(reference: &BytesRef<'_>) -> Option<char> {
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

impl Node {
    /// The root of a whole document.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ConnectorError> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"))?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let (mut open, mut root): (Vec<Self>, Option<Self>) = (Vec::new(), None);
        loop {
            match reader.read_event().map_err(|error| bad(&error.to_string()))? {
                Event::Start(start) => {
                    if open.len() >= MOST_DEEP || (open.is_empty() && root.is_some()) {
                        return Err(bad("it nests too deep, or has two roots"));
                    }
                    let currency = start.try_get_attribute("currencyID").ok().flatten();
                    open.push(Self {
                        name: start.local_name().as_ref().to_owned(),
                        currency: currency.map(|attribute| attribute.value.as_ref().to_owned()),
                        ..Self::default()
                    });
                }
                Event::End(_) => {
                    let done = open.pop().ok_or_else(|| bad("it ends what never began"))?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
                Event::Text(text) => said(&mut open, &text.xml10_content()),
                Event::CData(text) => said(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let sign = resolved(&reference).ok_or_else(|| bad("it has an entity of its own"))?;
                    said(&mut open, sign.encode_utf8(&mut [0; 4]));
                }
                Event::DocType(_) => return Err(bad("it has a document type")),
                Event::Eof => break,
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            }
        }
        root.filter(|_| open.is_empty())
            .ok_or_else(|| bad("it ends in the middle"))
    }

    /// Its name, without what stands before a colon.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The currency of an amount.
    pub(crate) fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// All children of this name.
    pub(crate) fn all<'a, 'n: 'a>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Self> + use<'a, 'n> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at this path of names, separated by slashes.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/')
            .try_fold(self, |node, name| node.children.iter().find(|child| child.name == name))
    }

    /// The text at this path, where there is one.
    pub(crate) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path).map(Self::text).filter(|text| !text.is_empty())
    }

    /// The whole number at this path.
    pub(crate) fn number_at(&self, path: &str) -> Option<i64> {
        self.text_at(path)?.parse().ok()
    }
}

fn said(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

/// `<name>text</name>`, with every sign in its place.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            sign if sign.is_control() => {}
            sign => safe.push(sign),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_document_is_a_tree_and_half_of_one_is_none() {
        let text = r#"<?xml version="1.0"?><A xmlns="urn:x"><B><C currencyID="EUR">1.50</C><C/></B><D><![CDATA[a<b]]></D></A>"#;
        let root = Node::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (root.name(), root.text_at("B/C"), root.text_at("D")),
            ("A", Some("1.50"), Some("a<b"))
        );
        assert_eq!(root.at("B/C").unwrap().currency(), Some("EUR"));
        assert_eq!(root.at("B").unwrap().all("C").count(), 2);
        for half in [
            text.split_at(text.len() / 2).0,
            "",
            "{}",
            "<!DOCTYPE html><title>x</title>",
            "<A/><B/>",
            "<A>&x;</A>",
        ] {
            assert!(Node::parse(half.as_bytes()).is_err(), "{half}");
        }
        let deep = "<A>".repeat(MOST_DEEP + 1);
        assert!(Node::parse(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "[^\\x00-\\x1f\\x7f-\\x9f\u{fffe}\u{ffff}]{0,60}") {
            let root = Node::parse(element("SKU", &text).as_bytes()).unwrap();
            prop_assert_eq!(root.text(), text.trim());
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,120}") {
            drop(Node::parse(text.as_bytes()));
        }
    }
}
