//! A channel without listings of its own is told what its sources have reported, and no more.

use super::fake::Fake;
use super::house::{House, house_of, until};
use async_trait::async_trait;
use omnistock_planner::ListingState;
use omnistock_sdk::{ArticleRole, ConnectorError};
use omnistock_words::{Mode, Sku, WriteMeaning};
use std::collections::BTreeSet;
use std::time::Duration;

#[async_trait]
impl ArticleRole for Fake {
    async fn carry(&self, skus: &[Sku]) -> Result<(), ConnectorError> {
        self.alive()?;
        let mut shop = self.shop.lock().unwrap();
        let told = shop.told.get_or_insert_default();
        told.extend(skus.iter().map(|sku| sku.as_str().to_owned()));
        Ok(())
    }
}

async fn export(stock: &[(&str, i64)]) -> House {
    let fake = Fake::new(WriteMeaning::Available);
    fake.shop.lock().unwrap().told = Some(BTreeSet::new());
    let house = house_of(fake, &[]).await;
    for (sku, number) in stock {
        house.stock(sku, *number).await;
    }
    house
}

async fn shows(house: &House, wanted: &[(&str, i64)]) {
    until("the channel shows what it should", async || {
        let numbers = house.fake.shop.lock().unwrap().numbers.clone();
        let wanted = wanted.iter().map(|(sku, number)| ((*sku).to_owned(), *number));
        numbers == wanted.collect()
    })
    .await;
}

#[tokio::test]
async fn what_its_sources_reported_is_listed_also_what_is_sold_out_and_what_comes_later() {
    let house = export(&[("A", 5), ("B", 0), ("C", 7), ("D", 2)]).await;
    house.stocks("ELSEWHERE", &[("s01", 9)]).await;
    let run = house.start();
    shows(&house, &[("A", 5), ("B", 0), ("C", 7), ("D", 2)]).await;
    house.stock("E", 4).await;
    house.stocks("ELSEWHERE", &[("s01", 8)]).await;
    shows(&house, &[("A", 5), ("B", 0), ("C", 7), ("D", 2), ("E", 4)]).await;
    house.open_place("s01");
    shows(
        &house,
        &[("A", 5), ("B", 0), ("C", 7), ("D", 2), ("E", 4), ("ELSEWHERE", 8)],
    )
    .await;
    run.stop().await;
}

#[tokio::test]
async fn nothing_is_opened_in_shadow_and_a_channel_that_is_away_is_told_later() {
    let house = export(&[("A", 5)]).await;
    house.fake.die(Some(ConnectorError::retry("the disk is away")));
    let mut settings = omnistock_words::Settings::clone(&house.settings.load());
    settings
        .channels
        .values_mut()
        .for_each(|channel| channel.policy.mode = Mode::Shadow);
    house.settings.store(settings.clone().into());
    let run = house.start();
    until("it was tried", async || house.board.last_error().is_some()).await;
    house.fake.die(None);
    until("it was told", async || {
        house
            .fake
            .shop
            .lock()
            .unwrap()
            .told
            .as_ref()
            .is_some_and(|told| told.contains("A"))
    })
    .await;
    until("it was read", async || house.board.count(ListingState::Paused) == 1).await;
    assert!(house.calls().is_empty());
    settings
        .channels
        .values_mut()
        .for_each(|channel| channel.policy.mode = Mode::Live);
    house.settings.store(settings.into());
    shows(&house, &[("A", 5)]).await;
    run.stop().await;
}

#[tokio::test]
async fn a_number_that_is_gone_is_written_again() {
    let house = export(&[("A", 5), ("B", 3)]).await;
    let mut house = house;
    house.timings.audit_every = Duration::from_millis(50);
    let run = house.start();
    shows(&house, &[("A", 5), ("B", 3)]).await;
    house.fake.shop.lock().unwrap().numbers.clear();
    shows(&house, &[("A", 5), ("B", 3)]).await;
    run.stop().await;
}
