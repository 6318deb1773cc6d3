//! The classes of faults. Each seed draws which of them happen at all (swarm testing): a world in
//! which everything fails at once hides the deep ones.

use crate::random::Random;

macro_rules! faults {
    ($($name:ident $text:literal),+ $(,)?) => {
        /// One class of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault { $($name),+ }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

faults! {
    WebhookLost "webhooks are lost",
    WebhookTwice "webhooks come twice",
    WebhookLate "webhooks come late and out of order",
    Subscription "a channel drops our subscription",
    ItemError "single items fail for a while",
    Poison "a listing is refused",
    WholeCall "one refused listing fails its whole call",
    TimeoutBefore "calls time out before they are applied",
    TimeoutAfter "calls time out after they were applied",
    LateLanding "calls land long after they timed out",
    Outage "a channel is down for a while",
    Throttle "a channel says slow down",
    Clamp "a channel caps numbers",
    ForeignEdit "a person changes a number at the channel",
    Unlisted "a listing ends and comes back",
    ExportLate "exports come late",
    ExportOld "an older export comes after a newer one",
    ExportTwice "an export comes twice",
    Truncated "an export is truncated",
    MassZero "an export says zero for nearly everything",
    WrongFactor "an export counts boxes instead of pieces",
    BadFile "an export can't be parsed (locale)",
    ListLost "order lists are lost or late",
    Cancels "orders are cancelled",
    Edits "orders are changed after placing",
    Returns "orders come back",
    Shrinkage "units vanish or turn up at a count",
    Movements "stores sell and report movements",
    Reservations "units are reserved",
    PriceErrors "prices come with a wrong point",
    Modes "a person changes modes",
    Overrides "a person sets safety stocks for a time",
    Reloads "the configuration is reloaded",
    SlowOperator "holds wait for hours",
    StoreAway "the store does not answer for a while",
    LostTail "the store fails over and loses its tail",
    Flush "the store is flushed",
    Crash "a daemon is killed",
    Pause "a daemon is stopped beyond its lease",
    ClockJump "a daemon's clock jumps a little",
    Bursts "buyers come in bursts",
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Faults(pub(crate) u64);

impl Faults {
    /// Between none and nearly all of them.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let share = random.pick(&[0, 150, 300, 450, 600]);
        let mut faults = Self::default();
        for fault in Fault::ALL {
            if random.chance(share) {
                faults = faults.with(*fault);
            }
        }
        faults
    }

    pub(crate) fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u64) != 0
    }

    pub(crate) fn with(self, fault: Fault) -> Self {
        Self(self.0 | 1 << fault as u64)
    }

    pub(crate) fn without(self, fault: Fault) -> Self {
        Self(self.0 & !(1 << fault as u64))
    }

    pub(crate) fn list(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(move |fault| self.has(*fault))
    }
}
