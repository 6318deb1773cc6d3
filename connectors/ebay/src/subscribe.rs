//! Keeping notifications coming: a destination (our address, proven to be ours), and a subscription for each topic.

use crate::client::{Client, NOTIFICATION, is, says, segment};
use crate::login::Whose;
use crate::notification::TOPICS;
use crate::wire;
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString, SubscriptionState};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Pages of a list that are read, at most.
const MOST_PAGES: u32 = 50;

/// What the vendor shows of our destination in its pages.
const NAME: &str = "omnistock";

/// Keeps the notifications of one seller at one address.
pub(crate) struct Registrar<'a> {
    pub(crate) client: &'a Client,
    pub(crate) token: &'a SecretString,
    pub(crate) alert_email: Option<&'a str>,
}

impl Registrar<'_> {
    /// One destination at `url` and one subscription of each topic to it; says what had to be mended.
    pub(crate) async fn subscribe(&self, url: &str) -> Result<SubscriptionState, ConnectorError> {
        let mut mended = Vec::new();
        self.configure(&mut mended).await?;
        let destination = self.destination(url, &mut mended).await?;
        self.subscriptions(&destination, &mut mended).await?;
        Ok(if mended.is_empty() {
            SubscriptionState::Active
        } else {
            SubscriptionState::Mended(mended.join(", "))
        })
    }

    async fn call(&self, whose: Whose, method: Method, path: &str, body: Option<&Value>) -> Result<(), ConnectorError> {
        let path = format!("{NOTIFICATION}{path}");
        self.client.answer(whose, &method, &path, &[], body).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, whose: Whose, path: &str) -> Result<T, ConnectorError> {
        let path = format!("{NOTIFICATION}{path}");
        self.client.answer(whose, &Method::GET, &path, &[], None).await?.json()
    }

    /// The vendor wants to know where to write to before it sends anything.
    async fn configure(&self, mended: &mut Vec<String>) -> Result<(), ConnectorError> {
        let Some(email) = self.alert_email else { return Ok(()) };
        match self.get::<Value>(Whose::Application, "/config").await {
            Ok(known) if known.get("alertEmail").and_then(Value::as_str) == Some(email) => return Ok(()),
            Ok(_) => {}
            Err(error) if says(&error, 195_026) => {}
            Err(error) => return Err(error),
        }
        let body = json!({ "alertEmail": email });
        self.call(Whose::Application, Method::PUT, "/config", Some(&body))
            .await?;
        mended.push("eBay's alerts went elsewhere".to_owned());
        Ok(())
    }

    async fn destination(&self, url: &str, mended: &mut Vec<String>) -> Result<String, ConnectorError> {
        let known = self.destinations(url).await?;
        let token = self.token.expose_secret();
        let wanted = json!({"name": NAME, "status": "ENABLED",
                            "deliveryConfig": {"endpoint": url, "verificationToken": token}});
        let Some(known) = known else {
            let made = self
                .call(Whose::Application, Method::POST, "/destination", Some(&wanted))
                .await;
            made.map_err(|error| self.advise(error))?;
            mended.push("the destination was missing".to_owned());
            let made = self.destinations(url).await?;
            let made = made.map(|destination| destination.id);
            return made
                .ok_or_else(|| ConnectorError::retry("eBay does not list the destination that it has just made"));
        };
        // Not every answer shows the token: where it does it has to be ours.
        if known.status != "ENABLED" || !(known.delivery.token.is_empty() || known.delivery.token == token) {
            let path = format!("/destination/{}", segment(&known.id));
            let put = self.call(Whose::Application, Method::PUT, &path, Some(&wanted)).await;
            put.map_err(|error| self.advise(error))?;
            mended.push(format!("the destination was {}", known.status));
        }
        Ok(known.id)
    }

    async fn destinations(&self, url: &str) -> Result<Option<wire::Destination>, ConnectorError> {
        let mut path = "/destination?limit=100".to_owned();
        for _ in 0..MOST_PAGES {
            let page: wire::Destinations = self.get(Whose::Application, &path).await?;
            let found = page.all.into_iter().find(|one| one.delivery.endpoint == url);
            if found.is_some() {
                return Ok(found);
            }
            match onward(page.next.as_deref(), page.total) {
                Some(query) => path = format!("/destination?{query}"),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn subscriptions(&self, destination: &str, mended: &mut Vec<String>) -> Result<(), ConnectorError> {
        let mut known = Vec::new();
        let mut path = "/subscription?limit=100".to_owned();
        for _ in 0..MOST_PAGES {
            let page: wire::Subscriptions = self.get(Whose::Seller, &path).await?;
            known.extend(page.all);
            match onward(page.next.as_deref(), page.total) {
                Some(query) => path = format!("/subscription?{query}"),
                None => break,
            }
        }
        for topic in TOPICS {
            let same = known
                .iter()
                .find(|one| one.topic == topic && one.destination == destination);
            match same {
                Some(one) if one.status == "ENABLED" => {}
                Some(one) => {
                    let path = format!("/subscription/{}/enable", segment(&one.id));
                    self.call(Whose::Seller, Method::POST, &path, None).await?;
                    mended.push(format!("{topic} was {}", one.status));
                }
                None => self.make(topic, destination, mended).await?,
            }
        }
        Ok(())
    }

    async fn make(&self, topic: &str, destination: &str, mended: &mut Vec<String>) -> Result<(), ConnectorError> {
        let about: wire::Topic = self.get(Whose::Application, &format!("/topic/{topic}")).await?;
        let version = about.payloads.iter().find(|payload| !payload.deprecated);
        let version = version.map_or("1.0", |payload| payload.version.as_str());
        let payload = json!({"format": "JSON", "schemaVersion": version, "deliveryProtocol": "HTTPS"});
        let body = json!({"topicId": topic, "status": "ENABLED", "destinationId": destination, "payload": payload});
        match self
            .call(Whose::Seller, Method::POST, "/subscription", Some(&body))
            .await
        {
            Ok(()) => mended.push(format!("{topic} was missing")),
            // Only approved applications get some topics: orders are polled all the same.
            Err(error) if is(&error, 403) => {
                tracing::warn!(
                    topic,
                    "eBay does not grant this topic to the application: orders are polled instead"
                );
            }
            Err(error) => return Err(self.advise(error)),
        }
        Ok(())
    }

    /// Says which setting to look at.
    fn advise(&self, error: ConnectorError) -> ConnectorError {
        let advice = if says(&error, 195_003) && self.alert_email.is_none() {
            "; add `alert_email`: eBay wants to know where to write to when notifications don't arrive"
        } else if says(&error, 195_020) || says(&error, 195_017) {
            "; check `public_url` of the webhooks: eBay calls https addresses of the public internet only, and has to \
             reach this daemon while the subscription is made"
        } else if says(&error, 195_019) {
            "; check `verification_token`"
        } else {
            return error;
        };
        ConnectorError {
            class: ErrorClass::Operator,
            message: format!("{}{advice}", error.message),
        }
    }
}

/// The query of the next page, where there is one.
fn onward(next: Option<&str>, total: u64) -> Option<String> {
    let (_, query) = next.filter(|_| total > 0)?.split_once('?')?;
    Some(query.to_owned())
}
