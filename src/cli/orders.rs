//! `omnistock orders`: which are open and where their units come from, what leaks, and a person's word on a line.

use super::parked::rest;
use super::{Context, Failure, text};
use crate::server::{Leak, Listed, MendBody, OrderLineState, OrderView};
use jiff::tz::TimeZone;
use omnistock_words::{ChannelName, ConnectorName, LineId, Millis, OrderId, OrderStatus, Quantity, Sku};

/// Orders: what is open, and what a person says of them.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Orders {
    /// List orders of which something is still subtracted.
    #[command(after_help = "Example: omnistock orders list --channel shop\nExample: omnistock orders list --leaks")]
    List {
        /// One channel; all unless given.
        #[arg(long)]
        channel: Option<ChannelName>,
        /// Instead: what takes stock without an order that lives, and what would mend it.
        #[arg(long)]
        leaks: bool,
        /// With --leaks: only those of articles behind this one.
        #[arg(long, value_name = "SKU", requires = "leaks")]
        after: Option<Sku>,
        /// Entries at most, up to 10,000.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one order, open or not.
    #[command(after_help = "Example: omnistock orders show shop 10211")]
    Show(Which),
    /// Say that a source's newest figures contain an order: it is not subtracted any more.
    #[command(
        after_help = "Example: omnistock orders absorb shop 10211 --line 1 --source erp --reason 'imported under another number'"
    )]
    Absorb {
        #[command(flatten)]
        word: Word,
        /// Whose figures; the only source unless given.
        #[arg(long)]
        source: Option<ConnectorName>,
    },
    /// Give the units of an order back: it takes no stock any more, and no report of it changes that.
    #[command(after_help = "Example: omnistock orders release shop 10211 --line 1 --reason 'deleted in the shop'")]
    Release {
        #[command(flatten)]
        word: Word,
    },
}

/// Which order.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Where it was placed.
    channel: ChannelName,
    /// The channel's id of it.
    order: OrderId,
}

/// What is said of which line, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Word {
    #[command(flatten)]
    which: Which,
    /// One line; all lines unless given.
    #[arg(long)]
    line: Option<LineId>,
    /// Units of the line in all; the whole line unless given, 0 takes an earlier word back.
    #[arg(long, requires = "line")]
    quantity: Option<Quantity>,
    /// Why, for the record; up to 500 characters.
    #[arg(long)]
    reason: String,
}

impl Word {
    fn body(self, source: Option<ConnectorName>) -> MendBody {
        MendBody {
            channel: self.which.channel,
            order: self.which.order,
            line: self.line,
            source,
            quantity: self.quantity,
            reason: self.reason,
        }
    }
}

impl Orders {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (client, zone) = (context.client()?, &context.output.zone);
        match self {
            Self::List {
                channel,
                leaks,
                after,
                limit,
            } => {
                let limit = limit.to_string();
                let mut query = vec![("limit", limit.as_str())];
                query.extend(channel.as_ref().map(|channel| ("channel", channel.as_str())));
                if leaks {
                    query.extend(after.as_ref().map(|after| ("after", after.as_str())));
                    let leaks: Listed<Leak> = client.get("/api/v1/orders/leaks", &query).await?;
                    return context.output.show(&leaks, render_leaks);
                }
                let orders: Listed<OrderView> = client.get("/api/v1/orders", &query).await?;
                context
                    .output
                    .show(&orders, |orders| render(orders, omnistock_sdk::now(), zone))
            }
            Self::Show(which) => {
                let query = [("channel", which.channel.as_str()), ("order", which.order.as_str())];
                let order: OrderView = client.get("/api/v1/orders/show", &query).await?;
                context
                    .output
                    .show(&order, |order| one(order, omnistock_sdk::now(), zone))
            }
            Self::Absorb { word, source } => {
                let order: OrderView = client.post("/api/v1/orders/absorb", &word.body(source)).await?;
                context
                    .output
                    .show(&order, |order| one(order, omnistock_sdk::now(), zone))
            }
            Self::Release { word } => {
                let order: OrderView = client.post("/api/v1/orders/release", &word.body(None)).await?;
                context
                    .output
                    .show(&order, |order| one(order, omnistock_sdk::now(), zone))
            }
        }
    }
}

fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Open => "open",
        OrderStatus::Cancelled => "cancelled",
        OrderStatus::Shipped => "shipped",
        OrderStatus::Returned => "returned",
    }
}

fn render(orders: &Listed<OrderView>, now: Millis, zone: &TimeZone) -> String {
    if orders.total == 0 && orders.looked.is_none() && orders.unreadable == 0 {
        return "no open orders: nothing is subtracted from any figure\n".to_owned();
    }
    let count = text::count(orders.total, "open order", "open orders");
    let mut rendered = format!("{count}; what is sourced is subtracted until a figure contains it\n");
    for order in &orders.items {
        rendered += &one(order, now, zone);
    }
    rendered += &rest(orders.total, orders.items.len());
    if let Some(looked) = orders.looked {
        let looked = text::number(looked);
        let cut = format!("only {looked} orders were looked at, and there are more: try --channel\n");
        rendered.push_str(&cut);
    }
    if orders.unreadable > 0 {
        let count = text::count(orders.unreadable, "order", "orders");
        rendered.extend([count.as_str(), " in the store can't be read and may be open\n"]);
    }
    rendered
}

fn one(order: &OrderView, now: Millis, zone: &TimeZone) -> String {
    let head = format!("{} {}  {}", order.channel, order.order, status(order.status));
    let mut rendered = text::spread(&head, &format!("placed {}", text::clock(order.placed_at, now, zone)));
    for line in &order.lines {
        for part in text::lines(&line_text(line, order.status), text::WIDTH - 2, "  ") {
            rendered.extend(["  ", part.as_str(), "\n"]);
        }
    }
    rendered
}

fn line_text(line: &OrderLineState, of_order: OrderStatus) -> String {
    let sku = line.sku.as_ref().map_or("no SKU we know", |sku| sku.as_str());
    let mut parts = vec![format!("{} {sku}: {}", line.line, line.quantity)];
    if line.status != of_order {
        parts.push(status(line.status).to_owned());
    }
    if !line.contained.is_zero() {
        parts.push(format!("{} contained", line.contained));
    }
    for sourced in &line.sourced {
        let part = sourced.sku.as_ref().map(|sku| format!(" {sku}")).unwrap_or_default();
        parts.push(format!("{}{part} from {}", sourced.quantity, sourced.location));
    }
    if !line.short.is_zero() {
        parts.push(format!("{} short", line.short));
    }
    for mend in &line.mends {
        parts.push(match &mend.source {
            Some(source) => format!("a person: {source} contains {}", mend.quantity),
            None => format!("a person gave {} back", mend.quantity),
        });
    }
    parts.join(", ")
}

fn render_leaks(leaks: &Listed<Leak>) -> String {
    if leaks.total == 0 && leaks.looked.is_none() && leaks.unreadable == 0 {
        return "no leaks: whatever takes stock belongs to an order that lives\n".to_owned();
    }
    let mut rendered = format!("{}\n", text::count(leaks.total, "leak", "leaks"));
    for leak in &leaks.items {
        let channel = leak
            .channel
            .as_ref()
            .map(|channel| format!(" {channel}"))
            .unwrap_or_default();
        let line = leak.line.as_ref().map(|line| format!("/{line}")).unwrap_or_default();
        let head = format!("{}{channel} {}{line}  {}", leak.what, leak.id, leak.sku);
        rendered += &text::spread(&head, &format!("takes {}", leak.quantity));
        for sentence in [leak.because.clone(), format!("mend: {}", leak.mend)] {
            for part in text::lines(&sentence, text::WIDTH - 2, "  ") {
                rendered.extend(["  ", part.as_str(), "\n"]);
            }
        }
    }
    rendered += &rest(leaks.total, leaks.items.len());
    if let Some(looked) = leaks.looked {
        let looked = text::count(looked, "article was", "articles were");
        rendered.extend(["only ", looked.as_str(), " looked at, and there are more\n"]);
    }
    if let Some(next) = &leaks.next {
        rendered.extend(["from here on: omnistock orders list --leaks --after ", next, "\n"]);
    }
    if leaks.unreadable > 0 {
        let count = text::count(leaks.unreadable, "ledger", "ledgers");
        rendered.extend([count.as_str(), " in the store can't be read and may hold more\n"]);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{MendView, SourcedView};

    fn line(id: &str, contained: i64, sourced: &[(&str, i64)], short: i64) -> OrderLineState {
        let sourced = sourced.iter().map(|(location, units)| SourcedView {
            location: location.parse().unwrap(),
            quantity: Quantity::whole(*units),
            sku: None,
        });
        OrderLineState {
            line: id.parse().unwrap(),
            sku: "HOSE-12-BL".parse().ok(),
            quantity: Quantity::whole(5),
            status: OrderStatus::Open,
            contained: Quantity::whole(contained),
            sourced: sourced.collect(),
            short: Quantity::whole(short),
            open: contained < 5,
            mends: Vec::new(),
        }
    }

    #[test]
    fn an_order_says_what_is_contained_sourced_and_short() {
        let now: Millis = "2026-11-27T12:00:00Z".parse().unwrap();
        let mut shipped = line("2", 5, &[], 0);
        shipped.status = OrderStatus::Shipped;
        shipped.mends = vec![MendView {
            source: None,
            quantity: Quantity::whole(5),
            at: now,
        }];
        let order = OrderView {
            channel: "shop".parse().unwrap(),
            order: "10211".parse().unwrap(),
            status: OrderStatus::Open,
            placed_at: "2026-11-27T11:30:00Z".parse().unwrap(),
            lines: vec![line("1", 1, &[("berlin", 2), ("hamburg", 1)], 1), shipped],
        };
        let text = render(&Listed::whole(vec![order]), now, &TimeZone::UTC);
        let expected = "\
1 open order; what is sourced is subtracted until a figure contains it
shop 10211  open                                                    placed 11:30
  1 HOSE-12-BL: 5, 1 contained, 2 from berlin, 1 from hamburg, 1 short
  2 HOSE-12-BL: 5, shipped, 5 contained, a person gave 5 back
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_list_that_was_cut_says_so() {
        let listed = Listed {
            looked: Some(50_000),
            unreadable: 2,
            ..Listed::whole(Vec::new())
        };
        let text = render(&listed, Millis(0), &TimeZone::UTC);
        assert!(
            text.contains("only 50,000 orders were looked at, and there are more"),
            "{text}"
        );
        assert!(text.contains("2 orders in the store can't be read"), "{text}");
    }

    #[test]
    fn a_leak_says_why_and_what_would_mend_it() {
        let leak = Leak {
            what: "line".to_owned(),
            sku: "A".parse().unwrap(),
            quantity: Quantity::whole(2),
            channel: "shop".parse().ok(),
            id: "10211".to_owned(),
            line: "1".parse().ok(),
            because: "there is no such order in the store".to_owned(),
            mend: "omnistock sync".to_owned(),
        };
        let part = Listed {
            looked: Some(400_000),
            next: Some("A".to_owned()),
            unreadable: 1,
            ..Listed::part(7, vec![leak.clone()])
        };
        let cut = "\
6 more: --limit 7
only 400,000 articles were looked at, and there are more
from here on: omnistock orders list --leaks --after A
1 ledger in the store can't be read and may hold more
";
        let text = render_leaks(&part);
        assert!(text.ends_with(cut), "{text}");
        let text = render_leaks(&Listed::whole(vec![leak]));
        let expected = "\
1 leak
line shop 10211/1  A                                                     takes 2
  there is no such order in the store
  mend: omnistock sync
";
        assert_eq!(text, expected);
    }
}
