//! The conformance suite against a folder with files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, Figure, NotApplicable};
use omnistock_file::SPEC;
use omnistock_sdk::{Connector, ConnectorContext, LocationCodes, SecretReference, SecretResolver, SecretString};
use omnistock_words::{ConnectorName, LocationName};
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct NoSecrets;

impl SecretResolver for NoSecrets {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        Err(format!("nothing at {reference:?}"))
    }
}

struct Folder {
    folder: tempfile::TempDir,
    written: AtomicUsize,
}

impl Folder {
    /// Under another name first, then renamed, as the README says.
    fn deliver(&self, text: &str) {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let hidden = self.folder.path().join(format!(".stock-{number}.csv"));
        fs::write(&hidden, text).unwrap();
        fs::rename(hidden, self.folder.path().join(format!("stock-{number}.csv"))).unwrap();
    }
}

#[async_trait]
impl Fake for Folder {
    async fn start() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            written: AtomicUsize::new(0),
        }
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        if access != Access::Good {
            return Err(NotApplicable("a folder has no credentials, address or answers"));
        }
        let places = ["berlin", "hamburg"].map(|name| LocationName::new(name).unwrap());
        let context = ConnectorContext {
            name: ConnectorName::new("erp").unwrap(),
            locations: LocationCodes::new(places.to_vec(), [].into()),
            secrets: Arc::new(NoSecrets),
            folder: self.folder.path().to_owned(),
            basis: None,
        };
        let table =
            json!({"path": "stock-*.csv", "columns": {"sku": "sku", "quantity": "quantity", "location": "location"}});
        Ok((SPEC.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}")))
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    async fn fault(&self, _: Fault) -> Applies<()> {
        Err(NotApplicable("a folder has no credentials, address or answers"))
    }

    async fn heal(&self) {}

    async fn report(&self, figures: &[Figure]) -> Applies<()> {
        let mut text = "sku,location,quantity\n".to_owned();
        for figure in figures {
            text.extend([figure.sku, ",", figure.location, ",", figure.quantity, "\n"]);
        }
        self.deliver(&text);
        Ok(())
    }

    async fn report_unreadable(&self) -> Applies<()> {
        self.deliver("<html><body>Service unavailable</body></html>\n");
        Ok(())
    }
}

omnistock_conformance::conformance!(Folder);
