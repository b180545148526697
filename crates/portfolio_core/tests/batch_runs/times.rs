//! When rows are carried out (rules R4, R5 and R9).

use portfolio_core::batch::Fill;
use portfolio_core::numbers::Price;

use crate::made::Made;
use crate::shown::shown;

const BARS: &str = "
    time open high low close
    10   100  104  99  103
    20   103  108  102 107
    30   107  110  105 106
    40   106  107  101 102
";

const FILLS: &str = "entry_time entry_price exit_time exit_price gross_pnl reason";

/// A long of 2 from the row at 10 to the row at 25.
const THERE_AND_BACK: &str = "
    time action side size
    10   open   long 2
    25   close  -    -
";

#[test]
fn a_market_order_is_filled_at_the_next_open() {
    let tables = Made::new(BARS, THERE_AND_BACK).tables();
    assert_eq!(shown(&tables.trades, FILLS), ["20 103 30 107 8 time_exit"]);
    let equity = shown(&tables.equity, "run_id time equity balance unrealized_pnl");
    assert_eq!(
        equity,
        ["0 10 10000 10000 0", "0 20 10008 10000 8", "0 30 10008 10008 0", "0 40 10008 10008 0"]
    );
    assert_eq!(tables.rejected.rows, 0);
    assert_eq!(shown(&tables.finals, "run_id status trade_count open_count"), ["0 ok 1 0"]);
    assert_eq!(shown(&tables.metrics, "run_id trade_count net_profit"), ["0 1 8"]);
}

#[test]
fn or_at_the_close_of_the_first_bar_at_or_behind_its_time() {
    let made = Made::new(BARS, THERE_AND_BACK).with(|settings| settings.fill = Fill::Close);
    let tables = made.tables();
    assert_eq!(shown(&tables.trades, FILLS), ["10 103 30 106 6 time_exit"]);
    // A bar and then the quotes of its close make two rows of equity: the last one counts.
    let equity = shown(&tables.equity, "time equity");
    assert_eq!(equity, ["10 10000", "20 10008", "30 10006", "40 10006"]);
    // Four bars and the quotes at 10 and 30; an order, a change, and the symbol's registration.
    assert_eq!(shown(&tables.finals, "event_count"), ["9"]);
}

#[test]
fn the_spread_is_paid_by_the_buyer() {
    let bars = "
        time open high low close spread
        10   100  104  99  103   0.5
        20   103  108  102 107   0.25
        30   107  110  105 106   1
    ";
    let orders = "
        time action side  size
        10   open   long  1
        10   open   short 1
        20   close  -     -
    ";
    let tables = Made::new(bars, orders).tables();
    let trades = shown(&tables.trades, "side entry_price exit_price");
    assert_eq!(trades, ["long 103.25 107", "short 103 108"]);
    let made = Made::new(bars, orders).with(|settings| settings.fill = Fill::Close);
    let trades = shown(&made.tables().trades, "side entry_price exit_price");
    assert_eq!(trades, ["long 103.5 107", "short 103 107.25"]);
}

#[test]
fn rows_that_no_bar_can_fill_are_rejected_where_they_stand() {
    let bars = "
        time symbol open high low close
        10   A      100  100  100 100
        20   A      100  100  100 100
        20   B      50   50   50  50
        30   A      100  100  100 100
    ";
    let orders = "
        time symbol action side size
        40   A      close  -    -
        15   B      cancel -    -
        20   B      open   long 1
        30   A      open   long 1
        5    A      open   long 1
        20   A      open   long 0
    ";
    let rejected = "row time symbol action code error argument";
    let tables = Made::new(bars, orders).tables();
    assert_eq!(
        shown(&tables.rejected, rejected),
        [
            "4 5 A open 4006 InvalidTime time",
            "1 15 B cancel 4006 InvalidTime time",
            "2 20 B open 4006 InvalidTime time",
            "5 20 A open 4003 InvalidPositionSize size",
            "3 30 A open 4006 InvalidTime time",
            "0 40 A close 4006 InvalidTime time",
        ]
    );
    let made = Made::new(bars, orders).with(|settings| settings.fill = Fill::Close);
    let tables = made.tables();
    assert_eq!(
        shown(&tables.rejected, rejected),
        [
            "4 5 A open 4006 InvalidTime time",
            "1 15 B cancel 4006 InvalidTime time",
            "5 20 A open 4003 InvalidPositionSize size",
            "0 40 A close 4006 InvalidTime time",
        ]
    );
    assert_eq!(shown(&tables.finals, "open_count"), ["2"]);
}

#[test]
fn rows_of_a_moment_are_carried_out_by_time_then_row() {
    let orders = "
        time action side size tag
        18   open   long 1    c
        12   open   long 1    a
        18   open   long 1    d
        12   open   long 1    b
        22   close  -    -    -
    ";
    for fill in [Fill::NextOpen, Fill::Close] {
        let tables = Made::new(BARS, orders).with(|settings| settings.fill = fill).tables();
        let trades = shown(&tables.trades, "position_id tag");
        assert_eq!(trades, ["1 a", "2 b", "3 c", "4 d"], "{fill:?}");
    }
}

#[test]
fn only_the_symbols_that_wait_are_quoted_at_their_close() {
    let bars = "
        time symbol open high low close
        10   A      100  100  100 100
        10   B      50   50   50  50
        20   B      51   52   51  52
        20   A      101  101  101 101
    ";
    let orders = "
        time symbol action side size type  price
        20   A      open   long 1    limit 90
        20   B      open   long 1    -     -
    ";
    let made = Made::new(bars, orders).with(|settings| settings.fill = Fill::Close);
    let ledger = made.batch().ledger(0).unwrap().unwrap();
    let [open] = ledger.positions().rows() else { panic!("one position") };
    assert_eq!((open.entry_price, open.entry_time), (Price::parse("52").unwrap(), 20));
    // Two registrations, two bars, two orders, one event of quotes.
    assert_eq!(ledger.account().events, 7);
    let made = Made::new(
        bars,
        "time symbol action side size type price
        20 A open long 1 limit 90",
    )
    .with(|settings| settings.fill = Fill::Close);
    assert_eq!(made.batch().ledger(0).unwrap().unwrap().account().events, 5, "nothing waits");
}

#[test]
fn instruments_come_first_and_costs_are_of_every_symbol() {
    let bars = "
        time symbol open high low close
        10   B      100  100  100 100
        10   X      100  100  100 100
        20   B      100  100  100 100
        20   X      100  100  100 100
    ";
    let orders = "
        time symbol action side size
        10   X      open   long 3
        10   B      open   long 2
    ";
    let made = Made::new(bars, orders).instrument(|instrument| instrument.price_decimals = 2);
    let made = made.with_params(
        "
        run_id commission_per_trade slippage_points
        7      -                    -
        8      1.5                  -
        9      -                    0.25
    ",
    );
    let batch = made.batch();
    let symbols = |place: usize| -> Vec<(String, bool)> {
        let ledger = batch.ledger(place).unwrap().unwrap();
        let book = |book: &portfolio_core::book::Book| {
            (book.instrument.symbol.clone(), book.instrument.terms.is_some())
        };
        ledger.books().iter().map(book).collect()
    };
    let [x, b] = ["X", "B"].map(ToOwned::to_owned);
    assert_eq!(symbols(0), [(x.clone(), false), (b.clone(), false)], "B by its first bar");
    assert_eq!(symbols(1), [(x, true), (b, true)]);
    let equity = shown(&made.tables().equity, "run_id time equity");
    assert_eq!(
        equity,
        ["7 10 10000", "7 20 10000", "8 10 10000", "8 20 9997", "9 10 10000", "9 20 9998.75"]
    );
}

#[test]
fn a_bar_that_is_refused_ends_its_run_alone() {
    let bars = "
        time open high low  close
        10   100  104  99   103
        20   103  108  102  107
        30   40000000000000000000 40000000000000000000 107 107
        40   106  107  101  102
    ";
    let orders = "
        run_id time action side size
        1      10   open   long 2
        2      10   open   long 10
        2      20   open   long 0
        2      35   open   long 0
        3      10   open   long 1
    ";
    // What a long of 10 is worth at that open has too many digits; a long of 2 has not.
    let tables = Made::new(bars, orders).tables();
    let finals = shown(&tables.finals, "run_id status trade_count open_count equity");
    assert_eq!(finals, ["1 ok 0 1 9998", "2 failed 0 1 10040", "3 ok 0 1 9999",]);
    assert_eq!(
        shown(&tables.rejected, "run_id row time symbol action code argument"),
        ["2 2 20 X open 4003 size", "2 - 30 '' '' 4010 bars"]
    );
    assert_eq!(shown(&tables.metrics, "run_id"), ["1", "3"]);
    assert_eq!(tables.equity.rows, 8);
}

#[test]
fn want_of_margin_is_known_when_the_order_is_filled() {
    let orders = "
        time action side size
        10   open   long 90
        10   open   long 20
        10   open   long 5
        10   open   long 0
        20   open   long 0
    ";
    let tables = Made::new(BARS, orders).tables();
    assert_eq!(
        shown(&tables.rejected, "row time action code error argument"),
        [
            "3 10 open 4003 InvalidPositionSize size",
            "1 20 open 4002 InsufficientMargin size",
            "4 20 open 4003 InvalidPositionSize size",
        ]
    );
    // 95 * 103 of margin is what there is room for.
    assert_eq!(shown(&tables.finals, "open_count margin_used"), ["2 9785"]);
    let message = shown(&tables.rejected, "message");
    assert!(message[1].starts_with("[4002] size=20: "), "{message:?}");
}
