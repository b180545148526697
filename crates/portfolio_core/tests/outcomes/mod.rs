//! Whether what is kept of a run is the same on two roads.

use portfolio_core::batch::outcome::{Numbers, Outcome, TradeColumns};
use portfolio_core::metrics::{Metrics, Value};

fn bits(numbers: &Numbers) -> Vec<i128> {
    match numbers {
        Numbers::Float(values) => values.iter().map(|one| i128::from(one.to_bits())).collect(),
        Numbers::Exact(values) => values.clone(),
    }
}

fn texts(places: &[u32], columns: &TradeColumns) -> Vec<String> {
    let text = |place: &u32| columns.words.texts()[usize::try_from(*place).unwrap()].clone();
    places.iter().map(text).collect()
}

fn check_trades(quick: &TradeColumns, ledger: &TradeColumns, case: u64) {
    assert_eq!(quick.trade_id, ledger.trade_id, "{case}");
    assert_eq!(quick.position_id, ledger.position_id, "{case}");
    assert_eq!(quick.side, ledger.side, "{case}");
    assert_eq!(quick.entry_time, ledger.entry_time, "{case}");
    assert_eq!(quick.exit_time, ledger.exit_time, "{case}");
    for (place, (one, other)) in quick.numbers.iter().zip(&ledger.numbers).enumerate() {
        assert_eq!(bits(one), bits(other), "{case}, column {place}");
    }
    for (one, other) in [
        (&quick.symbol, &ledger.symbol),
        (&quick.tag, &ledger.tag),
        (&quick.reason, &ledger.reason),
    ] {
        assert_eq!(texts(one, quick), texts(other, ledger), "{case}");
    }
}

fn check_metrics(quick: &Metrics, ledger: &Metrics, case: u64) {
    for ((name, one), (_, other)) in quick.entries().iter().zip(ledger.entries()) {
        let same = match (one, other) {
            (Some(Value::Float(one)), Some(Value::Float(other))) => {
                one.to_bits() == other.to_bits()
            }
            _ => one == other,
        };
        assert!(same, "case {case}, {name}: {one:?} is not {other:?}");
    }
}

/// Asserts that two outcomes of a case are one, bit for bit.
pub(crate) fn check(quick: &Outcome, ledger: &Outcome, case: u64) {
    assert_eq!(quick.run_id, ledger.run_id);
    assert_eq!(quick.rejected, ledger.rejected, "{case}");
    assert_eq!(quick.last, ledger.last, "{case}");
    assert_eq!(quick.equity.len(), ledger.equity.len(), "{case}");
    for (one, other) in quick.equity.iter().zip(&ledger.equity) {
        assert_eq!(bits(one), bits(other), "{case}");
    }
    match (&quick.trades, &ledger.trades) {
        (Some(one), Some(other)) => check_trades(one, other, case),
        (one, other) => assert_eq!(one.is_some(), other.is_some(), "{case}"),
    }
    match (&quick.metrics, &ledger.metrics) {
        (Some(one), Some(other)) => check_metrics(one, other, case),
        (one, other) => assert_eq!(one.is_some(), other.is_some(), "{case}"),
    }
}
