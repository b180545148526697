//! Random calls on a portfolio, the same for the same seed, and what each of them leaves in a
//! journal.

use portfolio_core::event::{
    Bar, Bars, Cash, Close, Event, Fee, Level, Marks, Modify, Open, OrderKind, PlaceOrder,
    Protection, Quote, Side,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{BatchSize, Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::refusal::Refusal;

use crate::random::Random;

const SYMBOLS: [&str; 2] = ["ACME", "BETA"];
/// The salt of all test journals.
pub(crate) const SALT: [u8; 16] = *b"\x9D\x01salt of a test";

pub(crate) fn configuration() -> Configuration {
    let balance = Money::parse("1000000").unwrap();
    Configuration { leverage: 10_000_000_000, ..Configuration::new(balance) }
}

pub(crate) fn configuration_bytes() -> Vec<u8> {
    configuration().canonical_bytes().unwrap()
}

fn price(cents: u64) -> Price {
    Price::from_raw(i128::from(cents) * 10_i128.pow(7)).unwrap()
}

fn size(tenths: u64) -> Size {
    Size::from_raw(i128::from(tenths) * 10_i128.pow(8)).unwrap()
}

fn money(cents: u64) -> Money {
    Money::from_raw(i128::from(cents) * 10_i128.pow(16)).unwrap()
}

/// One call, which is accepted but for a broken disk: an event, or several in one.
pub(crate) fn call(ledger: &mut Ledger, random: &mut Random) -> Result<(), Refusal> {
    if ledger.books().len() < SYMBOLS.len() {
        let symbol = SYMBOLS[ledger.books().len()];
        let instrument =
            Instrument { price_decimals: 2, size_decimals: 1, ..Instrument::default_for(symbol) };
        return ledger.apply(&Event::RegisterInstrument(instrument)).map(|_| ());
    }
    if random.below(6) > 0 {
        return with_event(ledger, random, |ledger, event| ledger.apply(event).map(|_| ()));
    }
    let count = usize::try_from(2 + random.below(6)).unwrap();
    let size = BatchSize { events: count, equity: count, trades: count, postings: 2 * count };
    ledger.begin_batch(size).map_err(|refused| *refused)?;
    for _ in 0..count {
        with_event(ledger, random, |ledger, event| {
            ledger.apply_in_batch(event, None).map_err(|refused| *refused)
        })
        .unwrap();
    }
    ledger.commit_batch().map_err(|refused| *refused)
}

/// Draws an event that is accepted.
fn with_event(
    ledger: &mut Ledger,
    random: &mut Random,
    apply: impl Fn(&mut Ledger, &Event<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let time = 1_700_000_000_000_000
        + i64::try_from(ledger.account().events * 60_000_000 + random.below(1_000)).unwrap();
    let symbol = SYMBOLS[usize::try_from(random.below(2)).unwrap()];
    let at = price(9_000 + random.below(2_000));
    let held = ledger.positions().rows().len();
    let position = |random: &mut Random| {
        let place = usize::try_from(random.below(u64::try_from(held).unwrap())).unwrap();
        ledger.positions().rows()[place].position_id
    };
    let kind = random.below(if held > 8 { 3 } else { 10 });
    match kind {
        0 | 1 if held > 0 => {
            let position_id = position(random);
            let close = Close { position_id, price: at, time, size: None, fee: None, reason: "x" };
            apply(ledger, &Event::Close(close))
        }
        2 if held > 0 => {
            let level = if random.below(2) == 0 { price(1) } else { price(1_000_000) };
            let position_id = position(random);
            let side = ledger.positions().find(position_id).unwrap().1.side;
            let stop = (side == Side::Long) == (level == price(1));
            let level = Level::Set(level);
            let (stop_loss, take_profit) =
                if stop { (level, Level::Keep) } else { (Level::Keep, level) };
            let modify = Modify { stop_loss, take_profit, ..Modify::new(position_id, time) };
            apply(ledger, &Event::Modify(modify))
        }
        3 => apply(ledger, &Event::Deposit(Cash::new(money(1 + random.below(10_000)), time))),
        4 => {
            let fee = Fee { amount: money(1 + random.below(50)), time, position_id: None };
            apply(ledger, &Event::Fee(fee))
        }
        5 => {
            let bar = Bar { symbol, open: at, high: at, low: at, close: at, spread: price(2) };
            apply(ledger, &Event::Bar(Bars { time, path: None, bars: &[bar] }))
        }
        6 => {
            let order = resting(symbol, time, random);
            apply(ledger, &Event::PlaceOrder(order))
        }
        7 | 8 => {
            let open = Open {
                symbol,
                side: if random.below(2) == 0 { Side::Long } else { Side::Short },
                size: size(1 + random.below(90)),
                price: at,
                time,
                stop_loss: None,
                take_profit: None,
                fee: Some(money(random.below(40))),
                tag: "a strategy",
                position_id: None,
                protection: Protection::NONE,
            };
            apply(ledger, &Event::Open(open))
        }
        _ => {
            let quotes = [Quote { symbol, bid: at, ask: at }];
            apply(ledger, &Event::UpdateEquity(Marks { time: Some(time), quotes: &quotes }))
        }
    }
}

/// An order that no price reaches.
fn resting(symbol: &'static str, time: i64, random: &mut Random) -> PlaceOrder<'static> {
    PlaceOrder {
        symbol,
        side: Side::Long,
        size: size(1 + random.below(20)),
        time,
        kind: OrderKind::Limit(price(8_000 + random.below(900))),
        expiry: None,
        oco: "",
        stop_loss: None,
        take_profit: None,
        protection: Protection::NONE,
        tag: "rests",
    }
}

/// A call as a journal gets it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) count: u64,
    pub(crate) bytes: Vec<u8>,
    /// After it.
    pub(crate) events: u64,
    pub(crate) digest: [u8; 32],
    pub(crate) image: Vec<u8>,
}

/// Calls and what they lead to.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    /// By number of events; only those at the ends of calls, and of no event.
    pub(crate) digests: std::collections::HashMap<u64, String>,
}

pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// So many random calls.
pub(crate) fn script(seed: u64, calls: usize, images: bool) -> Script {
    let mut random = Random(seed);
    let mut ledger = Ledger::new(configuration()).unwrap();
    let mut digests = std::collections::HashMap::from([(0, ledger.digest().unwrap())]);
    let mut written = ledger.event_bytes().unwrap().len();
    let mut steps = Vec::new();
    for _ in 0..calls {
        let before = ledger.account().events;
        call(&mut ledger, &mut random).unwrap();
        let bytes = ledger.event_bytes().unwrap();
        let events = ledger.account().events;
        let digest = ledger.digest_bytes().unwrap();
        let image = if images { ledger.to_image(SALT, 0).unwrap() } else { Vec::new() };
        digests.insert(events, hex(&digest));
        let (count, new) = (events - before, bytes[written..].to_vec());
        written = bytes.len();
        steps.push(Step { count, bytes: new, events, digest, image });
    }
    Script { steps, digests }
}
