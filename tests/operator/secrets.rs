//! Secrets: whatever goes wrong, no word of them is in logs, answers, metrics or reasons.

use super::market_fails;
use crate::support::canary;
use crate::support::daemon::Daemon;
use crate::support::merchant::{Merchant, WEBHOOK_SECRET, omnistock, request, usual};
use crate::support::redis::{Persistence, RedisServer};
use omnistock_amazon::simulator as amazon;
use omnistock_odoo::simulator as odoo;
use omnistock_sdk::simulated::CANARY;
use omnistock_shopify::simulator as shopify;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Every word that must not get out, wherever a daemon says something.
fn leaks(texts: &[(String, String)], secrets: &[&str]) -> Vec<String> {
    let found = |(place, text): &(String, String)| {
        let leaked = secrets.iter().filter(|secret| text.contains(**secret));
        leaked
            .map(|secret| format!("{secret} in {place}: {text}"))
            .collect::<Vec<_>>()
    };
    texts.iter().flat_map(found).collect()
}

fn files_below(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned(),
            ));
        }
    }
}

/// Everything that may be quoted in a complaint goes wrong once.
async fn everything_goes_wrong(merchant: &Merchant, daemon: &Daemon) {
    market_fails(merchant, 1.0);
    let mut faults = merchant.shop.faults();
    faults.error_rate = 1.0;
    merchant.shop.set_faults(faults.clone());
    merchant.drop_file(b"Artikel;Lager\n\"x;1\n");
    merchant.drop_stock(|index| Some(usual(index) + 1));
    let failed = |channels: &Value| (0..2).all(|place| !channels[place]["last_error"].is_null());
    merchant.status_says(daemon, "/channels", failed).await;
    merchant
        .status_says(daemon, "/sources/0/refused/0", |refused| !refused.is_null())
        .await;
    assert_eq!(merchant.webhook("{}").unwrap().status, 400);
    let unsigned = request(
        merchant.webhooks,
        "POST /webhooks/shop HTTP/1.1\r\nx-wc-webhook-topic: order.updated\r\nx-wc-webhook-signature: AAAA",
        b"{}",
    );
    assert_eq!(unsigned.unwrap().status, 401);
    market_fails(merchant, 0.0);
    faults.error_rate = 0.0;
    merchant.shop.set_faults(faults);
    merchant.shop.stop().await;
    merchant.market.expire_tokens();
    let gone = |error: &Value| {
        error["reason"]
            .as_str()
            .is_some_and(|text| text.contains("refused (os error"))
    };
    merchant.status_says(daemon, "/channels/1/last_error", gone).await;
}

/// What the daemon and the command line say, with where they said it.
fn answers(merchant: &Merchant, daemon: &Daemon) -> Vec<(String, String)> {
    let mut said = vec![("standard error".to_owned(), daemon.everything())];
    for path in [
        "/api/v1/status",
        "/metrics",
        "/health/ready",
        "/api/v1/holds",
        "/api/v1/explain?sku=ART-01",
    ] {
        said.push((path.to_owned(), merchant.get(path).unwrap().body));
    }
    for command in [
        &["status"][..],
        &["explain", "ART-01"],
        &["check"],
        &["check", "--live"],
        &["holds", "list"],
    ] {
        let ended = merchant.command(command);
        said.push((format!("{command:?}"), ended.out + &ended.err));
    }
    said
}

/// What is said of a configuration with an error beside its secrets.
fn broken_file(merchant: &Merchant, text: &str) -> String {
    let broken = merchant.folder.path().join("broken.toml");
    std::fs::write(&broken, text.replacen("url = {", "urll = {", 1)).unwrap();
    let ended = omnistock(&["-c", broken.to_str().unwrap(), "check"], &[]);
    ended.out + &ended.err
}

/// What every end-to-end test looks for stands in every credential, and is found where it got out.
#[tokio::test]
async fn the_canary_stands_in_every_credential_and_is_found() {
    let merchant = Merchant::open().await;
    let office = odoo::Simulator::start(odoo::SimulatorSettings::default())
        .await
        .unwrap();
    let boutique = shopify::Simulator::start(shopify::SimulatorSettings::default())
        .await
        .unwrap();
    let marketplace = amazon::Simulator::start(amazon::SimulatorSettings::default())
        .await
        .unwrap();
    let of_amazon = [
        marketplace.client_secret(),
        marketplace.refresh_token(),
        marketplace.reader_token(),
        marketplace.queue_access_key_id(),
        marketplace.queue_secret_access_key(),
    ];
    let (shop, market) = (&merchant.shop, &merchant.market);
    for secret in [
        shop.key(),
        shop.secret(),
        shop.webhook_secret(),
        market.password(),
        market.api_key(),
        office.key(),
        boutique.token(),
        boutique.client_secret(),
        WEBHOOK_SECRET,
    ]
    .into_iter()
    .chain(of_amazon.iter().map(String::as_str))
    {
        assert!(secret.contains(CANARY), "{secret}");
    }
    let said = format!("asked with {}", market.password());
    let found = std::panic::catch_unwind(|| canary::stays_in("a log", &said));
    assert!(found.is_err());
    std::fs::write(merchant.erp().join("told.reason"), &said).unwrap();
    let found = std::panic::catch_unwind(|| canary::stays_in_files_below(merchant.folder.path()));
    assert!(found.is_err());
    std::fs::remove_file(merchant.erp().join("told.reason")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_ever_said() {
    let merchant = Merchant::open().await;
    let redis = RedisServer::keeping_with(Persistence::Nothing, &["--requirepass", "marker-redis-password"]);
    let url = merchant.folder.path().join("redis-url");
    std::fs::write(
        &url,
        format!("redis://:marker-redis-password@127.0.0.1:{}/", redis.port()),
    )
    .unwrap();
    drop(Command::new("chmod").arg("600").arg(&url).status());
    let text = merchant.text(&format!("kind = \"redis\"\nurl = {{ file = \"{}\" }}", url.display()));
    let file = merchant.write(&text);
    let daemon = Daemon::start_with(&file, &[("OMNISTOCK_LOG", "trace")]);
    merchant.drop_stock(|index| Some(usual(index)));
    merchant.settles(&daemon, usual).await;

    everything_goes_wrong(&merchant, &daemon).await;
    let mut said = answers(&merchant, &daemon);
    said.push(("check of a broken file".to_owned(), broken_file(&merchant, &text)));
    files_below(&merchant.erp(), &mut said);
    let (key, secret) = (merchant.shop.key(), merchant.shop.secret());
    let secrets = [
        "marker-redis-password",
        WEBHOOK_SECRET,
        key,
        secret,
        merchant.market.password(),
    ];
    let leaked = leaks(&said, &secrets);
    assert!(leaked.is_empty(), "{leaked:#?}");
    // The search itself finds what is there: in answers, in commands, in files.
    assert!(leaks(&said, &["ART-01"]).len() >= 3 && said.iter().any(|(place, _)| place.ends_with(".reason")));
}
