//! Orders and bars in few words: numbers are texts, and what happened is a list of lines.

use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Bar, Bars, BreakEven, Event, Open, OrderKind, Path, PlaceOrder, Protection, Side, Target,
};
use portfolio_core::export::TableSnapshot;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, format_fixed};

use crate::cells::{Cell, cell};
use crate::example::{instrument, money, open, price, size};

/// An account of a million with leverage 10 and two instruments, ACME and BETA.
pub(crate) fn configuration() -> Configuration {
    Configuration { leverage: 10_000_000_000, ..Configuration::new(money("1000000")) }
}

pub(crate) fn ledger(configuration: Configuration) -> Ledger {
    let mut ledger = Ledger::new(configuration).unwrap();
    let beta = Instrument { symbol: "BETA".to_owned(), ..instrument() };
    for instrument in [instrument(), beta] {
        ledger.apply(&Event::RegisterInstrument(instrument)).unwrap();
    }
    ledger
}

pub(crate) fn account() -> Ledger {
    ledger(configuration())
}

/// A long of 2 at 100, or a short.
pub(crate) fn fill(side: Side, stop: &str, take: &str) -> Open<'static> {
    let level = |text: &str| (!text.is_empty()).then(|| price(text));
    let (stop_loss, take_profit) = (level(stop), level(take));
    Open { side, size: size("2"), stop_loss, take_profit, ..open() }
}

pub(crate) fn apply(ledger: &mut Ledger, event: &Event<'_>) {
    ledger.apply(event).unwrap_or_else(|refusal| panic!("{refusal}"));
}

/// `open high low close`, and the spread.
pub(crate) fn bar<'a>(symbol: &'a str, prices: &str, spread: &str) -> Bar<'a> {
    let prices: Vec<_> = prices.split(' ').map(price).collect();
    let [open, high, low, close] = prices[..] else { panic!("{prices:?}") };
    Bar { symbol, open, high, low, close, spread: price(spread) }
}

/// Runs a bar of ACME without a spread.
pub(crate) fn run(ledger: &mut Ledger, time: i64, path: Path, prices: &str) {
    run_spread(ledger, time, path, (prices, "0"));
}

pub(crate) fn run_spread(
    ledger: &mut Ledger,
    time: i64,
    path: Path,
    (prices, spread): (&str, &str),
) {
    let bars = &[bar("ACME", prices, spread)];
    apply(ledger, &Event::Bar(Bars { time, path: Some(path), bars }));
}

/// An order for 2 ACME.
pub(crate) fn order(side: Side, kind: OrderKind) -> PlaceOrder<'static> {
    PlaceOrder {
        symbol: "ACME",
        side,
        size: size("2"),
        time: 10,
        kind,
        expiry: None,
        oco: "",
        stop_loss: None,
        take_profit: None,
        protection: Protection::NONE,
        tag: "",
    }
}

pub(crate) fn limit(text: &str) -> OrderKind {
    OrderKind::Limit(price(text))
}

pub(crate) fn stop(text: &str) -> OrderKind {
    OrderKind::Stop(price(text))
}

pub(crate) fn place(ledger: &mut Ledger, order: &PlaceOrder<'_>) -> u64 {
    apply(ledger, &Event::PlaceOrder(*order));
    ledger.orders_resting().last().unwrap().order_id
}

pub(crate) fn trailing(text: &str) -> Protection<'static> {
    Protection { trailing: Some(price(text)), ..Protection::NONE }
}

pub(crate) fn break_even(trigger: &str, offset: &str) -> Protection<'static> {
    let break_even = BreakEven { trigger: price(trigger), offset: price(offset) };
    Protection { break_even: Some(break_even), ..Protection::NONE }
}

pub(crate) fn target(at: &str, part: &str) -> Target {
    Target { price: price(at), size: size(part) }
}

fn shown(table: &TableSnapshot, row: usize, columns: &[&str]) -> String {
    let text = |column: &&str| match cell(table, row, column) {
        Some(Cell::Fixed(raw, scale)) => format_fixed(raw, scale, 0),
        Some(Cell::Whole(number)) => number.to_string(),
        Some(Cell::Text(text)) => text,
        other => panic!("{column}: {other:?}"),
    };
    columns.iter().map(text).collect::<Vec<_>>().join(" ")
}

pub(crate) fn rows(table: &TableSnapshot, columns: &[&str]) -> Vec<String> {
    (0..table.rows).map(|row| shown(table, row, columns)).collect()
}

/// The trades: position, size, price, reason.
pub(crate) fn trades(ledger: &Ledger) -> Vec<String> {
    let columns = ["position_id", "size", "exit_price", "reason"];
    rows(&ledger.trades(View::Exact).unwrap(), &columns)
}

/// The activity: kind, order, position, size, price, detail.
pub(crate) fn activity(ledger: &Ledger) -> Vec<String> {
    let columns = ["kind", "order_id", "position_id", "size", "price", "detail"];
    let lines = rows(&ledger.activity(View::Exact).unwrap(), &columns);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The open positions: number, size, entry, stop, take profit.
pub(crate) fn held(ledger: &Ledger) -> Vec<String> {
    let rows = ledger.positions().rows().iter();
    rows.map(|row| {
        let (id, size, entry) = (row.position_id, row.size, row.entry_price);
        format!("{id} {size} {entry} {} {}", row.stop_loss, row.take_profit)
    })
    .collect()
}

pub(crate) fn balance(ledger: &Ledger) -> Money {
    ledger.account().balance
}

/// A ledger with these fills, after one bar at time 20.
pub(crate) fn after(fills: &[Open<'_>], path: Path, prices: (&str, &str)) -> Ledger {
    let mut ledger = account();
    for fill in fills {
        apply(&mut ledger, &Event::Open(*fill));
    }
    run_spread(&mut ledger, 20, path, prices);
    ledger.verify().unwrap();
    ledger
}

pub(crate) fn guarded(side: Side, protection: Protection<'_>) -> Open<'_> {
    Open { protection, ..fill(side, "", "") }
}
