//! Small files that are kept beside the store, and that a crash must not leave half written.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Replaces the file: the old content or the new one is there at any moment, also after a crash, and the new
/// one is durable when this answers. Its folder is created when missing, for its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // Of two processes that write at once, each has its own.
    let part = path.with_added_extension(std::process::id().to_string());
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_else_is_left_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/mark.json");
        replace(&path, b"a longer one").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path().join("state")).unwrap().count(), 1);
    }
}
