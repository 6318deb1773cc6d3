//! Logging in, staying logged in, and being told what to mend.

use super::shop::{Shop, catalogue, write};
use omnistock_medusa::simulator::{Simulator, SimulatorSettings};
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome};
use omnistock_words::Quantity;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_callers() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let connector = shop.connector(&json!({}));
    let all = catalogue(connector.as_ref()).await;
    assert_eq!(shop.calls("POST /auth/user/emailpass"), 1);
    shop.simulator.expire_tokens();
    let channel = connector.channel().unwrap();
    let references = [all[0].reference.clone()];
    let (one, two, three) = tokio::join!(
        channel.read(&references),
        channel.read(&references),
        channel.read(&references)
    );
    assert_eq!(
        (one.unwrap().len(), two.unwrap().len(), three.unwrap().len()),
        (1, 1, 1)
    );
    assert_eq!(shop.calls("POST /auth/user/emailpass"), 2);
    shop.simulator.expire_tokens();
    let outcomes = channel.write(&[write(&all[0], 4)]).await.unwrap();
    assert_eq!(
        outcomes,
        [ItemOutcome::Applied {
            quantity: Some(Quantity::whole(4))
        }],
        "a refused write was not done and goes again"
    );
}

#[tokio::test]
async fn a_server_that_refuses_every_token_is_asked_twice_and_no_more() {
    let shop = Shop::with(SimulatorSettings {
        token_life: Duration::ZERO,
        ..SimulatorSettings::default()
    })
    .await;
    let error = shop.connector(&json!({})).check().await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Operator);
    assert_eq!(
        (
            shop.calls("POST /auth/user/emailpass"),
            shop.calls("GET /admin/stock-locations")
        ),
        (2, 2)
    );
}

fn names(error: &ConnectorError, settings: &[&str]) -> bool {
    error.class == ErrorClass::Operator
        && settings
            .iter()
            .all(|setting| error.message.contains(&format!("`{setting}`")))
}

#[tokio::test]
async fn wrong_credentials_are_a_matter_for_a_person_and_name_the_setting() {
    let shop = Shop::open().await;
    shop.add("A", 10, 5);
    let wrong = shop
        .connector(&json!({"password": {"env": "wrong-password"}}))
        .check()
        .await
        .unwrap_err();
    assert!(names(&wrong, &["email", "password"]), "{wrong}");
    assert!(
        wrong.message.contains("Invalid email or password") && !wrong.message.contains("wrong-password"),
        "{wrong}"
    );
    let key = |text: &str| shop.connector(&json!({"email": null, "password": null, "api_key": {"env": text}}));
    let wrong = key("sk_nope").check().await.unwrap_err();
    assert!(
        names(&wrong, &["api_key"]) && !wrong.message.contains("sk_nope"),
        "{wrong}"
    );
    let good = key(shop.simulator.api_key());
    good.check().await.unwrap();
    shop.simulator.revoke_api_key();
    assert!(names(&good.check().await.unwrap_err(), &["api_key"]));
    let nobody = shop
        .connector(&json!({"url": format!("{}store", shop.simulator.url())}))
        .check()
        .await
        .unwrap_err();
    assert!(names(&nobody, &["url"]), "{nobody}");
    let (url, own) = (format!("{}store", shop.simulator.url()), shop.simulator.api_key());
    let storefront = json!({"url": url, "email": null, "password": null, "api_key": {"env": own}});
    let nobody = shop.connector(&storefront).check().await.unwrap_err();
    assert!(names(&nobody, &["url"]), "{nobody}");
}

#[tokio::test]
async fn the_token_of_a_deleted_user_lets_in_until_it_expires() {
    let shop = Shop::open().await;
    let connector = shop.connector(&json!({}));
    connector.check().await.unwrap();
    shop.simulator.lock_out();
    connector.check().await.unwrap();
    shop.simulator.expire_tokens();
    let error = connector.check().await.unwrap_err();
    assert!(names(&error, &["email", "password"]), "{error}");
}

#[tokio::test]
async fn a_shop_with_no_place_of_ours_fails_the_check() {
    let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
    simulator.add_location("Garage");
    let (berlin, hamburg) = ("sloc_old".to_owned(), String::new());
    let shop = Shop {
        simulator,
        berlin,
        hamburg,
    };
    let error = shop.connector(&json!({})).check().await.unwrap_err();
    assert!(names(&error, &["codes"]), "{error}");
}

#[tokio::test]
async fn a_stopped_shop_frees_its_port() {
    let shop = Shop::open().await;
    let port = shop.simulator.port();
    let connector = shop.connector(&json!({}));
    connector.check().await.unwrap();
    shop.simulator.stop().await;
    assert!(matches!(
        connector.check().await.unwrap_err().class,
        ErrorClass::Retry { .. } | ErrorClass::Unknown
    ));
    assert!(
        Simulator::start(SimulatorSettings {
            port,
            ..SimulatorSettings::default()
        })
        .await
        .is_ok()
    );
}
