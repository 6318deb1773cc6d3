//! `[[notify]]`: whom to tell when something needs a person, and how.

use super::problem::{Problem, Severity};
use super::reader::{Fault, Section};
use super::root::Root;
use super::secret::{PLAIN_IN_URL, secret_reference};
use super::store::SectionSecret;
use super::tree::Node;
use super::value::{choice, count, duration, text};
use omnistock_sdk::SecretReference;
use reqwest::Url;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A message may take so long at most; people who try it wait as long.
const MOST_TIMEOUT: Duration = Duration::from_mins(1);

/// Which matters are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// All.
    Warn,
    /// Only those that can't wait until the morning.
    Page,
}

/// Where messages go.
#[derive(Clone, PartialEq, Eq)]
pub enum NotifyWay {
    /// To a program's standard input; no shell is between.
    Exec {
        /// The program.
        program: PathBuf,
        /// What it is given.
        arguments: Vec<String>,
    },
    /// By POST to an address.
    Url(NotifyUrl),
}

impl fmt::Debug for NotifyWay {
    /// Without the address, since some are as good as a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exec { .. } => "exec",
            Self::Url(_) => "url",
        })
    }
}

/// An address, or where it is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum NotifyUrl {
    /// As it stands in the file.
    Plain(Url),
    /// One that is a secret itself.
    Secret(SecretReference),
}

/// One `[[notify]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifySettings {
    /// What people call it. Default: `notify_1` for the first, and so on.
    pub name: String,
    /// Where messages go.
    pub way: NotifyWay,
    /// Sent along as `Authorization: Bearer`.
    pub token: Option<SecretReference>,
    /// Which matters are told. Default: `page`.
    pub min: Least,
    /// How long what may pass by itself has to last before it is told. Default 5 min.
    pub after: Duration,
    /// How long a matter has to be gone before it is said to be over. Default 1 min.
    pub settle: Duration,
    /// Messages in 60 minutes, 2 to 1,000; the last one is a summary. Default 20.
    pub most_per_hour: u32,
    /// One attempt, at most 60 s. Default 10 s.
    pub timeout: Duration,
}

/// Reads all of them, in their order.
pub(super) fn read(root: Root) -> Vec<NotifySettings> {
    let (mut all, mut names) = (Vec::new(), BTreeSet::new());
    for (index, section) in root.list("notify").iter().enumerate() {
        let given = section.read("name", name);
        let name = given.map_or_else(|| format!("notify_{}", index + 1), str::to_owned);
        if !names.insert(name.clone()) {
            section.error_at(
                "name",
                format!("[[notify]] `{name}` is given twice: give each its own `name`"),
            );
        }
        let long = |key: &str, default: u64| section.read(key, duration).unwrap_or(Duration::from_secs(default));
        let settings = NotifySettings {
            name,
            token: section.read("token", secret_reference),
            min: section
                .read("min", |node| {
                    choice(node, &[("warn", Least::Warn), ("page", Least::Page)])
                })
                .unwrap_or(Least::Page),
            after: long("after", 300),
            settle: long("settle", 60),
            most_per_hour: section
                .read("most_per_hour", |node| count(node, 2, 1_000))
                .unwrap_or(20),
            timeout: section.read("timeout", timeout).unwrap_or(Duration::from_secs(10)),
            way: match way(root, section) {
                Some(way) => way,
                None => continue,
            },
        };
        if settings.token.is_some() && matches!(settings.way, NotifyWay::Exec { .. }) {
            section.error_at("token", "`token` in [[notify]] is for `url` only");
        }
        all.push(settings);
    }
    all
}

fn way(root: Root, section: &Section) -> Option<NotifyWay> {
    match (section.has("exec"), section.has("url")) {
        (true, false) => {
            let mut words = section.read("exec", words)?.into_iter();
            let program = root.folder.join(words.next()?);
            not_executable(root, section, &program);
            Some(NotifyWay::Exec {
                program,
                arguments: words.collect(),
            })
        }
        (false, true) => section.read("url", url).map(NotifyWay::Url),
        (true, true) => {
            section.error_at(
                "url",
                "[[notify]] has `exec` and `url`: give each a [[notify]] of its own",
            );
            None
        }
        (false, false) => {
            section.error("[[notify]] needs `exec`, a program, or `url`, an address");
            None
        }
    }
}

fn name(node: &Node) -> Result<&str, Fault> {
    let name = text(node)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() <= 64 && name.bytes().all(plain) {
        Ok(name)
    } else {
        Err(Fault::expected("1 to 64 characters out of a-z, 0-9 and _", node))
    }
}

/// A program, or a list of it and its arguments.
fn words(node: &Node) -> Result<Vec<String>, Fault> {
    let Some(members) = node.members() else {
        return Ok(vec![text(node)?.to_owned()]);
    };
    let words: Vec<String> = members
        .iter()
        .map(|node| text(node).map(str::to_owned))
        .collect::<Result<_, _>>()?;
    if words.is_empty() {
        return Err(Fault::new(" is empty"));
    }
    Ok(words)
}

fn url(node: &Node) -> Result<NotifyUrl, Fault> {
    if node.table().is_some() {
        return secret_reference(node).map(NotifyUrl::Secret);
    }
    let url = text(node)?;
    let url =
        address(url).ok_or_else(|| Fault::new(": expected an address like \"https://alerts.example.com/hook\""))?;
    if url.password().is_some() {
        return Err(Fault::new(PLAIN_IN_URL));
    }
    Ok(NotifyUrl::Plain(url))
}

/// An address of the web.
pub fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "https" | "http") && url.has_host()).then_some(url)
}

fn timeout(node: &Node) -> Result<Duration, Fault> {
    let timeout = duration(node)?;
    if timeout > MOST_TIMEOUT {
        return Err(Fault::new(format!(" is longer than {} s", MOST_TIMEOUT.as_secs())));
    }
    Ok(timeout)
}

/// No reason to refuse the whole configuration: stock is kept right all the same.
fn not_executable(root: Root, section: &Section, program: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(program);
    let why = match &found {
        Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => return,
        Ok(file) if file.is_file() => "is not executable".to_owned(),
        Ok(_) => "is no file".to_owned(),
        Err(error) => format!("can't be run: {error}"),
    };
    let Some(entry) = section.entry("exec") else { return };
    let message = format!("`exec` in [[notify]]: {} {why}", program.display());
    let help = "name it with its whole path and make it executable; without it nobody is told";
    root.findings.warning(entry.node.place, message, help);
}

/// All secrets of the sections, for those that can't be resolved.
pub(super) fn secrets(root: Root) -> Vec<SectionSecret> {
    let members = root.table.get("notify").and_then(|entry| entry.node.members());
    let tables = members.into_iter().flatten();
    let both = tables.flat_map(|table| ["url", "token"].map(|key| (table, key)));
    let secret = |(table, key): (&Node, &'static str)| {
        let node: &Node = table.get(key).filter(|node| node.table().is_some())?;
        let place: Problem = root.sources.problem(node.place, Severity::Error, String::new(), None);
        Some(SectionSecret {
            section: "[[notify]]",
            key,
            reference: secret_reference(node).ok()?,
            place,
        })
    };
    both.filter_map(secret).collect()
}
