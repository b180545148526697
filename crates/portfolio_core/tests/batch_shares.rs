//! The road of rebalanced portfolios against the ledger: hundreds of random runs of several
//! symbols, every column of the answer bit for bit.
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

use arrow_array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use draws::{below, chance, pick};
use outcomes::check;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::drive::drive;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::{Keep, Outcome, Record, Recorded, TradeColumns};
use portfolio_core::batch::params::ParamTable;
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
/// In the order of neither their first bars nor their names.
const NAMES: [&str; 6] = ["F", "B", "AA", "D", "C", "E"];

fn decimals(values: Vec<i128>) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 9).unwrap())
}

fn table(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// What is known of a symbol.
struct Traded {
    name: &'static str,
    tick: i128,
    lot: i128,
    price_decimals: u32,
    size_decimals: u32,
    /// Bars are missing, one in so many; 0 for none.
    gaps: u64,
    /// Moments in which there are bars at all.
    life: (usize, usize),
}

/// What a case is drawn with.
struct Case {
    symbols: Vec<Traded>,
    times: Vec<i64>,
    /// 0: none, 1: one for all, 2: of each bar its own.
    spreads: u64,
    given: bool,
    fill: Fill,
}

impl Case {
    fn draw(random: &mut Random) -> Self {
        let moments = pick(random, &[2, 8, 40, 150, 150, 400, 1_100]);
        let count = 1 + usize::try_from(random.below(6)).unwrap();
        let given = chance(random, 2);
        let gaps = pick(random, &[0, 0, 2, 5, 20]);
        let lives = gaps > 0 && chance(random, 2);
        let symbols = NAMES[..count].iter().map(|name| {
            let (price_decimals, size_decimals) = if given {
                (pick(random, &[1, 2, 3, 5]), pick(random, &[0, 1, 2, 4]))
            } else {
                (9, 9)
            };
            let middle = moments / 2;
            let life = if lives && chance(random, 3) {
                (usize::try_from(random.below(5)).unwrap().min(middle), moments - middle / 3)
            } else {
                (0, moments)
            };
            Traded {
                name,
                tick: if given {
                    10_i128.pow(9 - price_decimals)
                } else {
                    pick(random, &[1_000_000, ONE / 100, ONE / 100])
                },
                lot: 10_i128.pow(9 - size_decimals),
                price_decimals,
                size_decimals,
                gaps,
                life,
            }
        });
        let symbols = symbols.collect();
        let mut time = i64::try_from(random.below(1_000_000_000_000)).unwrap();
        let times = (0..moments)
            .map(|_| {
                time += 1 + i64::try_from(random.below(90_000_000)).unwrap();
                time
            })
            .collect();
        let spreads = random.below(3);
        let fill = if chance(random, 2) { Fill::NextOpen } else { Fill::Close };
        Self { symbols, times, spreads, given, fill }
    }

    fn bars(&self, random: &mut Random) -> BarTable {
        let apart: Vec<i128> = self.symbols.iter().map(|one| below(random, 5) * one.tick).collect();
        let common = self.symbols.iter().map(|one| one.tick).max().unwrap() * below(random, 3);
        let mut last: Vec<i128> =
            self.symbols.iter().map(|_| 2_000 + below(random, 20_000)).collect();
        let (mut times, mut names) = (vec![], vec![]);
        let mut columns = [vec![], vec![], vec![], vec![], vec![]];
        for (moment, &time) in self.times.iter().enumerate() {
            let before = times.len();
            for (place, one) in self.symbols.iter().enumerate() {
                let lives = (one.life.0..one.life.1).contains(&moment);
                let must = before == times.len() && place + 1 == self.symbols.len();
                if !must && (!lives || one.gaps > 0 && chance(random, one.gaps)) {
                    continue;
                }
                let open = (last[place] + below(random, 81) - 40).max(10);
                let close = (open + below(random, 401) - 200).max(10);
                let high = open.max(close) + below(random, 30);
                let low = (open.min(close) - below(random, 30)).max(1);
                last[place] = close;
                let spread = match self.spreads {
                    0 => 0,
                    1 => common,
                    _ => apart[place] + below(random, 2) * one.tick,
                };
                times.push(time);
                names.push(one.name);
                let prices = [open, high, low, close].map(|price| price * one.tick);
                for (column, price) in columns.iter_mut().zip(prices.into_iter().chain([spread])) {
                    column.push(price);
                }
            }
        }
        let [open, high, low, close, spread] = columns.map(decimals);
        let mut named: Vec<(&'static str, ArrayRef)> = vec![
            ("time", Arc::new(Int64Array::from(times))),
            ("symbol", Arc::new(StringArray::from(names))),
            ("open", open),
            ("high", high),
            ("low", low),
            ("close", close),
        ];
        if self.spreads > 0 {
            named.push(("spread", spread));
        }
        let batch = table(named);
        let (schema, batches) = (batch.schema(), [batch]);
        BarTable::read(&schema, &batches, FloatPolicy::Nearest, None).unwrap()
    }

    /// Times of rebalancing, some on bars, some between them, some outside.
    fn rebalancing(&self, random: &mut Random) -> Vec<i64> {
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        let span = u64::try_from(last - first + 2).unwrap();
        let late = chance(random, 3);
        let mut times: Vec<i64> = (0..pick(random, &[0, 1, 4, 20, 60, 60]))
            .map(|_| match random.below(4) {
                0 if late => first - 5 + i64::try_from(random.below(span + 20)).unwrap(),
                0 => first + i64::try_from(random.below(span)).unwrap(),
                _ => pick(random, &self.times),
            })
            .collect();
        times.sort_unstable();
        times
    }

    fn orders(&self, random: &mut Random, bars: &BarTable) -> OrderTable {
        let rule = pick(random, &["units", "value", "equity", "equity", ""]);
        let (negative, few) = (chance(random, 2), chance(random, 3));
        // Above 1 there is too little margin for some.
        let most = pick(random, &[5, 9, 9, 10, 14]);
        let (mut times, mut names, mut sizes) = (vec![], vec![], vec![]);
        let (mut rules, mut tags) = (vec![], vec![]);
        for time in self.rebalancing(random) {
            for one in &self.symbols {
                if few && chance(random, 2) || !bars.symbols.iter().any(|name| name == one.name) {
                    continue;
                }
                let rule = if rule.is_empty() {
                    pick(random, &["units", "value", "equity"])
                } else {
                    rule
                };
                let share = below(random, most + 1);
                let among = i128::try_from(self.symbols.len()).unwrap();
                let size = match rule {
                    "units" => below(random, 300) * one.lot.max(ONE / 1_000),
                    "value" => share * 10_000 * ONE / among + below(random, ONE),
                    _ => share * ONE / 10 / among + below(random, 2) * below(random, 1_000),
                };
                let sign = if negative && chance(random, 3) { -1 } else { 1 };
                let copies = if chance(random, 15) { 2 } else { 1 };
                for copy in 0..copies {
                    times.push(time);
                    names.push(one.name);
                    sizes.push(sign * size / (1 + copy * 2) / one.lot * one.lot);
                    rules.push(rule);
                    tags.push(pick(random, &["", "", "a", "a tag that is longer than a view"]));
                }
            }
        }
        let rows = times.len();
        let batch = table(vec![
            ("time", Arc::new(Int64Array::from(times))),
            ("symbol", Arc::new(StringArray::from(names))),
            ("action", Arc::new(StringArray::from(vec!["target"; rows]))),
            ("size", decimals(sizes)),
            ("size_rule", Arc::new(StringArray::from(rules))),
            ("tag", Arc::new(StringArray::from(tags))),
        ]);
        let (schema, batches) = (batch.schema(), [batch]);
        OrderTable::read(&schema, &batches, bars, FloatPolicy::Nearest).unwrap()
    }

    fn settings(&self, random: &mut Random) -> Settings {
        let configuration = Configuration {
            mode: Mode::Netting,
            path: pick(random, &[Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc]),
            leverage: pick(random, &[ONE, ONE, ONE, 3 * ONE, 30 * ONE, 7 * ONE / 3]),
            ..Configuration::new(
                Money::from_int(pick(random, &[1_000_000, 1_000_000_000, 1_000_000_000, 10]))
                    .unwrap(),
            )
        };
        let mut instruments: Vec<Instrument> = Vec::new();
        for one in &self.symbols {
            let commission = chance(random, 2).then(|| commission(random));
            let own = Terms { commission, ..Terms::default() };
            let contract = pick(random, &[ONE, ONE, 100 * ONE, ONE / 2, 5 * ONE / 2]);
            instruments.push(Instrument {
                price_decimals: one.price_decimals,
                size_decimals: one.size_decimals,
                contract: Contract::new(contract).unwrap(),
                leverage: chance(random, 4).then_some(2 * ONE),
                terms: chance(random, 2).then(|| Box::new(own)),
                ..Instrument::default_for(one.name)
            });
        }
        if chance(random, 4) {
            instruments.push(Instrument::default_for("Z"));
        }
        let own = chance(random, 2).then(|| commission(random));
        Settings {
            configuration,
            instruments: if self.given { instruments } else { vec![] },
            costs: Costs { commission: own, ..Costs::default() },
            fill: self.fill,
            metrics: Options { periods_per_year: 300.0, ..Options::default() },
        }
    }
}

fn commission(random: &mut Random) -> Commission {
    let (kind, value) = match random.below(6) {
        0 => (CommissionKind::PerLot, 25 * ONE * ONE / 10_000),
        1 => (CommissionKind::PerUnit, 3 * ONE * ONE / 10_007),
        2 => (CommissionKind::PerTrade, 7 * ONE * ONE / 200),
        3 => (CommissionKind::Rate, 123_457),
        _ => (CommissionKind::Rate, 5 * ONE / 10_000),
    };
    Commission {
        kind,
        tiers: vec![CommissionTier { volume: None, taker: value, maker: value / 5 }],
        minimum: chance(random, 4).then(|| Money::from_int(1).unwrap()),
        on: pick(random, &[ChargedOn::Both, ChargedOn::Both, ChargedOn::Entry, ChargedOn::Exit]),
    }
}

/// Runs with sizes, rules and balances of their own; sometimes none.
fn params(random: &mut Random) -> Option<ParamTable> {
    if chance(random, 3) {
        return None;
    }
    let rules = ["value", "equity", "units"].map(|rule| (rule, chance(random, 2)));
    let mut columns: Vec<(&'static str, ArrayRef)> =
        vec![("initial_balance", Arc::new(Int64Array::from(vec![1_000, 1_000_000, 100_000_000])))];
    if rules[0].1 {
        columns.push(("size_rule", Arc::new(StringArray::from(vec!["value", "equity", "units"]))));
        columns.push(("size", decimals(vec![9_000 * ONE, ONE / 5, 20 * ONE])));
    }
    if rules[1].1 {
        columns.push(("fill", Arc::new(StringArray::from(vec!["close", "next_open", "close"]))));
    }
    if rules[2].1 {
        columns.push(("commission_rate", decimals(vec![0, 100_000, 1_234_567])));
    }
    let batch = table(columns);
    let (schema, batches) = (batch.schema(), [batch]);
    Some(ParamTable::read(&schema, &batches, &[], FloatPolicy::Nearest).unwrap())
}

/// What was seen in all cases.
#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    answered: u64,
    traded: u64,
    trades: usize,
    flips: usize,
    without_margin: usize,
    unfillable: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        self.answered += 1;
        let trades = outcome.trades.as_ref().unwrap();
        self.trades += TradeColumns::len(trades);
        self.traded += u64::from(!trades.is_empty());
        let flip = trades.words.texts().iter().position(|text| text == "flip");
        let flips = |reason: &&u32| usize::try_from(**reason).ok() == flip;
        self.flips += trades.reason.iter().filter(flips).count();
        let margin = outcome.rejected.iter().filter(|one| one.for_margin).count();
        self.without_margin += margin;
        self.unfillable += outcome.rejected.len() - margin;
    }
}

fn compare(seed: u64, rooms: &mut quick::Rooms, tally: &mut Tally) -> bool {
    let mut random = Random(seed * 7_919 + 3);
    let case = Case::draw(&mut random);
    let bars = Arc::new(case.bars(&mut random));
    let orders = Arc::new(case.orders(&mut random, &bars));
    let settings = case.settings(&mut random);
    let batch = Batch::new(Arc::clone(&bars), orders, params(&mut random), settings).unwrap();
    let keep = Keep {
        exact: chance(&mut random, 3),
        record: pick(&mut random, &[Record::Bar, Record::Bar, Record::Day, Record::None]),
        ..Keep::default()
    };
    let recorded = Recorded::of(&bars, keep.record);
    let mut same = true;
    for place in 0..batch.len() {
        let run = batch.run(place).unwrap();
        tally.runs += 1;
        let Some(quick) = quick::run(&run, &keep, &recorded, rooms) else { continue };
        tally.count(&quick);
        let driven = drive(&run, &mut || true).unwrap();
        let ledger = driven.outcome(&run, &keep, &recorded).unwrap();
        same &= std::panic::catch_unwind(|| check(&quick, &ledger, seed)).is_ok();
        // What nobody asks for is left out, and changes nothing.
        let less = Keep { trades: false, metrics: false, ..keep };
        let short = quick::run(&run, &less, &recorded, rooms).unwrap();
        same &= short.last == quick.last && short.equity == quick.equity;
        same &= short.rejected == quick.rejected;
    }
    same
}

fn cases_of(each: usize, cases: u64) -> usize {
    each * usize::try_from(cases).unwrap()
}

#[test]
fn the_road_of_targets_is_the_ledgers() {
    let cases = std::env::var("BATCH_CASES").map_or(600, |cases| cases.parse().unwrap());
    let (mut tally, mut rooms) = (Tally::default(), quick::Rooms::default());
    let wrong: Vec<u64> =
        (0..cases).filter(|&seed| !compare(seed, &mut rooms, &mut tally)).collect();
    assert_eq!(wrong, [0; 0]);
    let Tally { runs, answered, traded, trades, flips, without_margin, unfillable } = tally;
    // A sixth of the runs has no row, and is of no kind.
    assert!(answered * 4 > runs * 3, "{tally:?}");
    assert!(traded * 2 > answered && trades > cases_of(20, cases), "{tally:?}");
    assert!(flips > cases_of(2, cases) && without_margin > cases_of(2, cases), "{tally:?}");
    assert!(unfillable > cases_of(2, cases), "{tally:?}");
}

/// As many moments as symbols, and a bar of one symbol in each: a grid would have the square of the
/// bars.
#[test]
fn bars_with_few_in_common_are_no_grid() {
    let count = 2_000_i64;
    let times: Vec<i64> = (0..count).collect();
    let names: Vec<String> = times.iter().map(|time| format!("S{}", time / 2 * 2)).collect();
    let rows = times.len();
    let price = || decimals(vec![ONE; rows]);
    let batch = table(vec![
        ("time", Arc::new(Int64Array::from(times))),
        ("symbol", Arc::new(StringArray::from(names))),
        ("open", price()),
        ("high", price()),
        ("low", price()),
        ("close", price()),
    ]);
    let (schema, batches) = (batch.schema(), [batch]);
    let bars = BarTable::read(&schema, &batches, FloatPolicy::Nearest, None).unwrap();
    let batch = table(vec![
        ("time", Arc::new(Int64Array::from(vec![0]))),
        ("symbol", Arc::new(StringArray::from(vec!["S0"]))),
        ("action", Arc::new(StringArray::from(vec!["target"]))),
        ("size", decimals(vec![ONE])),
    ]);
    let (schema, batches) = (batch.schema(), [batch]);
    let orders = OrderTable::read(&schema, &batches, &bars, FloatPolicy::Nearest).unwrap();
    let settings = Settings {
        configuration: Configuration {
            mode: Mode::Netting,
            ..Configuration::new(Money::from_int(100).unwrap())
        },
        instruments: vec![],
        costs: Costs::default(),
        fill: Fill::NextOpen,
        metrics: Options::default(),
    };
    let batch = Batch::new(Arc::new(bars), Arc::new(orders), None, settings).unwrap();
    let (run, keep) = (batch.run(0).unwrap(), Keep::default());
    let recorded = Recorded::of(batch.bars(), keep.record);
    assert!(quick::run(&run, &keep, &recorded, &mut quick::Rooms::default()).is_none());
    let ledger = drive(&run, &mut || true).unwrap().outcome(&run, &keep, &recorded).unwrap();
    assert_eq!((ledger.last.open_count, ledger.rejected.len()), (1, 0));
}
