//! What kind of file: by the ending of its name where that says so, else by `format.kind`.

use omnistock_sdk::nearest;

/// How rows stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Lines of cells below a header.
    Csv,
    /// One document with a list of objects.
    Json,
    /// An object a line.
    JsonLines,
    /// One document with an element a row.
    Xml,
}

/// The words of a configuration, and the endings of names that mean them.
const KINDS: [(FileKind, &str, &[&str]); 4] = [
    (FileKind::Csv, "csv", &["csv", "tsv", "txt"]),
    (FileKind::Json, "json", &["json"]),
    (FileKind::JsonLines, "jsonl", &["jsonl", "ndjson"]),
    (FileKind::Xml, "xml", &["xml"]),
];

impl FileKind {
    /// By the ending of a file's name, one of a compressed file aside. `None`: the name doesn't say.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        let (_, ending) = plain.rsplit_once('.')?;
        let known = KINDS.iter().find(|(_, _, endings)| endings.contains(&ending));
        known.map(|(kind, _, _)| *kind)
    }

    /// By its word in a configuration; the error is one sentence with the nearest right word.
    pub(crate) fn by_word(word: &str) -> Result<Self, String> {
        if let Some((kind, _, _)) = KINDS.iter().find(|(_, known, _)| *known == word) {
            return Ok(*kind);
        }
        let words = || KINDS.iter().map(|(_, word, _)| *word);
        let near = nearest(word, words()).map(|near| format!("; did you mean {near:?}?"));
        let all: Vec<String> = words().map(|word| format!("{word:?}")).collect();
        Err(format!(
            "{word:?} is no kind of file, there are {}{}",
            all.join(", "),
            near.unwrap_or_default()
        ))
    }

    /// Its word in a configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Xml => "xml",
        }
    }

    /// As a sentence calls it.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::Xml => "XML",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_kind_where_they_can() {
        for (name, kind) in [
            ("stock-*.csv", Some(FileKind::Csv)),
            ("STOCK.TXT", Some(FileKind::Csv)),
            ("stock.json", Some(FileKind::Json)),
            ("stock.json.gz", Some(FileKind::Json)),
            ("stock.ndjson", Some(FileKind::JsonLines)),
            ("stock-*.xml", Some(FileKind::Xml)),
            ("stock-*", None),
            ("stock.gz", None),
            ("stock.*", None),
            ("xml", None),
        ] {
            assert_eq!(FileKind::by_name(name), kind, "{name}");
        }
        for (kind, word, _) in KINDS {
            assert_eq!(FileKind::by_word(word), Ok(kind));
            assert_eq!(kind.word(), word);
        }
        let wrong = FileKind::by_word("jsn").unwrap_err();
        assert!(wrong.ends_with("did you mean \"json\"?"), "{wrong}");
    }
}
