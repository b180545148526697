//! Whatever decides the results of a batch changes its fingerprint; how frames are stored does not.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use portfolio_core::batch::Fill;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::params::ParamTable;
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::currency::Currency;
use portfolio_core::event::Path;
use portfolio_core::history::Resample;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Mode, OffGrid, Rounding};
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{Contract, FloatPolicy, Money, Price, parse_decimal};
use portfolio_core::terms::{
    ChargedOn, Commission, CommissionKind, CommissionTier, Slippage, SlippageKind, Swap, SwapKind,
    Terms,
};

/// The columns of texts.
const TEXTS: [&str; 11] = [
    "symbol",
    "action",
    "side",
    "size_rule",
    "type",
    "targets",
    "oco",
    "tag",
    "mode",
    "path",
    "fill",
];

/// A frame as text: a line of names, then a line a row, `-` for null.
#[derive(Clone)]
struct Frame {
    names: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    /// Whether other types and other chunks are used.
    stored_otherwise: bool,
}

impl Frame {
    fn new(text: &str) -> Self {
        let mut lines = text.trim().lines().map(|line| line.split_whitespace());
        let names = lines.next().unwrap().map(str::to_owned).collect();
        let cell = |cell: &str| (cell != "-").then(|| cell.to_owned());
        let rows = lines.map(|line| line.map(cell).collect()).collect();
        Self { names, rows, stored_otherwise: false }
    }

    fn with(&self, name: &str, row: usize, cell: &str) -> Self {
        let mut frame = self.clone();
        let found = frame.names.iter().position(|known| known == name);
        let column = found.unwrap_or_else(|| {
            frame.names.push(name.to_owned());
            frame.rows.iter_mut().for_each(|row| row.push(None));
            frame.names.len() - 1
        });
        frame.rows[row][column] = Some(cell.to_owned());
        frame
    }

    fn without(&self, row: usize) -> Self {
        let mut frame = self.clone();
        frame.rows.remove(row);
        frame
    }

    fn column(&self, column: usize) -> ArrayRef {
        let cells = || self.rows.iter().map(|row| row[column].as_deref());
        let whole = || cells().map(|cell| cell.map(|cell| cell.parse::<i64>().unwrap()));
        let raw = || cells().map(|cell| cell.map(|cell| parse_decimal(cell, 18).unwrap()));
        match (self.names[column].as_str(), self.stored_otherwise) {
            ("time" | "exit_time" | "expiry", false) => Arc::new(whole().collect::<Int64Array>()),
            ("time" | "exit_time" | "expiry", true) => {
                let array = whole().collect::<TimestampMicrosecondArray>();
                Arc::new(array.with_timezone("UTC"))
            }
            ("run_id", false) => {
                let ids = whole().map(|id| id.map(|id| u32::try_from(id).unwrap()));
                Arc::new(ids.collect::<UInt32Array>())
            }
            ("run_id", true) => {
                let ids = whole().map(|id| id.map(|id| u64::try_from(id).unwrap()));
                Arc::new(ids.collect::<UInt64Array>())
            }
            ("if_flat", _) => {
                let flags = cells().map(|cell| cell.map(|cell| cell == "true"));
                Arc::new(flags.collect::<BooleanArray>())
            }
            (name, false) if TEXTS.contains(&name) => Arc::new(cells().collect::<StringArray>()),
            (name, true) if TEXTS.contains(&name) => Arc::new(cells().collect::<StringViewArray>()),
            (_, false) => {
                let array = raw().collect::<Decimal128Array>();
                Arc::new(array.with_precision_and_scale(38, 18).unwrap())
            }
            (_, true) => {
                let floats = cells().map(|cell| cell.map(|cell| cell.parse::<f64>().unwrap()));
                Arc::new(floats.collect::<Float64Array>())
            }
        }
    }

    fn batches(&self) -> Vec<RecordBatch> {
        let columns = (0..self.names.len()).map(|column| {
            let array = self.column(column);
            // Fields are nullable whether there is a null or not, so that chunks are alike.
            (self.names[column].as_str(), array, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        if self.stored_otherwise {
            return vec![
                batch.slice(0, 1),
                batch.slice(1, 0),
                batch.slice(1, batch.num_rows() - 1),
            ];
        }
        vec![batch]
    }
}

#[derive(Clone)]
struct Given {
    bars: Frame,
    orders: Frame,
    params: Option<Frame>,
    settings: Settings,
}

impl Given {
    fn new() -> Self {
        let bars = Frame::new(
            "time symbol open high low close spread
             10 A 100 110 90 105 0.5
             10 B 50 51 49 50.5 0
             20 A 105 111 100 101 0.25
             30 B 50 52 48 51 1",
        );
        let orders = Frame::new(
            "run_id time symbol action side size size_rule type price stop_loss take_profit tag
             0 10 A open long 1 - limit 99 90 120 first
             0 20 A modify - - - - - 91 - -
             0 20 A close - - - - - - - first
             1 10 B open short 2 value - - - - -
             1 30 B cancel - - - - - - - second",
        );
        let settings = Settings {
            configuration: Configuration::new(money("1000")),
            instruments: vec![instrument()],
            costs: Costs::default(),
            fill: Fill::NextOpen,
            metrics: Options::default(),
        };
        Self { bars, orders, params: None, settings }
    }

    fn fingerprint(&self) -> String {
        let floats = FloatPolicy::Nearest;
        let batches = self.bars.batches();
        let bars = BarTable::read(&batches[0].schema(), &batches, floats, None).unwrap();
        let batches = self.orders.batches();
        let orders = OrderTable::read(&batches[0].schema(), &batches, &bars, floats).unwrap();
        let params = self.params.as_ref().map(|params| {
            let batches = params.batches();
            ParamTable::read(&batches[0].schema(), &batches, &[], floats).unwrap()
        });
        let settings = self.settings.clone();
        let batch = Batch::new(Arc::new(bars), Arc::new(orders), params, settings).unwrap();
        batch.fingerprint().unwrap()
    }
}

fn money(text: &str) -> Money {
    Money::from_raw(parse_decimal(text, 18).unwrap()).unwrap()
}

fn instrument() -> Instrument {
    Instrument { price_decimals: 4, ..Instrument::default_for("A") }
}

fn commission(taker: i128) -> Commission {
    let tiers = vec![CommissionTier { volume: None, taker, maker: 0 }];
    Commission { kind: CommissionKind::PerTrade, tiers, minimum: None, on: ChargedOn::Both }
}

fn slippage(value: i128) -> Slippage {
    Slippage { kind: SlippageKind::Rate, value, seed: 0 }
}

fn swap(long: i128) -> Swap {
    Swap {
        kind: SwapKind::Rate,
        long,
        short: 0,
        rollovers: vec![1_320],
        zone: "UTC".to_owned(),
        multipliers: [1, 1, 1, 1, 1, 0, 0],
        day_count: 365,
    }
}

/// A batch after one change of its bars.
fn of_bars(all: &mut Vec<(String, Given)>) {
    let base = Given::new();
    let mut with = |label: String, bars: Frame| all.push((label, Given { bars, ..base.clone() }));
    for (name, cell) in [
        ("time", "11"),
        ("open", "100.000000001"),
        ("high", "110.5"),
        ("low", "89.5"),
        ("close", "104"),
        ("spread", "0.75"),
    ] {
        let mut bars = base.bars.with(name, 0, cell);
        if name == "time" {
            bars = bars.with(name, 1, cell);
        }
        with(format!("bars.{name}"), bars);
    }
    with("another time of one bar".to_owned(), base.bars.with("time", 3, "20"));
    with("another symbol of one bar".to_owned(), base.bars.with("symbol", 3, "A"));
    with("one bar less".to_owned(), base.bars.without(3));
}

/// A batch after one change of its orders.
fn of_orders(all: &mut Vec<(String, Given)>) {
    let base = Given::new();
    let mut with =
        |label: String, orders: Frame| all.push((label, Given { orders, ..base.clone() }));
    for (name, row, cell) in [
        ("run_id", 4, "2"),
        ("time", 4, "20"),
        ("symbol", 4, "A"),
        ("action", 4, "close"),
        ("side", 0, "short"),
        ("side", 2, "long"),
        ("size", 0, "3"),
        ("size", 2, "0.5"),
        ("size_rule", 0, "value"),
        ("size_rule", 3, "equity"),
        ("type", 0, "stop"),
        ("price", 0, "98"),
        ("stop_loss", 0, "89"),
        ("stop_loss", 1, "0"),
        ("take_profit", 0, "121"),
        ("take_profit", 1, "122"),
        ("stop_loss_distance", 3, "2"),
        ("stop_loss_rate", 3, "2"),
        ("take_profit_distance", 3, "2"),
        ("take_profit_rate", 3, "2"),
        ("trailing", 3, "2"),
        ("trailing_rate", 3, "2"),
        ("break_even", 3, "2"),
        ("break_even_offset", 3, "2"),
        ("targets", 3, "40:1"),
        ("targets", 3, "41:1"),
        ("targets", 3, "40:1;41:0.5"),
        ("exit_time", 3, "30"),
        ("exit_time", 3, "31"),
        ("expiry", 0, "30"),
        ("oco", 0, "group"),
        ("tag", 0, "third"),
        ("tag", 3, "group"),
        ("tag", 2, "firs"),
        ("if_flat", 3, "true"),
    ] {
        with(format!("orders.{name} {row} {cell}"), base.orders.with(name, row, cell));
    }
    with("one row less".to_owned(), base.orders.without(1));
    let mut swapped = base.orders.clone();
    swapped.rows.swap(1, 2);
    with("two rows of a time".to_owned(), swapped);
}

/// A batch with parameters, each of another kind.
fn of_params(all: &mut Vec<(String, Given)>) {
    let base = Given::new();
    let both = Frame::new("run_id\n0\n1");
    let mut with = |label: String, params: Frame| {
        all.push((label, Given { params: Some(params), ..base.clone() }));
    };
    with("params".to_owned(), both.clone());
    with("params turned around".to_owned(), Frame::new("run_id\n1\n0"));
    for name in [
        "size",
        "stop_loss",
        "stop_loss_distance",
        "stop_loss_rate",
        "take_profit",
        "take_profit_distance",
        "take_profit_rate",
        "trailing",
        "trailing_rate",
        "break_even",
        "initial_balance",
        "leverage",
        "margin_call",
        "stop_out",
        "commission_rate",
        "commission_per_lot",
        "commission_per_unit",
        "commission_per_trade",
        "slippage_points",
        "slippage_rate",
    ] {
        for (row, cell) in [(0, "2"), (1, "2"), (1, "3")] {
            with(format!("params.{name} {row} {cell}"), both.with(name, row, cell));
        }
    }
    for (name, cell) in [
        ("size_rule", "units"),
        ("size_rule", "value"),
        ("size_rule", "equity"),
        ("side", "long"),
        ("side", "short"),
        ("mode", "hedging"),
        ("mode", "netting"),
        ("path", "pessimistic"),
        ("path", "optimistic"),
        ("path", "ohlc"),
        ("path", "olhc"),
        ("fill", "next_open"),
        ("fill", "close"),
    ] {
        with(format!("params.{name} {cell}"), both.with(name, 0, cell));
    }
}

/// A batch after one change of its settings.
fn of_settings(all: &mut Vec<(String, Given)>) {
    let mut with = |label: &str, change: &dyn Fn(&mut Settings)| {
        let mut given = Given::new();
        change(&mut given.settings);
        all.push((label.to_owned(), given));
    };
    with("initial_balance", &|all| all.configuration.initial_balance = money("1001"));
    with("currency", &|all| all.configuration.currency = Currency::parse("EUR").unwrap());
    with("leverage", &|all| all.configuration.leverage = 2_000_000_000);
    with("mode", &|all| all.configuration.mode = Mode::Netting);
    with("rounding", &|all| all.configuration.rounding = Rounding::Cents);
    with("off_grid", &|all| all.configuration.off_grid = OffGrid::Round);
    with("margin_call", &|all| all.configuration.margin_call = Some(100));
    with("stop_out", &|all| all.configuration.stop_out = Some(100));
    with("path", &|all| all.configuration.path = Path::Olhc);
    with("pivot", &|all| all.configuration.pivot = Currency::parse("EUR").unwrap());
    with("no instrument", &|all| all.instruments.clear());
    with("two instruments", &|all| all.instruments.push(Instrument::default_for("B")));
    with("price_decimals", &|all| all.instruments[0].price_decimals = 3);
    with("size_decimals", &|all| all.instruments[0].size_decimals = 3);
    with("contract", &|all| all.instruments[0].contract = Contract::new(7_000_000_000).unwrap());
    with("quote", &|all| all.instruments[0].quote_currency = Currency::parse("EUR"));
    with("its leverage", &|all| all.instruments[0].leverage = Some(3_000_000_000));
    with("its terms", &|all| {
        let terms = Terms { tick_size: Price::from_raw(100_000).ok(), ..Terms::default() };
        all.instruments[0].terms = Some(Box::new(terms));
    });
    with("its commission", &|all| {
        let terms = Terms { commission: Some(commission(1)), ..Terms::default() };
        all.instruments[0].terms = Some(Box::new(terms));
    });
    with("commission", &|all| all.costs.commission = Some(commission(1)));
    with("more commission", &|all| all.costs.commission = Some(commission(2)));
    with("slippage", &|all| all.costs.slippage = Some(slippage(1)));
    with("swap", &|all| all.costs.swap = Some(swap(1)));
    with("more swap", &|all| all.costs.swap = Some(swap(-1)));
    with("fill", &|all| all.fill = Fill::Close);
    with("periods", &|all| all.metrics.periods_per_year = 365.0);
    with("risk-free", &|all| all.metrics.risk_free_rate = 0.01);
    with("mar", &|all| all.metrics.minimum_return = Some(0.01));
    with("mar 0", &|all| all.metrics.minimum_return = Some(0.0));
    with("confidence", &|all| all.metrics.confidence = 0.01);
    with("resample", &|all| all.metrics.resample = Resample::Day);
}

#[test]
fn each_single_change_changes_it() {
    let mut all = vec![("nothing".to_owned(), Given::new())];
    of_bars(&mut all);
    of_orders(&mut all);
    of_params(&mut all);
    of_settings(&mut all);
    assert!(all.len() > 150, "{} changes", all.len());
    let mut seen: HashMap<String, String> = HashMap::new();
    for (label, given) in all {
        let hash = given.fingerprint();
        assert_eq!(hash.len(), 64);
        if let Some(other) = seen.insert(hash, label.clone()) {
            assert_eq!(label, other, "two changes have the same fingerprint");
        }
    }
}

#[test]
fn types_and_chunks_do_not() {
    let mut given = Given::new();
    given.orders = given.orders.with("exit_time", 3, "30").with("if_flat", 3, "true");
    given.params = Some(Frame::new("run_id size leverage mode\n0 1.5 - netting\n1 - 20 -"));
    let before = given.fingerprint();
    assert_eq!(given.fingerprint(), before);
    for frame in [&mut given.bars, &mut given.orders, given.params.as_mut().unwrap()] {
        frame.stored_otherwise = true;
    }
    assert_eq!(given.fingerprint(), before);
    // A column of nulls is a column that is not there.
    given.orders.names.push("oco".to_owned());
    given.orders.rows.iter_mut().for_each(|row| row.push(None));
    assert_eq!(given.fingerprint(), before);
}
