//! The metrics against values worked out from SPEC section 8, and what is undefined.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test fails by panicking; statistics are doubles"
)]

use portfolio_core::currency::Currency;
use portfolio_core::event::{Cash, Close, Event, Marks, Open, Quote, Side};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::metrics::Metrics;
use portfolio_core::numbers::{Money, Price, Size};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days of a Julian year.
const DAYS_PER_YEAR: f64 = 365.25;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn new_ledger(initial_balance: &str) -> Ledger {
    Ledger::new(Configuration {
        initial_balance: money(initial_balance),
        currency: Currency::USD,
        leverage: 1_000_000_000_000,
        capacity: None,
    })
    .unwrap()
}

/// Opens a long position at time 0.
fn open(ledger: &mut Ledger, size: &str, price: &str, fee: &str) -> u64 {
    let open = Open {
        symbol: "A",
        side: Side::Long,
        size: Size::parse(size).unwrap(),
        price: Price::parse(price).unwrap(),
        time: 0,
        stop_loss: None,
        take_profit: None,
        fee: money(fee),
        tag: "",
        position_id: None,
    };
    ledger.apply(&Event::Open(open)).unwrap().position_id
}

fn close(ledger: &mut Ledger, position_id: u64, price: &str, fee: &str) {
    let price = Price::parse(price).unwrap();
    let (time, fee) = (ledger.account().last_time, money(fee));
    let close = Close { position_id, price, time, size: None, fee, reason: "" };
    ledger.apply(&Event::Close(close)).unwrap();
}

/// A row of the equity history with a position valued at a price.
fn update(ledger: &mut Ledger, time: i64, price: &str) {
    let bid = Price::parse(price).unwrap();
    let quotes = [Quote { symbol: "A", bid, ask: bid }];
    let marks = Marks { time: Some(time), quotes: &quotes };
    ledger.apply(&Event::UpdateEquity(marks)).unwrap();
}

fn deposit(ledger: &mut Ledger, amount: &str) {
    let cash = Cash { amount: money(amount), time: ledger.account().last_time };
    ledger.apply(&Event::Deposit(cash)).unwrap();
}

/// Equal up to the last digits of a double.
fn near(found: Option<f64>, wanted: f64) {
    let found = found.unwrap();
    assert!((found - wanted).abs() <= wanted.abs() * 1e-12, "{found} is not {wanted}");
}

/// Equity 1000 at day 0, then 1050, 950, 1200; the first of two rows of day 1 does not count.
fn curve() -> Ledger {
    let mut ledger = new_ledger("1000");
    open(&mut ledger, "10", "50", "0");
    for (day, price) in [(1, "60"), (1, "55"), (2, "45"), (3, "70")] {
        update(&mut ledger, day * DAY, price);
    }
    ledger
}

#[test]
fn values_of_a_curve() {
    let metrics = curve().metrics(252.0, 0.0);
    assert_eq!(metrics.net_profit, Some(money("200")));
    near(metrics.total_return, 0.2);
    near(metrics.max_drawdown, 950.0 / 1050.0 - 1.0);
    near(metrics.cagr, 1.2_f64.powf(DAYS_PER_YEAR / 3.0) - 1.0);
    let returns = [1050.0 / 1000.0 - 1.0, 950.0 / 1050.0 - 1.0, 1200.0 / 950.0 - 1.0];
    let sharpe = |rate: f64| {
        let mean = returns.iter().sum::<f64>() / 3.0;
        let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
        (mean - rate) / (squares / 2.0).sqrt()
    };
    near(metrics.sharpe_ratio, sharpe(0.0) * 252.0_f64.sqrt());
    let yearly = curve().metrics(12.0, 0.05).sharpe_ratio;
    near(yearly, sharpe(1.05_f64.powf(1.0 / 12.0) - 1.0) * 12.0_f64.sqrt());
    assert_eq!((metrics.trade_count, metrics.win_rate, metrics.profit_factor), (0, None, None));
}

#[test]
fn values_of_trades() {
    let mut ledger = new_ledger("1000");
    // Net results: 10 - 0.5 - 0.5, -4 - 1, and nothing.
    for (exit, entry_fee, exit_fee) in [("60", "0.5", "0.5"), ("46", "0", "1"), ("50", "0", "0")] {
        let position_id = open(&mut ledger, "1", "50", entry_fee);
        close(&mut ledger, position_id, exit, exit_fee);
    }
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!(metrics.trade_count, 3);
    near(metrics.win_rate, 1.0 / 3.0);
    near(metrics.profit_factor, 9.0 / 5.0);
    assert_eq!(metrics.net_profit, None, "no equity row");
    update(&mut ledger, DAY, "50");
    assert_eq!(ledger.metrics(252.0, 0.0).net_profit, Some(money("4")));
}

#[test]
fn money_paid_in_and_out_is_no_profit() {
    let mut ledger = new_ledger("1000");
    deposit(&mut ledger, "500.25");
    let cash = Cash { amount: money("0.25"), time: 0 };
    ledger.apply(&Event::Withdraw(cash)).unwrap();
    open(&mut ledger, "1", "50", "0.125");
    update(&mut ledger, DAY, "51");
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!(metrics.net_profit, Some(money("0.875")));
    near(metrics.total_return, 0.500_875);
}

#[test]
fn an_account_where_nothing_happened() {
    assert_eq!(new_ledger("1000").metrics(252.0, 0.0), Metrics::default());
    let mut ledger = new_ledger("1000");
    deposit(&mut ledger, "1");
    assert_eq!(ledger.metrics(252.0, 0.0), Metrics::default(), "no equity row");
}

#[test]
fn a_curve_without_length() {
    let mut ledger = new_ledger("1000");
    open(&mut ledger, "10", "50", "0");
    update(&mut ledger, 0, "60");
    let metrics = ledger.metrics(252.0, 0.0);
    near(metrics.total_return, 0.1);
    assert_eq!((metrics.max_drawdown, metrics.cagr), (Some(0.0), None), "no time passed");
    assert_eq!(metrics.sharpe_ratio, None, "one return");
    update(&mut ledger, 1, "70");
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!(metrics.cagr, None, "1.2 to the power of microseconds per year is no double");
    assert!(metrics.sharpe_ratio.is_some());
}

#[test]
fn returns_that_do_not_vary() {
    let mut ledger = new_ledger("1000");
    (1..=3).for_each(|day| update(&mut ledger, day * DAY, "1"));
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!((metrics.total_return, metrics.cagr), (Some(0.0), Some(0.0)));
    assert_eq!(metrics.sharpe_ratio, None);
}

#[test]
fn an_account_that_starts_with_nothing() {
    let mut ledger = new_ledger("0");
    deposit(&mut ledger, "100");
    (1..=3).for_each(|day| update(&mut ledger, day * DAY, "1"));
    let wanted = Metrics { net_profit: Some(Money::ZERO), ..Metrics::default() };
    assert_eq!(ledger.metrics(252.0, 0.0), wanted);
}

#[test]
fn an_account_that_loses_more_than_it_has() {
    let mut ledger = new_ledger("1000");
    open(&mut ledger, "100", "50", "0");
    for (day, price) in [(1, "55"), (2, "30")] {
        update(&mut ledger, day * DAY, price);
    }
    let metrics = ledger.metrics(252.0, 0.0);
    near(metrics.total_return, -2.0);
    near(metrics.max_drawdown, -1_000.0 / 1_500.0 - 1.0);
    assert_eq!((metrics.cagr, metrics.sharpe_ratio), (None, None));
}

#[test]
fn trades_of_one_kind() {
    let mut ledger = new_ledger("1000");
    let position_id = open(&mut ledger, "1", "50", "0");
    close(&mut ledger, position_id, "51", "0");
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!((metrics.win_rate, metrics.profit_factor), (Some(1.0), None), "no losing trade");
    let mut ledger = new_ledger("1000");
    let position_id = open(&mut ledger, "1", "50", "0");
    close(&mut ledger, position_id, "49", "0");
    let metrics = ledger.metrics(252.0, 0.0);
    assert_eq!((metrics.win_rate, metrics.profit_factor), (Some(0.0), Some(0.0)), "no gain");
}

/// Gains that have more than 38 digits together have no ratio to the losses.
#[test]
fn sums_out_of_range() {
    let mut ledger = new_ledger("30000000000000000000");
    for (entry, exit) in [("1", "7"), ("7", "1"), ("1", "7")] {
        let position_id = open(&mut ledger, "10000000000000000000", entry, "0");
        close(&mut ledger, position_id, exit, "0");
    }
    let metrics = ledger.metrics(252.0, 0.0);
    near(metrics.win_rate, 2.0 / 3.0);
    assert_eq!(metrics.profit_factor, None);
}
