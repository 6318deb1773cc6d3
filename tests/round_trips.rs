//! How often Redis is asked for one order, from its report being in the inbox to the commit that applies it: by Redis's
//! own word, with nothing to share the trips with. Under load many orders share them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

use crate::several::pair::store;
use crate::support::merchant::{Merchant, sku, until, usual};
use crate::support::redis::RedisServer;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};

/// From intake to commit.
const MOST: usize = 3;
const ORDERS: usize = 8;

/// Every command from here on, as Redis tells it; those that scripts run are left out.
fn told(port: u16) -> Arc<Mutex<Vec<String>>> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    socket.write_all(b"MONITOR\r\n").unwrap();
    let (mut lines, kept) = (BufReader::new(socket), Arc::new(Mutex::new(Vec::new())));
    // Its word that it tells from now on: on a busy machine an append could be earlier.
    let mut word = String::new();
    lines.read_line(&mut word).unwrap();
    assert_eq!(word, "+OK\r\n");
    let all = Arc::clone(&kept);
    std::thread::spawn(move || {
        for line in lines.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if !line.contains(" lua] ") {
                all.lock().unwrap().push(line);
            }
        }
    });
    kept
}

/// A webhook that tells of a new order of one unit.
fn order(number: usize) -> String {
    let (id, sku) = (90_000 + number, sku(number));
    format!(
        r#"{{"id":{id},"status":"processing","date_created_gmt":"2026-01-05T12:00:00","date_modified_gmt":"2026-01-05T12:00:00","line_items":[{{"id":1,"sku":"{sku}","quantity":1,"product_id":1,"variation_id":0}}]}}"#
    )
}

/// What was asked for the owner's sake behind the append of this order, up to its commit; none while it is not
/// committed. A worker that looks at other articles meanwhile, and notes what became of a call, is not counted.
fn asked(lines: &[String], number: usize) -> Option<Vec<&String>> {
    let id = format!("\"shop/{}\"", 90_000 + number);
    let is_append = |line: &String| line.contains("\"EVALSHA\"") && line.contains("\"3\" \"{omnistock}:inbox\"");
    let is_commit = |line: &String| line.contains("\"{omnistock}:lease\" \"{omnistock}:cursor\"") && line.contains(&id);
    let append = lines.iter().position(is_append)?;
    let commit = append + lines[append..].iter().position(is_commit)?;
    let (own, mut others) = (format!("\"{}\"", sku(number)), false);
    let owners = |line: &&String| {
        let documents = line.contains("\"HMGET\"") && !line.contains(":documents:listing");
        // The sources that a worker reads with its articles are behind them, in the same trip.
        let of_others = !line.contains(&own) || line.matches("\"ART-").count() > 1;
        others = line.contains(":documents:sku") && of_others || others && line.contains(":documents:source");
        documents && !others || line.contains("\"XRANGE\"") || line.contains("\"GET\"") || is_commit(line)
    };
    Some(lines[append + 1..=commit].iter().filter(owners).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_alone_takes_three_round_trips_from_the_inbox_to_its_commit() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let text = merchant.text(&store(&merchant, &redis.url(), "omnistock", "state"));
    let mut daemon = merchant.at_work_on(&text).await;
    let lines = told(redis.port());
    let mut most = 0;
    for number in 0..ORDERS {
        lines.lock().unwrap().clear();
        assert_eq!(merchant.webhook(&order(number)).unwrap().status, 200);
        let committed = || asked(&lines.lock().unwrap(), number).is_some();
        until("it is committed", committed, || daemon.log()).await;
        let lowered = |index: usize| usual(index) - i64::from(index <= number);
        let market = || merchant.market_shows(lowered);
        until("it is sent", market, || daemon.log()).await;
        let all = lines.lock().unwrap();
        let trips = asked(&all, number).unwrap();
        assert!(trips.len() <= MOST, "{trips:#?}");
        most = most.max(trips.len());
    }
    println!("{most} round trips at most from the inbox to the commit of an order alone, of {ORDERS}");
    assert!(most >= 2, "it is read and committed at least");
    daemon.terminate();
}
