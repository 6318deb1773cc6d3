//! What the vendor's failures mean: done, certainly not done, or unknown.
#![allow(missing_docs, reason = "the names of cases are sentences")]

use crate::hand::{applied, channel, connector, listing, look, pages, poll, units, unknown, until, write};
use crate::{Access, Applies, Fault, NotApplicable, Shop};
use omnistock_sdk::simulated::{Trouble, WriteTrouble};
use omnistock_sdk::{Connector, ConnectorError, ErrorClass, ListingReading};
use std::sync::Arc;
use std::time::Duration;

/// An article that shows 5, and a connector that has seen it.
async fn listed(shop: &Shop, access: Access) -> Applies<(Arc<dyn Connector>, ListingReading)> {
    let connector = shop.connector(access)?;
    let channel = channel(&connector)?;
    shop.add("A", 5)?;
    let listing = listing(channel, "A").await;
    Ok((connector.clone(), listing))
}

/// Every kind of call, and what became of it.
async fn every_call(connector: &Arc<dyn Connector>, listing: &ListingReading) -> Vec<Result<(), ConnectorError>> {
    let channel = connector.channel().expect("a channel");
    let mut said = vec![
        pages(channel, None).await.map(drop),
        channel.read(std::slice::from_ref(&listing.reference)).await.map(drop),
    ];
    if let Some(orders) = connector.orders() {
        said.push(poll(orders, None).await.map(drop));
    }
    said.push(match write(connector, listing, 9).await {
        Ok(outcome) if applied(&outcome) => Ok(()),
        Ok(outcome) => Err(ConnectorError::unknown(format!("{outcome:?}"))),
        Err(error) => Err(error),
    });
    said
}

/// After the fault is over everything works again with the same connector.
async fn works_again(shop: &Shop, connector: &Arc<dyn Connector>) -> Applies<()> {
    shop.heal().await;
    let channel = channel(connector)?;
    let listing = listing(channel, "A").await;
    assert!(applied(&write(connector, &listing, 3).await.expect("a write")));
    assert_eq!(
        (shop.shown("A"), look(channel, &listing).await.quantity),
        (3, Some(units(3)))
    );
    Ok(())
}

pub async fn throttling_with_a_time_says_when_to_come_back(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::Throttled(Some(2)))).await?;
    for said in every_call(&connector, &listing).await {
        match said.expect_err("a throttled call").class {
            ErrorClass::Retry { after: Some(after) } => assert!(after >= Duration::from_secs(1), "{after:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(shop.shown("A"), 5);
    works_again(&shop, &connector).await
}

pub async fn throttling_without_a_time_is_worth_another_try(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::Throttled(None))).await?;
    for said in every_call(&connector, &listing).await {
        let class = said.expect_err("a throttled call").class;
        assert!(matches!(class, ErrorClass::Retry { .. }), "{class:?}");
    }
    assert_eq!(shop.shown("A"), 5);
    works_again(&shop, &connector).await
}

/// No call of these is claimed to be done, and none is for a person or refused for good.
async fn passes(connector: &Arc<dyn Connector>, listing: &ListingReading) {
    for said in every_call(connector, listing).await {
        let class = said.expect_err("a failed call").class;
        assert!(
            matches!(class, ErrorClass::Retry { .. } | ErrorClass::Unknown),
            "{class:?}"
        );
    }
}

pub async fn a_server_error_changes_nothing_and_claims_nothing(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::ServerError)).await?;
    passes(&connector, &listing).await;
    assert_eq!(shop.shown("A"), 5);
    works_again(&shop, &connector).await
}

pub async fn an_unreachable_vendor_has_certainly_done_nothing(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::Unreachable).await?;
    // Whatever connections were open are found to be broken by the first calls; the next ones are not connected.
    passes(&connector, &listing).await;
    let error = write(&connector, &listing, 9).await.expect_err("nobody listens");
    assert!(matches!(error.class, ErrorClass::Retry { .. }), "{error:?}");
    Ok(())
}

pub async fn a_timeout_before_it_was_done_is_unknown(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Impatient).await?;
    shop.fault(Fault::Writes(WriteTrouble::NeverDone)).await?;
    let said = write(&connector, &listing, 9).await;
    assert!(unknown(&said), "{said:?}");
    assert_eq!(shop.shown("A"), 5);
    works_again(&shop, &connector).await
}

pub async fn a_timeout_after_it_was_done_is_unknown(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Impatient).await?;
    shop.fault(Fault::Writes(WriteTrouble::NeverAnswered)).await?;
    let said = write(&connector, &listing, 9).await;
    assert!(unknown(&said), "{said:?}");
    until("the write", || shop.shown("A") == 9).await;
    works_again(&shop, &connector).await
}

pub async fn a_write_that_lands_late_is_unknown_and_then_read(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Impatient).await?;
    shop.fault(Fault::Writes(WriteTrouble::LandsLate(Duration::from_millis(1_800))))
        .await?;
    let said = write(&connector, &listing, 9).await;
    assert!(unknown(&said), "{said:?}");
    until("the write that lands late", || shop.shown("A") == 9).await;
    shop.heal().await;
    let patient = self::connector(&shop)?;
    assert_eq!(look(channel(&patient)?, &listing).await.quantity, Some(units(9)));
    works_again(&shop, &connector).await
}

pub async fn a_page_in_place_of_an_answer_is_an_error(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::Page)).await?;
    for said in every_call(&connector, &listing).await {
        said.expect_err("a web page is taken for an answer");
    }
    works_again(&shop, &connector).await
}

pub async fn an_answer_that_is_cut_off_is_an_error(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::CutOff)).await?;
    passes(&connector, &listing).await;
    works_again(&shop, &connector).await
}

pub async fn an_empty_object_is_no_empty_catalogue(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::EmptyObject)).await?;
    passes(&connector, &listing).await;
    assert_eq!(shop.shown("A"), 5);
    works_again(&shop, &connector).await
}

pub async fn a_redirect_is_not_followed(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    shop.fault(Fault::EveryCall(Trouble::Redirect)).await?;
    for said in every_call(&connector, &listing).await {
        assert_eq!(said.expect_err("a redirect").class, ErrorClass::Operator);
    }
    works_again(&shop, &connector).await
}

pub async fn no_error_repeats_a_secret(shop: Shop) -> Applies<()> {
    let (connector, listing) = listed(&shop, Access::Good).await?;
    let (secrets, mut told) = (shop.secrets(), 0);
    if secrets.is_empty() {
        return Err(NotApplicable("it has no secrets"));
    }
    assert!(
        secrets.iter().all(|secret| secret.len() > 3),
        "a secret that could be found by chance"
    );
    let faults = [
        Fault::EveryCall(Trouble::Throttled(None)),
        Fault::EveryCall(Trouble::ServerError),
        Fault::EveryCall(Trouble::Page),
        Fault::EveryCall(Trouble::CutOff),
        Fault::EveryCall(Trouble::EmptyObject),
        Fault::EveryCall(Trouble::Redirect),
        Fault::Revoked,
        Fault::Unreachable,
    ];
    for fault in faults {
        if shop.fault(fault.clone()).await.is_err() {
            continue;
        }
        for error in every_call(&connector, &listing)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            let text = format!("{error} {error:?}");
            assert!(
                !secrets.iter().any(|secret| text.contains(secret)),
                "{fault:?} tells a secret"
            );
            told += 1;
        }
        if fault != Fault::Unreachable {
            shop.heal().await;
        }
    }
    assert!(told > 10, "only {told} errors were looked at");
    Ok(())
}
