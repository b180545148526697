//! What is at stake: the exposures of the account, and how far prices went for and against a
//! position, against values that are added up again after every event.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and the numbers are small"
)]

mod random;

use portfolio_core::event::{Cash, Close, Event, Fee, Marks, Open, Protection, Quote, Side};
use portfolio_core::ledger::{BatchSize, Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::refusal::Refusal;
use random::Random;

const SYMBOLS: [&str; 3] = ["A", "B", "C"];
const ONE: i128 = 1_000_000_000;

fn new_ledger(initial_balance: &str) -> Ledger {
    Ledger::new(Configuration {
        leverage: 1_000 * ONE,
        ..Configuration::new(Money::parse(initial_balance).unwrap())
    })
    .unwrap()
}

/// An open position that remembers every mark.
#[derive(Debug, Clone)]
struct Held {
    id: u64,
    symbol: usize,
    long: bool,
    size: i128,
    price: i128,
    seen: Vec<i128>,
}

impl Held {
    fn result(&self, size: i128, price: i128) -> i128 {
        size * if self.long { price - self.price } else { self.price - price }
    }
}

/// The ledger beside a model that remembers everything.
struct Pair {
    random: Random,
    ledger: Ledger,
    held: Vec<Held>,
    /// Bid and ask of each symbol, 0 before the first.
    quotes: [[i128; 2]; 3],
    next_id: u64,
    in_batch: bool,
    closes: usize,
}

fn price(raw: i128) -> Price {
    Price::from_raw(raw).unwrap()
}

fn size(raw: i128) -> Size {
    Size::from_raw(raw).unwrap()
}

impl Pair {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            ledger: new_ledger("1000000000"),
            held: vec![],
            quotes: [[0; 2]; 3],
            next_id: 1,
            in_batch: false,
            closes: 0,
        }
    }

    fn below(&mut self, bound: u64) -> i128 {
        self.random.below(bound).into()
    }

    fn apply(&mut self, event: &Event<'_>) {
        if self.in_batch {
            self.ledger.apply_in_batch(event, None).unwrap();
        } else {
            self.ledger.apply(event).unwrap();
        }
    }

    fn symbol(&mut self) -> usize {
        usize::try_from(self.random.below(3)).unwrap()
    }

    /// A price near the symbol's mark: prices go up and down, and often come back.
    fn near(&mut self, symbol: usize) -> i128 {
        let now = self.quotes[symbol][0].max(50 * ONE);
        (now + (self.below(21) - 10) * ONE).max(ONE)
    }

    fn open(&mut self) {
        let symbol = self.symbol();
        let (long, at) = (self.random.below(2) == 0, self.near(symbol));
        let units = (1 + self.below(9)) * ONE;
        self.apply(&Event::Open(Open {
            symbol: SYMBOLS[symbol],
            side: if long { Side::Long } else { Side::Short },
            size: size(units),
            price: price(at),
            time: 0,
            stop_loss: None,
            take_profit: None,
            fee: Some(Money::ZERO),
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        }));
        if self.quotes[symbol][0] == 0 {
            self.quotes[symbol] = [at, at];
        }
        let id = self.next_id;
        self.next_id += 1;
        self.held.push(Held { id, symbol, long, size: units, price: at, seen: vec![] });
    }

    fn close(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let place = usize::try_from(self.random.below(self.held.len().try_into().unwrap()));
        let place = place.unwrap();
        let held = self.held[place].clone();
        let (at, units) = (self.near(held.symbol), held.size / ONE);
        let part = 1 + self.below(units.try_into().unwrap());
        let whole = self.random.below(2) == 0 || part == units;
        let closed = if whole { held.size } else { part * ONE };
        self.apply(&Event::Close(Close {
            position_id: held.id,
            price: price(at),
            time: 0,
            size: if whole { None } else { Some(size(closed)) },
            fee: Some(Money::ZERO),
            reason: "",
        }));
        if whole {
            self.held.remove(place);
        } else {
            self.held[place].size -= closed;
        }
        let results = held.seen.iter().map(|mark| held.result(closed, *mark));
        let results: Vec<i128> = results.chain([0, held.result(closed, at)]).collect();
        let trade = self.ledger.last_trade();
        assert_eq!(trade.position_id, held.id);
        assert_eq!(trade.cost.raw(), closed * held.price);
        assert_eq!(Some(trade.mae.raw()), results.iter().copied().min());
        assert_eq!(Some(trade.mfe.raw()), results.iter().copied().max());
        self.closes += 1;
    }

    /// Quotes of up to three symbols; sometimes those that hold already.
    fn mark(&mut self) {
        let (first, count) = (self.symbol(), self.symbol() + 1);
        let mut quoted = vec![];
        for symbol in (first..first + count).map(|symbol| symbol % 3) {
            let same = self.random.below(4) == 0 && self.quotes[symbol][0] > 0;
            let bid = if same { self.quotes[symbol][0] } else { self.near(symbol) };
            quoted.push((symbol, [bid, bid + self.below(3) * ONE]));
        }
        let quote = |(symbol, [bid, ask]): &(usize, [i128; 2])| Quote {
            symbol: SYMBOLS[*symbol],
            bid: price(*bid),
            ask: price(*ask),
        };
        let quotes: Vec<Quote<'_>> = quoted.iter().map(quote).collect();
        let marks = Marks { time: Some(0), quotes: &quotes };
        let update = self.random.below(2) == 0;
        self.apply(&if update { Event::UpdateEquity(marks) } else { Event::Mark(marks) });
        for (symbol, both) in quoted {
            self.quotes[symbol] = both;
            for held in self.held.iter_mut().filter(|held| held.symbol == symbol) {
                held.seen.push(both[usize::from(!held.long)]);
            }
        }
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..=3 if self.held.len() < 40 => self.open(),
            0..=6 => self.close(),
            _ => self.mark(),
        }
        let values = |long: bool| -> i128 {
            let held = self.held.iter().filter(|held| held.long == long);
            held.map(|held| held.size * self.quotes[held.symbol][usize::from(!held.long)]).sum()
        };
        let (longs, shorts) = (values(true), values(false));
        let account = self.ledger.account();
        assert_eq!((account.long_value.raw(), account.short_value.raw()), (longs, shorts));
        assert_eq!(account.gross_exposure().raw(), longs + shorts);
        assert_eq!(account.net_exposure().raw(), longs - shorts);
    }

    /// Some events as one; half of the batches are taken back.
    fn batch(&mut self) {
        let events = usize::try_from(1 + self.random.below(30)).unwrap();
        let rows = 2 * events;
        let size = BatchSize { events, equity: rows, trades: rows, postings: rows };
        let before = (self.held.clone(), self.quotes, self.next_id);
        let (digest, account) = (self.ledger.digest(), *self.ledger.account());
        self.ledger.begin_batch(size).unwrap();
        self.in_batch = true;
        (0..events).for_each(|_| self.step());
        self.in_batch = false;
        if self.random.below(2) == 0 {
            self.ledger.commit_batch().unwrap();
            return;
        }
        self.ledger.rewind_batch();
        (self.held, self.quotes, self.next_id) = before;
        assert_eq!((self.ledger.digest(), *self.ledger.account()), (digest, account));
    }
}

#[test]
fn random_events_against_all_marks_again() {
    for seed in 0..12 {
        let mut pair = Pair::new(seed);
        for _ in 0..40 {
            (0..20).for_each(|_| pair.step());
            pair.batch();
        }
        assert!(pair.closes > 100);
        pair.ledger.verify().unwrap();
    }
}

/// A position that stays while others come and go, in a market that only falls and then rises.
#[test]
fn a_position_that_stays() {
    let mut pair = Pair::new(1);
    pair.quotes[0] = [2_000 * ONE; 2];
    let prices = (1_000..2_000).rev().chain(1_000..3_000);
    for units in prices {
        pair.quotes[0] = [units * ONE; 2];
        let open = |long| Open {
            symbol: "A",
            side: if long { Side::Long } else { Side::Short },
            size: size(ONE),
            price: price(units * ONE),
            time: 0,
            stop_loss: None,
            take_profit: None,
            fee: Some(Money::ZERO),
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        };
        let quotes = [Quote { symbol: "A", bid: price(units * ONE), ask: price(units * ONE) }];
        pair.apply(&Event::Mark(Marks { time: Some(0), quotes: &quotes }));
        for long in [true, false] {
            pair.apply(&Event::Open(open(long)));
        }
    }
    for (id, long) in (1..=6_000).zip([true, false].into_iter().cycle()) {
        let opened = i128::from((id - 1) / 2);
        let entry = if opened < 1_000 { 1_999 - opened } else { opened };
        let close = Close {
            position_id: id,
            price: price(2_500 * ONE),
            time: 0,
            size: None,
            fee: Some(Money::ZERO),
            reason: "",
        };
        pair.apply(&Event::Close(close));
        // What came after the open: down to 1,000 for those of the fall, and up to 2,999.
        let low = if opened < 1_000 { entry.min(1_000) } else { (entry + 1).min(2_500) };
        let high = if opened < 2_999 { 2_999 } else { 2_500 };
        let (low, high) = ((low - entry).min(0), (high - entry).max(0));
        let (worst, best) = if long { (low, high) } else { (-high, -low) };
        let trade = pair.ledger.last_trade();
        let found = [trade.mae.raw(), trade.mfe.raw()].map(|raw| raw / (ONE * ONE));
        assert_eq!(found, [worst, best], "position {id} at {entry}");
    }
}

fn open<'a>(symbol: &'a str, side: Side, units: &str) -> Event<'a> {
    Event::Open(Open {
        symbol,
        side,
        size: Size::parse(units).unwrap(),
        price: price(ONE),
        time: 0,
        stop_loss: None,
        take_profit: None,
        fee: Some(Money::ZERO),
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    })
}

fn marks<'a>(quotes: &'a [Quote<'a>]) -> Event<'a> {
    Event::Mark(Marks { time: Some(0), quotes })
}

fn quote<'a>(symbol: &'a str, at: &str) -> Quote<'a> {
    let at = Price::parse(at).unwrap();
    Quote { symbol, bid: at, ask: at }
}

/// Which argument and code an event is refused with.
fn refused(ledger: &mut Ledger, event: &Event<'_>) -> (&'static str, u32) {
    let before = (ledger.digest(), *ledger.account());
    let refusal = ledger.apply(event).unwrap_err();
    assert_eq!((ledger.digest(), *ledger.account()), before);
    (refusal.argument(), refusal.code().number())
}

/// Long and short values have at most 38 digits together, whatever else is in range.
#[test]
fn the_gross_exposure_stays_in_range() {
    let sixty = "60000000000000000000";
    let mut ledger = new_ledger("1000000000000000000");
    ledger.apply(&open("A", Side::Long, sixty)).unwrap();
    assert_eq!(refused(&mut ledger, &open("B", Side::Short, sixty)), ("size", 4010));
    assert_eq!(refused(&mut ledger, &open("B", Side::Long, sixty)), ("size", 4010));
    ledger.apply(&open("B", Side::Short, "39999999999999999999.999999999")).unwrap();
    assert_eq!(refused(&mut ledger, &open("C", Side::Long, "0.000000001")), ("size", 4010));
    assert_eq!(refused(&mut ledger, &marks(&[quote("B", "1.000000001")])), ("prices", 4010));
    assert_eq!(refused(&mut ledger, &marks(&[quote("A", "1.000000001")])), ("prices", 4010));
    // Both at once: what one gains the other gives.
    ledger.apply(&marks(&[quote("A", "1.2"), quote("B", "0.5")])).unwrap();
    let account = ledger.account();
    assert_eq!(account.gross_exposure().to_string(), "91999999999999999999.9999999995");
    assert_eq!(account.net_exposure().to_string(), "52000000000000000000.0000000005");
    ledger.verify().unwrap();
}

/// The margin is asked for first.
#[test]
fn margin_comes_before_the_gross_exposure() {
    let mut ledger = new_ledger("60000000000000000");
    let sixty = "60000000000000000000";
    ledger.apply(&open("A", Side::Long, sixty)).unwrap();
    assert_eq!(refused(&mut ledger, &open("B", Side::Long, sixty)), ("size", 4002));
}

/// Figures of the attribution may be beyond 38 digits although the account never is.
#[test]
fn an_attribution_out_of_range() {
    let mut ledger = new_ledger("0");
    let most = Money::parse("90000000000000000000").unwrap();
    for _ in 0..2 {
        let rebate = Fee { amount: most.negated(), time: 0, position_id: None };
        ledger.apply(&Event::Fee(rebate)).unwrap();
        ledger.apply(&Event::Withdraw(Cash { amount: most, time: 0, currency: None })).unwrap();
    }
    let refusal = ledger.attribution().unwrap_err();
    let wanted = Refusal::ResultOutOfRange { argument: "attribution", value: "0".to_owned() };
    assert_eq!(refusal, wanted);
}
