//! What the reference says beside its keys: an editor shows it where a key is written.

use std::collections::BTreeMap;

const REFERENCE: &str = include_str!("../../config/reference.toml");

/// The remark behind a key, by section (or kind of connector) and key.
pub(super) struct Remarks(BTreeMap<(String, String), String>);

impl Remarks {
    /// Of `config/reference.toml`.
    pub(super) fn of_the_reference() -> Self {
        Self::read(REFERENCE)
    }

    /// The remark of a key.
    pub(super) fn of(&self, section: &str, key: &str) -> Option<&str> {
        self.0.get(&(section.to_owned(), key.to_owned())).map(String::as_str)
    }

    /// Also of lines that are commented out; of a key that stands more than once the first remark counts.
    fn read(text: &str) -> Self {
        let mut found = BTreeMap::new();
        let (mut section, mut kind) = (String::new(), String::new());
        for line in text.lines() {
            let line = line.strip_prefix("# ").unwrap_or(line);
            if let Some(title) = line.strip_prefix('[') {
                let name = title.trim_start_matches('[');
                let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                name.get(..end.unwrap_or(name.len()))
                    .unwrap_or_default()
                    .clone_into(&mut section);
                kind.clear();
                continue;
            }
            let Some((key, rest)) = line.split_once('=').map(|(key, rest)| (key.trim_end(), rest)) else {
                continue;
            };
            if key.is_empty() || !key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                continue;
            }
            if (section.as_str(), key) == ("connectors", "kind") {
                rest.split('"').nth(1).unwrap_or_default().clone_into(&mut kind);
            }
            let Some(remark) = remark(rest) else { continue };
            for place in [&section, &kind] {
                found
                    .entry((place.clone(), key.to_owned()))
                    .or_insert_with(|| remark.to_owned());
            }
        }
        Self(found)
    }
}

/// What stands behind the first `#` outside of quotes.
fn remark(value: &str) -> Option<&str> {
    let mut quoted = false;
    let start = value.find(|c: char| {
        quoted ^= c == '"';
        c == '#' && !quoted
    })?;
    let remark = value.get(start + 1..)?.trim().trim_end_matches(['…', ',', ';']);
    (!remark.is_empty()).then(|| remark.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_belongs_to_its_key_and_kind() {
        let remarks = Remarks::read(
            "# [connectors.a]\n# kind = \"file\" # code\n# url = \"x#y\"  # where it is …\nevery = \"1m\"\n[store]\nurl = 1 # ours\n",
        );
        assert_eq!(remarks.of("file", "url"), Some("where it is"));
        assert_eq!(remarks.of("store", "url"), Some("ours"));
        assert_eq!((remarks.of("file", "every"), remarks.of("shop", "url")), (None, None));
    }

    #[test]
    fn the_reference_remarks_on_most_of_its_keys() {
        let remarks = Remarks::of_the_reference();
        for (section, key) in [
            ("channels", "mode"),
            ("history", "keep"),
            ("templates", "max_shown"),
            ("locations", "units"),
        ] {
            assert!(remarks.of(section, key).is_some(), "{section}.{key}");
        }
        assert!(remarks.0.len() > 50, "{}", remarks.0.len());
    }
}
