//! The simulated shops behind one face: buyers and accounts don't care which vendor it is.

use omnistock_amazon::simulator as amazon;
use omnistock_ebay::simulator as ebay;
use omnistock_medusa::simulator as medusa;
use omnistock_sdk::simulated as troubles;
use omnistock_woocommerce::simulator as woocommerce;
use omnistock_words::Millis;
use std::time::Duration;

/// One sale, as the shop has it in its books.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    pub(super) at: Millis,
    pub(super) sku: String,
    pub(super) units: i64,
    pub(super) order: String,
    pub(super) line: String,
}

/// What goes wrong at a shop for a while.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trouble {
    pub(super) error_rate: f64,
    pub(super) outage: bool,
    pub(super) lost_answer_rate: f64,
    pub(super) doubled_webhook_rate: f64,
}

/// A shop and the name of its channel.
pub(super) struct Shop {
    pub(super) channel: &'static str,
    pub(super) vendor: Vendor,
}

pub(super) enum Vendor {
    WooCommerce(woocommerce::Simulator),
    Medusa(medusa::Simulator),
    Amazon(amazon::Simulator),
    Ebay(ebay::Simulator),
}

impl Shop {
    /// A buyer tries; the order's id.
    pub(super) fn buy(&self, sku: &str, units: i64) -> Option<String> {
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.buy(sku, units).ok().map(|order| order.to_string()),
            Vendor::Medusa(shop) => shop.buy(sku, units).ok(),
            Vendor::Amazon(shop) => shop.buy(sku, units).ok(),
            Vendor::Ebay(shop) => shop.buy(sku, units).ok(),
        }
    }

    /// The buyer changes his mind.
    pub(super) fn cancel(&self, order: &str) -> bool {
        match &self.vendor {
            Vendor::WooCommerce(shop) => order.parse().is_ok_and(|order| shop.cancel(order)),
            Vendor::Medusa(shop) => shop.cancel(order),
            Vendor::Amazon(shop) => shop.cancel(order, shop.left(order)),
            Vendor::Ebay(shop) => shop.cancel(order),
        }
    }

    /// What a buyer sees.
    pub(super) fn shown(&self, sku: &str) -> Option<i64> {
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.shown(sku),
            Vendor::Medusa(shop) => shop.shown(sku),
            Vendor::Amazon(shop) => shop.shown(sku),
            Vendor::Ebay(shop) => shop.shown(sku),
        }
    }

    /// All sales, oldest first; cancelled ones stay in it.
    pub(super) fn sales(&self) -> Vec<Sold> {
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.sales().into_iter().map(sold_by_woocommerce).collect(),
            Vendor::Medusa(shop) => shop.sales().into_iter().map(sold_by_medusa).collect(),
            Vendor::Amazon(shop) => shop.sales().into_iter().map(sold_by_amazon).collect(),
            Vendor::Ebay(shop) => shop.sales().into_iter().map(sold_by_ebay).collect(),
        }
    }

    /// Numbers written through the interface so far.
    pub(super) fn updates(&self) -> u64 {
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.counters().items_written,
            Vendor::Medusa(shop) => shop.counters().items_written,
            Vendor::Amazon(shop) => shop.counters().applied,
            Vendor::Ebay(shop) => shop.revisions().values().map(|count| u64::from(*count)).sum(),
        }
    }

    /// What goes wrong from now on.
    pub(super) fn trouble(&self, trouble: Trouble) {
        let (hang, latency) = (Duration::from_mins(1), Duration::from_millis(20));
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.set_faults(woocommerce::Faults {
                error_rate: trouble.error_rate,
                outage: trouble.outage,
                timeout_after_apply_rate: trouble.lost_answer_rate,
                duplicate_webhook_rate: trouble.doubled_webhook_rate,
                hang,
                latency,
                ..woocommerce::Faults::default()
            }),
            Vendor::Medusa(shop) => shop.set_faults(medusa::Faults {
                error_rate: trouble.error_rate,
                outage: trouble.outage,
                timeout_after_apply_rate: trouble.lost_answer_rate,
                latency,
                ..medusa::Faults::default()
            }),
            Vendor::Amazon(shop) => shop.set_faults(amazon::Faults {
                every_call: trouble.outage.then_some(troubles::Trouble::ServerError),
                writes: (trouble.lost_answer_rate > 0.0).then_some(troubles::WriteTrouble::NeverAnswered),
                hang,
                ..amazon::Faults::default()
            }),
            Vendor::Ebay(shop) => shop.set_faults(ebay::Faults {
                every_call: trouble.outage.then_some(troubles::Trouble::ServerError),
                error_rate: trouble.error_rate,
                timeout_after_apply_rate: trouble.lost_answer_rate,
                hang,
                ..ebay::Faults::default()
            }),
        }
    }

    /// Closes it.
    pub(super) async fn close(&self) {
        match &self.vendor {
            Vendor::WooCommerce(shop) => shop.stop().await,
            Vendor::Medusa(shop) => shop.stop().await,
            Vendor::Amazon(shop) => shop.stop().await,
            Vendor::Ebay(shop) => shop.stop().await,
        }
    }
}

fn sold_by_woocommerce(sale: woocommerce::Sale) -> Sold {
    let (order, line) = (sale.order.to_string(), sale.line.to_string());
    Sold {
        at: sale.at,
        sku: sale.sku,
        units: sale.units,
        order,
        line,
    }
}

fn sold_by_medusa(sale: medusa::Sale) -> Sold {
    Sold {
        at: sale.at,
        sku: sale.sku,
        units: sale.units,
        order: sale.order,
        line: sale.line,
    }
}

fn sold_by_amazon(sale: amazon::Sale) -> Sold {
    Sold {
        at: sale.at,
        sku: sale.sku,
        units: sale.units,
        order: sale.order,
        line: sale.line,
    }
}

fn sold_by_ebay(sale: ebay::Sale) -> Sold {
    Sold {
        at: sale.at,
        sku: sale.sku,
        units: sale.units,
        order: sale.order,
        line: sale.line,
    }
}
