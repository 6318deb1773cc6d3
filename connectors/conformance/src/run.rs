//! Runs one case on a fresh simulator, and holds its result against `docs/connectors.md` or writes it down.

use crate::table;
use crate::{Access, Fake, NOT_POSSIBLE, NotApplicable, Shop};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a case may take, on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

type Case = fn(Shop) -> Pin<Box<dyn Future<Output = Result<(), NotApplicable>>>>;

/// Runs `case` on a fresh fake. Panics where it doesn't hold, or where the table says something else.
///
/// With `OMNISTOCK_CONFORMANCE`, the name of a folder, the result is written there and not compared.
pub fn run<F: Fake>(name: &'static str, case: Case) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (kind, verdict) = runtime.block_on(async {
        let shop: Shop = Arc::new(F::start().await);
        let kind = match shop.connector(Access::Good) {
            Ok(connector) => column(connector.manifest().kind, shop.server()),
            Err(NotApplicable(reason)) => panic!("no connector: {reason}"),
        };
        let verdict = tokio::time::timeout(DEADLINE, case(shop)).await;
        (
            kind,
            verdict.unwrap_or_else(|_| panic!("not in {} s", DEADLINE.as_secs())),
        )
    });
    let result = match verdict {
        Ok(()) => table::HOLDS.to_owned(),
        Err(NotApplicable(reason)) if reason.starts_with(NOT_POSSIBLE) => reason.to_owned(),
        Err(NotApplicable(reason)) => format!("not applicable: {reason}"),
    };
    println!("{kind} {name}: {result}");
    match std::env::var_os("OMNISTOCK_CONFORMANCE") {
        Some(folder) => table::note(Path::new(&folder), &kind, name, &result),
        None => table::compare(&kind, name, &result),
    }
}

/// The head of its column: a real server has one beside its simulator's.
fn column(kind: &str, server: Option<&str>) -> String {
    server.map_or_else(|| kind.to_owned(), |server| format!("{kind} ({server})"))
}
