//! Secrets by reference: systemd credentials, files, environment variables.
//!
//! A secret is read anew at every call, so that a rotated one is seen without a restart. Nothing here logs.

use omnistock_sdk::{SecretReference, SecretResolver, SecretString};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most bytes that a secret may have: systemd's own limit of a credential is larger than any key.
const MOST_BYTES: u64 = 64 * 1024;
/// Permissions that a secret's file must not grant: everything of group and others, and execution.
const FORBIDDEN_MODE: u32 = 0o177;

/// Finds secrets where the service's environment says they are.
#[derive(Clone)]
pub struct EnvironmentSecrets {
    environment: BTreeMap<String, String>,
    folder: PathBuf,
}

impl EnvironmentSecrets {
    /// Secrets of this environment; relative files start at `folder`, the one of the configuration.
    pub fn new(environment: BTreeMap<String, String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            environment,
            folder: folder.into(),
        }
    }

    fn credential(&self, name: &str) -> Result<SecretString, String> {
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
        if !plain {
            return Err(format!("`{name}` can't be the name of a systemd credential"));
        }
        let Some(folder) = self
            .environment
            .get("CREDENTIALS_DIRECTORY")
            .filter(|folder| !folder.is_empty())
        else {
            return Err(format!(
                "credential `{name}` not found: $CREDENTIALS_DIRECTORY is not set, so no systemd service gave any; \
                 add LoadCredential={name}:FILE to the unit, or use {{ file = \"…\" }}"
            ));
        };
        let path = Path::new(folder).join(name);
        // The folder is the service's own; systemd sets modes that its user can read, whatever they are.
        read(&path).map_err(|error| {
            format!("credential `{name}` not found in {folder}: {error}; add LoadCredential={name}:FILE to the unit")
        })
    }

    fn file(&self, name: &str) -> Result<SecretString, String> {
        let path = self.folder.join(name);
        let shown = path.display();
        let metadata =
            std::fs::metadata(&path).map_err(|error| format!("secret file {shown} can't be read: {error}"))?;
        if !metadata.is_file() {
            return Err(format!("secret file {shown} is no file"));
        }
        if metadata.mode() & FORBIDDEN_MODE != 0 {
            let mode = metadata.mode() & 0o777;
            return Err(format!(
                "secret file {shown} has mode {mode:04o}, so others may read it: run chmod 0600 {shown}"
            ));
        }
        read(&path).map_err(|error| format!("secret file {shown} can't be read: {error}"))
    }

    fn variable(&self, name: &str) -> Result<SecretString, String> {
        match self.environment.get(name) {
            Some(value) if !value.is_empty() => Ok(SecretString::from(value.clone())),
            Some(_) => Err(format!("environment variable {name} is empty")),
            None => Err(format!("environment variable {name} is not set")),
        }
    }
}

impl SecretResolver for EnvironmentSecrets {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        match reference {
            SecretReference::Credential(name) => self.credential(name),
            SecretReference::File(name) => self.file(name),
            SecretReference::Env(name) => self.variable(name),
        }
    }
}

/// The text of a file without its last line break.
fn read(path: &Path) -> Result<SecretString, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > MOST_BYTES {
        return Err("it is larger than 64 KiB".to_owned());
    }
    let secret = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if secret.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(SecretString::from(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    fn write(folder: &Path, name: &str, text: &str, mode: u32) {
        std::fs::write(folder.join(name), text).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn secrets(folder: &Path) -> EnvironmentSecrets {
        let variables = [
            ("CREDENTIALS_DIRECTORY", folder.to_str().unwrap()),
            ("KEY", "from env"),
            ("EMPTY", ""),
        ];
        EnvironmentSecrets::new(variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), folder)
    }

    fn found(result: Result<SecretString, String>) -> String {
        result.unwrap().expose_secret().to_owned()
    }

    #[test]
    fn each_kind_is_found() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "shop-key", "from file\n", 0o400);
        let secrets = secrets(folder.path());
        assert_eq!(
            found(secrets.resolve(&SecretReference::Credential("shop-key".into()))),
            "from file"
        );
        assert_eq!(
            found(secrets.resolve(&SecretReference::File("shop-key".into()))),
            "from file"
        );
        assert_eq!(found(secrets.resolve(&SecretReference::Env("KEY".into()))), "from env");
    }

    #[test]
    fn a_rotated_file_is_seen_at_the_next_call() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = secrets(folder.path());
        for text in ["one", "two"] {
            write(folder.path(), "key", text, 0o600);
            assert_eq!(found(secrets.resolve(&SecretReference::File("key".into()))), text);
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o640, 0o604, 0o700] {
            write(folder.path(), "key", "x", mode);
            let error = secrets(folder.path())
                .resolve(&SecretReference::File("key".into()))
                .unwrap_err();
            assert!(
                error.contains(&format!("has mode {mode:04o}")) && error.contains("chmod 0600"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_not_there_is_named_with_where_it_was_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "empty", "\n", 0o600);
        let secrets = secrets(folder.path());
        let shown = folder.path().display().to_string();
        for (reference, part) in [
            (
                SecretReference::Credential("no".into()),
                format!("credential `no` not found in {shown}"),
            ),
            (
                SecretReference::Credential("../key".into()),
                "can't be the name".to_owned(),
            ),
            (
                SecretReference::File("no".into()),
                format!("secret file {shown}/no can't be read"),
            ),
            (SecretReference::File("empty".into()), "it is empty".to_owned()),
            (SecretReference::File(".".into()), "is no file".to_owned()),
            (
                SecretReference::Env("NO".into()),
                "environment variable NO is not set".to_owned(),
            ),
            (
                SecretReference::Env("EMPTY".into()),
                "environment variable EMPTY is empty".to_owned(),
            ),
        ] {
            let error = secrets.resolve(&reference).unwrap_err();
            assert!(error.contains(&part), "{error}");
        }
        let bare = EnvironmentSecrets::new(BTreeMap::new(), folder.path());
        let error = bare.resolve(&SecretReference::Credential("key".into())).unwrap_err();
        assert!(
            error.contains("$CREDENTIALS_DIRECTORY is not set") && error.contains("LoadCredential=key:FILE"),
            "{error}"
        );
    }
}
