//! Quotas and limits: what a call tells of them, and whom one that is spent holds back.

use crate::support::{applied, connect, item, start, table};
use omnistock_sdk::{CallKind, ConnectorError, ErrorClass, ItemOutcome, Learned, learning};
use serde_json::json;

const REVISE: &str = "ReviseInventoryStatus";

#[tokio::test]
async fn a_call_tells_what_it_cost_and_a_spent_quota_what_is_left() {
    let shop = start().await;
    for number in 0..3 {
        shop.add(&format!("S-{number}"), 5);
    }
    let (page, told) = learning(shop.channel().catalogue(None)).await;
    let cost = |limit, cost| Learned::Cost { limit, cost };
    assert_eq!(
        told[..2],
        [cost("inventory", 4), cost("trading", 0)],
        "a page, and the offers of three"
    );
    let listing = page.unwrap().listings.remove(0);
    shop.set_quota("inventory", 4);
    let (error, told) = learning(shop.channel().write(&[item(&listing, 6)])).await;
    assert!(matches!(error.unwrap_err().class, ErrorClass::Retry { .. }));
    assert!(told.contains(&Learned::Throttled { after: None }), "{told:?}");
    // In doubt eBay is asked after a minute, not at once: here by a new process, whose call is refused as well.
    let fresh = connect(table(&shop));
    fresh.orders().unwrap().orders(None).await.unwrap();
    let read = fresh.channel().unwrap();
    let (error, told) = learning(read.read(std::slice::from_ref(&listing.reference))).await;
    assert!(error.is_err());
    let left = |one: &Learned| {
        matches!(
            one,
            Learned::Left {
                limit: "inventory",
                left: 0,
                reset: Some(1..)
            }
        )
    };
    assert!(told.iter().any(left), "{told:?}");
}

#[tokio::test]
async fn a_spent_quota_of_older_listings_stops_no_others() {
    let shop = start().await;
    shop.add("A", 5);
    shop.add_older(Some("OLD"), 5);
    let (new, old) = (shop.listing("A").await, shop.listing("OLD").await);
    shop.set_quota("tradingapi", 0);
    let outcomes = shop.write(&[item(&old, 3), item(&new, 3)]).await;
    assert!(
        matches!(outcomes[0], ItemOutcome::Failed { .. }) && applied(&outcomes[1]),
        "{outcomes:?}"
    );
    assert_eq!((shop.shown("OLD"), shop.shown("A")), (Some(5), Some(3)));
    // Nor what is shared with them: the refusal is told to nobody, and of the error only older listings wait.
    let (error, told) = learning(shop.channel().write(&[item(&old, 3)])).await;
    let spent = |error: &ConnectorError| matches!(error.class, ErrorClass::Spent { after: Some(_) });
    let error = error.unwrap_err();
    assert!(spent(&error), "{error:?}");
    assert!(
        told.iter().all(|one| matches!(one, Learned::Cost { cost: 0, .. })),
        "{told:?}"
    );
    let both = [new.reference.clone(), old.reference.clone()];
    let before = shop.calls("GET /sell/inventory/v1/offer/{id}");
    assert!(spent(&shop.channel().read(&both).await.unwrap_err()));
    assert_eq!(
        shop.calls("GET /sell/inventory/v1/offer/{id}"),
        before,
        "nothing is read in vain"
    );
    assert_eq!(shop.channel().read(&both[..1]).await.unwrap().len(), 1);
    // A page of them is not left out: what is missing in a complete pass would count as gone.
    let page = shop.channel().catalogue(None).await.unwrap();
    let error = shop.channel().catalogue(page.next.as_ref()).await.unwrap_err();
    assert!(spent(&error), "{error:?}");
}

#[tokio::test]
async fn a_refusal_of_the_trading_api_slows_no_other_call() {
    let shop = start().await;
    shop.add_older(Some("OLD"), 5);
    let old = shop.listing("OLD").await;
    shop.set_quota("tradingapi", 0);
    let (error, told) = learning(shop.channel().write(&[item(&old, 3)])).await;
    assert!(error.is_err() && shop.calls(REVISE) == 1, "it was asked");
    assert!(
        !told.iter().any(|one| matches!(one, Learned::Throttled { .. })),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_limit_of_the_vendor_is_in_the_manifest_of_limits() {
    let shop = start().await;
    let limits = shop.connector.limits();
    let per_listing = limits.per_listing.unwrap();
    assert_eq!((per_listing.most, per_listing.per), (250, 86_400_000));
    assert!(
        per_listing.of_parent && per_listing.prices,
        "variations and prices count"
    );
    let stated = |kind| {
        let counted = limits
            .calls
            .iter()
            .filter(|limit| limit.counts(kind) && limit.per_call > 0);
        counted.map(|limit| limit.stated.clone()).collect::<Vec<_>>()
    };
    assert_eq!(stated(CallKind::Write), ["2000000 calls/day"]);
    assert_eq!(stated(CallKind::Orders), ["100000 calls/day"]);
    let off = connect({
        let mut table = table(&shop);
        table["trading"] = json!(false);
        table
    });
    shop.add_older(Some("OLD"), 5);
    assert_eq!(
        off.channel().unwrap().catalogue(None).await.unwrap().next,
        None,
        "older ones are not looked for"
    );
    assert_eq!(shop.calls("GetMyeBaySelling"), 0);
}
