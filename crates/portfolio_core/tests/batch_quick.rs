//! The short road of plain runs against the ledger: thousands of random runs, every column of the
//! answer bit for bit.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and the numbers are chosen to fit"
)]

mod draws;
mod outcomes;
mod random;

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray};
use draws::{below, chance, pick};
use outcomes::check;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::drive::drive;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::{Keep, Record, Recorded, TradeColumns};
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::batch::{Fill, quick};
use portfolio_core::event::Path;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Mode};
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{Contract, FloatPolicy, Money};
use portfolio_core::terms::{ChargedOn, Commission, CommissionKind, CommissionTier, Terms};
use random::Random;

/// One at scale 9.
const ONE: i128 = 1_000_000_000;

fn decimals(values: Vec<Option<i128>>) -> ArrayRef {
    let array = Decimal128Array::from(values).with_precision_and_scale(38, 9).unwrap();
    Arc::new(array)
}

/// What a case is drawn with.
struct Case {
    rows: usize,
    tick: i128,
    lot: i128,
    price_decimals: u32,
    size_decimals: u32,
    spread: i128,
    times: Vec<i64>,
    /// What sizes mean.
    rule: &'static str,
}

impl Case {
    fn draw(random: &mut Random) -> Self {
        let price_decimals = pick(random, &[0, 1, 2, 3, 5]);
        let size_decimals = pick(random, &[0, 0, 1, 2, 3]);
        let rows = pick(random, &[2, 3, 10, 60, 200, 700, 1_100, 2_300]);
        let tick = 10_i128.pow(9 - price_decimals);
        let spread = if chance(random, 2) { 0 } else { below(random, 4) * tick };
        let even = chance(random, 2);
        let mut time = i64::try_from(random.below(1_000_000_000_000)).unwrap();
        let mut step =
            || if even { 60_000_000 } else { 1 + i64::try_from(random.below(90_000_000)).unwrap() };
        let times = (0..rows)
            .map(|_| {
                time += step();
                time
            })
            .collect();
        let lot = 10_i128.pow(9 - size_decimals);
        let rule = pick(random, &["units", "units", "value", "equity", "risk"]);
        Self { rows, tick, lot, price_decimals, size_decimals, spread, times, rule }
    }

    /// A walk with gaps.
    fn bars(&self, random: &mut Random) -> BarTable {
        let tick = self.tick;
        let mut last = 10_000 + below(random, 20_000);
        let wide = pick(random, &[3_i128, 40, 400]);
        let mut columns = [vec![], vec![], vec![], vec![]];
        for _ in 0..self.rows {
            let gap = if chance(random, 3) { below(random, 2 * wide + 1) - wide } else { 0 };
            let open = (last + gap).max(10);
            let close = (open + below(random, 2 * wide + 1) - wide).max(10);
            let high = open.max(close) + below(random, wide);
            let low = (open.min(close) - below(random, wide)).max(1);
            for (column, price) in columns.iter_mut().zip([open, high, low, close]) {
                column.push(Some(price * tick));
            }
            last = close;
        }
        let [open, high, low, close] = columns.map(decimals);
        let time: ArrayRef = Arc::new(Int64Array::from(self.times.clone()));
        let spread = decimals(vec![Some(self.spread); self.rows]);
        let named = [
            ("time", time),
            ("open", open),
            ("high", high),
            ("low", low),
            ("close", close),
            ("spread", spread),
        ];
        let batch = RecordBatch::try_from_iter(named).unwrap();
        let (schema, batches) = (batch.schema(), [batch]);
        BarTable::read(&schema, &batches, FloatPolicy::Nearest, Some("A")).unwrap()
    }

    /// Some on bars, some between them, some outside.
    fn order_times(&self, rows: usize, random: &mut Random) -> Vec<i64> {
        let (first, last) = (self.times[0], self.times[self.rows - 1]);
        let span = u64::try_from(last - first + 2).unwrap();
        let before_last = u64::try_from((self.rows - 1).max(1)).unwrap();
        let late = chance(random, 6);
        let mut times: Vec<i64> = (0..rows)
            .map(|_| match random.below(3) {
                0 if late => first - 5 + i64::try_from(random.below(span + 20)).unwrap(),
                0 => first + i64::try_from(random.below(span.saturating_sub(3).max(1))).unwrap(),
                _ => self.times[usize::try_from(random.below(before_last)).unwrap()],
            })
            .collect();
        times.sort_unstable();
        times
    }

    /// Size, stop loss and take profit of an open, the levels in one of three ways.
    fn open_cells(&self, levels: u64, random: &mut Random) -> [Option<i128>; 7] {
        let mut cells: [Option<i128>; 7] = Default::default();
        cells[0] = Some(match self.rule {
            "units" => (1 + below(random, 900)) * self.lot,
            "value" => (1 + below(random, 90_000)) * ONE,
            "equity" => (1 + below(random, 200)) * ONE / 1_000,
            _ => (1 + below(random, 20)) * ONE / 10_000,
        });
        let far = (1 + below(random, 600)) * self.tick;
        let farther = (1 + below(random, 600)) * self.tick;
        match levels {
            1 => (cells[2], cells[5]) = (Some(far), Some(farther)),
            2 => (cells[3], cells[6]) = (Some(1 + below(random, ONE / 30)), Some(ONE / 50)),
            3 => {
                cells[1] = Some((8_000 + below(random, 14_000)) * self.tick);
                cells[4] = Some((8_000 + below(random, 14_000)) * self.tick);
            }
            _ => {}
        }
        if self.rule != "risk" && chance(random, 4) {
            (cells[1], cells[2], cells[3]) = (None, None, None);
        }
        if chance(random, 4) {
            (cells[4], cells[5], cells[6]) = (None, None, None);
        }
        cells
    }

    fn orders(&self, random: &mut Random, bars: &BarTable) -> OrderTable {
        let rows = pick(random, &[0, 1, 5, 30, 200]).min(self.rows * 2);
        let times = self.order_times(rows, random);
        let flat_only = chance(random, 2);
        let alternate = chance(random, 2);
        let levels = random.below(4);
        let mut columns: [Vec<Option<i128>>; 7] = Default::default();
        let (mut actions, mut sides, mut tags, mut flat) = (vec![], vec![], vec![], vec![]);
        for row in 0..rows {
            let opens = if alternate { row % 2 == 0 } else { !chance(random, 3) };
            actions.push(if opens { "open" } else { "close" });
            let side = if chance(random, 2) { "long" } else { "short" };
            sides.push(if opens || chance(random, 3) { Some(side) } else { None });
            tags.push(pick(random, &["", "", "a", "a tag that is longer than a view"]));
            flat.push(flat_only);
            let cells = if opens { self.open_cells(levels, random) } else { Default::default() };
            for (column, cell) in columns.iter_mut().zip(cells) {
                column.push(cell);
            }
        }
        let names = [
            "size",
            "stop_loss",
            "stop_loss_distance",
            "stop_loss_rate",
            "take_profit",
            "take_profit_distance",
            "take_profit_rate",
        ];
        let time: ArrayRef = Arc::new(Int64Array::from(times));
        let action: ArrayRef = Arc::new(StringArray::from(actions));
        let side: ArrayRef = Arc::new(StringArray::from(sides));
        let tag: ArrayRef = Arc::new(StringArray::from(tags));
        let if_flat: ArrayRef = Arc::new(BooleanArray::from(flat));
        let rule: ArrayRef = Arc::new(StringArray::from(vec![self.rule; rows]));
        let texts = [
            ("time", time),
            ("action", action),
            ("side", side),
            ("tag", tag),
            ("if_flat", if_flat),
            ("size_rule", rule),
        ];
        let numbers = names.into_iter().zip(columns.map(decimals));
        let batch = RecordBatch::try_from_iter(texts.into_iter().chain(numbers)).unwrap();
        let (schema, batches) = (batch.schema(), [batch]);
        OrderTable::read(&schema, &batches, bars, FloatPolicy::Nearest).unwrap()
    }

    fn settings(&self, random: &mut Random) -> Settings {
        let configuration = Configuration {
            mode: if chance(random, 2) { Mode::Hedging } else { Mode::Netting },
            path: if chance(random, 2) { Path::Pessimistic } else { Path::Optimistic },
            leverage: pick(random, &[1, 3, 30, 100]) * ONE,
            ..Configuration::new(
                Money::from_int(pick(random, &[100_000_000, 1_000_000_000])).unwrap(),
            )
        };
        let contract = pick(random, &[ONE, ONE, 100 * ONE]);
        let instrument = Instrument {
            price_decimals: self.price_decimals,
            size_decimals: self.size_decimals,
            contract: Contract::new(contract).unwrap(),
            ..Instrument::default_for("A")
        };
        let (kind, value) = match random.below(5) {
            0 => (CommissionKind::PerLot, 25 * ONE * ONE / 10),
            1 => (CommissionKind::PerUnit, 3 * ONE * ONE / 1_000),
            2 => (CommissionKind::PerTrade, 7 * ONE * ONE / 2),
            _ => (CommissionKind::Rate, 5 * ONE / 10_000),
        };
        let maker = if chance(random, 2) { value } else { value / 5 };
        let commission = Commission {
            kind,
            tiers: vec![CommissionTier { volume: None, taker: value, maker }],
            minimum: chance(random, 4).then(|| Money::from_int(1).unwrap()),
            on: pick(
                random,
                &[ChargedOn::Both, ChargedOn::Both, ChargedOn::Entry, ChargedOn::Exit],
            ),
        };
        let commission = (!chance(random, 4)).then_some(commission);
        let own = Terms { commission: commission.clone(), ..Terms::default() };
        let in_terms = chance(random, 2);
        let terms = (in_terms && commission.is_some()).then(|| Box::new(own));
        let instrument = Instrument { terms, ..instrument };
        Settings {
            configuration,
            instruments: if chance(random, 8) { vec![] } else { vec![instrument] },
            costs: Costs { commission: commission.filter(|_| !in_terms), ..Costs::default() },
            fill: if chance(random, 2) { Fill::Close } else { Fill::NextOpen },
            metrics: Options { periods_per_year: 300.0, ..Options::default() },
        }
    }
}

#[test]
fn the_short_road_is_the_ledgers() {
    let cases = std::env::var("BATCH_CASES").map_or(1_200, |cases| cases.parse().unwrap());
    let (mut answered, mut trades, mut room) = (0_u64, 0, quick::Rooms::default());
    let mut wrong = Vec::new();
    for seed in 0..cases {
        let mut random = Random(seed * 7_919 + 1);
        let case = Case::draw(&mut random);
        let bars = Arc::new(case.bars(&mut random));
        let orders = Arc::new(case.orders(&mut random, &bars));
        let settings = case.settings(&mut random);
        let batch = Batch::new(Arc::clone(&bars), orders, None, settings).unwrap();
        let keep = Keep {
            exact: chance(&mut random, 3),
            record: pick(&mut random, &[Record::Bar, Record::Bar, Record::Day, Record::None]),
            ..Keep::default()
        };
        let recorded = Recorded::of(&bars, keep.record);
        let run = batch.run(0).unwrap();
        let Some(quick) = quick::run(&run, &keep, &recorded, &mut room) else { continue };
        answered += 1;
        trades += quick.trades.as_ref().map_or(0, TradeColumns::len);
        let driven = drive(&run, &mut || true).unwrap();
        let ledger = driven.outcome(&run, &keep, &recorded).unwrap();
        let same = std::panic::catch_unwind(|| check(&quick, &ledger, seed));
        wrong.extend(same.is_err().then_some(seed));
    }
    assert_eq!(wrong, [0; 0]);
    assert!(answered * 2 > cases, "{answered} of {cases} runs were plain");
    assert!(trades > usize::try_from(cases).unwrap() * 3, "{trades} trades");
}
