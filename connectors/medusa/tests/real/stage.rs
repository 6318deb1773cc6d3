//! One server for all cases, one case at a time: each finds the shop as it was set up, without articles and orders.

use super::staff::{Article, Keys, Staff};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The admin user that the connector logs in as.
pub const EMAIL: &str = "connector@example.test";
pub const PASSWORD: &str = "password-at-the-real-server";

/// Whose turn it is.
static TURN: LazyLock<Arc<Mutex<()>>> = LazyLock::new(Arc::default);
static SHOP: OnceLock<Keys> = OnceLock::new();
static SOLD: OnceLock<Sold> = OnceLock::new();
/// Whether the last case changed something.
static TOUCHED: AtomicBool = AtomicBool::new(false);

/// Says where the server is: `cargo xtask real medusa` sets these.
fn variable(name: &str) -> String {
    let name = format!("OMNISTOCK_MEDUSA_{name}");
    std::env::var(&name).unwrap_or_else(|_| panic!("{name} is not set; see `cargo xtask real medusa`"))
}

pub fn url() -> String {
    variable("URL")
}

/// Has a row of `xtask/medusa/books.sql` done.
fn books(call: &str) {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command"])
        .arg(format!("SELECT books.{call}"))
        .arg(variable("DATABASE"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{call}: {said}");
}

/// The shop changes: it is set back before the next case.
pub fn touched() {
    TOUCHED.store(true, Ordering::Relaxed);
}

/// Many orders of one article, which take long to place: who needs the same ones gets the books of who had them first.
#[derive(Clone)]
pub struct Sold {
    pub units: (i64, i64),
    pub article: Article,
    pub orders: Vec<String>,
}

/// What was sold before, where it was just that: of so many units each, out of so many. The shop is as it was then.
pub fn sold_before(units: (i64, i64), buyers: usize) -> Option<Sold> {
    let sold = SOLD
        .get()
        .filter(|sold| sold.units == units && sold.orders.len() == buyers)?;
    books("restore('sold')");
    Some(sold.clone())
}

/// Keeps the books for who sells the same.
pub fn sold(sold: &Sold) {
    if SOLD.set(sold.clone()).is_ok() {
        books("remember('sold')");
    }
}

/// Waits for its turn; the shop as it was set up, and the turn.
pub async fn enter() -> (Staff, OwnedMutexGuard<()>) {
    let turn = Arc::clone(&TURN).lock_owned().await;
    if let Some(keys) = SHOP.get() {
        if TOUCHED.swap(false, Ordering::Relaxed) {
            books("restore('ready')");
        }
        return (Staff::new(&url(), keys.clone()), turn);
    }
    books("restore('fresh')");
    let mut staff = Staff::new(&url(), Keys::default());
    staff.log_in(&variable("EMAIL"), &variable("PASSWORD")).await;
    staff.set_up().await;
    staff.invite(EMAIL, PASSWORD).await;
    books("remember('ready')");
    SHOP.get_or_init(|| staff.keys.clone());
    (staff, turn)
}
