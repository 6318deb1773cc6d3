//! Log lines for journald: an entry with fields of their own (`CHANNEL=`, `SKU=`, `ORDER=`, …), so that
//! `journalctl CHANNEL=shop` finds what befell one channel; where its socket takes nothing, a line as before.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Where journald takes entries.
const SOCKET: &str = "/run/systemd/journal/socket";
/// Bytes of one value: an entry has to fit into a datagram.
const LONGEST: usize = 16 * 1024;
/// A journal that stands still holds nobody up for longer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names that mean something else to journald or were given already; fields of ours with such a name have a prefix.
const TAKEN: [&str; 8] = [
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "TARGET",
    "UNIT",
    "USER_UNIT",
    "ERRNO",
    "TID",
    "INVOCATION_ID",
];

/// Whether standard error is what journald said it is: `JOURNAL_STREAM` is inherited by programs whose standard
/// error leads elsewhere, too.
pub(super) fn listens() -> bool {
    let Some(stream) = std::env::var_os("JOURNAL_STREAM") else {
        return false;
    };
    io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|copy| std::fs::File::from(copy).metadata())
        .is_ok_and(|there| stream.to_str() == Some(&format!("{}:{}", there.dev(), there.ino())))
}

/// Writes entries to journald's socket; without one, lines that begin with their priority, which journald takes off.
pub(super) struct Journal {
    line: fmt::format::Format<fmt::format::Full, ()>,
    socket: Option<UnixDatagram>,
}

impl Journal {
    /// The journal of this machine.
    pub(super) fn of_machine() -> Self {
        Self::at(Path::new(SOCKET))
    }

    fn at(path: &Path) -> Self {
        Self {
            line: fmt::format().without_time().with_ansi(false),
            socket: connected(path).ok(),
        }
    }
}

fn connected(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.line.format_event(context, Writer::new(&mut line), event)?;
        let priority = match *event.metadata().level() {
            Level::ERROR => "3",
            Level::WARN => "4",
            Level::INFO => "6",
            Level::DEBUG | Level::TRACE => "7",
        };
        let mut entry = Entry::default();
        entry.put("MESSAGE", line.trim());
        entry.put("PRIORITY", priority);
        entry.put("SYSLOG_IDENTIFIER", "omnistock");
        entry.put("TARGET", event.metadata().target());
        event.record(&mut entry);
        match &self.socket {
            Some(socket) if socket.send(&entry.bytes).is_ok() => Ok(()),
            _ => write!(writer, "<{priority}>{line}"),
        }
    }
}

/// An entry as journald reads it: `NAME=value`, or with its length before it where a value has several lines.
#[derive(Default)]
struct Entry {
    bytes: Vec<u8>,
}

impl Entry {
    fn put(&mut self, name: &str, value: &str) {
        let value = value.get(..value.floor_char_boundary(LONGEST)).unwrap_or(value);
        self.bytes.extend(name.as_bytes());
        if value.contains('\n') {
            self.bytes.push(b'\n');
            self.bytes.extend((value.len() as u64).to_le_bytes());
        } else {
            self.bytes.push(b'=');
        }
        self.bytes.extend(value.as_bytes());
        self.bytes.push(b'\n');
    }
}

impl Visit for Entry {
    fn record_str(&mut self, field: &Field, value: &str) {
        // The text of the event is in the line.
        if let Some(name) = name(field.name()) {
            self.put(&name, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// What journald calls a field: capitals, digits and `_`, not beginning with `_`. `None`: it is told already.
fn name(ours: &str) -> Option<String> {
    if ours == "message" {
        return None;
    }
    let name: String = ours
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    let taken = TAKEN.contains(&name.as_str()) || name.starts_with('_') || name.starts_with("CODE_");
    Some(if taken { format!("OMNISTOCK_{name}") } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logged::Kept;
    use std::collections::BTreeMap;
    use tracing_subscriber::layer::SubscriberExt;

    /// What stood on standard error while `work` logged to the journal at `path`.
    fn logged(path: &Path, work: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = fmt::layer()
            .with_writer(move || writer.clone())
            .event_format(Journal::at(path));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    /// An entry as journald takes it apart.
    fn entry(socket: &UnixDatagram) -> BTreeMap<String, String> {
        let mut buffer = vec![0; 256 * 1024];
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        let (mut rest, mut fields) = (&buffer[..length], BTreeMap::new());
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).unwrap();
            rest = &rest[end + 1..];
            let (name, value) = if let Some((name, value)) = line.split_once('=') {
                (name, value.to_owned())
            } else {
                let length = usize::try_from(u64::from_le_bytes(rest[..8].try_into().unwrap())).unwrap();
                let value = String::from_utf8(rest[8..8 + length].to_vec()).unwrap();
                assert_eq!(rest[8 + length], b'\n');
                rest = &rest[9 + length..];
                (line, value)
            };
            fields.insert(name.to_owned(), value);
        }
        assert!(rest.is_empty(), "a datagram ends with a line");
        fields
    }

    #[test]
    fn an_entry_has_its_priority_and_a_field_of_its_own_for_each_thing_it_speaks_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let beside = logged(&path, || {
            let refused = io::Error::other("429\nlater");
            tracing::warn!(channel = "shop", sku = %"A=1", orders = 3, error = %refused, unit = "pcs", "it waits");
            tracing::error!("it stopped");
            tracing::info!("it goes on");
            tracing::debug!("it looks");
        });
        assert_eq!(beside, "", "nothing is said twice");
        let first = entry(&journal);
        let expected = [
            ("CHANNEL", "shop"),
            ("SKU", "A=1"),
            ("ORDERS", "3"),
            ("ERROR", "429\nlater"),
            ("OMNISTOCK_UNIT", "pcs"),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "omnistock"),
            ("TARGET", "omnistock::cli::journal::tests"),
        ];
        for (name, value) in expected {
            assert_eq!(first.get(name).map(String::as_str), Some(value), "{name}: {first:?}");
        }
        let text = &first["MESSAGE"];
        assert!(
            text.starts_with("WARN") && text.contains("it waits channel=\"shop\""),
            "{text}"
        );
        let priorities = [(); 3].map(|()| entry(&journal)["PRIORITY"].clone());
        assert_eq!(priorities, ["3", "6", "7"]);
    }

    #[test]
    fn a_value_as_long_as_a_page_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let beside = logged(&path, || tracing::warn!(error = "ü".repeat(1_000_000), "no"));
        assert_eq!(beside, "");
        assert_eq!(entry(&journal)["ERROR"].len(), LONGEST);
    }

    #[test]
    fn without_a_journal_the_line_tells_how_bad_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let say = || {
            tracing::error!("it stopped");
            tracing::warn!(channel = "shop", "it waits");
            tracing::info!("it goes on");
        };
        let lines = logged(&path, say);
        let journal = UnixDatagram::bind(&path).unwrap();
        let gone = logged(&path, || {
            drop(journal);
            say();
        });
        assert_eq!(lines, gone, "a journal that ended is as none");
        let lines: Vec<&str> = lines.lines().collect();
        assert!(
            lines[0].starts_with("<3>ERROR") && lines[0].ends_with("it stopped"),
            "{lines:?}"
        );
        assert!(
            lines[1].starts_with("<4> WARN") && lines[1].contains("channel=\"shop\""),
            "{lines:?}"
        );
        assert!(lines[2].starts_with("<6> INFO"), "{lines:?}");
    }
}
