//! `omnistock plan` and `omnistock reload`: what a configuration would change, and bringing it into force.

use super::{Context, Failure, awaited, text};
use crate::server::{PlanBody, PlanView, ReloadBody};
use omnistock_words::{Mode, Money};

/// Say what a configuration would change on each channel; nothing is written.
///
/// The file is read by the daemon, with its environment. The plan is kept under its name, by which
/// `omnistock reload --expect-plan` takes exactly it. Of millions of articles it takes minutes, beside the daemon's
/// other work; Ctrl-C cancels it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: omnistock plan -c new.toml")]
pub(super) struct Plan {}

/// Bring the daemon's configuration into force, if its guards let it, or as planned.
///
/// Every number is computed anew before; Ctrl-C cancels that, and nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: omnistock reload
         omnistock reload --expect-plan 7f3a91c2 --reason \"kaufland sells from hannover only\"")]
pub(super) struct Reload {
    /// Take exactly this plan, also where a guard would stop it.
    #[arg(long, value_name = "HASH", requires = "reason")]
    expect_plan: Option<String>,
    /// Why, for the record; up to 500 characters.
    #[arg(long)]
    reason: Option<String>,
}

impl Plan {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let file = std::path::absolute(&context.config).unwrap_or_else(|_| context.config.clone());
        let body = PlanBody {
            file: Some(file.display().to_string()),
        };
        let plan = awaited::plan(context, "/api/v1/plan", &body).await?;
        context.output.show(&plan, render)
    }
}

impl Reload {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let body = ReloadBody {
            expect_plan: self.expect_plan,
            reason: self.reason.unwrap_or_default(),
        };
        let plan = awaited::plan(context, "/api/v1/reload", &body).await?;
        context.output.show(&plan, render)
    }
}

const HEAD: [&str; 10] = [
    "CHANNEL", "LISTINGS", "SAME", "UP", "DOWN", "TO_0", "FROM_0", "PRICE", "CALLS", "TIME",
];

fn render(plan: &PlanView) -> String {
    let end = if plan.applied { "in force" } else { "nothing written" };
    let mut page = text::spread("", &format!("plan {}, {end}", plan.hash));
    for refused in &plan.refused {
        let rest = if plan.applied { "" } else { ": a plain reload refuses" };
        page += &text::wrap(&format!("!! {refused}{rest}"), text::WIDTH, "   ");
    }
    for name in &plan.restart {
        page += &text::wrap(&format!("{name} changed: this needs a restart"), text::WIDTH, "  ");
    }
    let (changed, same): (Vec<_>, Vec<_>) = plan.channels.iter().partition(|channel| channel.changes());
    if !changed.is_empty() {
        let rows: Vec<Vec<String>> = changed
            .iter()
            .map(|channel| {
                let figures = [
                    channel.listings,
                    channel.same,
                    channel.up,
                    channel.down,
                    channel.to_0,
                    channel.from_0,
                    channel.price,
                    channel.calls,
                ];
                let mut row = vec![text::shortened(channel.channel.as_str(), 12)];
                row.extend(figures.map(text::number));
                let unwritten = matches!(channel.mode, Mode::Observe | Mode::Shadow | Mode::Frozen);
                row.push(if unwritten {
                    text::mode(channel.mode).to_owned()
                } else {
                    channel.seconds.map_or_else(|| "-".to_owned(), text::duration)
                });
                row
            })
            .collect();
        page.push('\n');
        page += &text::table(&HEAD, &rows, 1);
    }
    if !same.is_empty() {
        page.extend([
            text::count(same.len() as u64, "channel", "channels").as_str(),
            " unchanged\n",
        ]);
    }
    let because: Vec<String> = plan
        .because
        .iter()
        .map(|cause| format!("{} {}: {}", cause.place, cause.text, text::number(cause.listings)))
        .collect();
    if !because.is_empty() {
        page += &text::wrap(&format!("because {}", because.join("; ")), text::WIDTH, "  ");
    }
    page += &tops(plan);
    if !plan.applied && plan.restart.is_empty() && !changed.is_empty() {
        page.extend([
            "accept: omnistock reload --expect-plan ",
            &plan.hash,
            " --reason TEXT\n",
        ]);
    }
    page
}

fn tops(plan: &PlanView) -> String {
    let money = |money: Money| format!("{} {}", money.amount(), money.currency());
    let one = |top: &crate::server::PlanTop| {
        let value = top
            .value
            .map(|value| format!(" ({})", money(value)))
            .unwrap_or_default();
        format!("{} {} -> {}{value}", top.sku, top.from, top.to)
    };
    let top: Vec<String> = plan.top.iter().map(one).collect();
    let mut page = String::new();
    if !top.is_empty() {
        page += &text::wrap(&format!("top by value: {}", top.join("; ")), text::WIDTH, "  ");
    }
    let one =
        |price: &crate::server::PlanPrice| format!("{} {} -> {}", price.sku, price.from.amount(), money(price.to));
    let prices: Vec<String> = plan.prices.iter().map(one).collect();
    if !prices.is_empty() {
        page += &text::wrap(
            &format!("largest price moves: {}", prices.join("; ")),
            text::WIDTH,
            "  ",
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{PlanCause, PlanChannel, PlanTop};
    use omnistock_words::{Millis, Quantity};

    fn channel(name: &str, figures: [u64; 6], calls: u64, mode: Mode) -> PlanChannel {
        let [same, up, down, to_0, from_0, price] = figures;
        PlanChannel {
            channel: name.parse().unwrap(),
            listings: same + up + down + to_0 + from_0,
            same,
            up,
            down,
            to_0,
            from_0,
            price,
            calls,
            seconds: (calls > 0).then_some(calls * 13 / 10),
            mode,
        }
    }

    #[test]
    fn zeros_come_first_and_the_way_to_accept_last() {
        let cause = |place: &str, text: &str, listings| PlanCause {
            place: place.to_owned(),
            text: text.to_owned(),
            listings,
        };
        let plan = PlanView {
            hash: "7f3a91c2".to_owned(),
            at: Millis(0),
            applied: false,
            refused: vec!["kaufland: 7515 of 22105 to 0 (34.0 %, limit 5%)".to_owned()],
            restart: vec![],
            channels: vec![
                channel("amazon", [10, 0, 0, 0, 0, 0], 0, Mode::Live),
                channel("kaufland", [12_790, 0, 1_800, 7_515, 0, 0], 94, Mode::Live),
                channel("otto", [31_902, 38, 0, 0, 0, 0], 0, Mode::Shadow),
            ],
            because: vec![
                cause("new.toml:42", "locations all -> hannover", 9_315),
                cause("new.toml:41", "max_shown 50 -> 20", 38),
            ],
            top: vec![PlanTop {
                channel: "kaufland".parse().unwrap(),
                sku: "LAMP-X9".parse().unwrap(),
                from: Quantity::whole(41),
                to: Quantity::ZERO,
                value: Money::new("12259".parse().unwrap(), "EUR".parse().unwrap()).ok(),
            }],
            prices: vec![],
        };
        let page = render(&plan);
        let lines: Vec<String> = page
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let expected = [
            "plan 7f3a91c2, nothing written",
            "!! kaufland: 7515 of 22105 to 0 (34.0 %, limit 5%): a plain reload refuses",
            "",
            "CHANNEL LISTINGS SAME UP DOWN TO_0 FROM_0 PRICE CALLS TIME",
            "kaufland 22,105 12,790 0 1,800 7,515 0 0 94 2 min",
            "otto 31,940 31,902 38 0 0 0 0 0 shadow",
            "1 channel unchanged",
            "because new.toml:42 locations all -> hannover: 9,315; new.toml:41 max_shown 50",
            "-> 20: 38",
            "top by value: LAMP-X9 41 -> 0 (12259 EUR)",
            "accept: omnistock reload --expect-plan 7f3a91c2 --reason TEXT",
        ];
        assert_eq!(lines, expected);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
}
