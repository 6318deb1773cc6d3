//! Connections that are open at one end only, for longer than the daemon may rely on what it knew: a leader that can't
//! reach Redis any more, and a shop that swallows what is sent to it beside others that don't.

use super::trial::Trial;
use crate::several::load::written_after;
use crate::several::pair::{LEASE, Member};
use crate::support::books::{Blind, Erp, buy, unknown_orders};
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::merchant::{ARTICLES, Merchant, sku, until};
use crate::support::redis::RedisServer;
use omnistock_sdk::now;
use omnistock_woocommerce::simulator::{Simulator, SimulatorSettings};
use omnistock_words::Millis;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Between the look at the right to write and the request being on the wire, milliseconds: a busy machine may stop a
/// program there.
const ON_ITS_WAY: i64 = 300;

/// Numbers that this daemon set at the market after that, by what its own line delivered.
fn set_after(line: &FaultProxy, at: Millis) -> Vec<(Millis, String)> {
    let sets = |asked: &str| asked.starts_with("POST /admin/inventory");
    let late = line
        .asked()
        .into_iter()
        .filter(|(when, asked)| *when > at && sets(asked));
    late.collect()
}

/// Waits until both channels show what is left and the leader knows every order.
async fn right(merchant: &Merchant, erp: &Erp, leader: &Member) {
    let left = erp.left(merchant);
    let known = || unknown_orders(merchant, leader.admin).is_empty();
    let shown = || merchant.both_show(|index| left[index]) && known();
    let instead = || format!("{left:?}\n{}\n{}", merchant.shown(), leader.daemon.log());
    until("both channels right", shown, instead).await;
}

/// Two daemons, each with lines of its own to Redis and to the market.
struct Two {
    leader: (Member, FaultProxy, FaultProxy),
    standby: (Member, FaultProxy, FaultProxy),
}

async fn two(merchant: &Merchant, redis: &RedisServer) -> Two {
    let member = |name: &str| {
        let (to_redis, to_market) = (
            FaultProxy::before(redis.port(), 1),
            FaultProxy::before(merchant.market.port(), 1),
        );
        let own = format!("http://127.0.0.1:{}\"", merchant.market.port());
        let through = format!("http://127.0.0.1:{}\"", to_market.port());
        let url = format!("redis://127.0.0.1:{}/", to_redis.port());
        let member = Member::start_changed(merchant, &url, name, |text| text.replace(&own, &through));
        (member, to_redis, to_market)
    };
    let leader = member("first");
    leader.0.comes_to_lead().await;
    let standby = member("second");
    standby.0.comes_to_stand_by().await;
    Two { leader, standby }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_line_to_redis_is_half_open_writes_nothing_once_its_lease_is_over() {
    let (merchant, redis) = (Merchant::open().await, RedisServer::start());
    let Two {
        mut leader,
        mut standby,
    } = two(&merchant, &redis).await;
    let (erp, mut random) = (
        Erp::open(&merchant),
        StdRng::seed_from_u64(super::number("OMNISTOCK_SEED", 23)),
    );
    right(&merchant, &erp, &leader.0).await;
    let mut blind = Blind::default();
    for round in 1..=super::rounds().div_ceil(4) {
        let stop = CancellationToken::new();
        let forgotten = round % 2 == 0;
        let cut_off = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            leader.1.set(Fault::BlackHole { forgotten });
            let cut = now();
            erp.change(&merchant, &mut random);
            standby.0.comes_to_lead().await;
            tokio::time::sleep(Duration::from_millis(2 * LEASE.unsigned_abs())).await;
            stop.cancel();
            cut
        };
        let buyers = StdRng::seed_from_u64(u64::from(round));
        let (cut, ()) = tokio::join!(cut_off, buy(&merchant, buyers, &stop));
        right(&merchant, &erp, &standby.0).await;
        blind.add(cut, now());
        let says = || leader.0.get("/health/ready").map(|answer| (answer.status, answer.body));
        let said = says().is_some_and(|(status, body)| status == 503 && body.contains("does not answer within"));
        assert!(said, "{:?}", says());
        // What it had sent to Redis before arrives now, and finds another lease.
        let mended = now();
        leader.1.heal();
        leader.0.comes_to_stand_by().await;
        right(&merchant, &erp, &standby.0).await;
        let all = set_after(&leader.2, Millis(0));
        assert!(!all.is_empty(), "its line is the one by which it writes");
        let late = set_after(&leader.2, cut.plus(LEASE + ON_ITS_WAY));
        assert!(
            late.is_empty(),
            "round {round}, cut off at {cut}: {late:?}\n{}",
            leader.0.daemon.log()
        );
        // Nothing was sold since: what promises more is from somebody who should be silent.
        let left = erp.left(&merchant);
        let wrong = written_after(&merchant, mended)
            .into_iter()
            .filter(|(_, article, number)| (0..ARTICLES).any(|index| sku(index) == *article && left[index] < *number));
        assert_eq!(wrong.count(), 0, "round {round}");
        assert!(leader.0.daemon.runs() && standby.0.leads());
        std::mem::swap(&mut leader, &mut standby);
    }
    let oversold = erp.oversold(&merchant, &blind);
    println!("{oversold} units oversold while a leader was cut off, each of a sale that could not be known yet");
}

/// Purchases at the market that are followed to another shop.
const FOLLOWED: usize = 10;

/// How long it takes until this shop shows what was bought at the market; the longest of some.
async fn longest(trial: &Trial, outlet: &Simulator) -> Duration {
    let mut longest = Duration::ZERO;
    for number in 0..FOLLOWED {
        // Of what is plenty: no other limit is near.
        let article = sku(ARTICLES - 1 - number % 8);
        let before = outlet.shown(&article);
        let begun = Instant::now();
        trial.merchant.market.buy(&article, 1).unwrap();
        until(
            "the other shop follows",
            || outlet.shown(&article) < before,
            || trial.daemon.log(),
        )
        .await;
        longest = longest.max(begun.elapsed());
    }
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_swallows_everything_slows_no_other() {
    let outlet = Simulator::start(SimulatorSettings::default()).await.unwrap();
    for index in 0..ARTICLES {
        outlet.add_product(&sku(index), 1);
    }
    let trial = Trial::begin_with(24, |text| {
        let (from, to) = (
            text.find("[connectors.shop]").unwrap(),
            text.find("[connectors.market]").unwrap(),
        );
        let connector = text[from..to].replace("connectors.shop", "connectors.outlet");
        let (start, end) = (connector.find("url").unwrap(), connector.find("\nkey").unwrap());
        let url = format!("url = \"{}\"", outlet.url().as_str().trim_end_matches('/'));
        let connector = connector.replace(&connector[start..end], &url);
        let (from, to) = (
            text.find("[channels.shop]").unwrap(),
            text.find("[channels.market]").unwrap(),
        );
        let channel = text[from..to].replace("channels.shop", "channels.outlet");
        format!("{text}\n{connector}\n{channel}")
    })
    .await;
    until(
        "the outlet is right",
        || outlet.shown(&sku(ARTICLES - 1)) > Some(1),
        || trial.daemon.log(),
    )
    .await;
    let before = longest(&trial, &outlet).await;
    trial.to_shop.set(Fault::BlackHole { forgotten: false });
    let during = longest(&trial, &outlet).await;
    println!("market to outlet: {before:?} at most, {during:?} beside a shop that swallows everything");
    // A buyer in another shop would notice a second.
    assert!(
        during < before + Duration::from_secs(1),
        "{before:?}, then {during:?}\n{}",
        trial.daemon.log()
    );
    trial.to_shop.heal();
    trial.end("beside a black hole", 1);
}
