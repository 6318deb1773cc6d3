//! The merchant's names, made once a seed: everything else goes by number.

use omnistock_words::{ChannelName, ConnectorName, ListingId, LocationName, PriceListName, Sku, VendorLocation};
use std::str::FromStr;

/// Names by number. SKUs from `skus` on are bundles; the last location may be a carved one.
pub(crate) struct Names {
    pub(crate) skus: Vec<Sku>,
    pub(crate) channels: Vec<ChannelName>,
    pub(crate) locations: Vec<LocationName>,
    pub(crate) vendor_locations: Vec<VendorLocation>,
    pub(crate) listings: Vec<ListingId>,
    pub(crate) erp: ConnectorName,
    pub(crate) retail: PriceListName,
    pub(crate) cost: PriceListName,
}

fn name<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// The number behind the letter of a name.
fn number(name: &str) -> usize {
    name.bytes()
        .skip(1)
        .fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

impl Names {
    pub(crate) fn new(skus: usize, channels: usize, locations: usize, listings: usize) -> Self {
        Self {
            skus: (0..skus).map(|k| name(&format!("K{k:02}"))).collect(),
            channels: (0..channels).map(|c| name(&format!("c{c}"))).collect(),
            locations: (0..locations).map(|l| name(&format!("l{l}"))).collect(),
            vendor_locations: (0..locations).map(|l| name(&format!("v{l}"))).collect(),
            listings: (0..listings).map(|n| name(&format!("n{n}"))).collect(),
            erp: name("erp"),
            retail: name("retail"),
            cost: name("cost"),
        }
    }

    /// The number of a SKU: its name ends with it.
    pub(crate) fn sku(&self, sku: &Sku) -> usize {
        number(sku.as_str())
    }

    pub(crate) fn channel(&self, channel: &ChannelName) -> usize {
        number(channel.as_str())
    }

    pub(crate) fn location(&self, location: &LocationName) -> usize {
        number(location.as_str())
    }
}
