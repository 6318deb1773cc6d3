//! `omnistock holds`: changes that a guard stopped, and the two ways a person can end them.

use super::client::segment;
use super::{Context, Failure, text};
use crate::server::admin::DecisionBody;
use crate::server::{Hold, Listed};
use jiff::tz::TimeZone;
use omnistock_words::Millis;

/// Changes that a guard stopped.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Holds {
    /// List them.
    #[command(after_help = "Example: omnistock holds list")]
    List,
    /// Let the newest value out.
    #[command(after_help = "Example: omnistock holds approve h-412 --reason 'clearance of the lamps, asked Ms Klein'")]
    Approve(Decide),
    /// Keep it held, without a new page, until a report lacks the fault.
    #[command(after_help = "Example: omnistock holds reject h-412 --reason 'export was cut off'")]
    Reject(Decide),
}

/// Which hold, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// Its name, such as h-412.
    id: String,
    /// Why, for the record; up to 500 characters.
    #[arg(long)]
    reason: String,
}

impl Holds {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List => {
                let holds: Listed<Hold> = context.client()?.get("/api/v1/holds", &[]).await?;
                context.output.show(&holds, |holds| {
                    render(&holds.items, omnistock_sdk::now(), &context.output.zone)
                })
            }
            Self::Approve(decide) => decide.send("approve", "approved", context).await,
            Self::Reject(decide) => decide.send("reject", "rejected", context).await,
        }
    }
}

impl Decide {
    async fn send(self, verb: &str, done: &str, context: &Context) -> Result<(), Failure> {
        let path = format!("/api/v1/holds/{}/{verb}", segment(&self.id));
        let hold: Hold = context
            .client()?
            .post(&path, &DecisionBody { reason: self.reason })
            .await?;
        context.output.show(&hold, |hold| {
            format!("{done} {}: {}, {}\n", hold.id, hold.what, hold.subject)
        })
    }
}

fn render(holds: &[Hold], now: Millis, zone: &TimeZone) -> String {
    if holds.is_empty() {
        return "nothing held\n".to_owned();
    }
    let mut rendered = format!(
        "{} held. Last good numbers stay; sales still lower them.\n",
        holds.len()
    );
    let widest = holds.iter().map(|hold| hold.id.chars().count()).max().unwrap_or(0) + 2;
    let indent = " ".repeat(widest);
    for hold in holds {
        let when = match hold.due {
            Some(due) => format!("due {}", text::clock(due, now, zone)),
            None => format!("since {}", text::clock(hold.since, now, zone)),
        };
        rendered += &text::spread(&format!("{:<widest$}{}  {}", hold.id, hold.what, hold.subject), &when);
        let way_out = hold.way_out.as_ref().map(|way| format!("way out: {way}"));
        for detail in hold.details.iter().chain(&way_out) {
            for line in text::lines(detail, text::WIDTH - widest, "  ") {
                rendered.extend([indent.as_str(), line.as_str(), "\n"]);
            }
        }
    }
    rendered + "omnistock holds approve|reject ID --reason TEXT\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse().unwrap()
    }

    fn sample() -> Vec<Hold> {
        let stock = Hold {
            id: "h-412".to_owned(),
            what: "stock".to_owned(),
            subject: "erp, leipzig".to_owned(),
            since: at("2026-11-27T02:00:00Z"),
            due: None,
            details: vec![
                "3,102 of 20,118 SKUs to 0 (15.4 %, limit 5 %); 412,300 EUR".to_owned(),
                "suspect: whole category Leuchten, other locations unchanged".to_owned(),
            ],
            way_out: Some("a person (mass zero never confirms itself)".to_owned()),
        };
        let price = Hold {
            id: "h-413".to_owned(),
            what: "price".to_owned(),
            subject: "retail, 64 SKUs, 320 listings".to_owned(),
            since: at("2026-11-27T01:00:00Z"),
            due: Some(at("2026-11-27T23:00:00Z")),
            details: vec!["all exactly x10: BOLT-M8 2.49 -> 24.90; stock keeps flowing".to_owned()],
            way_out: None,
        };
        vec![stock, price]
    }

    #[test]
    fn held_changes_are_listed_with_their_way_out() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let expected = "\
2 held. Last good numbers stay; sales still lower them.
h-412  stock  erp, leipzig                                           since 03:00
       3,102 of 20,118 SKUs to 0 (15.4 %, limit 5 %); 412,300 EUR
       suspect: whole category Leuchten, other locations unchanged
       way out: a person (mass zero never confirms itself)
h-413  price  retail, 64 SKUs, 320 listings                     due 28 Nov 00:00
       all exactly x10: BOLT-M8 2.49 -> 24.90; stock keeps flowing
omnistock holds approve|reject ID --reason TEXT
";
        assert_eq!(render(&sample(), at("2026-11-27T02:22:07Z"), &zone), expected);
        assert_eq!(render(&[], at("2026-11-27T02:22:07Z"), &zone), "nothing held\n");
    }

    #[test]
    fn long_and_hostile_words_stay_within_the_page() {
        let mut holds = sample();
        holds[0].subject = "x".repeat(200);
        holds[0].details = vec!["\u{1b}[2J ".repeat(60)];
        let rendered = render(&holds, at("2026-11-27T02:22:07Z"), &TimeZone::UTC);
        assert!(rendered.lines().all(|line| line.chars().count() <= 80), "{rendered}");
        assert!(!rendered.contains('\u{1b}'));
    }
}
