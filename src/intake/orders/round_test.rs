//! Polls of many pages: in rounds, one page behind the other, and what is said of them meanwhile.

use super::*;

/// A channel with so many pages of orders, one each; what was asked for.
struct Long(Manifest, usize, std::sync::Mutex<Vec<usize>>);

impl Long {
    fn new(pages: usize) -> Arc<Self> {
        Arc::new(Self(shop().0.clone(), pages, std::sync::Mutex::default()))
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.2.lock().unwrap())
    }
}

#[async_trait]
impl OrderSource for Long {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let page: usize = cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        self.2.lock().unwrap().push(page);
        let mut one = order(None, OrderStatus::Open);
        one.order = OrderId::new(page.to_string()).unwrap();
        Ok(OrderPage {
            orders: vec![one],
            unclear: vec![],
            cursor: Cursor((page + 1).min(self.1).to_string()),
            more: page + 1 < self.1,
        })
    }

    async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        Ok(None)
    }
}

#[async_trait]
impl Connector for Long {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

#[tokio::test]
async fn orders_are_known_behind_the_last_page_however_many_rounds_that_takes() {
    let shop = Long::new(2 * PAGES + 1);
    let (mut poller, lease, store) = reader_of(shop.clone()).await;
    let (requests, began) = (poller.requests(), now());
    for round in 1..=2 {
        let due = poller.turn(&lease, Instant::now()).await.unwrap();
        assert!(due <= Instant::now(), "it goes on at once");
        assert!(
            !requests.back_filled() && !requests.polled_since(began),
            "round {round}"
        );
        assert_eq!(poller.board.reading(), (round * PAGES) as u64);
    }
    assert!(poller.turn(&lease, Instant::now()).await.unwrap() > Instant::now());
    assert!(requests.back_filled() && requests.polled_since(began));
    assert!(requests.all_read_since(began), "it was from the first order");
    assert_eq!(poller.board.reading(), 0);
    assert_eq!(shop.asked(), (0..=2 * PAGES).collect::<Vec<_>>(), "each page once");
    assert_eq!(store.read(EntryId::default(), 100).await.unwrap().len(), 2 * PAGES + 1);
}

/// [`Long`], of which this page does not come, so many times: an error or, without one, nothing at all.
struct Halting {
    shop: Arc<Long>,
    page: usize,
    why: Option<&'static str>,
    left: std::sync::atomic::AtomicUsize,
}

impl Halting {
    fn at(page: usize, shop: &Arc<Long>, why: Option<&'static str>, times: usize) -> Arc<Self> {
        let (shop, left) = (Arc::clone(shop), times.into());
        Arc::new(Self { shop, page, why, left })
    }

    fn halts(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let order = std::sync::atomic::Ordering::Relaxed;
        self.left.fetch_update(order, order, one_less).is_ok()
    }
}

#[async_trait]
impl OrderSource for Halting {
    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let here = cursor.is_some_and(|cursor| cursor.0 == self.page.to_string());
        match self.why {
            _ if !here || !self.halts() => OrderSource::orders(self.shop.as_ref(), cursor).await,
            Some(why) => Err(ConnectorError::retry(why)),
            None => std::future::pending().await,
        }
    }

    async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        Ok(None)
    }
}

#[async_trait]
impl Connector for Halting {
    fn manifest(&self) -> &Manifest {
        &self.shop.0
    }

    fn orders(&self) -> Option<&dyn OrderSource> {
        Some(self)
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_becomes_durable_while_the_next_one_is_on_its_way_and_whatever_becomes_of_that() {
    for why in [Some("down"), None] {
        let (mut poller, lease, store) = reader_of(Halting::at(1, &Long::new(2), why, usize::MAX)).await;
        let end = tokio::time::timeout(Duration::from_secs(1), poller.poll(&lease)).await;
        assert_eq!(end.map(|end| end.unwrap_err().to_string()).ok().as_deref(), why);
        assert_eq!(store.read(EntryId::default(), 9).await.unwrap().len(), 1);
        assert_eq!(poller.load_cursor().await.unwrap().1, Some(Cursor("1".to_owned())));
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_pages_are_fetched_than_are_taken_and_one_that_waits() {
    let shop = Long::new(9);
    let (fetched, mut pages) = tokio::sync::mpsc::channel(round::AHEAD);
    let fetching = round::fetch("shop", shop.as_ref(), None, fetched);
    let taking = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(shop.asked(), [0, 1], "nobody takes them");
        assert_eq!(pages.recv().await.unwrap().cursor.0, "1");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(shop.asked(), [2]);
        drop(pages);
    };
    let (fetched, ()) = tokio::join!(fetching, taking);
    assert!(fetched.is_ok() && shop.asked().is_empty());
}

#[tokio::test]
async fn pages_that_came_before_one_failed_are_kept_with_their_place_and_not_asked_for_again() {
    let shop = Long::new(PAGES);
    let (mut poller, lease, store) = reader_of(Halting::at(PAGES - 1, &shop, Some("down"), 1)).await;
    assert_eq!(poller.poll(&lease).await.unwrap_err().to_string(), "down");
    assert_eq!(store.read(EntryId::default(), 9).await.unwrap().len(), PAGES - 1);
    let place = poller.load_cursor().await.unwrap().1;
    assert_eq!(place, Some(Cursor((PAGES - 1).to_string())));
    assert!(poller.poll(&lease).await.unwrap());
    assert_eq!(shop.asked(), (0..PAGES).collect::<Vec<_>>(), "each page once");
    assert_eq!(store.read(EntryId::default(), 9).await.unwrap().len(), PAGES);
    assert_eq!(poller.load_cursor().await.unwrap().1, Some(Cursor(PAGES.to_string())));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_a_page_is_told_of_at_once() {
    let (mut poller, lease, store) = reader_of(Halting::at(1, &Long::new(2), None, usize::MAX)).await;
    store.release(&lease).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(1), poller.poll(&lease)).await;
    let error = end.expect("nobody waits for the next page").unwrap_err();
    assert!(matches!(error, PollError::Commit(CommitError::Fenced)), "{error}");
}

#[tokio::test]
async fn what_a_store_has_lost_is_read_to_the_last_page_before_the_cursor_counts() {
    let shop = Long::new(PAGES + 1);
    let (mut poller, lease, _store) = reader_of(shop.clone()).await;
    poller.save_cursor(&lease, 0, &Cursor(PAGES.to_string())).await.unwrap();
    let mut poller = poller.anew(true);
    assert!(!poller.poll(&lease).await.unwrap());
    assert!(!poller.requests().back_filled());
    assert!(poller.poll(&lease).await.unwrap());
    assert!(poller.requests().back_filled());
    let mut expected: Vec<usize> = (0..=PAGES).collect();
    expected.push(PAGES);
    assert_eq!(shop.asked(), expected);
}

#[tokio::test]
async fn a_full_read_has_read_all_behind_the_last_page_only() {
    let shop = Long::new(2 * PAGES + 2);
    let (mut poller, lease, _store) = reader_of(shop.clone()).await;
    let (requests, began) = (poller.requests(), now());
    requests.read_all(false);
    poller.go_on_reading(&lease).await;
    let mut long = 0;
    while poller.reads_all() {
        assert!(!requests.all_read_since(began));
        long = long.max(poller.board.reading());
        poller.go_on_reading(&lease).await;
    }
    assert!(requests.all_read_since(began));
    assert_eq!(poller.board.full().listed, 2 * PAGES as u64 + 2);
    assert_eq!((long, poller.board.reading()), (2 * PAGES as u64, 0));
    assert_eq!(shop.asked(), (0..2 * PAGES + 2).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_channel_that_says_more_and_not_where_has_not_been_read() {
    struct Stuck(Arc<Long>);
    #[async_trait]
    impl OrderSource for Stuck {
        async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
            let page = OrderSource::orders(self.0.as_ref(), cursor).await?;
            Ok(OrderPage { more: true, ..page })
        }
        async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
            Ok(None)
        }
    }
    let stuck = Stuck(Long::new(1));
    let first = round::page_of("shop", &stuck, None).await.unwrap();
    let again = round::page_of("shop", &stuck, Some(&first.cursor)).await;
    assert!(again.unwrap_err().to_string().contains("not where"));
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_never_answers_fails_its_poll_by_name() {
    struct Silent;
    #[async_trait]
    impl OrderSource for Silent {
        async fn orders(&self, _: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
            std::future::pending().await
        }
        async fn order(&self, _: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
            std::future::pending().await
        }
    }
    let page = round::page_of("woocommerce", &Silent, None).await;
    assert_eq!(
        page.unwrap_err().to_string(),
        "woocommerce did not answer within 900 s: a page of orders"
    );
}
