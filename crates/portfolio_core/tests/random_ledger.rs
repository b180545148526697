//! Random events: the ledger against a slow reference, against its own invariants, and against
//! numbers of every size. A failure prints the shortest list of events that shows it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and the reference's numbers are small"
)]

mod cells;
mod reference;

use std::collections::{BTreeSet, HashSet};

use cells::{Cell, cell};
use portfolio_core::columns::schema::View;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, Close, Event, Fee, Level, Marks, Modify, Open, Protection, Quote, Receipt, Side,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Contract, LIMIT, Money, Price, Size};
use portfolio_core::refusal::Refusal;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reference::Reference;

const ONE: i128 = 1_000_000_000;

/// Hundredths that an account starts with: enough for about ten positions.
const INITIAL: i32 = 300_000;

/// Symbols of which the first three are registered with grids, contracts and leverages of their
/// own; one name does not fit a string view.
const SYMBOLS: [&str; 5] = ["ACME", "EURUSD", "Zürich Insurance Group AG", "D", "E"];

fn instruments() -> [Instrument; 3] {
    let instrument = |at: usize, digits: (u32, u32), contract: i128, leverage: Option<i128>| {
        let mut made = Instrument::default_for(SYMBOLS[at]);
        (made.price_decimals, made.size_decimals) = digits;
        (made.contract, made.leverage) = (Contract::new(contract).unwrap(), leverage);
        made
    };
    [
        instrument(0, (1, 0), ONE, None),
        instrument(1, (2, 1), 100 * ONE, Some(30 * ONE)),
        instrument(2, (9, 2), ONE / 8, Some(7 * ONE / 10)),
    ]
}

/// Stop loss and take profit.
type Levels = [Option<i32>; 2];

/// An event before it is known which positions are open.
#[derive(Debug, Clone)]
enum Step {
    Register(usize, bool),
    Open { symbol: usize, long: bool, numbers: [i32; 2], levels: Levels, id: Option<u64> },
    Close { pick: usize, part: Option<i32>, price: i32 },
    Modify { pick: usize, levels: [Change; 2] },
    Mark { row: bool, quotes: Vec<(usize, i32, i32)> },
    Fee { pick: Option<usize> },
    Cash { paid_in: bool, amount: i32 },
}

/// A level of a modify; a number is hundredths away from 100.
#[derive(Debug, Clone, Copy)]
enum Change {
    Keep,
    Remove,
    Set(i32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![Just(Change::Keep), Just(Change::Remove), (-3_000..3_000).prop_map(Change::Set)]
}

/// Hundredths around 100, mostly on a grid of tenths.
fn hundredths() -> impl Strategy<Value = i32> {
    prop_oneof![8 => (800..1_200).prop_map(|tenths| tenths * 10), 1 => 9_000..11_000, 1 => -1..=0]
}

fn step() -> impl Strategy<Value = Step> {
    let symbol = || 0..SYMBOLS.len();
    let level = || option::weighted(0.3, -1_500..1_500);
    let open = (symbol(), any::<bool>(), (0..60, hundredths()), [level(), level()]).prop_flat_map(
        |(symbol, long, (size, price), levels)| {
            let numbers = [size, price];
            option::weighted(0.2, 1_u64..40).prop_map(move |id| Step::Open {
                symbol,
                long,
                numbers,
                levels,
                id,
            })
        },
    );
    let close = (any::<usize>(), option::of(-1..70), hundredths())
        .prop_map(|(pick, part, price)| Step::Close { pick, part, price });
    let modify = (any::<usize>(), [change(), change()])
        .prop_map(|(pick, levels)| Step::Modify { pick, levels });
    let quotes = vec((symbol(), hundredths(), -2..30), 0..4);
    let mark = (any::<bool>(), quotes).prop_map(|(row, quotes)| Step::Mark { row, quotes });
    let cash =
        (any::<bool>(), -1..200_000).prop_map(|(paid_in, amount)| Step::Cash { paid_in, amount });
    prop_oneof![
        1 => (symbol(), any::<bool>()).prop_map(|(symbol, other)| Step::Register(symbol, other)),
        8 => open,
        8 => close,
        3 => modify,
        6 => mark,
        1 => option::of(any::<usize>()).prop_map(|pick| Step::Fee { pick }),
        1 => cash,
    ]
}

/// Microseconds since the event before; rarely back in time.
fn later() -> impl Strategy<Value = i64> {
    prop_oneof![30 => 0_i64..5, 1 => Just(-1_i64)]
}

/// Hundredths; none, a rebate or a fee.
fn fee() -> impl Strategy<Value = i32> {
    prop_oneof![Just(0), -10..100]
}

fn price(hundredths: i32) -> Price {
    Price::from_raw(i128::from(hundredths) * ONE / 100).unwrap()
}

fn tenths(tenths: i32) -> Size {
    Size::from_raw(i128::from(tenths) * ONE / 10).unwrap()
}

fn money(hundredths: i32) -> Money {
    Money::from_raw(i128::from(hundredths) * ONE * ONE / 100).unwrap()
}

/// The id of an open position, sometimes one that is not open.
fn pick(open: &[u64], number: usize) -> u64 {
    open.get(number % (open.len() + 1)).copied().unwrap_or(77)
}

/// Calls a function with the event that a step stands for, given the ids of the open positions;
/// `fee` in hundredths goes with a fill.
fn with_event<R>(
    open: &[u64],
    step: &Step,
    (time, fee): (i64, i32),
    call: impl FnOnce(&Event<'_>) -> R,
) -> R {
    match step {
        Step::Register(symbol, other) => {
            let known = instruments().get(*symbol).cloned();
            let mut made = known.unwrap_or_else(|| Instrument::default_for(SYMBOLS[*symbol]));
            made.size_decimals -= u32::from(*other && made.size_decimals > 0);
            call(&Event::RegisterInstrument(made))
        }
        Step::Open { symbol, long, numbers: [size, at], levels, id } => {
            let level = |level: Option<i32>| level.map(|away| price(at + away));
            call(&Event::Open(Open {
                symbol: SYMBOLS[*symbol],
                side: if *long { Side::Long } else { Side::Short },
                size: tenths(*size),
                price: price(*at),
                time,
                stop_loss: level(levels[0]),
                take_profit: level(levels[1]),
                fee: Some(money(fee)),
                tag: "a tag of more than twelve bytes",
                position_id: *id,
                protection: Protection::NONE,
            }))
        }
        Step::Close { pick: number, part, price: at } => call(&Event::Close(Close {
            position_id: pick(open, *number),
            price: price(*at),
            time,
            size: part.map(tenths),
            fee: Some(money(fee)),
            reason: "signal",
        })),
        Step::Modify { pick: number, levels } => {
            let [stop_loss, take_profit] = levels.map(|level| match level {
                Change::Keep => Level::Keep,
                Change::Remove => Level::Remove,
                Change::Set(away) => Level::Set(price(10_000 + away)),
            });
            let position_id = pick(open, *number);
            call(&Event::Modify(Modify {
                stop_loss,
                take_profit,
                ..Modify::new(position_id, time)
            }))
        }
        Step::Mark { row, quotes } => {
            let quote = |(symbol, bid, spread): &(usize, i32, i32)| Quote {
                symbol: SYMBOLS[*symbol],
                bid: price(*bid),
                ask: price(bid + spread * 10),
            };
            let quotes: Vec<Quote<'_>> = quotes.iter().map(quote).collect();
            let marks = Marks { time: Some(time), quotes: &quotes };
            call(&if *row { Event::UpdateEquity(marks) } else { Event::Mark(marks) })
        }
        Step::Fee { pick: number } => {
            let position_id = number.map(|number| pick(open, number));
            call(&Event::Fee(Fee { amount: money(fee), time, position_id }))
        }
        Step::Cash { paid_in, amount } => {
            let cash = Cash { amount: money(*amount), time, currency: None };
            call(&if *paid_in { Event::Deposit(cash) } else { Event::Withdraw(cash) })
        }
    }
}

fn new_ledger(initial_balance: Money, leverage: i128) -> Ledger {
    let currency = Currency::USD;
    Ledger::new(Configuration { currency, leverage, ..Configuration::new(initial_balance) })
        .unwrap()
}

/// Account and positions show what the reference adds up.
fn compare(ledger: &Ledger, reference: &Reference) {
    let (account, figures) = (ledger.account(), reference.figures());
    let found = [account.balance, account.equity, account.unrealized].map(Money::raw);
    assert_eq!(found, [figures.balance, figures.equity, figures.unrealized]);
    assert_eq!(account.margin_used.raw(), figures.margin);
    assert_eq!(account.realized.raw(), figures.realized);
    let exposure = [account.gross_exposure(), account.net_exposure()].map(Money::raw);
    assert_eq!(exposure, [figures.gross, figures.net]);
    assert_eq!(account.fees.finish().map(Money::raw), Ok(figures.fees));
    assert_eq!(account.events, figures.events);
    assert_eq!(account.has_time.then_some(account.last_time), reference.time);
    let rows = ledger.positions().rows();
    assert_eq!(rows.len(), reference.held.len());
    for (row, held) in rows.iter().zip(&reference.held) {
        assert_eq!((row.position_id, row.side), (held.id, held.side));
        assert_eq!((row.size.raw(), row.entry_price.raw()), (held.size, held.price));
        assert_eq!((row.stop_loss.raw(), row.take_profit.raw()), (held.stop, held.target));
        assert_eq!((row.entry_fee.raw(), row.cost.raw()), (held.entry_fee, reference.cost(held)));
    }
}

/// The tables hold what happened, row by row.
fn compare_tables(ledger: &mut Ledger, reference: &Reference) {
    let fixed = |raw| Some(Cell::Fixed(raw, 18));
    let postings = ledger.postings(View::Exact).unwrap();
    assert_eq!(postings.rows, reference.postings.len());
    for (row, amount) in reference.postings.iter().enumerate() {
        assert_eq!(cell(&postings, row, "amount"), fixed(*amount));
    }
    let equity = ledger.equity_curve(View::Exact).unwrap();
    assert_eq!(equity.rows, reference.rows.len());
    for (row, (time, figures)) in reference.rows.iter().enumerate() {
        assert_eq!(cell(&equity, row, "time"), Some(Cell::Whole((*time).into())));
        assert_eq!(cell(&equity, row, "equity"), fixed(figures.equity));
        assert_eq!(cell(&equity, row, "balance"), fixed(figures.balance));
        assert_eq!(cell(&equity, row, "margin_used"), fixed(figures.margin));
        assert_eq!(cell(&equity, row, "gross_exposure"), fixed(figures.gross));
        assert_eq!(cell(&equity, row, "net_exposure"), fixed(figures.net));
    }
    let trades = ledger.trades(View::Exact).unwrap();
    assert_eq!(trades.rows, reference.trades.len());
    for (row, trade) in reference.trades.iter().enumerate() {
        assert_eq!(cell(&trades, row, "position_id"), Some(Cell::Whole(trade.id.into())));
        assert_eq!(cell(&trades, row, "size"), Some(Cell::Fixed(trade.size, 9)));
        assert_eq!(cell(&trades, row, "gross_pnl"), fixed(trade.gross));
        assert_eq!(cell(&trades, row, "entry_fee"), fixed(trade.entry_fee));
        assert_eq!(cell(&trades, row, "net_pnl"), fixed(trade.net));
        assert_eq!(cell(&trades, row, "cost"), fixed(trade.cost));
        assert_eq!(cell(&trades, row, "mae"), fixed(trade.mae));
        assert_eq!(cell(&trades, row, "mfe"), fixed(trade.mfe));
    }
    let positions = ledger.open_positions(View::Exact).unwrap();
    for (row, held) in reference.held.iter().enumerate() {
        let unrealized = fixed(reference.unrealized_of(held));
        assert_eq!(cell(&positions, row, "unrealized_pnl"), unrealized);
        let tag = Cell::Text("a tag of more than twelve bytes".to_owned());
        assert_eq!(cell(&positions, row, "tag"), Some(tag));
    }
}

/// Each position has brought what the reference says, and all of them together the equity.
fn compare_attribution(ledger: &Ledger, reference: &Reference) {
    let attribution = ledger.attribution().unwrap();
    let table = attribution.table(View::Exact).unwrap();
    let double = attribution.table(View::Float).unwrap();
    let brought = reference.brought();
    assert_eq!((table.rows, double.rows), (brought.len(), brought.len()));
    let (fixed, text) =
        (|raw| Some(Cell::Fixed(raw, 18)), |text: &str| Some(Cell::Text(text.into())));
    let mut sum = 0;
    for (row, brought) in brought.iter().enumerate() {
        let total = brought.price + brought.fee + brought.cash;
        assert_eq!(cell(&table, row, "position_id"), Some(Cell::Whole(brought.id.into())));
        assert_eq!(cell(&table, row, "symbol"), text(&brought.symbol));
        assert_eq!(cell(&table, row, "side"), text(brought.side));
        assert_eq!(cell(&double, row, "status"), text(brought.status));
        assert_eq!(cell(&table, row, "price_pnl"), fixed(brought.price));
        assert_eq!(cell(&table, row, "fee"), fixed(brought.fee));
        assert_eq!(cell(&table, row, "swap"), fixed(0));
        assert_eq!(cell(&table, row, "fx"), fixed(0));
        assert_eq!(cell(&table, row, "cash"), fixed(brought.cash));
        assert_eq!(cell(&table, row, "total"), fixed(total));
        let nearest = Money::from_raw(total).unwrap().to_f64();
        assert_eq!(cell(&double, row, "total"), Some(Cell::Double(nearest)));
        sum += total;
    }
    assert_eq!(sum, ledger.account().equity.raw() - money(INITIAL).raw());
}

/// A failure is printed whole, so no file has to remember it.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Numbers of every magnitude, on all grids and off.
fn raw() -> impl Strategy<Value = i128> {
    let wild = (any::<i128>(), 1_u32..128).prop_map(|(bits, shift)| (bits >> shift) % LIMIT);
    let power =
        (0_u32..38, -3_i128..10).prop_map(|(power, digit)| digit * 10_i128.pow(power) % LIMIT);
    prop_oneof![2 => power, 1 => wild, 1 => Just(LIMIT - 1)]
}

/// Applies a step with other numbers than its own.
fn apply_wild(
    ledger: &mut Ledger,
    step: &Step,
    numbers: [i128; 3],
    time: i64,
) -> Result<Receipt, Refusal> {
    let open: Vec<u64> = ledger.positions().rows().iter().map(|row| row.position_id).collect();
    let [first, second, third] = numbers;
    let amount = Money::from_raw(third).unwrap();
    let wild = Price::from_raw(first.abs()).unwrap();
    with_event(&open, step, (time, 0), |event| match event {
        Event::Open(open) => {
            let size = Size::from_raw(second.abs()).unwrap();
            let (stop_loss, take_profit) = (None, None);
            let open =
                Open { size, price: wild, fee: Some(amount), stop_loss, take_profit, ..*open };
            ledger.apply(&Event::Open(open))
        }
        Event::Close(close) => {
            let size = Size::from_raw(second.abs()).ok().filter(|_| close.size.is_some());
            ledger.apply(&Event::Close(Close { size, price: wild, fee: Some(amount), ..*close }))
        }
        Event::Mark(marks) | Event::UpdateEquity(marks) => {
            let (bid, ask) = (first.abs().min(second.abs()), first.abs().max(second.abs()));
            let (bid, ask) = (Price::from_raw(bid).unwrap(), Price::from_raw(ask).unwrap());
            let quotes: Vec<Quote<'_>> =
                marks.quotes.iter().take(1).map(|quote| Quote { bid, ask, ..*quote }).collect();
            ledger.apply(&Event::UpdateEquity(Marks { quotes: &quotes, ..*marks }))
        }
        Event::Fee(fee) => ledger.apply(&Event::Fee(Fee { amount, ..*fee })),
        Event::Deposit(cash) => ledger.apply(&Event::Deposit(Cash { amount, ..*cash })),
        Event::Withdraw(cash) => ledger.apply(&Event::Withdraw(Cash { amount, ..*cash })),
        other => ledger.apply(other),
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_ledger_agrees_with_the_reference(
        steps in vec((step(), later(), fee()), 1..150),
        leverage in prop_oneof![Just(ONE), Just(30 * ONE), Just(5 * ONE / 2), Just(ONE / 2)],
    ) {
        let mut reference = Reference::new(money(INITIAL).raw(), leverage);
        let mut ledger = new_ledger(money(INITIAL), leverage);
        for instrument in instruments() {
            let event = Event::RegisterInstrument(instrument);
            ledger.apply(&event).unwrap();
            prop_assert_eq!(reference.apply(&event), Ok(()));
        }
        for (step, later, fee) in &steps {
            let moment = (reference.time.unwrap_or(0) + later, *fee);
            let open: Vec<u64> = reference.held.iter().map(|held| held.id).collect();
            let before = ledger.digest();
            let (found, wanted, event) = with_event(&open, step, moment, |event| {
                (ledger.apply(event), reference.apply(event), format!("{event:?}"))
            });
            let found = found.map(|_| ()).map_err(|refusal| refusal.code().number());
            prop_assert_eq!(found, wanted, "{}", event);
            if found.is_err() {
                prop_assert_eq!(ledger.digest(), before);
            }
            compare(&ledger, &reference);
            prop_assert_eq!(ledger.check_invariants(), Ok(()));
        }
        compare_tables(&mut ledger, &reference);
        compare_attribution(&ledger, &reference);
        prop_assert_eq!(ledger.verify(), Ok(()));
        // The general way of each step leads to the same account as the plain one.
        prop_assert_eq!(ledger.verify_in_full(), Ok(()));
    }

    #[test]
    fn parts_add_up_to_the_whole(
        cuts in vec(1_i128..1_000_000_000_000, 1..12),
        prices in [1_i128..100_000_000_000_000, 1_i128..100_000_000_000_000],
        fee in -(10_i128.pow(24))..10_i128.pow(24),
        long: bool,
    ) {
        let size = Size::from_raw(cuts.iter().sum()).unwrap();
        let [entry, exit] = prices.map(|raw| Price::from_raw(raw).unwrap());
        let open = Open {
            symbol: "X",
            side: if long { Side::Long } else { Side::Short },
            size,
            price: entry,
            time: 0,
            stop_loss: None,
            take_profit: None,
            fee: Some(Money::from_raw(fee).unwrap()),
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        };
        let close = |size| Event::Close(Close {
            position_id: 1,
            price: exit,
            time: 1,
            size,
            fee: Some(Money::ZERO),
            reason: "",
        });
        let rich = Money::from_raw(LIMIT / 2).unwrap();
        let mut whole = new_ledger(rich, 1_000 * ONE);
        whole.apply(&Event::Open(open)).unwrap();
        whole.apply(&close(None)).unwrap();
        let mut parts = new_ledger(rich, 1_000 * ONE);
        parts.apply(&Event::Open(open)).unwrap();
        let (mut gross, mut entry_fee, mut net) = (0, 0, 0);
        for cut in &cuts {
            let size = Size::from_raw(*cut).unwrap();
            parts.apply(&close(Some(size))).unwrap();
            let trade = parts.last_trade();
            (gross, entry_fee) = (gross + trade.gross_pnl.raw(), entry_fee + trade.entry_fee.raw());
            net += trade.net_pnl.raw();
        }
        let trade = whole.last_trade();
        prop_assert_eq!(gross, trade.gross_pnl.raw());
        prop_assert_eq!(entry_fee, fee);
        prop_assert_eq!(net, trade.net_pnl.raw());
        prop_assert_eq!(net, whole.account().balance.raw() - rich.raw());
        prop_assert_eq!(parts.account().balance, whole.account().balance);
        prop_assert!(parts.positions().rows().is_empty());
        prop_assert_eq!(parts.verify(), Ok(()));
    }

    /// Whatever the numbers, an event is accepted and the invariants hold, or nothing happened.
    #[test]
    fn no_number_breaks_the_ledger(
        initial in raw(),
        leverage in raw(),
        steps in vec((step(), [raw(), raw(), raw()]), 1..60),
    ) {
        let initial = Money::from_raw(initial.abs()).unwrap();
        let mut ledger = new_ledger(initial, leverage.abs().max(1));
        for (time, (step, numbers)) in (0_i64..).zip(&steps) {
            let before = ledger.digest();
            if let Err(refusal) = apply_wild(&mut ledger, step, *numbers, time) {
                prop_assert_eq!(ledger.digest(), before, "{}", refusal);
            }
            prop_assert_eq!(ledger.check_invariants(), Ok(()));
        }
        prop_assert_eq!(ledger.verify(), Ok(()));
    }
}

/// The random events reach every call and every rule that everyday numbers can break.
#[test]
fn no_rule_is_left_out() {
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut refused) = (HashSet::new(), BTreeSet::new());
    for _ in 0..40 {
        let mut reference = Reference::new(money(INITIAL).raw(), ONE);
        for _ in 0..100 {
            let drawn = (step(), later(), fee()).new_tree(&mut runner).unwrap();
            let (step, later, fee) = drawn.current();
            let moment = (reference.time.unwrap_or(0) + later, fee);
            let open: Vec<u64> = reference.held.iter().map(|held| held.id).collect();
            with_event(&open, &step, moment, |event| match reference.apply(event) {
                Ok(()) => accepted.insert(std::mem::discriminant(&step)),
                Err(code) => refused.insert(code),
            });
        }
    }
    assert_eq!(accepted.len(), 7, "kinds of steps");
    let codes = (4001..=4009).chain([4015, 4016, 4018, 4024]);
    assert_eq!(refused, codes.collect());
}
