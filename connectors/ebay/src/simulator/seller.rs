//! What the seller and the seller's other programs do: list, take off, replace, set numbers by hand.

use super::Simulator;
use super::shop::{Item, Offer, Older, Variation};

impl Simulator {
    /// An inventory item with a published offer at `EBAY_DE`; the offer's id.
    pub fn add(&self, sku: &str, units: i64) -> String {
        let page = self.shop().number();
        self.add_offer(sku, units, Some(page))
    }

    /// Inventory items that are variations of one page; its number.
    pub fn add_group(&self, skus: &[(&str, i64)]) -> u64 {
        let page = self.shop().number();
        for (sku, units) in skus {
            self.add_offer(sku, *units, Some(page));
        }
        page
    }

    /// The same of an offer on this page; without one it is not published.
    pub fn add_offer(&self, sku: &str, units: i64, page: Option<u64>) -> String {
        let mut shop = self.shop();
        let id = shop.number();
        let item = shop.items.entry(sku.to_owned()).or_default();
        item.quantity = Some(units);
        let offer = Offer {
            sku: sku.to_owned(),
            marketplace: "EBAY_DE".to_owned(),
            format: "FIXED_PRICE",
            published: page.is_some(),
            quantity: units,
            price: ("9.90".to_owned(), "EUR".to_owned()),
            page,
            ended: false,
            sold: 0,
        };
        shop.put_offer(id, offer);
        id.to_string()
    }

    /// An offer of this item at another marketplace.
    pub fn add_elsewhere(&self, sku: &str, marketplace: &str) {
        let id = self.add(sku, 1);
        let mut shop = self.shop();
        if let Some(offer) = id.parse().ok().and_then(|id: u64| shop.offers.get_mut(&id)) {
            marketplace.clone_into(&mut offer.marketplace);
        }
    }

    /// An auction that holds so many units of an item that is there.
    pub fn add_auction(&self, sku: &str, units: i64) {
        let mut shop = self.shop();
        let (id, page) = (shop.number(), shop.number());
        if let Some(item) = shop.items.get_mut(sku) {
            item.auction = units;
            item.quantity = item.quantity.map(|quantity| quantity + units);
        }
        let offer = Offer {
            sku: sku.to_owned(),
            marketplace: "EBAY_DE".to_owned(),
            format: "AUCTION",
            published: true,
            quantity: units,
            price: ("1.00".to_owned(), "EUR".to_owned()),
            page: Some(page),
            ended: false,
            sold: 0,
        };
        shop.put_offer(id, offer);
    }

    /// A listing of the Trading model; without a SKU it has none. Its number.
    pub fn add_older(&self, sku: Option<&str>, units: i64) -> u64 {
        let number = [(sku, units)];
        self.list_older(&number, false)
    }

    /// The same with variations.
    pub fn add_older_group(&self, skus: &[(Option<&str>, i64)]) -> u64 {
        self.list_older(skus, true)
    }

    fn list_older(&self, skus: &[(Option<&str>, i64)], varies: bool) -> u64 {
        let mut shop = self.shop();
        let id = shop.number();
        let number = |(sku, left): &(Option<&str>, i64)| Variation {
            sku: sku.map(str::to_owned),
            left: *left,
            sold: 0,
            price: ("9.90".to_owned(), "EUR".to_owned()),
        };
        let numbers = skus.iter().map(number).collect();
        shop.older.insert(
            id,
            Older {
                numbers,
                varies,
                ended: false,
            },
        );
        id
    }

    /// Removes an article with its offers and listings.
    pub fn remove(&self, sku: &str) {
        let mut shop = self.shop();
        shop.items.remove(sku);
        shop.offers.retain(|_, offer| offer.sku != sku);
        shop.older
            .retain(|_, older| !older.numbers.iter().any(|number| number.sku.as_deref() == Some(sku)));
    }

    /// A person sets a number in Seller Hub.
    pub fn set_stock(&self, sku: &str, units: i64) {
        let mut shop = self.shop();
        if let Some(offer) = shop.offer_of(sku) {
            shop.offers
                .get_mut(&offer)
                .into_iter()
                .for_each(|offer| offer.quantity = units);
            shop.items
                .get_mut(sku)
                .into_iter()
                .for_each(|item| item.quantity = Some(units + item.auction));
        } else if let Some((_, number)) = shop.older_of(sku) {
            number.left = units;
        }
    }

    /// Another program replaces the item as a whole and leaves its number out: it is lost.
    pub fn replace_item(&self, sku: &str) {
        let mut shop = self.shop();
        shop.items.entry(sku.to_owned()).and_modify(|item| {
            *item = Item {
                quantity: None,
                auction: item.auction,
            };
        });
    }
}
