//! What a million articles take in memory, measured at some thousands of them.

use super::warm::MOST_WARM;
use super::*;
use omnistock_engine::guard::Baseline;
use omnistock_planner::{Accepted, Observed, Sent};
use omnistock_words::{ChannelName, Quantity};

const LISTINGS: usize = 10_000;
const CHANNELS: usize = 4;
const BEGUN: Millis = Millis(1_790_000_000_000);

/// As a listing is that was written, read back and found right.
fn settle(catalogue: &mut Catalogue, number: usize) {
    let shop = ChannelName::new("shop").unwrap();
    let mut document = ListingDocument::new(shop, ListingId::new((100_000 + number).to_string()).unwrap(), None);
    document.sku = Some(Sku::new(format!("SKU-{number:07}")).unwrap());
    let index = catalogue.add(document, 0);
    let at = |later: usize| BEGUN.plus(i64::try_from(number * 7 + later).unwrap());
    catalogue.looked(index, Mode::Live, Target::Number(Quantity::whole(93)));
    let entry = catalogue.get_mut(index).unwrap();
    let quantity = Quantity::whole(93);
    let token = 1_789_999_999_000;
    let (mut document, target) = (entry.document.clone(), quantity);
    document.sent = Some(Sent {
        quantity,
        target,
        at: at(0),
        token,
        expected: None,
    });
    document
        .evidence
        .get_or_insert_default()
        .written(Some(Quantity::whole(12)), false, at(0));
    document.accepted = Some(Accepted {
        quantity,
        sent_at: at(0),
        at: at(150),
    });
    assert!(document.observe(Observed {
        quantity: Some(quantity),
        at: at(90_000),
        until: at(90_120)
    }));
    (entry.document, entry.version, entry.pending) = (document, 4, false);
    (entry.asked_at, entry.reads) = (Some(at(90_000)), 2);
    let (spare, taken) = (Quantity::ZERO, Quantity::whole(3));
    entry.base = Some(Baseline { quantity, spare, taken });
    catalogue.show(index, true, &ChannelBoard::default());
}

#[test]
fn a_settled_listing_takes_few_bytes() {
    let book = Arc::new(SkuBook::default());
    let boards: Vec<Arc<ChannelBoard>> = (0..CHANNELS)
        .map(|_| Arc::new(ChannelBoard::new(Arc::clone(&book))))
        .collect();
    let mut bytes = 0;
    let mut catalogues = Vec::new();
    for board in boards {
        let mut catalogue = Catalogue::new(board, false, BEGUN);
        (0..LISTINGS).for_each(|number| settle(&mut catalogue, number));
        assert!(catalogue.warm.len() <= MOST_WARM, "not all are worked at");
        catalogue.tidy();
        assert!(catalogue.warm.is_empty());
        assert_eq!(catalogue.counted(), LISTINGS);
        bytes += catalogue.packed.bytes() + catalogue.by_id.allocation_size() + catalogue.by_sku.bytes();
        catalogues.push(catalogue);
    }
    bytes += book.bytes();
    let each = bytes / (LISTINGS * CHANNELS);
    // 300 MB are 75 bytes a listing, of a million SKUs at four channels.
    assert!(each <= 62, "{each} bytes a listing");
    let sku = Sku::new("SKU-0000123").unwrap();
    for catalogue in &catalogues {
        let index = catalogue.find("shop/100123").unwrap();
        assert_eq!(
            (catalogue.of(&sku), catalogue.first_of(&sku)),
            (vec![index], Some(index))
        );
        assert_eq!(catalogue.get(index).unwrap().document.sku, Some(sku.clone()));
    }
}

#[test]
fn when_the_work_is_done_nearly_all_are_packed_again() {
    let book = Arc::new(SkuBook::default());
    let mut catalogue = Catalogue::new(Arc::new(ChannelBoard::new(book)), false, BEGUN);
    (0..1_000).for_each(|number| settle(&mut catalogue, number));
    catalogue.rest(BEGUN);
    assert_eq!(catalogue.warm.len(), 1_000, "they have just been worked at");
    catalogue.rest(BEGUN.plus(10));
    assert_eq!(catalogue.warm.len(), 1_000, "it is looked once a second");
    assert!(catalogue.get_mut(7).is_some(), "one that is unpacked already");
    catalogue.rest(BEGUN.plus(1_000));
    assert!(catalogue.warm.is_empty());
    assert!(catalogue.get_mut(7).is_some());
    catalogue.rest(BEGUN.plus(2_000));
    catalogue.rest(BEGUN.plus(3_000));
    assert_eq!(catalogue.warm.len(), 1, "a few cost nothing");
}
