//! Groups of trades against figures worked out by hand.

use arrow_array::{ArrayRef, RecordBatch};
use portfolio_core::analysis::GroupBy;
use portfolio_core::columns::schema::View;
use portfolio_core::history::History;

use super::histories::{amounts, column, floats, frame, texts, times};
use super::{DAY, doubles, noon};

fn with_trades(trades: &RecordBatch) -> History {
    let equity = frame(vec![("time", times(&[0])), ("equity", floats(&[1.0]))]);
    let (schema, trades_schema) = (equity.schema(), trades.schema());
    let trades = (&*trades_schema, std::slice::from_ref(trades));
    History::read((&schema, &[equity]), Some(trades), None).unwrap()
}

fn some_trades() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("entry_time", times(&[noon(0), noon(1), noon(2), noon(7) + DAY / 24])),
        ("exit_time", times(&[noon(0) + 1, noon(1) + 2, noon(31), noon(366)])),
        ("net_pnl", amounts(&["1.5", "-0.5", "0", "2"])),
        ("symbol", texts(&["B", "A", "B", "B"])),
        ("entry_fee", amounts(&["0.1", "0.1", "0.1", "-0.3"])),
        ("exit_fee", amounts(&["0.2", "0", "0", "0"])),
        ("mae", amounts(&["-1", "-3", "0", "-2"])),
        ("mfe", amounts(&["2", "0", "0.3", "2.2"])),
    ]
}

#[test]
fn groups_of_trades_by_hand() {
    let history = with_trades(&frame(some_trades()));
    let table = history.trade_analysis(GroupBy::Symbol, View::Exact).unwrap();
    let cells = |name| column(&table, name);
    assert_eq!(cells("symbol"), ["A", "B"]);
    assert_eq!(cells("trade_count"), ["1", "3"]);
    assert_eq!(
        (cells("winning_trade_count"), cells("losing_trade_count")),
        (vec!["0".into(), "2".into()], vec!["1".into(), "0".into()])
    );
    assert_eq!(doubles(&table, "win_rate"), [Some(0.0), Some(2.0 / 3.0)]);
    assert_eq!(cells("net_pnl"), ["-0.500000000000000000", "3.500000000000000000"]);
    assert_eq!(cells("gross_profit"), ["0.000000000000000000", "3.500000000000000000"]);
    assert_eq!(cells("gross_loss"), ["-0.500000000000000000", "0.000000000000000000"]);
    assert_eq!(cells("fees"), ["0.100000000000000000", "0.100000000000000000"]);
    assert_eq!(doubles(&table, "profit_factor"), [Some(0.0), None]);
    assert_eq!(doubles(&table, "expectancy"), [Some(-0.5), Some(3.5 / 3.0)]);
    assert_eq!(doubles(&table, "average_win"), [None, Some(1.75)]);
    assert_eq!(doubles(&table, "average_loss"), [Some(-0.5), None]);
    assert_eq!(doubles(&table, "average_mae"), [Some(-3.0), Some(-1.0)]);
    assert_eq!(doubles(&table, "average_mfe"), [Some(0.0), Some(1.5)]);
    // (1 + 29 days + 359 days less an hour) / 3, rounded.
    let mean = (1 + 29 * DAY + 359 * DAY - DAY / 24 + 1) / 3;
    assert_eq!(cells("average_duration"), ["2".to_owned(), mean.to_string()]);
    let float = history.trade_analysis(GroupBy::Symbol, View::Float).unwrap();
    assert_eq!(column(&float, "net_pnl"), ["-0.5", "3.5"]);
    let nullable = float.schema.fields().iter().filter(|field| field.is_nullable());
    let names = nullable.map(|field| field.name().as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["profit_factor", "average_win", "average_loss"]);
}

#[test]
fn groups_by_the_clock() {
    let history = with_trades(&frame(some_trades()));
    let keys = |by: GroupBy| {
        let table = history.trade_analysis(by, View::Float).unwrap();
        (column(&table, by.name()), column(&table, "trade_count"))
    };
    let pair = |keys: &[&str], counts: &[&str]| {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        (own(keys), own(counts))
    };
    // 2024-01-01 was a Monday.
    assert_eq!(keys(GroupBy::Hour), pair(&["12", "13"], &["3", "1"]));
    assert_eq!(keys(GroupBy::Weekday), pair(&["1", "2", "3"], &["2", "1", "1"]));
    assert_eq!(keys(GroupBy::Month), pair(&["1", "2"], &["3", "1"]));
    assert_eq!(keys(GroupBy::Year), pair(&["2024", "2025"], &["3", "1"]));
}

#[test]
fn what_trades_do_not_tell_is_null() {
    let kept = |names: &[&str]| {
        let columns = some_trades().into_iter().filter(|(name, _)| names.contains(name));
        with_trades(&frame(columns.collect()))
    };
    let needed = ["entry_time", "exit_time", "net_pnl"];
    let table = kept(&needed).trade_analysis(GroupBy::Year, View::Exact).unwrap();
    for name in ["fees", "average_mae", "average_mfe"] {
        assert_eq!(column(&table, name), ["null", "null"]);
    }
    let with_fee = kept(&["entry_time", "exit_time", "net_pnl", "exit_fee"]);
    let table = with_fee.trade_analysis(GroupBy::Year, View::Float).unwrap();
    assert_eq!(column(&table, "fees"), ["null", "null"], "one of two fees says nothing");
    for by in [GroupBy::Symbol, GroupBy::Side, GroupBy::Tag, GroupBy::Reason] {
        let refused = kept(&needed).trade_analysis(by, View::Float).unwrap_err();
        assert_eq!(refused.to_string(), format!("the trades have no column {}", by.name()));
        assert_eq!(History::default().trade_analysis(by, View::Float).unwrap().rows, 0);
    }
}

#[test]
fn sums_of_trades_stay_in_range_or_are_refused() {
    let most = "99999999999999999999";
    let trades = |results: &[&str]| {
        let stamps = || times(&vec![0; results.len()]);
        let columns =
            [("entry_time", stamps()), ("exit_time", stamps()), ("net_pnl", amounts(results))];
        with_trades(&frame(columns.into())).trade_analysis(GroupBy::Hour, View::Exact)
    };
    let refused = trades(&[most, "-1", most]).unwrap_err();
    assert_eq!(refused.to_string(), "trade_analysis: net_pnl has more than 38 digits");
    let less = format!("-{most}");
    let refused = trades(&[most, &less, most, &less]).unwrap_err();
    assert_eq!(refused.to_string(), "trade_analysis: gross_profit has more than 38 digits");
    assert_eq!(column(&trades(&[most, &less]).unwrap(), "net_pnl"), ["0.000000000000000000"]);
}
