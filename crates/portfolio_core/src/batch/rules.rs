//! What each bar must be whatever the account (rule G1).

use super::prices::Prices;
use crate::numbers::Price;

/// What is wrong with a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broken {
    pub(super) column: &'static str,
    pub(super) value: Price,
    pub(super) rule: &'static str,
    pub(super) remedy: &'static str,
}

/// The first of so many rows that is no bar; the prices are open, high, low, close and spread.
pub(super) fn check_prices(prices: [&Prices; 5], rows: usize) -> Option<(usize, Broken)> {
    let first = quick(prices, rows);
    (first..rows).find_map(|row| broken(prices, row).map(|broken| (row, broken)))
}

/// How many rows are known to be bars without a look at each.
fn quick([open, high, low, close, spread]: [&Prices; 5], rows: usize) -> usize {
    let (Prices::Narrow(open), Prices::Narrow(high)) = (open, high) else { return 0 };
    let (Prices::Narrow(low), Prices::Narrow(close)) = (low, close) else { return 0 };
    let spread_is_bad = match spread {
        Prices::Narrow(spread) => spread.iter().take(rows).any(|spread| *spread < 0),
        Prices::Wide(_) => true,
        Prices::Same(spread) => spread.is_negative(),
    };
    if spread_is_bad {
        return 0;
    }
    let bars = open.iter().zip(high.iter()).zip(low.iter().zip(close.iter())).take(rows);
    let no_bar = |((open, high), (low, close)): ((&i64, &i64), (&i64, &i64))| {
        *low <= 0 || low > open || low > close || open > high || close > high
    };
    bars.into_iter().position(no_bar).unwrap_or(rows)
}

/// The first rule that a bar breaks.
fn broken(prices: [&Prices; 5], row: usize) -> Option<Broken> {
    let [open, high, low, close, spread] = prices.map(|prices| prices.get(row));
    let (open, high, low, close, spread) = (open?, high?, low?, close?, spread?);
    let named = [("open", open), ("high", high), ("low", low), ("close", close)];
    if let Some((column, value)) = named.into_iter().find(|(_, price)| !price.is_positive()) {
        let (rule, remedy) = ("must be greater than 0", "check the column");
        return Some(Broken { column, value, rule, remedy });
    }
    if spread.is_negative() {
        let (column, value, rule) = ("spread", spread, "the spread must not be negative");
        return Some(Broken {
            column,
            value,
            rule,
            remedy: "pass asks that are not below the bids",
        });
    }
    let remedy = "check the order of the columns";
    if low > open || low > close {
        let rule = "must not be above open or close";
        return Some(Broken { column: "low", value: low, rule, remedy });
    }
    if high < open || high < close {
        let rule = "must not be below open or close";
        return Some(Broken { column: "high", value: high, rule, remedy });
    }
    None
}
