//! Configurations, good and bad, as a user writes them.

mod bad;
mod good;
mod json_schema;
mod lists;
mod overriding;
mod reference;
mod schema;
mod without_prices;

use super::load::load_and_build_with;
use super::{Configuration, Connectors, Problem};
use crate::registry::CONNECTORS;
use crate::secrets::EnvironmentSecrets;
use omnistock_sdk::{ConnectorSpec, SecretResolver};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// Files and variables of one test.
#[derive(Debug, Default)]
struct World {
    files: Vec<(String, String)>,
    environment: BTreeMap<String, String>,
}

impl World {
    fn new(text: &str) -> Self {
        Self::default().file("omnistock.toml", text)
    }

    fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Loads it from a folder of its own; the folder's name is taken out of all that is said.
    fn load(&self) -> Result<(Configuration, Connectors), Vec<Problem>> {
        self.load_with(CONNECTORS)
    }

    fn load_with(&self, kinds: &'static [ConnectorSpec]) -> Result<(Configuration, Connectors), Vec<Problem>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &self.files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            // Whatever the umask of who runs the test: readable by all.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        let secrets: Arc<dyn SecretResolver> =
            Arc::new(EnvironmentSecrets::new(self.environment.clone(), folder.path()));
        let path = folder.path().join("omnistock.toml");
        let prefix = format!("{}/", folder.path().display());
        let clean = |mut problem: Problem| {
            problem.file = problem.file.replace(&prefix, "");
            problem.message = problem.message.replace(&prefix, "");
            problem
        };
        match load_and_build_with(&path, &self.environment, &secrets, kinds) {
            Ok((mut configuration, connectors)) => {
                configuration.warnings = configuration.warnings.into_iter().map(clean).collect();
                Ok((configuration, connectors))
            }
            Err(problems) => Err(problems.into_iter().map(clean).collect()),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        match self.load() {
            Ok((configuration, _)) => configuration.warnings,
            Err(problems) => problems,
        }
    }
}
