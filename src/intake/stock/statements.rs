//! A source's statements: which order lines its figures contain.

use super::{StockPoller, TakeError};
use omnistock_engine::Event;
use omnistock_sdk::{StatementReport, StockSource, Ticket, Verdict};
use std::collections::HashMap;

impl StockPoller {
    /// Appends what the list says anew; channels that nobody declared are counted and listed.
    pub(super) async fn state(
        &mut self,
        role: &dyn StockSource,
        ticket: &Ticket,
        report: StatementReport,
    ) -> Result<(), TakeError> {
        let settings = self.parts.settings.load_full();
        let mut unknown = report.unknown_channels;
        let (mut events, mut stated) = (Vec::new(), HashMap::with_capacity(report.rows.len()));
        for row in report.rows {
            if !settings.channels.contains_key(&row.channel) {
                *unknown.entry(row.channel.to_string()).or_default() += 1;
                continue;
            }
            let key = (row.channel, row.order, row.line);
            if self.stated.get(&key) != Some(&row.quantity) {
                let (channel, order, line) = key.clone();
                let (source, as_of) = (self.parts.source.clone(), Some(report.as_of));
                events.push(Event::Absorbed {
                    source,
                    channel,
                    order,
                    line,
                    quantity: row.quantity,
                    as_of,
                });
            }
            stated.insert(key, row.quantity);
        }
        self.parts.board.unknown_channels(unknown);
        let last = self.append(events.into_iter()).await?;
        self.applied(last).await?;
        self.stated = stated;
        self.tell(role, ticket, &Verdict::Accepted).await?;
        Ok(())
    }
}
