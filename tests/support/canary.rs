//! A word that stands in every credential of every simulator, and must stand nowhere else: not in a log, an answer, a
//! metric, a message or a file. Everything that end-to-end tests see of the program is looked through for it.

use super::merchant::Merchant;
use omnistock_sdk::simulated::CANARY;
use std::path::Path;

/// Panics where a credential got out into this text. Silent in a test that fails anyhow.
pub fn stays_in(place: &str, text: &str) {
    if let Some(at) = text.find(CANARY)
        && !std::thread::panicking()
    {
        let before: Vec<char> = text.get(..at).unwrap_or_default().chars().collect();
        let around: String = before.iter().skip(before.len().saturating_sub(200)).collect();
        panic!("a secret got out into {place}, behind: {around}");
    }
}

/// The text, when nothing got out into it.
pub fn checked(place: &str, text: String) -> String {
    stays_in(place, &text);
    text
}

impl Drop for Merchant {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            stays_in_files_below(self.folder.path());
        }
    }
}

/// The same for every file below a folder but those that are there to hold a secret: no file of the program's own,
/// its store and its history included, has one.
pub fn stays_in_files_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
            stays_in_files_below(&path);
        } else if kind.is_ok_and(|kind| kind.is_file()) && !is_a_secret(&path) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            stays_in(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    }
}

/// Secrets are in files that their owner alone may read, and hold nothing else.
fn is_a_secret(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o777 == 0o600 && about.len() < 100)
}
