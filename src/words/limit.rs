//! How much a vendor takes in how much time, and what an answer told of it.

/// What a call does: a limit counts some kinds of calls, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// Sets quantities.
    Write,
    /// Sets many quantities by a way that the vendor has for that.
    Bulk,
    /// Sets prices.
    Price,
    /// Reads listings, single ones or a page of the catalogue.
    Read,
    /// Reads orders, a page of what has changed.
    Orders,
    /// Reads a single order that somebody told of.
    Order,
    /// Reads a source: stock, prices, statements.
    Stock,
}

/// Who shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitScope {
    /// Everything that goes by one configured connector, whatever channels it writes.
    Account,
    /// All configured connectors of one kind: the vendor counts the application.
    Application,
}

/// One bucket: it holds `burst` and gets `amount` per `per`. Several may count the same call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLimit {
    /// Its name, one of a kind within the connector: what an answer tells of it is told under this name.
    pub name: &'static str,
    /// Who shares it.
    pub scope: LimitScope,
    /// The kinds of calls that it counts; empty: all.
    pub kinds: &'static [CallKind],
    /// So much comes back per `per`, 1 and more.
    pub amount: u32,
    /// Milliseconds, 1 and more.
    pub per: i64,
    /// So much may be used at once, 1 and more.
    pub burst: u32,
    /// What one call costs.
    pub per_call: u32,
    /// What each listing in it costs on top.
    pub per_item: u32,
    /// The limit as the vendor states it, such as `2 calls/s`.
    pub stated: String,
}

impl CallLimit {
    /// A bucket that counts every call as one, `per` in milliseconds: never more than `burst + amount × time ÷ per`.
    pub fn rate(name: &'static str, amount: u32, per: i64, burst: u32) -> Self {
        Self {
            name,
            scope: LimitScope::Account,
            kinds: &[],
            amount: amount.max(1),
            per: per.max(1),
            burst: burst.max(1),
            per_call: 1,
            per_item: 0,
            stated: format!("{amount} calls/{}", period(per)),
        }
    }

    /// The name of the limit that the operator gives an account: `calls` of its connector.
    pub const OF_SETTINGS: &'static str = "settings";

    /// At most `most` calls in any span of `per` milliseconds, wherever the vendor's own windows begin: a tenth of it at once.
    pub fn window(name: &'static str, most: u32, per: i64) -> Self {
        let (most, burst) = (most.max(1), (most / 10).max(1));
        let mut limit = Self::rate(name, most - burst + 1, per, burst);
        limit.stated = format!("{most} calls/{}", period(per));
        limit
    }

    /// Shared by all configured connectors of this kind.
    #[must_use]
    pub fn of_application(mut self) -> Self {
        self.scope = LimitScope::Application;
        self
    }

    /// Counts only calls of these kinds.
    #[must_use]
    pub fn of(mut self, kinds: &'static [CallKind]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Counts so much per call and so much per listing in it, in the vendor's unit.
    #[must_use]
    pub fn costs(mut self, per_call: u32, per_item: u32, unit: &str) -> Self {
        (self.per_call, self.per_item) = (per_call, per_item);
        self.stated = self.stated.replacen("calls", unit, 1);
        self
    }

    /// Milliseconds that so many calls with so many listings in all take at least, begun with a full bucket.
    pub fn least_time(&self, calls: u64, listings: u64) -> i64 {
        let cost = i128::from(self.per_call) * i128::from(calls) + i128::from(self.per_item) * i128::from(listings);
        let (amount, per) = (i128::from(self.amount.max(1)), i128::from(self.per.max(1)));
        let beyond = (cost - i128::from(self.burst.max(1))).max(0);
        let whole = beyond.saturating_mul(per);
        i64::try_from(whole / amount + i128::from(whole % amount > 0)).unwrap_or(i64::MAX)
    }

    /// Whether a call of this kind is counted.
    pub fn counts(&self, kind: CallKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// At most `most` changes of one listing in any span of `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingLimit {
    /// 2 and more.
    pub most: u32,
    /// Milliseconds, 1 and more.
    pub per: i64,
    /// Numbers with the same parent share it: the vendor counts the product's page, not its variations.
    pub of_parent: bool,
    /// Changes of prices count as well.
    pub prices: bool,
}

/// All limits that a vendor states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallLimits {
    /// Of calls; none: what the vendor takes is found out by its refusals.
    pub calls: Vec<CallLimit>,
    /// Of changes of one listing.
    pub per_listing: Option<ListingLimit>,
}

/// What an answer told of a limit. Names are those of [`CallLimit::name`]; unknown ones are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// The call was refused because there were too many; the vendor's own wish where it gave one.
    Throttled {
        /// No call before so many milliseconds are over.
        after: Option<i64>,
    },
    /// What is left, as of this answer.
    Left {
        /// Which limit.
        limit: &'static str,
        /// So much may be used now.
        left: u32,
        /// Nothing comes back before so many milliseconds are over, where the vendor counts in windows.
        reset: Option<i64>,
    },
    /// The limit is another one than was stated.
    Rate {
        /// Which limit.
        limit: &'static str,
        /// So much comes back per `per`.
        amount: u32,
        /// Milliseconds, 1 and more.
        per: i64,
        /// So much may be used at once.
        burst: u32,
    },
    /// What this call cost in truth.
    Cost {
        /// Which limit.
        limit: &'static str,
        /// In its unit.
        cost: u32,
    },
}

/// A period as it stands behind a slash: `s`, `min`, `h`, `day`, or `10 s`.
fn period(per: i64) -> String {
    match per {
        1_000 => "s".to_owned(),
        60_000 => "min".to_owned(),
        3_600_000 => "h".to_owned(),
        86_400_000 => "day".to_owned(),
        millis if millis % 1_000 == 0 => format!("{} s", millis / 1_000),
        millis => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_as_the_vendor_states_them() {
        let second = 1_000;
        assert_eq!(CallLimit::rate("calls", 2, second, 2).stated, "2 calls/s");
        let updates = CallLimit::window("updates", 2_000, 60 * second).costs(0, 1, "updates");
        assert_eq!(updates.stated, "2000 updates/min");
        assert_eq!((updates.amount, updates.burst), (1_801, 200), "never more than 2,000");
        let slow = CallLimit::rate("feeds", 56, 10_000 * second, 15);
        assert_eq!(slow.stated, "56 calls/10000 s");
        assert_eq!(CallLimit::rate("calls", 2, second, 2).least_time(94, 9_315), 46_000);
        assert_eq!(updates.least_time(94, 200), 0, "what may go at once takes no time");
        assert_eq!(
            updates.least_time(94, 9_315),
            303_665,
            "9,115 at 1,801 a minute, rounded up"
        );
        assert_eq!(
            CallLimit::rate("calls", 1, i64::MAX, 1).least_time(u64::MAX, 1),
            i64::MAX
        );
        let one = CallLimit::window("one", 1, second);
        assert_eq!((one.amount, one.burst), (1, 1));
        assert!(slow.counts(CallKind::Read) && !slow.of(&[CallKind::Write]).counts(CallKind::Read));
    }
}
