//! The conformance suite against the simulated server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "tests"
)]

use async_trait::async_trait;
use omnistock_conformance::{Access, Applies, Fake, Fault, Figure, Hook, NotApplicable, PATIENCE};
use omnistock_odoo::SPEC;
use omnistock_odoo::simulator::{Faults, Simulator, SimulatorSettings, Trouble};
use omnistock_sdk::{Connector, RawRequest, now, testing};
use omnistock_words::{Basis, Quantity};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// Locations and products by the suite's names.
#[derive(Default)]
struct Known {
    places: BTreeMap<String, i64>,
    products: BTreeMap<String, i64>,
    /// Where something was put so far.
    stocked: BTreeSet<(i64, i64)>,
}

struct Odoo {
    simulator: Simulator,
    known: Mutex<Known>,
}

const WRONG: &str = "api-key-of-nobody";
const HOOK: &str = "word-of-the-hook";

impl Odoo {
    fn change(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.simulator.set_faults(faults);
    }

    fn every_call(&self, trouble: Trouble) -> Applies<()> {
        self.change(|faults| faults.every_call = Some(trouble));
        Ok(())
    }

    fn put(&self, known: &mut Known, sku: &str, place: &str, quantity: Quantity) -> (i64, i64) {
        self.simulator.books(|books| {
            let location = *known
                .places
                .entry(place.to_owned())
                .or_insert_with(|| books.add_location(place, "internal", None));
            let product = *known
                .products
                .entry(sku.to_owned())
                .or_insert_with(|| books.add_product(Some(sku)));
            books.set_quant(product, location, quantity);
            (product, location)
        })
    }
}

#[async_trait]
impl Fake for Odoo {
    async fn start() -> Self {
        let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
        let mut known = Known::default();
        for place in ["berlin", "hamburg"] {
            let id = simulator.books(|books| books.add_location(place, "internal", None));
            known.places.insert(place.to_owned(), id);
        }
        Self {
            simulator,
            known: Mutex::new(known),
        }
    }

    fn connector(&self, access: Access) -> Applies<Arc<dyn Connector>> {
        let mut table = json!({"url": self.simulator.url().as_str(), "database": self.simulator.database(),
                               "login": self.simulator.login(), "key": {"env": self.simulator.key()}, "webhook_secret": {"env": HOOK}, "deadline_ms": 5_000});
        match access {
            Access::Good => {}
            Access::Impatient => table["deadline_ms"] = json!(PATIENCE.as_millis()),
            Access::WrongSecret => table["key"] = json!({"env": WRONG}),
            Access::ReadOnly => self.change(|faults| {
                faults.denied.insert("stock.quant".to_owned());
            }),
            Access::WrongAddress => table["url"] = json!(format!("{}shop", self.simulator.url())),
        }
        let mut context = testing::context("erp", &[("berlin", ""), ("hamburg", "")]);
        context.basis = Some(Basis::Physical);
        Ok(testing::build(&SPEC, context, table))
    }

    fn secrets(&self) -> Vec<String> {
        [self.simulator.key(), WRONG, HOOK].map(str::to_owned).to_vec()
    }

    async fn fault(&self, fault: Fault) -> Applies<()> {
        match fault {
            Fault::EveryCall(trouble) => self.every_call(trouble),
            Fault::Unreachable => {
                self.simulator.stop().await;
                Ok(())
            }
            Fault::Revoked => {
                self.simulator.end_key();
                Ok(())
            }
            Fault::TokenExpired => {
                self.change(|faults| faults.sessions_ended = 1);
                Ok(())
            }
            Fault::Writes(_) | Fault::Clamps(_) | Fault::ItemFails(_) | Fault::AcceptedThenFails => {
                Err(NotApplicable("nothing is written"))
            }
        }
    }

    async fn heal(&self) {
        self.simulator.set_faults(Faults::default());
    }

    fn signs(&self) -> Applies<()> {
        Err(NotApplicable(
            "it signs nothing: a word in the address lets a hint in, which only makes us read",
        ))
    }

    fn registers(&self) -> Applies<()> {
        Err(NotApplicable("a person makes the rules that send"))
    }

    fn webhook(&self, hook: &Hook) -> Applies<RawRequest> {
        let word = match hook {
            Hook::News => HOOK,
            Hook::Foreign => WRONG,
            Hook::Ping => return Err(NotApplicable("nothing is sent when a rule is made")),
            Hook::Order(_) | Hook::Echo(_) => return Err(NotApplicable("hints name products")),
        };
        Ok(RawRequest {
            headers: Vec::new(),
            query: format!("token={word}"),
            body: r#"{"_model": "stock.quant", "_id": 7, "product_id": 12}"#.into(),
            received_at: now(),
        })
    }

    /// Quants that reach zero are deleted, so an article has 0 wherever it has none.
    fn says_zeros(&self) -> bool {
        true
    }

    async fn report(&self, figures: &[Figure]) -> Applies<()> {
        let mut known = self.known.lock().unwrap();
        let mut stocked = BTreeSet::new();
        for figure in figures {
            let quantity = figure.quantity.parse().unwrap();
            stocked.insert(self.put(&mut known, figure.sku, figure.location, quantity));
        }
        for (product, location) in known.stocked.difference(&stocked) {
            self.simulator
                .books(|books| books.set_quant(*product, *location, Quantity::ZERO));
        }
        known.stocked = stocked;
        Ok(())
    }

    async fn report_unreadable(&self) -> Applies<()> {
        self.simulator.books(|books| {
            books.add_product(Some("TWICE"));
            books.add_product(Some("TWICE"));
        });
        Ok(())
    }
}

omnistock_conformance::conformance!(Odoo);
