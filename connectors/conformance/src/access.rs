//! Getting in, staying in, and being told what to mend.
#![allow(missing_docs, reason = "the names of cases are sentences")]
#![allow(clippy::unused_async, reason = "all cases have one form")]

use crate::hand::{buy, catalogue, channel, connector, newest, orders, poll};
use crate::{Access, Applies, Fault, Shop};
use omnistock_sdk::{Connector, ConnectorError, ErrorClass, Role};
use std::sync::Arc;

/// Reports of a round at most.
const MOST_REPORTS: usize = 100;

pub async fn good_credentials_pass_the_check(shop: Shop) -> Applies<()> {
    connector(&shop)?.check().await.expect("the check");
    Ok(())
}

pub async fn the_manifest_names_the_roles_that_there_are(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    let named = |role: Role| connector.manifest().facts.roles.contains(&role);
    assert_eq!(named(Role::Channel), connector.channel().is_some());
    assert_eq!(named(Role::Prices), connector.prices().is_some());
    assert_eq!(named(Role::Orders), connector.orders().is_some());
    assert_eq!(named(Role::Stock), connector.stock().is_some());
    // Without a secret there are none, although the vendor sends them.
    assert!(named(Role::Webhooks) || connector.webhooks().is_none());
    Ok(())
}

/// For a person, with something in back-quotes that names what to look at, and without a secret.
fn for_a_person(shop: &Shop, error: &ConnectorError) {
    assert_eq!(error.class, ErrorClass::Operator, "{error}");
    assert!(error.message.contains('`'), "it names no setting: {error}");
    let secrets = shop.secrets();
    assert!(
        !secrets.iter().any(|secret| error.message.contains(secret)),
        "it tells a secret"
    );
}

pub async fn wrong_credentials_are_for_a_person(shop: Shop) -> Applies<()> {
    let wrong = shop.connector(Access::WrongSecret)?;
    for_a_person(
        &shop,
        &wrong.check().await.expect_err("a wrong secret passes the check"),
    );
    Ok(())
}

pub async fn a_missing_permission_is_for_a_person(shop: Shop) -> Applies<()> {
    let reader = shop.connector(Access::ReadOnly)?;
    for_a_person(&shop, &reader.check().await.expect_err("a reader passes the check"));
    Ok(())
}

/// One read in the role that the connector has.
async fn reads(connector: &Arc<dyn Connector>) -> Result<(), ConnectorError> {
    if let Some(channel) = connector.channel() {
        return channel.catalogue(None).await.map(drop);
    }
    if let Some(orders) = connector.orders() {
        return orders.orders(None).await.map(drop);
    }
    // A round: what there is, until there is nothing more.
    let source = connector.stock().expect("a role");
    for _ in 0..MOST_REPORTS {
        if source.poll().await?.is_none() {
            return Ok(());
        }
    }
    panic!("a round doesn't end after {MOST_REPORTS} reports");
}

pub async fn credentials_revoked_while_running_are_for_a_person(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    reads(&connector).await.expect("a read");
    shop.fault(Fault::Revoked).await?;
    for_a_person(&shop, &reads(&connector).await.expect_err("a revoked key reads"));
    Ok(())
}

pub async fn an_expired_token_is_renewed_without_a_failure(shop: Shop) -> Applies<()> {
    let connector = connector(&shop)?;
    reads(&connector).await.expect("a read");
    shop.fault(Fault::TokenExpired).await?;
    let (one, two, three) = tokio::join!(reads(&connector), reads(&connector), reads(&connector));
    one.and(two).and(three).expect("reads with an expired token");
    if let (Ok(channel), Ok(source)) = (channel(&connector), orders(&connector)) {
        shop.add("A", 5)?;
        assert_eq!(catalogue(channel).await.len(), 1);
        shop.fault(Fault::TokenExpired).await?;
        let order = buy(&shop, "A", 1)?;
        let (facts, _) = poll(source, None).await.expect("a poll");
        assert!(newest(&facts, &order).is_some());
    }
    Ok(())
}

pub async fn a_wrong_address_is_for_a_person(shop: Shop) -> Applies<()> {
    let lost = shop.connector(Access::WrongAddress)?;
    for_a_person(
        &shop,
        &lost.check().await.expect_err("a wrong address passes the check"),
    );
    for_a_person(&shop, &reads(&lost).await.expect_err("a wrong address is read"));
    Ok(())
}
