//! Tables of statistics against figures worked out by hand and against plain loops.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking; statistics are doubles"
)]

mod groups;
#[path = "../histories/mod.rs"]
mod histories;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use histories::{amounts, column, cut, floats, frame, money, times};
use portfolio_core::analysis::{GroupBy, RollingMetric, RollingOptions, TableError};
use portfolio_core::columns::schema::View;
use portfolio_core::export::TableSnapshot;
use portfolio_core::history::{History, Resample};
use portfolio_core::metrics::per_period;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

const NONE: Resample = Resample::None;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Noon of a day of 2024.
fn noon(day: i64) -> i64 {
    1_704_067_200_000_000 + day * DAY + DAY / 2
}

/// A history of nothing but a curve.
fn curve(stamps: &[i64], values: &[f64], initial_balance: Option<&str>) -> History {
    let batch = frame(vec![("time", times(stamps)), ("equity", floats(values))]);
    let schema = batch.schema();
    History::read((&schema, &[batch]), None, initial_balance.map(money)).unwrap()
}

/// Values at 0, 1, 2 and so on.
fn series(values: &[f64]) -> History {
    curve(&(0..).take(values.len()).collect::<Vec<_>>(), values, None)
}

/// All cells of a column of doubles.
fn doubles(table: &TableSnapshot, name: &str) -> Vec<Option<f64>> {
    let arrays = table.batches.iter().map(|batch| batch.column_by_name(name).unwrap());
    arrays.flat_map(|array| array.as_primitive::<Float64Type>().iter()).collect()
}

fn all_metrics(window: usize) -> RollingOptions {
    RollingOptions {
        window,
        metrics: RollingMetric::ALL.iter().map(|(_, metric)| *metric).collect(),
        resample: NONE,
        periods_per_year: 252.0,
        risk_free_per_period: per_period(0.02, 252.0),
        mar_per_period: per_period(0.03, 252.0),
        downside_per_period: per_period(0.03, 252.0),
    }
}

/// The metrics of a window by their definitions, in the order of `ALL`.
fn direct(returns: &[f64], total: f64, options: &RollingOptions) -> [Option<f64>; 8] {
    let size = returns.len() as f64;
    let year = options.periods_per_year.sqrt();
    let mean = returns.iter().sum::<f64>() / size;
    let squares = returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let deviation = (squares / (size - 1.0)).sqrt();
    let target = options.mar_per_period;
    let below = returns.iter().map(|value| (value - target).min(0.0).powi(2)).sum::<f64>();
    let downside = (below / size).sqrt();
    let highest = returns.iter().copied().fold(f64::MIN, f64::max);
    let lowest = returns.iter().copied().fold(f64::MAX, f64::min);
    let flat = lowest >= highest;
    [
        Some(mean),
        Some(total),
        Some(if flat { 0.0 } else { deviation * year }),
        Some(downside * year),
        (!flat).then(|| (mean - options.risk_free_per_period) / deviation * year),
        (lowest < target).then(|| (mean - target) / downside * year),
        Some(highest),
        Some(lowest),
    ]
}

/// Compares every cell with the direct computation.
fn check_rolling(values: &[f64], options: &RollingOptions) {
    let table = series(values).rolling_metrics(options).unwrap();
    let returns: Vec<f64> = values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    assert_eq!(table.rows, returns.len());
    let columns = RollingMetric::ALL.map(|(name, _)| doubles(&table, name));
    for end in 0..returns.len() {
        let from = (end + 1).checked_sub(options.window);
        let wanted = from.map_or([None; 8], |from| {
            direct(&returns[from..=end], values[end + 1] / values[from] - 1.0, options)
        });
        let scale = from.map_or(0.0, |from| {
            returns[from..=end].iter().fold(0.0_f64, |most, value| most.max(value.abs()))
        });
        for ((column, wanted), (name, metric)) in columns.iter().zip(wanted).zip(RollingMetric::ALL)
        {
            let ratio = matches!(metric, RollingMetric::SharpeRatio | RollingMetric::SortinoRatio);
            match (column[end], wanted) {
                (Some(found), Some(wanted)) => {
                    let near = if ratio { wanted.abs().max(1.0) } else { scale.max(wanted.abs()) };
                    let apart = (found - wanted).abs();
                    assert!(apart <= 1e-9 * near, "{name} at {end}: {found} {wanted}");
                }
                (found, wanted) => assert_eq!(found, wanted, "{name} at {end}"),
            }
        }
    }
}

#[test]
fn a_window_of_two_by_hand() {
    let mut options = all_metrics(2);
    options.periods_per_year = 4.0;
    (options.risk_free_per_period, options.mar_per_period) = (0.0, 0.0);
    options.downside_per_period = 0.0;
    // Returns: 1/4, -1/2, 0.
    let table = series(&[64.0, 80.0, 40.0, 40.0]).rolling_metrics(&options).unwrap();
    assert_eq!(column(&table, "time"), ["1", "2", "3"]);
    let found = |name| {
        let cells = doubles(&table, name);
        assert_eq!((cells.len(), cells[0]), (3, None), "{name}");
        [cells[1], cells[2]].map(|cell| cell.unwrap())
    };
    let near = |found: [f64; 2], wanted: [f64; 2]| {
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-15, "{found} {wanted}");
        }
    };
    near(found("mean_return"), [-0.125, -0.25]);
    near(found("total_return"), [-0.375, -0.5]);
    let deviations = [0.28125_f64.sqrt(), 0.125_f64.sqrt()];
    near(found("volatility"), deviations.map(|each| each * 2.0));
    near(found("downside_deviation"), [0.125_f64.sqrt() * 2.0; 2]);
    near(found("sharpe_ratio"), [-0.25 / deviations[0], -0.5 / deviations[1]]);
    near(found("sortino_ratio"), [-0.25 / 0.125_f64.sqrt(), -0.5 / 0.125_f64.sqrt()]);
    near(found("best_return"), [0.25, 0.0]);
    near(found("worst_return"), [-0.5, -0.5]);
}

#[test]
fn a_flat_window_has_no_ratio_and_no_spread() {
    let mut options = all_metrics(3);
    options.mar_per_period = 0.0;
    let mut values = vec![3.0; 4];
    values.extend([6.0, 12.0, 24.0, 24.0]);
    let table = series(&values).rolling_metrics(&options).unwrap();
    let sharpe = doubles(&table, "sharpe_ratio");
    let known = sharpe.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(known, [false, false, false, true, true, false, true]);
    let zero = Some(0.0);
    let volatility = doubles(&table, "volatility");
    assert_eq!((volatility[2], volatility[5]), (zero, zero));
    assert_eq!(doubles(&table, "mean_return")[5], Some(1.0));
    assert_eq!(doubles(&table, "sortino_ratio"), [None; 7], "nothing below the target");
    assert_eq!(doubles(&table, "downside_deviation")[5], zero);
}

#[test]
fn nothing_of_an_outlier_stays_behind() {
    let mut values = vec![1.0];
    for step in 0..60_u8 {
        let last = values[values.len() - 1];
        let growth = if step == 20 { 1e12 } else { 1.0 + 1e-6 * f64::from(step % 7) };
        values.push(last * growth);
    }
    for window in [2, 5, 7, 20] {
        check_rolling(&values, &all_metrics(window));
    }
}

#[test]
fn a_window_without_rows_is_null() {
    let nothing = |history: &History| {
        let table = history.rolling_metrics(&all_metrics(5)).unwrap();
        assert_eq!(table.schema.fields().len(), 9);
        assert!(table.schema.fields().iter().skip(1).all(|field| field.is_nullable()));
        for (name, _) in RollingMetric::ALL {
            assert!(doubles(&table, name).iter().all(Option::is_none), "{name}");
        }
        table.rows
    };
    assert_eq!(nothing(&History::default()), 0);
    assert_eq!(nothing(&series(&[])), 0);
    assert_eq!(nothing(&series(&[1.0])), 0);
    assert_eq!(nothing(&series(&[1.0, 2.0, 3.0])), 2, "shorter than the window");
    let ruined = [1.0, 2.0, 3.0, 2.5, 2.0, 1.0, 3.0, 0.0, 1.0];
    assert_eq!(nothing(&series(&ruined)), 8);
    assert_eq!(nothing(&curve(&[1; 9], &ruined, Some("-1"))), 1, "one time, one point");
}

#[test]
fn what_is_beyond_the_doubles_is_null() {
    let mut options = all_metrics(2);
    options.periods_per_year = f64::MAX;
    (options.risk_free_per_period, options.mar_per_period) = (0.0, f64::INFINITY);
    options.downside_per_period = f64::INFINITY;
    let table = series(&[1e-18, 1e19, 2e19]).rolling_metrics(&options).unwrap();
    assert!(doubles(&table, "mean_return")[1].is_some());
    assert!(doubles(&table, "volatility")[1].is_some());
    assert_eq!(doubles(&table, "downside_deviation")[1], None);
    assert_eq!(doubles(&table, "sortino_ratio")[1], None);
}

#[test]
fn names_of_metrics_and_keys_are_few() {
    for (name, metric) in RollingMetric::ALL {
        assert_eq!((RollingMetric::parse(name), metric.name()), (Some(metric), name));
    }
    for (name, by) in GroupBy::ALL {
        assert_eq!((GroupBy::parse(name), by.name()), (Some(by), name));
    }
    assert_eq!((RollingMetric::parse("sharpe"), GroupBy::parse("Symbol")), (None, None));
}

#[test]
fn drawdowns_by_hand() {
    let stamps = [10, 20, 30, 40, 50, 60, 70, 80];
    let values = [100.0, 90.0, 95.0, 100.0, 120.0, 60.0, 90.0, 108.0];
    let history = curve(&stamps, &values, None);
    let table = history.drawdowns(None, View::Exact, NONE).unwrap();
    assert_eq!(column(&table, "peak_time"), ["50", "10"]);
    assert_eq!(column(&table, "valley_time"), ["60", "20"]);
    assert_eq!(column(&table, "recovery_time"), ["null", "40"]);
    assert_eq!(doubles(&table, "depth"), [Some(-0.5), Some(90.0 / 100.0 - 1.0)]);
    assert_eq!(column(&table, "amount"), ["60.000000000000000000", "10.000000000000000000"]);
    assert_eq!(column(&table, "duration"), ["30", "30"]);
    let table = history.drawdowns(Some(1), View::Float, NONE).unwrap();
    assert_eq!(column(&table, "amount"), ["60"]);
    let types = table.schema.fields().iter().map(|field| field.is_nullable());
    assert_eq!(types.collect::<Vec<_>>(), [false, false, true, false, false, false]);
    assert_eq!(*table.schema.field(4).data_type(), DataType::Float64);
}

#[test]
fn equally_deep_drawdowns_stand_in_the_order_of_time() {
    let values = [2.0, 1.0, 4.0, 2.0, 4.0, 3.0, 2.0, 5.0, 5.0, 5.0];
    let table = series(&values).drawdowns(Some(10), View::Float, NONE).unwrap();
    assert_eq!(column(&table, "peak_time"), ["0", "2", "4"]);
    assert_eq!(column(&table, "valley_time"), ["1", "3", "6"]);
    assert_eq!(column(&table, "recovery_time"), ["2", "4", "7"]);
    // The last of equal peaks is where it begins, the first of equal valleys how deep it was.
    let table = series(&[5.0, 5.0, 3.0, 3.0, 5.0]).drawdowns(None, View::Float, NONE).unwrap();
    assert_eq!([column(&table, "peak_time"), column(&table, "valley_time")], [["1"], ["2"]]);
}

#[test]
fn the_starting_balance_is_a_peak() {
    let history = curve(&[5, 6], &[80.0, 90.0], Some("100"));
    let table = history.drawdowns(None, View::Float, NONE).unwrap();
    assert_eq!(doubles(&table, "depth"), [Some(80.0 / 100.0 - 1.0)]);
    assert_eq!(
        (column(&table, "peak_time"), column(&table, "duration")),
        (vec!["5".into()], vec!["1".into()])
    );
    let empty = |history: &History| history.drawdowns(None, View::Float, NONE).unwrap().rows;
    assert_eq!(empty(&curve(&[5, 6], &[80.0, 70.0], Some("0"))), 0, "no fraction of nothing");
    assert_eq!(empty(&series(&[0.0, 5.0, 4.0])), 0);
    assert_eq!(empty(&series(&[5.0])), 0);
    assert_eq!(empty(&series(&[])), 0);
    assert_eq!(empty(&series(&[1.0, 1.0, 2.0])), 0);
}

#[test]
fn ruin_is_a_drawdown_and_amounts_stay_exact() {
    let exact = amounts(&["10", "10.000000000000000001", "-2.5"]);
    let batch = frame(vec![("time", times(&[0, 1, 2])), ("equity", exact)]);
    let schema = batch.schema();
    let history = History::read((&schema, &[batch]), None, None).unwrap();
    let table = history.drawdowns(None, View::Exact, NONE).unwrap();
    assert_eq!(column(&table, "amount"), ["12.500000000000000001"]);
    assert_eq!(doubles(&table, "depth"), [Some(-1.25)]);
    let table = series(&[9e19, -9e19]).drawdowns(None, View::Float, NONE);
    let Err(TableError::OutOfRange { table, column }) = table else { panic!("it is too large") };
    assert_eq!((table, column), ("drawdowns", "amount"));
}

#[test]
fn months_and_years_by_hand() {
    // 2023-12-30, 2024-01-02, 2024-01-31, 2024-03-01 (February has no point), 2025-01-01.
    let stamps = [noon(-2), noon(1), noon(30), noon(60), noon(366)];
    let values = [100.0, 110.0, 121.0, 60.5, 121.0];
    let history = curve(&stamps, &values, None);
    let months = history.monthly_returns(NONE).unwrap();
    assert_eq!(column(&months, "year"), ["2024", "2024", "2025"]);
    assert_eq!(column(&months, "month"), ["1", "3", "1"]);
    assert_eq!(doubles(&months, "return"), [Some(121.0 / 100.0 - 1.0), Some(-0.5), Some(1.0)]);
    let years = history.yearly_returns(NONE).unwrap();
    assert_eq!(column(&years, "year"), ["2024", "2025"]);
    assert_eq!(doubles(&years, "return"), [Some(60.5 / 100.0 - 1.0), Some(1.0)]);
    assert_eq!(*months.schema.field(1).data_type(), DataType::Int32);
    assert!(months.schema.fields().iter().all(|field| !field.is_nullable()));

    let started = curve(&stamps, &values, Some("200"));
    let months = started.monthly_returns(NONE).unwrap();
    assert_eq!(column(&months, "month"), ["12", "1", "3", "1"]);
    assert_eq!(doubles(&months, "return")[0], Some(-0.5));
    let monthly = started.monthly_returns(Resample::Month).unwrap();
    assert_eq!(doubles(&monthly, "return"), doubles(&months, "return"));
}

#[test]
fn no_return_no_period() {
    for history in [series(&[]), series(&[1.0]), series(&[1.0, 0.0, 2.0]), History::default()] {
        assert_eq!(history.monthly_returns(NONE).unwrap().rows, 0);
        assert_eq!(history.yearly_returns(NONE).unwrap().rows, 0);
    }
    let one = curve(&[noon(0)], &[3.0], Some("2"));
    assert_eq!(doubles(&one.yearly_returns(NONE).unwrap(), "return"), [Some(0.5)]);
    assert_eq!(curve(&[], &[], Some("2")).monthly_returns(NONE).unwrap().rows, 0);
}

/// Positive values of a random walk, some of them flat.
fn walks() -> impl Strategy<Value = Vec<f64>> {
    let step = (any::<bool>(), -0.2_f64..0.25);
    prop::collection::vec(step, 0..80).prop_map(|steps| {
        let grow = |value: &mut f64, (moves, step): (bool, f64)| {
            *value = if moves { (*value * (1.0 + step) * 1e6).round() / 1e6 } else { *value };
            Some(*value)
        };
        steps.into_iter().scan(1_000.0, grow).collect()
    })
}

/// Peak, valley, recovery and end of each episode by a plain search.
fn episodes(values: &[f64]) -> Vec<[Option<usize>; 4]> {
    let (mut found, mut from) = (vec![], 0);
    while from < values.len() {
        let top = values[..=from].iter().copied().fold(f64::MIN, f64::max);
        if values[from] < top || values.get(from + 1).is_none_or(|next| *next >= values[from]) {
            from += 1;
            continue;
        }
        let recovery = (from + 1..values.len()).find(|&row| values[row] >= values[from]);
        let end = recovery.unwrap_or(values.len() - 1);
        let valley = (from + 1..=end).min_by(|&one, &other| values[one].total_cmp(&values[other]));
        found.push([Some(from), valley, recovery, Some(end)]);
        from = end;
        if recovery.is_none() {
            break;
        }
    }
    found
}

proptest! {
    #[test]
    fn every_window_is_its_own(values in walks(), window in 2_usize..30) {
        check_rolling(&values, &all_metrics(window));
    }

    #[test]
    fn every_episode_is_found(values in walks()) {
        let table = series(&values).drawdowns(None, View::Float, NONE).unwrap();
        let mut wanted = episodes(&values);
        let depth = |row: &[Option<usize>; 4]| {
            values[row[1].unwrap()] / values[row[0].unwrap()] - 1.0
        };
        wanted.sort_by(|one, other| depth(one).total_cmp(&depth(other)));
        let text = |place: usize| {
            let show = |row: usize| row.to_string();
            let cells = wanted.iter().map(|row| row[place].map_or("null".to_owned(), show));
            cells.collect::<Vec<_>>()
        };
        prop_assert_eq!(column(&table, "peak_time"), text(0));
        prop_assert_eq!(column(&table, "valley_time"), text(1));
        prop_assert_eq!(column(&table, "recovery_time"), text(2));
        let depths: Vec<_> = wanted.iter().map(|row| Some(depth(row))).collect();
        prop_assert_eq!(doubles(&table, "depth"), depths);
    }

    #[test]
    fn months_multiply_to_the_whole(values in walks(), gap in 1_i64..40) {
        let stamps: Vec<i64> = (0..).map(|row| noon(row * gap)).take(values.len()).collect();
        let history = curve(&stamps, &values, None);
        for table in [history.monthly_returns(NONE), history.yearly_returns(NONE)] {
            let grow = |all: f64, one: Option<f64>| all * (1.0 + one.unwrap());
            let product = doubles(&table.unwrap(), "return").into_iter().fold(1.0, grow);
            let whole = values.last().map_or(1.0, |last| last / values[0]);
            prop_assert!((product / whole - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn tables_do_not_depend_on_batches(
        values in walks(), ends in prop::collection::vec(0_usize..80, 0..6)
    ) {
        let stamps: Vec<i64> = (0..).map(|row| noon(row / 2)).take(values.len()).collect();
        let batch = frame(vec![("time", times(&stamps)), ("equity", floats(&values))]);
        let read = |ends: &[usize]| {
            let (schema, batches) = cut(&batch, ends);
            History::read((&schema, &batches), None, None).unwrap()
        };
        let (whole, parts) = (read(&[]), read(&ends));
        for resample in [NONE, Resample::Day, Resample::Week] {
            let tables = |history: &History| {
                let options = RollingOptions { resample, ..all_metrics(3) };
                [
                    history.rolling_metrics(&options).unwrap().batches,
                    history.drawdowns(Some(5), View::Exact, resample).unwrap().batches,
                    history.monthly_returns(resample).unwrap().batches,
                    history.yearly_returns(resample).unwrap().batches,
                ]
            };
            prop_assert_eq!(tables(&whole), tables(&parts));
        }
    }
}
