//! What the ledger takes from the allocator: memory is given back when the last snapshot dies, a
//! snapshot costs the same at any length, and nothing happens when the allocator refuses.
#![expect(
    unsafe_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "an allocator that counts and refuses; a test fails by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Cash, Close, Event, Fee, Marks, Open, Protection, Quote, Receipt, Side,
};
use portfolio_core::journal::{Folder, Journal, Opening, Settings};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::refusal::Refusal;

/// Counts the bytes of a thread, and refuses large requests when told to.
struct Watched;

thread_local! {
    /// Bytes that this thread holds.
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// Bytes that this thread ever asked for.
    static ASKED: Cell<usize> = const { Cell::new(0) };
    /// The least number of bytes that is refused.
    static REFUSED_FROM: Cell<usize> = const { Cell::new(usize::MAX) };
}

// SAFETY: each request is passed on to the system's allocator as it is, or refused with a null
// pointer, which the contract allows; the counters allocate nothing.
unsafe impl GlobalAlloc for Watched {
    // SAFETY: as the trait asks; see the note on the implementation.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= REFUSED_FROM.get() {
            return std::ptr::null_mut();
        }
        HELD.set(HELD.get().wrapping_add(layout.size()));
        ASKED.set(ASKED.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as the trait asks; see the note on the implementation.
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the place came from `alloc` above, hence from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// More than any request that is not prepared to be refused, less than any segment.
const LARGE: usize = 16_384;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn new_ledger(capacity: Option<usize>) -> Ledger {
    Ledger::new(Configuration { capacity, ..Configuration::new(money("1000000")) }).unwrap()
}

fn open<'a>(symbol: &'a str, tag: &'a str) -> Open<'a> {
    Open {
        symbol,
        side: Side::Long,
        size: Size::parse("1").unwrap(),
        price: Price::parse("100").unwrap(),
        time: 0,
        stop_loss: None,
        take_profit: None,
        fee: Some(money("0.5")),
        tag,
        position_id: None,
        protection: Protection::NONE,
    }
}

fn close(position_id: u64) -> Event<'static> {
    Event::Close(Close {
        position_id,
        price: Price::parse("99").unwrap(),
        time: 0,
        size: None,
        fee: Some(money("0.5")),
        reason: "",
    })
}

/// Bytes that this thread holds more than before; it may give back what another thread took.
fn held_since(before: usize) -> usize {
    HELD.get().wrapping_sub(before)
}

/// Fills all tables.
fn fill(ledger: &mut Ledger, cycles: usize) {
    for _ in 0..cycles {
        let tag = "a tag of more than twelve bytes";
        let receipt = ledger.apply(&Event::Open(open("ACME", tag))).unwrap();
        ledger.apply(&close(receipt.position_id)).unwrap();
        ledger.apply(&Event::UpdateEquity(Marks { time: None, quotes: &[] })).unwrap();
    }
    ledger.apply(&Event::Open(open("ACME", "a tag that stays open"))).unwrap();
}

#[test]
fn memory_goes_with_the_last_snapshot() {
    // What is made once and kept by the process, such as schemas, is made first.
    fill_and_look(10);
    let before = HELD.get();
    let mut ledger = new_ledger(None);
    fill(&mut ledger, 10_000);
    let equity = ledger.equity_curve(View::Float).unwrap();
    let trades = ledger.trades(View::Exact).unwrap();
    let positions = ledger.open_positions(View::Exact).unwrap();
    let full = held_since(before);
    drop(ledger);
    let shared = held_since(before);
    assert!(shared < full, "postings, events and index are gone: {shared} of {full}");
    // 4,096 + 8,192 rows of equity at 152 bytes and of trades at 392 bytes.
    assert!(shared > 12_288 * (152 + 370), "{shared}");
    let column = equity.batches.first().unwrap().column(1).clone();
    drop((equity, positions));
    let less = held_since(before);
    assert!(less > 12_288 * 370 && less < shared, "one column keeps its segment: {less}");
    drop(trades);
    let one = held_since(before);
    assert!((4_096 * 152..12_288 * 152).contains(&one), "{one}");
    drop(column);
    assert_eq!(HELD.get(), before, "everything was given back");
}

#[test]
fn a_fork_takes_the_same_memory_whatever_the_history() {
    let mut costs = Vec::with_capacity(2);
    for cycles in [100, 10_000] {
        let mut ledger = new_ledger(None);
        fill(&mut ledger, cycles);
        for symbol in ["B", "C", "D", "E", "F", "G", "H", "I", "J"] {
            ledger.apply(&Event::Open(open(symbol, "a tag that stays open"))).unwrap();
        }
        drop(ledger.fork().unwrap());
        let before = HELD.get();
        let forks: Vec<Ledger> = (0..100).map(|_| ledger.fork().unwrap()).collect();
        costs.push(held_since(before) / forks.len());
        drop(forks);
        assert_eq!(HELD.get(), before, "everything was given back");
    }
    // Ten open positions in ten books; of the history only a list of segments.
    assert!(costs[1] < costs[0] + 600, "{costs:?}");
    assert!(costs[1] < 13_000, "{costs:?}");
}

fn fill_and_look(cycles: usize) {
    let mut ledger = new_ledger(None);
    fill(&mut ledger, cycles);
    for view in [View::Float, View::Exact] {
        ledger.equity_curve(view).unwrap();
        ledger.trades(view).unwrap();
        ledger.postings(view).unwrap();
        ledger.open_positions(view).unwrap();
    }
}

#[test]
fn a_snapshot_costs_the_same_at_any_length() {
    fill_and_look(10);
    let lengths = [1, 1_000, 100_000];
    let mut ledger = new_ledger(Some(100_000));
    let mut costs = Vec::with_capacity(2);
    let update = Event::UpdateEquity(Marks { time: None, quotes: &[] });
    for (before, rows) in [0].iter().chain(&lengths).zip(&lengths) {
        (*before..*rows).for_each(|_| assert!(ledger.apply(&update).is_ok()));
        for view in [View::Float, View::Exact] {
            let before = ASKED.get();
            let table = ledger.equity_curve(view).unwrap();
            costs.push(ASKED.get().wrapping_sub(before));
            assert_eq!((table.rows, table.batches.len()), (*rows, 1));
        }
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    assert!(costs[0] < 4_096, "{costs:?}");
}

/// Applies an event while large requests are refused.
fn apply_starved(ledger: &mut Ledger, event: &Event<'_>) -> Result<Receipt, Refusal> {
    REFUSED_FROM.set(LARGE);
    let answer = ledger.apply(event);
    REFUSED_FROM.set(usize::MAX);
    answer
}

/// Applies an event that needs a large piece of memory: without it nothing changes, and with it
/// the event is accepted.
fn starve(ledger: &mut Ledger, event: &Event<'_>) -> usize {
    let (digest, account) = (ledger.digest(), *ledger.account());
    match apply_starved(ledger, event) {
        Ok(_) => return 0,
        Err(Refusal::OutOfMemory { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    assert_eq!((ledger.digest(), *ledger.account()), (digest, account));
    ledger.check_invariants().unwrap();
    ledger.apply(event).unwrap();
    1
}

#[test]
fn each_first_segment_may_be_refused() {
    let mut ledger = new_ledger(None);
    let cash = Cash { amount: money("1"), time: 0, currency: None };
    let deposit = Event::Deposit(cash);
    REFUSED_FROM.set(LARGE);
    let refusal = ledger.apply(&deposit).unwrap_err();
    REFUSED_FROM.set(usize::MAX);
    // 4,096 rows of 128 bytes.
    let text = "[4090] memory=524288 bytes: the allocator refused; free memory or split the work";
    assert_eq!(refusal.to_string(), text);
    assert_eq!(starve(&mut new_ledger(None), &Event::Withdraw(cash)), 1);
    let fee = Fee { amount: money("1"), time: 0, position_id: None };
    assert_eq!(starve(&mut new_ledger(None), &Event::Fee(fee)), 1);
    assert_eq!(starve(&mut ledger, &deposit), 1);
    // Postings have their segment now; the text block is what is missing.
    let open = Event::Open(open("a symbol of more than twelve bytes", "and a long tag"));
    assert_eq!(starve(&mut ledger, &open), 1);
    assert_eq!(starve(&mut ledger, &close(1)), 1, "trades");
    let update = Event::UpdateEquity(Marks { time: None, quotes: &[] });
    assert_eq!(starve(&mut ledger, &update), 1, "equity");
    ledger.verify().unwrap();
}

/// A close that finds no memory for its digest ends nothing: the journal goes on, and another
/// close ends it whole.
#[test]
fn a_starved_close_can_be_repeated() {
    let place = std::env::temp_dir().join(format!("starved-close-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let (folder, name) = Folder::of(&place.join("pf.journal")).unwrap();
    let folder = Arc::new(folder);
    let configuration = Configuration::new(money("1000000"));
    let octets = configuration.canonical_bytes().unwrap();
    let mut ledger = Ledger::new(configuration).unwrap();
    let begun = Journal::create(folder.clone(), &name, [7; 16], &octets, Settings::default());
    ledger.attach(begun.unwrap());
    for _ in 0..400 {
        ledger.apply(&Event::Open(open("ACME", "a tag of more than twelve bytes"))).unwrap();
    }
    REFUSED_FROM.set(LARGE);
    let refused = ledger.shut();
    REFUSED_FROM.set(usize::MAX);
    assert!(matches!(refused, Err(Refusal::OutOfMemory { .. })), "{refused:?}");
    assert!(!ledger.is_closed());
    ledger.apply(&close(1)).unwrap();
    ledger.shut().unwrap();
    let mut opened = portfolio_core::journal::open(folder, &name, &Opening::default()).unwrap();
    assert_eq!(opened.ledger.digest().unwrap(), ledger.digest().unwrap());
    drop(opened);
    std::fs::remove_dir_all(&place).unwrap();
}

/// A symbol that is seen for the first time is not registered when its text has no place.
#[test]
fn a_refused_text_registers_nothing() {
    let symbols = ["a symbol of more than twelve bytes", "another symbol of that kind"];
    let quote = |symbol| {
        let one = Price::parse("1").unwrap();
        Quote { symbol, bid: one, ask: one }
    };
    let quotes = symbols.map(quote);
    let mut ledger = new_ledger(None);
    let marks = Event::Mark(Marks { time: None, quotes: &quotes });
    assert_eq!(starve(&mut ledger, &marks), 1);
    assert_eq!(ledger.books().len(), 2);
    let mut ledger = new_ledger(None);
    let instrument = portfolio_core::instrument::Instrument::default_for(symbols[0]);
    assert_eq!(starve(&mut ledger, &Event::RegisterInstrument(instrument)), 1);
    let mut ledger = new_ledger(None);
    let deposit = Event::Deposit(Cash { amount: money("1"), time: 0, currency: None });
    ledger.apply(&deposit).unwrap();
    assert_eq!(starve(&mut ledger, &Event::Open(open(symbols[0], ""))), 1);
    ledger.verify().unwrap();
}

/// Every large piece of memory of a long run is refused once.
#[test]
fn a_long_run_survives_every_refusal() {
    let mut ledger = new_ledger(None);
    let mut refusals = 0;
    for number in 0..900_u64 {
        let chosen = (number % 2 == 0).then_some(1_000_000 + number);
        let tag = format!("tag number {:0240}", number % 600);
        let open = Open { position_id: chosen, fee: Some(money("0.1")), ..open("ACME", &tag) };
        refusals += starve(&mut ledger, &Event::Open(open));
        if number % 3 == 0 {
            let oldest = ledger.positions().rows().first().map(|row| row.position_id);
            refusals += starve(&mut ledger, &close(oldest.unwrap()));
        }
        refusals += starve(&mut ledger, &Event::UpdateEquity(Marks { time: None, quotes: &[] }));
    }
    assert!(refusals >= 8, "{refusals} requests were large");
    ledger.verify().unwrap();
}

/// The extremes that open positions saw need room for an open: without it nothing changes.
#[test]
fn an_open_without_room_for_extremes() {
    let mut ledger = new_ledger(None);
    let small = Open { size: Size::parse("0.001").unwrap(), ..open("ACME", "") };
    let mut refusals = 0;
    for at in (1..=600).rev() {
        refusals += starve(&mut ledger, &Event::Open(small));
        let bid = Price::from_raw(at * 1_000_000_000).unwrap();
        let quotes = [Quote { symbol: "ACME", bid, ask: bid }];
        ledger.apply(&Event::Mark(Marks { time: None, quotes: &quotes })).unwrap();
    }
    // Postings, the event log and positions have their refusals, and so has the stack of highs.
    assert!(refusals >= 3, "{refusals} requests were large");
    ledger.apply(&close(1)).unwrap();
    let trade = ledger.last_trade();
    assert_eq!((trade.mae, trade.mfe), (money("-0.099"), money("0.5")));
    ledger.verify().unwrap();
}
