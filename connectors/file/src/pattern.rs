//! Which names of a folder are meant: `*` in the last part of the path, and never an unfinished file.

use std::path::{Path, PathBuf};

/// Endings under which writers keep what they have not finished.
const UNFINISHED: [&str; 9] = [
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".writing",
    ".swp",
    "~",
];

/// A folder and the names in it that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The folder, absolute when the configuration's folder is.
    pub(crate) folder: PathBuf,
    /// The last part of the path.
    pub(crate) name: String,
}

impl Pattern {
    /// Splits `path`, relative to `base`; the error is one sentence.
    pub(crate) fn new(base: &Path, path: &str) -> Result<Self, String> {
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| {
            (if folder.is_empty() { "/" } else { folder }, name)
        });
        if folder.contains('*') {
            return Err(format!(
                "{path:?} has a \"*\" in a folder: it may stand in the file's name only"
            ));
        }
        if name.is_empty() || name == "." || name == ".." {
            return Err(format!("{path:?} names no file: end it like \"…/stock-*.csv\""));
        }
        if ignored(&name.replace('*', "x")) {
            return Err(format!(
                "{path:?} means hidden or unfinished files, which are never read"
            ));
        }
        Ok(Self {
            folder: base.join(folder),
            name: name.to_owned(),
        })
    }

    /// Whether this file of the folder is meant.
    pub(crate) fn matches(&self, name: &str) -> bool {
        !ignored(name) && wildcard(&self.name, name)
    }
}

/// Hidden, or named as unfinished.
fn ignored(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with('.') || UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

/// `*` stands for any run of characters, also none.
fn wildcard(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name, meant) in [
            ("stock-*.csv", "stock-1.csv", true),
            ("stock-*.csv", "stock-.csv", true),
            ("stock-*.csv", "stock-1.csv.tmp", false),
            ("stock-*.csv", "Stock-1.csv", false),
            ("stock.csv", "stock.csv", true),
            ("stock.csv", "xstock.csv", false),
            ("*", "a", true),
            ("*", ".a", false),
            ("*", "a.filepart", false),
            ("*", "a.PART", false),
            ("*a*b*", "xaxbx", true),
            ("a*a", "a", false),
            ("*a*b*", "ba", false),
        ] {
            let pattern = Pattern::new(Path::new("/in"), pattern).unwrap();
            assert_eq!(pattern.matches(name), meant, "{pattern:?} {name}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_configuration() {
        let base = Path::new("/etc/omnistock");
        assert_eq!(
            Pattern::new(base, "in/s.csv").unwrap().folder,
            Path::new("/etc/omnistock/in")
        );
        assert_eq!(Pattern::new(base, "/srv/s.csv").unwrap().folder, Path::new("/srv"));
        assert_eq!(Pattern::new(base, "/s.csv").unwrap().folder, Path::new("/"));
        for path in ["/srv/*/s.csv", "/srv/", "", "/srv/*.tmp", ".s.csv"] {
            assert!(Pattern::new(base, path).is_err(), "{path}");
        }
    }
}
