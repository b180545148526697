//! The metrics against values worked out from SPEC section 8, and what is undefined.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test fails by panicking; statistics are doubles"
)]

mod random;

use portfolio_core::event::{Cash, Close, Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::history::{Benchmark, Resample};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::metrics::{Metrics, Options, Value};
use portfolio_core::numbers::{Money, Price, Size};
use random::Random;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days of a Julian year.
const DAYS_PER_YEAR: f64 = 365.25;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn new_ledger(initial_balance: &str) -> Ledger {
    Ledger::new(Configuration {
        leverage: 1_000_000_000_000,
        ..Configuration::new(money(initial_balance))
    })
    .unwrap()
}

/// Opens a long position at the time of the last event.
fn open(ledger: &mut Ledger, size: &str, price: &str, fee: &str) -> u64 {
    let open = Open {
        symbol: "A",
        side: Side::Long,
        size: Size::parse(size).unwrap(),
        price: Price::parse(price).unwrap(),
        time: ledger.account().last_time,
        stop_loss: None,
        take_profit: None,
        fee: Some(money(fee)),
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    };
    ledger.apply(&Event::Open(open)).unwrap().position_id
}

/// The metrics under two options, by name.
struct Found(Metrics);

fn found(ledger: &Ledger, periods_per_year: f64, risk_free_rate: f64) -> Found {
    let options = Options { periods_per_year, risk_free_rate, ..Options::default() };
    Found(ledger.metrics(&options, None))
}

impl Found {
    fn float(&self, name: &str) -> Option<f64> {
        match self.0.get(name).unwrap() {
            None => None,
            Some(Value::Float(value)) => Some(value),
            Some(other) => panic!("{name} is {other:?}"),
        }
    }

    fn money(&self, name: &str) -> Option<Money> {
        match self.0.get(name).unwrap() {
            None => None,
            Some(Value::Money(value)) => Some(value),
            Some(other) => panic!("{name} is {other:?}"),
        }
    }

    fn other(&self, name: &str) -> Option<Value> {
        self.0.get(name).unwrap()
    }

    /// Names of what is defined.
    fn defined(&self) -> Vec<&'static str> {
        let entries = self.0.entries().iter();
        entries.filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect()
    }
}

fn close(ledger: &mut Ledger, position_id: u64, price: &str, fee: &str) {
    let price = Price::parse(price).unwrap();
    let (time, fee) = (ledger.account().last_time, money(fee));
    let close = Close { position_id, price, time, size: None, fee: Some(fee), reason: "" };
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
    let cash = Cash { amount: money(amount), time: ledger.account().last_time, currency: None };
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
    let metrics = found(&curve(), 252.0, 0.0);
    assert_eq!(metrics.money("net_profit"), Some(money("200")));
    near(metrics.float("total_return"), 0.2);
    near(metrics.float("max_drawdown"), 950.0 / 1050.0 - 1.0);
    near(metrics.float("cagr"), 1.2_f64.powf(DAYS_PER_YEAR / 3.0) - 1.0);
    let returns = [1050.0 / 1000.0 - 1.0, 950.0 / 1050.0 - 1.0, 1200.0 / 950.0 - 1.0];
    let sharpe = |rate: f64| {
        let mean = returns.iter().sum::<f64>() / 3.0;
        let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
        (mean - rate) / (squares / 2.0).sqrt()
    };
    near(metrics.float("sharpe_ratio"), sharpe(0.0) * 252.0_f64.sqrt());
    let yearly = found(&curve(), 12.0, 0.05).float("sharpe_ratio");
    near(yearly, sharpe(1.05_f64.powf(1.0 / 12.0) - 1.0) * 12.0_f64.sqrt());
    assert_eq!(
        (metrics.other("trade_count"), metrics.float("win_rate"), metrics.float("profit_factor")),
        (Some(Value::Count(0)), None, None)
    );
}

#[test]
fn values_of_trades() {
    let mut ledger = new_ledger("1000");
    // Net results: 10 - 0.5 - 0.5, -4 - 1, and nothing.
    for (exit, entry_fee, exit_fee) in [("60", "0.5", "0.5"), ("46", "0", "1"), ("50", "0", "0")] {
        let position_id = open(&mut ledger, "1", "50", entry_fee);
        close(&mut ledger, position_id, exit, exit_fee);
    }
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(metrics.other("trade_count"), Some(Value::Count(3)));
    near(metrics.float("win_rate"), 1.0 / 3.0);
    near(metrics.float("profit_factor"), 9.0 / 5.0);
    assert_eq!(metrics.money("net_profit"), None, "no equity row");
    update(&mut ledger, DAY, "50");
    assert_eq!(found(&ledger, 252.0, 0.0).money("net_profit"), Some(money("4")));
}

#[test]
fn money_paid_in_and_out_is_no_profit() {
    let mut ledger = new_ledger("1000");
    deposit(&mut ledger, "500.25");
    let cash = Cash { amount: money("0.25"), time: 0, currency: None };
    ledger.apply(&Event::Withdraw(cash)).unwrap();
    open(&mut ledger, "1", "50", "0.125");
    update(&mut ledger, DAY, "51");
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(metrics.money("net_profit"), Some(money("0.875")));
    near(metrics.float("total_return"), 0.500_875);
}

/// What is defined without an equity row.
const ALWAYS: [&str; 19] = [
    "period_count",
    "ruined",
    "short_sample",
    "drawdown_count",
    "trade_count",
    "winning_trade_count",
    "losing_trade_count",
    "breakeven_trade_count",
    "long_trade_count",
    "short_trade_count",
    "gross_profit",
    "gross_loss",
    "total_net_pnl",
    "sqn_uses_risk",
    "max_consecutive_wins",
    "max_consecutive_losses",
    "total_commission",
    "total_swap",
    "total_slippage",
];

#[test]
fn an_account_where_nothing_happened() {
    let mut ledger = new_ledger("1000");
    assert_eq!(found(&ledger, 252.0, 0.0).defined(), ALWAYS);
    deposit(&mut ledger, "1");
    assert_eq!(found(&ledger, 252.0, 0.0).defined(), ALWAYS, "no equity row");
}

#[test]
fn a_curve_without_length() {
    let mut ledger = new_ledger("1000");
    open(&mut ledger, "10", "50", "0");
    update(&mut ledger, 0, "60");
    let metrics = found(&ledger, 252.0, 0.0);
    near(metrics.float("total_return"), 0.1);
    assert_eq!(
        (metrics.float("max_drawdown"), metrics.float("cagr")),
        (Some(0.0), None),
        "no time passed"
    );
    assert_eq!(metrics.float("sharpe_ratio"), None, "one return");
    update(&mut ledger, 1, "70");
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(
        metrics.float("cagr"),
        None,
        "1.2 to the power of microseconds per year is no double"
    );
    assert!(metrics.float("sharpe_ratio").is_some());
}

#[test]
fn returns_that_do_not_vary() {
    let mut ledger = new_ledger("1000");
    (1..=3).for_each(|day| update(&mut ledger, day * DAY, "1"));
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!((metrics.float("total_return"), metrics.float("cagr")), (Some(0.0), Some(0.0)));
    assert_eq!(metrics.float("sharpe_ratio"), None);
}

#[test]
fn an_account_that_starts_with_nothing() {
    let mut ledger = new_ledger("0");
    deposit(&mut ledger, "100");
    (1..=3).for_each(|day| update(&mut ledger, day * DAY, "1"));
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(metrics.money("net_profit"), Some(Money::ZERO));
    assert_eq!(metrics.other("ruined"), Some(Value::Flag(true)));
    for name in ["total_return", "cagr", "max_drawdown", "sharpe_ratio", "turnover"] {
        assert_eq!(metrics.float(name), None, "{name}");
    }
}

#[test]
fn an_account_that_loses_more_than_it_has() {
    let mut ledger = new_ledger("1000");
    open(&mut ledger, "100", "50", "0");
    for (day, price) in [(1, "55"), (2, "30")] {
        update(&mut ledger, day * DAY, price);
    }
    let metrics = found(&ledger, 252.0, 0.0);
    near(metrics.float("total_return"), -2.0);
    near(metrics.float("max_drawdown"), -1_000.0 / 1_500.0 - 1.0);
    assert_eq!((metrics.float("cagr"), metrics.float("sharpe_ratio")), (None, None));
}

#[test]
fn trades_of_one_kind() {
    let mut ledger = new_ledger("1000");
    let position_id = open(&mut ledger, "1", "50", "0");
    close(&mut ledger, position_id, "51", "0");
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(
        (metrics.float("win_rate"), metrics.float("profit_factor")),
        (Some(1.0), None),
        "no losing trade"
    );
    let mut ledger = new_ledger("1000");
    let position_id = open(&mut ledger, "1", "50", "0");
    close(&mut ledger, position_id, "49", "0");
    let metrics = found(&ledger, 252.0, 0.0);
    assert_eq!(
        (metrics.float("win_rate"), metrics.float("profit_factor")),
        (Some(0.0), Some(0.0)),
        "no gain"
    );
}

/// Gains that have more than 38 digits together have no ratio to the losses.
#[test]
fn sums_out_of_range() {
    let mut ledger = new_ledger("30000000000000000000");
    for (entry, exit) in [("1", "7"), ("7", "1"), ("1", "7")] {
        let position_id = open(&mut ledger, "10000000000000000000", entry, "0");
        close(&mut ledger, position_id, exit, "0");
    }
    let metrics = found(&ledger, 252.0, 0.0);
    near(metrics.float("win_rate"), 2.0 / 3.0);
    assert_eq!(metrics.float("profit_factor"), None);
}

/// Random trades with equity rows between them, some at one time.
fn random_step(ledger: &mut Ledger, random: &mut Random, held: &mut Vec<u64>) {
    let price = format!("{}.{:02}", 40 + random.below(20), random.below(100));
    let time = ledger.account().last_time;
    match random.below(6) {
        0 if held.len() < 5 => held.push(open(ledger, "1.5", &price, "0.25")),
        1 if !held.is_empty() => {
            let place = usize::try_from(random.below(5)).unwrap() % held.len();
            close(ledger, held.swap_remove(place), &price, "0.125");
        }
        2 => update(ledger, time, &price),
        _ => {
            let later = time + i64::try_from(1 + random.below(40)).unwrap() * DAY / 16;
            update(ledger, later, &price);
        }
    }
}

/// The same but for the last digits of a double.
fn same(left: Option<Value>, right: Option<Value>) -> bool {
    match (left, right) {
        (Some(Value::Float(left)), Some(Value::Float(right))) => {
            (left - right).abs() <= 1e-12 * left.abs().max(1.0)
        }
        (left, right) => left == right,
    }
}

#[test]
fn a_metric_asked_for_after_every_event_is_that_of_the_whole_history() {
    let (mut ledger, mut random, mut held) = (new_ledger("1000"), Random(11), Vec::new());
    let options = Options { minimum_return: Some(0.02), ..Options::default() };
    for step in 0..600 {
        random_step(&mut ledger, &mut random, &mut held);
        let whole = ledger.metrics(&options, None);
        let names = whole.entries().len();
        let (name, wanted) = whole.entries()[step % names];
        let live = ledger.metric(name, &options, None).unwrap();
        assert!(same(live, wanted), "{name} at step {step}: {live:?} is not {wanted:?}");
    }
    let daily = Options { resample: Resample::Day, ..options };
    let whole = ledger.metrics(&daily, None);
    for (name, wanted) in whole.entries() {
        let live = ledger.metric(name, &daily, None).unwrap();
        assert!(same(live, *wanted), "{name}: {live:?} is not {wanted:?}");
    }
    assert_eq!(ledger.metric("sharp_ratio", &daily, None), None);
}

#[test]
fn a_live_metric_goes_on_after_compaction() {
    let (mut ledger, mut random, mut held) = (new_ledger("1000"), Random(5), Vec::new());
    let options = Options::default();
    for step in 0..200 {
        random_step(&mut ledger, &mut random, &mut held);
        if step % 50 == 49 {
            ledger.compact(10).unwrap();
        }
        let live = ledger.metric("ulcer_index", &options, None).unwrap();
        let wanted = ledger.metrics(&options, None).get("ulcer_index").unwrap();
        assert!(same(live, wanted), "step {step}: {live:?} is not {wanted:?}");
    }
}

#[test]
fn a_curve_against_itself() {
    let (mut ledger, mut random, mut held) = (new_ledger("1000"), Random(3), Vec::new());
    (0..300).for_each(|_| random_step(&mut ledger, &mut random, &mut held));
    let curve = ledger.history().curve(Resample::None);
    let benchmark = Benchmark { times: curve.times, values: curve.values };
    let options = Options::default();
    let metrics = Found(ledger.metrics(&options, Some(&benchmark)));
    for name in ["beta", "correlation", "r_squared", "up_capture", "down_capture"] {
        near(metrics.float(name), 1.0);
    }
    near(metrics.float("up_down_capture_ratio"), 1.0);
    assert_eq!(metrics.float("tracking_error"), Some(0.0));
    assert_eq!(metrics.float("information_ratio"), None, "no difference");
    assert_eq!(metrics.float("batting_average"), Some(0.0));
    assert!(metrics.float("alpha").unwrap().abs() < 1e-12);
    assert!(metrics.float("active_return").unwrap().abs() < 1e-12);
    let live = ledger.metric("beta", &options, Some(&benchmark)).unwrap();
    assert_eq!(live, metrics.other("beta"));
    assert_eq!(ledger.metric("beta", &options, None), Some(None));
}

/// A long of 10 at 50 from day 0 to 2, and a short of 10 at 60 from day 3 on, equity 1000.
#[test]
fn exposure_and_turnover_by_hand() {
    let mut ledger = new_ledger("1000");
    let position_id = open(&mut ledger, "10", "50", "0");
    update(&mut ledger, DAY, "55");
    update(&mut ledger, 2 * DAY, "60");
    close(&mut ledger, position_id, "60", "2");
    update(&mut ledger, 3 * DAY, "60");
    let event = Open {
        symbol: "A",
        side: Side::Short,
        size: Size::parse("10").unwrap(),
        price: Price::parse("60").unwrap(),
        time: 3 * DAY,
        stop_loss: None,
        take_profit: None,
        fee: Some(money("1")),
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    };
    ledger.apply(&Event::Open(event)).unwrap();
    update(&mut ledger, 4 * DAY, "66");
    let metrics = found(&ledger, 252.0, 0.0);
    near(metrics.float("exposure_time"), 3.0 / 4.0);
    // Each fill counts with the equity that ends its period.
    let turnover = 500.0 / 1_050.0 + 600.0 / 1_100.0 + 600.0 / 1_098.0;
    near(metrics.float("turnover"), turnover);
    near(metrics.float("annualized_turnover"), turnover * DAYS_PER_YEAR / 4.0);
    assert_eq!(metrics.money("total_commission"), Some(money("3")));
    near(metrics.float("cost_ratio"), 3.0 / 100.0);
    near(metrics.float("max_gross_exposure"), 660.0 / 1_037.0);
    let gross = 550.0 / 1_050.0 + 600.0 / 1_100.0 + 660.0 / 1_037.0;
    near(metrics.float("average_gross_exposure"), gross / 5.0);
    let net = 550.0 / 1_050.0 + 600.0 / 1_100.0 - 660.0 / 1_037.0;
    near(metrics.float("average_net_exposure"), net / 5.0);
}

/// Ten per year of equal trials: the bar above which a ratio is more than luck.
#[test]
fn the_deflated_ratio_lies_below_the_probabilistic_one() {
    let (mut ledger, mut random, mut held) = (new_ledger("1000"), Random(9), Vec::new());
    (0..300).for_each(|_| random_step(&mut ledger, &mut random, &mut held));
    let trials = Some((1..=10).map(|trial| f64::from(trial) / 10.0).collect());
    let with = Found(ledger.metrics(&Options { trials, ..Options::default() }, None));
    let probable = with.float("probabilistic_sharpe_ratio").unwrap();
    let deflated = with.float("deflated_sharpe_ratio").unwrap();
    assert!(deflated < probable, "{deflated} is not below {probable}");
    for trials in [None, Some(vec![0.5])] {
        let without = Found(ledger.metrics(&Options { trials, ..Options::default() }, None));
        assert_eq!(without.float("deflated_sharpe_ratio"), None);
    }
}
