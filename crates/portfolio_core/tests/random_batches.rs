//! Random runs over random bars: whatever rows ask for, accounts stay whole, and threads change
//! nothing. The seed is in the message of what fails.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails fails the test"
)]

#[path = "batch_runs/made.rs"]
#[expect(dead_code, reason = "another test file needs the rest")]
mod made;

use arrow_array::RecordBatch;
use made::{Made, everything};
use portfolio_core::batch::Fill;
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::currency::Currency;
use portfolio_core::event::Path;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Mode, OffGrid, Rounding};
use portfolio_core::numbers::{Contract, Money};
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, Requirement, Slippage,
    SlippageKind, Swap, SwapKind, Terms,
};

/// A generator of numbers without a pattern that a rule could see (splitmix64).
struct Luck(u64);

impl Luck {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A cell, or a null.
    fn maybe(&mut self, chances: u64, cell: impl FnOnce(&mut Self) -> String) -> String {
        if self.one_in(chances) { cell(self) } else { "-".to_owned() }
    }
}

const SYMBOLS: [&str; 3] = ["X", "EURUSD", "Y"];

fn bars(luck: &mut Luck) -> (String, i64) {
    let (symbols, moments) = (1 + luck.below(3) as usize, 5 + luck.below(90) as i64);
    let mut frame = "time symbol open high low close spread\n".to_owned();
    let (mut time, mut prices) = (0, [10_000_i64, 110, 5_000]);
    for moment in 0..moments {
        time += 1 + luck.below(3_600_000_000 * 7) as i64;
        for (symbol, price) in SYMBOLS.iter().zip(&mut prices).take(symbols) {
            if moment > 0 && luck.one_in(7) {
                continue;
            }
            let step = (*price / 20).max(2) as u64;
            let mut next = || (*price - (step as i64) / 2 + luck.below(step) as i64).max(1);
            let (open, close, third) = (next(), next(), next());
            let (high, low) = (open.max(close).max(third), open.min(close).min(third));
            let spread = luck.pick(&[0, 0, 1, 3]);
            let cent = |raw: i64| format!("{}.{:02}", raw / 100, raw % 100);
            let cells = [open, high, low, close, spread].map(cent).join(" ");
            frame.push_str(&format!("{time} {symbol} {cells}\n"));
            *price = close;
        }
    }
    (frame, time)
}

const COLUMNS: &str = "run_id time symbol action side size size_rule type price stop_loss \
    stop_loss_distance take_profit_rate trailing trailing_rate break_even break_even_offset \
    targets exit_time expiry oco tag if_flat\n";

fn orders(luck: &mut Luck, runs: u64, bars: &str, end: i64) -> String {
    let mut frame = COLUMNS.to_owned();
    let symbols: Vec<&str> = SYMBOLS.into_iter().filter(|name| bars.contains(name)).collect();
    for _ in 0..luck.below(80) {
        let time = luck.below(end as u64 + 2) as i64;
        let action = luck.pick(&["open", "open", "open", "close", "modify", "cancel", "target"]);
        let symbol = luck.pick(&symbols);
        let around = if symbol == "EURUSD" { 1 } else { 75 };
        let price = |luck: &mut Luck| format!("{}.{:02}", around + luck.below(30), luck.below(100));
        let later = |luck: &mut Luck| (time + luck.below(end as u64) as i64 / 3).to_string();
        let side =
            if action == "open" || luck.one_in(3) { luck.pick(&["long", "short"]) } else { "-" };
        let size = match action {
            "open" => format!("{}.{}", luck.below(5), luck.below(10)),
            "target" => format!("{}{}", luck.pick(&["", "-"]), luck.below(9)),
            _ => luck.maybe(5, |luck| luck.below(4).to_string()),
        };
        let rule = match action {
            "open" => luck.maybe(3, |luck| luck.pick(&["value", "equity", "risk"]).to_owned()),
            "target" => luck.maybe(2, |luck| luck.pick(&["value", "equity"]).to_owned()),
            _ => "-".to_owned(),
        };
        let cells = [
            luck.below(runs).to_string(),
            time.to_string(),
            symbol.to_owned(),
            action.to_owned(),
            side.to_owned(),
            size,
            rule,
            luck.maybe(3, |luck| luck.pick(&["market", "limit", "stop"]).to_owned()),
            if luck.one_in(9) { "-".to_owned() } else { price(luck) },
            luck.maybe(20, price),
            luck.maybe(3, |luck| format!("{}.5", luck.below(5))),
            luck.maybe(3, |luck| format!("0.0{}", luck.below(100))),
            luck.maybe(6, |luck| luck.below(4).to_string()),
            luck.maybe(9, |luck| format!("0.00{}", luck.below(100))),
            luck.maybe(6, |luck| luck.below(4).to_string()),
            luck.maybe(30, |luck| format!("0.{}", luck.below(9))),
            luck.maybe(20, |luck| format!("{}:1", price(luck))),
            luck.maybe(12, later),
            luck.maybe(6, later),
            luck.maybe(4, |luck| luck.pick(&["a", "b"]).to_owned()),
            luck.maybe(3, |luck| luck.pick(&["t", "a_tag_of_some_length"]).to_owned()),
            luck.maybe(3, |luck| luck.pick(&["true", "false"]).to_owned()),
        ];
        frame.push_str(&cells.join(" "));
        frame.push('\n');
    }
    frame
}

fn commission(luck: &mut Luck) -> Commission {
    let taker = i128::from(luck.below(2_000_000));
    let kind = luck.pick(&[CommissionKind::PerLot, CommissionKind::Rate, CommissionKind::PerTrade]);
    let tiers = vec![CommissionTier { volume: None, taker, maker: taker / 2 }];
    Commission { kind, tiers, minimum: None, on: ChargedOn::Both }
}

fn terms(luck: &mut Luck) -> Terms {
    let requirement = luck.pick(&[Some(20_000_000_i128), Some(500_000_000), None]);
    let swap = Swap {
        kind: SwapKind::Rate,
        long: -30_000_000,
        short: 10_000_000,
        rollovers: vec![1_320],
        zone: "Europe/London".to_owned(),
        multipliers: [1, 1, 3, 1, 1, 0, 0],
        day_count: 360,
    };
    let kind = luck.pick(&[SlippageKind::Points, SlippageKind::Rate, SlippageKind::Random]);
    let slippage = Slippage { kind, value: 1_000_000, seed: luck.below(9) };
    Terms {
        margin: requirement.map(|rate| Margin {
            requirement: Requirement::Rate(rate),
            basis: Basis::Mark,
            hedged: None,
            in_base: false,
        }),
        commission: luck.one_in(2).then(|| commission(luck)),
        slippage: luck.one_in(3).then_some(slippage),
        swap: luck.one_in(3).then_some(swap),
        ..Terms::default()
    }
}

fn instruments(luck: &mut Luck) -> Vec<Instrument> {
    let mut instruments = Vec::new();
    let euro = Currency::parse("EUR");
    for symbol in SYMBOLS {
        if luck.one_in(3) {
            continue;
        }
        let mut instrument = Instrument::default_for(symbol);
        instrument.size_decimals = luck.pick(&[1, 2, 3]);
        instrument.price_decimals = luck.pick(&[2, 2, 2, 2, 2, 2, 2, 2, 3, 1]);
        instrument.contract = Contract::new(luck.pick(&[1, 1, 10]) * 1_000_000_000).unwrap();
        instrument.terms = luck.one_in(2).then(|| Box::new(terms(luck)));
        if symbol == "EURUSD" {
            instrument.terms.get_or_insert_default().base_currency = euro;
        } else if luck.one_in(4) {
            instrument.quote_currency = euro;
        }
        instruments.push(instrument);
    }
    instruments
}

fn made(luck: &mut Luck) -> Made {
    let (bars, end) = bars(luck);
    let runs = 1 + luck.below(12);
    let orders = orders(luck, runs, &bars, end);
    let made = Made::new(&bars, &orders).with(|settings| {
        let configuration = &mut settings.configuration;
        let balance = luck.pick(&["1000", "10000", "300"]);
        configuration.initial_balance = Money::parse(balance).unwrap();
        configuration.leverage = luck.pick(&[1, 10, 100]) * 1_000_000_000;
        configuration.mode = luck.pick(&[Mode::Hedging, Mode::Netting]);
        configuration.rounding = luck.pick(&[Rounding::Exact, Rounding::Exact, Rounding::Cents]);
        configuration.off_grid = luck.pick(&[OffGrid::Refuse, OffGrid::Round]);
        let paths = [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc];
        configuration.path = luck.pick(&paths);
        configuration.margin_call = luck.pick(&[None, Some(90_000_000_000)]);
        configuration.stop_out = luck.pick(&[None, Some(50_000_000_000)]);
        settings.fill = luck.pick(&[Fill::NextOpen, Fill::Close]);
        settings.instruments = instruments(luck);
        settings.costs.commission = luck.one_in(4).then(|| commission(luck));
    });
    if !luck.one_in(3) {
        return made;
    }
    let mut params = "run_id commission_rate take_profit_distance fill mode side\n".to_owned();
    let mut ids: Vec<&str> =
        orders.lines().skip(1).filter_map(|line| line.split_once(' ')).map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let rate = luck.maybe(2, |luck| format!("0.00{}", luck.below(9)));
        let distance = luck.maybe(2, |luck| luck.below(9).to_string());
        let fill = luck.pick(&["next_open", "close", "-"]);
        let (mode, side) = (luck.pick(&["netting", "hedging", "-"]), luck.pick(&["short", "-"]));
        params.push_str(&format!("{id} {rate} {distance} {fill} {mode} {side}\n"));
    }
    made.with_params(&params)
}

fn batches(tables: &Tables) -> [&[RecordBatch]; 5] {
    let Tables { equity, trades, metrics, finals, rejected, .. } = tables;
    [equity, trades, metrics, finals, rejected].map(|table| table.batches.as_slice())
}

#[test]
fn random_runs_are_whole_accounts_whatever_the_threads() {
    let (mut trades, mut rejected, mut runs) = (0, 0, 0);
    for seed in 0..300 {
        let made = made(&mut Luck(seed));
        let batch = made.batch();
        let on = |threads| {
            batch.run_many(0..batch.len(), threads, &Control::new(), &everything()).unwrap()
        };
        let one = on(1);
        assert_eq!(batches(&one), batches(&on(3)), "seed {seed}");
        for place in 0..batch.len() {
            let mut ledger = batch.ledger(place).unwrap().unwrap();
            ledger.verify_in_full().unwrap_or_else(|broken| panic!("seed {seed}: {broken:?}"));
        }
        assert_eq!(one.finals.rows, batch.len(), "seed {seed}");
        trades += one.trades.rows;
        rejected += one.rejected.rows;
        runs += batch.len();
    }
    assert!(runs > 1_000 && trades > 1_000 && rejected > 1_000, "{runs} {trades} {rejected}");
}
