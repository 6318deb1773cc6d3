//! `omnistock reservations`: units that shops and checkouts have set aside, and a person's word on them.

use super::client::segment;
use super::parked::rest;
use super::{Context, Failure, text, when};
use crate::server::admin::DecisionBody;
use crate::server::{Listed, ReservationChange, ReservationView};
use jiff::tz::TimeZone;
use omnistock_words::Millis;

/// Units set aside through the API.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Reservations {
    /// List those that hold units.
    #[command(after_help = "Example: omnistock reservations list")]
    List {
        /// The ended and refused ones of the last day, too.
        #[arg(long)]
        all: bool,
        /// Entries at most, up to 10,000.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Keep the units until another instant.
    #[command(
        after_help = "Example: omnistock reservations extend r-77 --until 18:00 --reason 'the buyer is on the way'"
    )]
    Extend {
        #[command(flatten)]
        which: Which,
        /// Until when: an instant, a time of day, or how long from now.
        #[arg(long, value_name = "T")]
        until: String,
    },
    /// Give the units back.
    #[command(after_help = "Example: omnistock reservations release r-77 --reason 'never picked up'")]
    Release {
        #[command(flatten)]
        which: Which,
    },
}

/// Which reservation, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Its id.
    id: String,
    /// Why, for the record; up to 500 characters.
    #[arg(long)]
    reason: String,
}

impl Reservations {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (client, zone, now) = (context.client()?, &context.output.zone, omnistock_sdk::now());
        let changed: ReservationView = match self {
            Self::List { all, limit } => {
                let (all, limit) = (all.to_string(), limit.to_string());
                let query = [("all", all.as_str()), ("limit", limit.as_str())];
                let found: Listed<ReservationView> = client.get("/api/v1/reservations", &query).await?;
                return context.output.show(&found, |found| render(found, now, zone));
            }
            Self::Extend { which, until } => {
                let change = ReservationChange {
                    expires_at: Some(when::coming(&until, now, zone).map_err(Failure::usage)?),
                    expires_in_seconds: None,
                    reason: which.reason,
                };
                let path = format!("/api/v1/reservations/{}/extend", segment(&which.id));
                client.post(&path, &change).await?
            }
            Self::Release { which } => {
                let path = format!("/api/v1/reservations/{}/release", segment(&which.id));
                client.post(&path, &DecisionBody { reason: which.reason }).await?
            }
        };
        context.output.show(&changed, |changed| one(changed, now, zone))
    }
}

fn render(found: &Listed<ReservationView>, now: Millis, zone: &TimeZone) -> String {
    if found.total == 0 {
        return "no reservations\n".to_owned();
    }
    let rendered: String = found.items.iter().map(|one_of| one(one_of, now, zone)).collect();
    rendered + &rest(found.total, found.items.len())
}

fn one(of: &ReservationView, now: Millis, zone: &TimeZone) -> String {
    let place = of.location.as_ref().map(ToString::to_string);
    let place = place.or_else(|| of.channel.as_ref().map(|channel| format!("channel {channel}")));
    let head = format!("{}  {} {} {}", of.id, of.quantity, of.sku, place.unwrap_or_default());
    let end = text::clock(of.expires_at, now, zone);
    let state = match of.state.as_str() {
        "held" | "confirmed" => format!("{} until {end}", of.state),
        state => state.to_owned(),
    };
    let mut rendered = text::spread(&head, &state);
    if let Some(because) = &of.because {
        rendered.extend(["  ", because.as_str(), "\n"]);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Quantity;

    #[test]
    fn a_reservation_says_what_where_and_until_when() {
        let now: Millis = "2026-11-27T12:00:00Z".parse().unwrap();
        let held = ReservationView {
            id: "r-77".parse().unwrap(),
            sku: "MUG".parse().unwrap(),
            location: "s07".parse().ok(),
            channel: None,
            quantity: Quantity::ONE,
            state: "held".to_owned(),
            expires_at: "2026-11-27T12:15:00Z".parse().unwrap(),
            asked_at: now,
            by: "local".to_owned(),
            confirmed_at: None,
            released_at: None,
            because: None,
        };
        let refused = ReservationView {
            state: "refused".to_owned(),
            because: Some("at most 0 can be set aside".to_owned()),
            location: None,
            channel: "shop".parse().ok(),
            ..held.clone()
        };
        let text = render(&Listed::whole(vec![held, refused]), now, &TimeZone::UTC);
        let expected = "\
r-77  1 MUG s07                                                 held until 12:15
r-77  1 MUG channel shop                                                 refused
  at most 0 can be set aside
";
        assert_eq!(text, expected);
    }
}
