//! One world in one thread: what happens next, and to whom.

use crate::broken::Broken;
use crate::call::Call;
use crate::daemon::Daemon;
use crate::fault::Fault;
use crate::names::Names;
use crate::oracle::Oracle;
use crate::oracle::mirror::Mirror;
use crate::promised::Promised;
use crate::random::Random;
use crate::scenario::{BEGIN, Cut, Scenario};
use crate::settings::{Knobs, settings};
use crate::store::Store;
use crate::trace::Trace;
use crate::world::World;
use omnistock_words::{Millis, Settings};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

/// Something that happens at its time. Numbers name orders, shops (channels), daemons, calls; `life`
/// is the life of a daemon: what was meant for an earlier one is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Visit,
    Burst,
    Import(usize),
    SetAside(usize),
    Ship(usize),
    ErpCancel(usize),
    ErpEdit(usize),
    Export,
    Count,
    StoreSale,
    PriceChange,
    Receipt,
    ShopShipped(usize),
    ShopCancel(usize),
    ShopEdit(usize),
    GoodsBack(usize),
    ShopReturn(usize),
    Webhook {
        order: usize,
        state: usize,
        attempt: u32,
    },
    Trouble(usize),
    Person,
    Reserve,
    StoreTrouble,
    StoreLoses(u64),
    Start(usize),
    Kill(usize),
    Stop(usize),
    Lease {
        daemon: usize,
        life: u64,
    },
    Ledger {
        daemon: usize,
        life: u64,
    },
    Due {
        daemon: usize,
        life: u64,
    },
    PollOrders {
        daemon: usize,
        life: u64,
        shop: usize,
        turn: u64,
    },
    PollStock {
        daemon: usize,
        life: u64,
        turn: u64,
    },
    Decide {
        daemon: usize,
        life: u64,
        report: usize,
    },
    Round {
        daemon: usize,
        life: u64,
        shop: usize,
        turn: u64,
    },
    Commit {
        daemon: usize,
        life: u64,
        shop: usize,
        id: u64,
    },
    Arrive(usize),
    Answer(usize),
    Deadline(usize),
    Upkeep,
    Check,
    Quiet,
    /// People go once more over what is kept aside: a call that was on its way when it became quiet.
    Exits,
    End,
}

/// Plans for this much later are for soon.
const SOON: i64 = 10_000;

/// What is planned: the earliest first, and of one instant the first that was planned.
#[derive(Default)]
struct Plans {
    /// Time, number of the plan, and where it lies: little to move. Most plans are for soon, and meet few others.
    soon: BinaryHeap<Reverse<(i64, u64, usize)>>,
    later: BinaryHeap<Reverse<(i64, u64, usize)>>,
    kept: Vec<Happening>,
    free: Vec<usize>,
    made: u64,
}

impl Plans {
    fn push(&mut self, t: i64, at: i64, what: Happening) {
        self.made += 1;
        let place = if let Some(place) = self.free.pop() {
            self.kept[place] = what;
            place
        } else {
            self.kept.push(what);
            self.kept.len() - 1
        };
        let heap = if at - t < SOON { &mut self.soon } else { &mut self.later };
        heap.push(Reverse((at, self.made, place)));
    }

    fn pop(&mut self) -> Option<(i64, Happening)> {
        let of = |heap: &BinaryHeap<Reverse<(i64, u64, usize)>>| {
            heap.peek().map_or((i64::MAX, 0), |Reverse(plan)| (plan.0, plan.1))
        };
        let heap = if of(&self.soon) < of(&self.later) {
            &mut self.soon
        } else {
            &mut self.later
        };
        let Reverse((at, _, place)) = heap.pop()?;
        self.free.push(place);
        Some((at, self.kept[place]))
    }
}

/// One seed on its way.
pub(crate) struct Sim {
    pub(crate) scenario: Scenario,
    pub(crate) names: Names,
    pub(crate) broken: Option<Broken>,
    pub(crate) t: i64,
    plans: Plans,
    pub(crate) events: u64,
    pub(crate) world: World,
    pub(crate) store: Store,
    /// A state of the store that a fail-over may bring back.
    pub(crate) older: Option<Box<Store>>,
    pub(crate) store_away_until: i64,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) calls: BTreeMap<usize, Box<Call>>,
    pub(crate) made: usize,
    pub(crate) knobs: Knobs,
    pub(crate) settings: Rc<Settings>,
    pub(crate) stamp: u64,
    pub(crate) promised: Promised,
    /// When promises that change by themselves were last looked after.
    pub(crate) due_done: Millis,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) buyers: Random,
    pub(crate) erp: Random,
    pub(crate) people: Random,
    pub(crate) nature: Random,
    pub(crate) wire: Random,
    pub(crate) zipf: Vec<u64>,
    pub(crate) popularity: Vec<u64>,
    /// No more faults, no more buyers: everything has to settle.
    pub(crate) quiet: bool,
    pub(crate) intents: u64,
}

impl Sim {
    pub(crate) fn new(seed: u64, cut: &Cut, broken: Option<Broken>, story: bool) -> Self {
        let mut scenario = Scenario::draw(seed, cut);
        if crate::broken::never_audits(broken) {
            // What only a complete read-back can see would be noticed by nobody.
            scenario.faults = scenario.faults.without(Fault::ForeignEdit).without(Fault::Unlisted);
        }
        let mut goods = Random::new(seed, 3);
        let world = World::new(&scenario, || goods.pick(&[2, 5, 8, 15, 30, 60]) + goods.range(0, 6));
        let listings: Vec<usize> = world.shops.iter().map(|shop| shop.listings.len()).collect();
        let most = listings.iter().copied().max().unwrap_or_default();
        let names = Names::new(scenario.articles(), scenario.shops.len(), scenario.places + 1, most);
        let knobs = Knobs::new(&scenario);
        let made = Rc::new(settings(&scenario, &names, &knobs));
        let mut sum = 0;
        let zipf = (0..scenario.articles() as u64).map(|k| {
            sum += 1_000_000 / (k + 2);
            sum
        });
        let zipf = zipf.collect();
        let mut sum = 0;
        let popularity = scenario.shops.iter().map(|shop| {
            sum += shop.popularity;
            sum
        });
        let popularity = popularity.collect();
        let mirror = Mirror::new(&scenario);
        let mut sim = Self {
            names,
            broken,
            t: BEGIN,
            plans: Plans::default(),
            events: 0,
            store: Store::new(&listings, scenario.articles(), mirror),
            older: None,
            store_away_until: BEGIN,
            daemons: (0..scenario.daemons).map(Daemon::new).collect(),
            calls: BTreeMap::new(),
            made: 0,
            knobs,
            promised: Promised::new(scenario.articles(), &made),
            due_done: Millis(BEGIN),
            settings: made,
            stamp: 1,
            oracle: Oracle::new(&scenario, &listings),
            trace: Trace::new(story),
            buyers: Random::new(seed, 4),
            erp: Random::new(seed, 5),
            people: Random::new(seed, 6),
            nature: Random::new(seed, 7),
            wire: Random::new(seed, 8),
            zipf,
            popularity,
            quiet: false,
            intents: 0,
            world,
            scenario,
        };
        sim.begin();
        sim
    }

    pub(crate) fn plan(&mut self, at: i64, what: Happening) {
        self.plans.push(self.t, at.max(self.t), what);
    }

    pub(crate) fn after(&mut self, pause: i64, what: Happening) {
        self.plan(self.t + pause.max(0), what);
    }

    pub(crate) fn broken(&self, variant: Broken) -> bool {
        self.broken == Some(variant)
    }

    /// Runs to the end or to the first violation.
    pub(crate) fn run(&mut self) {
        while let Some((at, what)) = self.plans.pop() {
            self.t = at;
            self.events += 1;
            if what == Happening::End {
                self.finish();
                break;
            }
            self.happen(what);
            if self.oracle.violation.is_some() {
                break;
            }
        }
    }

    fn happen(&mut self, what: Happening) {
        use Happening as H;
        match what {
            H::Visit => self.visit(),
            H::Burst => self.burst(),
            H::Import(order) => self.import(order),
            H::SetAside(order) => self.set_aside(order),
            H::Ship(order) => self.ship(order),
            H::ErpCancel(order) => self.erp_cancel(order),
            H::ErpEdit(order) => self.erp_edit(order),
            H::Export => self.export(),
            H::Count => self.count(),
            H::StoreSale => self.store_sale(),
            H::PriceChange => self.price_change(),
            H::Receipt => self.receipt(),
            H::ShopShipped(order) => self.shop_shipped(order),
            H::ShopCancel(order) => self.shop_cancel(order),
            H::ShopEdit(order) => self.shop_edit(order),
            H::GoodsBack(order) => self.goods_back(order),
            H::ShopReturn(order) => self.shop_return(order),
            H::Webhook { order, state, attempt } => self.webhook(order, state, attempt),
            H::Trouble(shop) => self.trouble(shop),
            H::Person => self.person(),
            H::Reserve => self.reserve(),
            H::StoreTrouble => self.store_trouble(),
            H::StoreLoses(generation) => self.store_loses(generation),
            H::Start(daemon) => self.start(daemon),
            H::Kill(daemon) => self.kill(daemon),
            H::Stop(daemon) => self.pause(daemon),
            H::Arrive(call) => self.arrive(call),
            H::Answer(call) => self.answer(call),
            H::Deadline(call) => self.deadline(call),
            H::Upkeep => self.upkeep(),
            H::Check => self.check(),
            H::Quiet => self.end_traffic(),
            H::Exits => self.reload(),
            H::End => {}
            H::Lease { daemon, life } => self.to(what, daemon, life, |sim| sim.lease(daemon)),
            H::Ledger { daemon, life } => self.to(what, daemon, life, |sim| sim.ledger(daemon)),
            H::Due { daemon, life } => self.to(what, daemon, life, |sim| sim.due_marks(daemon)),
            H::PollOrders {
                daemon,
                life,
                shop,
                turn,
            } => {
                self.to(what, daemon, life, |sim| sim.poll_orders(daemon, shop, turn));
            }
            H::PollStock { daemon, life, turn } => self.to(what, daemon, life, |sim| sim.poll_stock(daemon, turn)),
            H::Decide { daemon, life, report } => self.to(what, daemon, life, |sim| sim.decide_hold(daemon, report)),
            H::Commit { daemon, life, shop, id } => self.to(what, daemon, life, |sim| sim.committed(daemon, shop, id)),
            H::Round {
                daemon,
                life,
                shop,
                turn,
            } => {
                self.to(what, daemon, life, |sim| sim.round_turn(daemon, shop, turn));
            }
        }
    }

    /// Something a daemon does: not in an earlier life, and later while it is stopped.
    fn to(&mut self, what: Happening, daemon: usize, life: u64, act: impl FnOnce(&mut Self)) {
        let this = &self.daemons[daemon];
        if !this.up || this.life != life {
            return;
        }
        if this.stopped_until > self.t {
            let until = this.stopped_until;
            return self.plan(until, what);
        }
        act(self);
    }

    pub(crate) fn tell(&mut self, sentence: impl FnOnce(&Self) -> String) {
        if self.trace.story {
            let sentence = sentence(self);
            self.trace.tell(self.t, &sentence);
        }
    }
}
