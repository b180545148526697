//! The trades by what they have in common.

use std::hash::Hash;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, StringViewArray, UInt64Array};
use hashbrown::HashMap;

use super::{Columns, TableError, count, doubles, durations, finite, out_of_range};
use crate::columns::schema::View;
use crate::export::TableSnapshot;
use crate::history::{History, Pair, TextColumn, TradeColumns, hour_of, month_of, weekday_of};
use crate::numbers::{Money, Overflow, Sum, div_half_even};

const TABLE: &str = "trade_analysis";

/// What trades are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Symbol.
    Symbol,
    /// Long or short.
    Side,
    /// Tag of the open.
    Tag,
    /// Reason of the close.
    Reason,
    /// Hour of the entry in UTC, 0 to 23.
    Hour,
    /// Day of the week of the entry in UTC, 1 = Monday.
    Weekday,
    /// Month of the exit in UTC, 1 to 12, of whichever year.
    Month,
    /// Year of the exit in UTC.
    Year,
}

impl GroupBy {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 8] = [
        ("symbol", Self::Symbol),
        ("side", Self::Side),
        ("tag", Self::Tag),
        ("reason", Self::Reason),
        ("hour", Self::Hour),
        ("weekday", Self::Weekday),
        ("month", Self::Month),
        ("year", Self::Year),
    ];

    /// The key of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, by)| *by)
    }

    /// The name of the key, which is that of its column.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }
}

/// Trades of one key.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    trades: u64,
    wins: u64,
    losses: u64,
    net_pnl: Sum,
    gross_profit: Sum,
    gross_loss: Sum,
    fees: Sum,
    mae: Sum,
    mfe: Sum,
    /// Microseconds.
    duration: i128,
}

/// A trade as far as it is known.
#[derive(Debug, Clone, Copy)]
struct Trade {
    net_pnl: i128,
    entry_fee: Option<i128>,
    exit_fee: Option<i128>,
    mae: Option<i128>,
    mfe: Option<i128>,
    duration: i64,
}

/// What is known of trades beyond their results.
#[derive(Debug, Clone, Copy)]
struct Known {
    fees: bool,
    mae: bool,
    mfe: bool,
}

impl History {
    /// A row for each group of trades with the same key, in the order of the keys. What a missing
    /// column would say is null; fees need both of their columns.
    ///
    /// # Errors
    /// [`TableError`] when there are trades but not the column of the key, or when a sum has more
    /// than 38 digits.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::analysis::GroupBy;
    /// use portfolio_core::columns::schema::View;
    /// use portfolio_core::history::History;
    ///
    /// let table = History::default().trade_analysis(GroupBy::Weekday, View::Exact)?;
    /// assert_eq!((table.rows, table.schema.field(0).name().as_str()), (0, "weekday"));
    /// # Ok::<(), portfolio_core::analysis::TableError>(())
    /// ```
    pub fn trade_analysis(&self, by: GroupBy, view: View) -> Result<TableSnapshot, TableError> {
        let trades = &self.trades;
        let entries = trades.entry_time.cells();
        let months = trades.exit_time.cells().map(month_of);
        let (keys, groups) = match by {
            GroupBy::Symbol => texts(trades, trades.symbol.as_ref(), by)?,
            GroupBy::Side => texts(trades, trades.side.as_ref(), by)?,
            GroupBy::Tag => texts(trades, trades.tag.as_ref(), by)?,
            GroupBy::Reason => texts(trades, trades.reason.as_ref(), by)?,
            GroupBy::Hour => numbers(trades, entries.map(hour_of))?,
            GroupBy::Weekday => numbers(trades, entries.map(weekday_of))?,
            GroupBy::Month => numbers(trades, months.map(|(_, month)| month))?,
            GroupBy::Year => numbers(trades, months.map(|(year, _)| year))?,
        };
        let known = Known {
            fees: trades.entry_fee.is_some() && trades.exit_fee.is_some(),
            mae: trades.mae.is_some(),
            mfe: trades.mfe.is_some(),
        };
        let table = Columns::new(TABLE, view).push(by.name(), keys, false);
        finish(table, &groups, known)
    }
}

/// Groups by a column of text.
fn texts(
    trades: &TradeColumns,
    column: Option<&TextColumn>,
    by: GroupBy,
) -> Result<(ArrayRef, Vec<Group>), TableError> {
    let missing = TextColumn::default();
    let column = match column {
        Some(column) => column,
        None if trades.rows == 0 => &missing,
        None => return Err(TableError::NoColumn { column: by.name() }),
    };
    let (keys, groups) = group(trades, column.iter())?;
    Ok((Arc::new(StringViewArray::from_iter_values(keys)), groups))
}

/// Groups by numbers.
fn numbers(
    trades: &TradeColumns,
    keys: impl Iterator<Item = i32>,
) -> Result<(ArrayRef, Vec<Group>), TableError> {
    let (keys, groups) = group(trades, keys)?;
    Ok((Arc::new(Int32Array::from(keys)), groups))
}

/// The keys in order, each with its trades.
fn group<K: Copy + Eq + Hash + Ord>(
    trades: &TradeColumns,
    keys: impl Iterator<Item = K>,
) -> Result<(Vec<K>, Vec<Group>), TableError> {
    let mut places = HashMap::<K, usize>::new();
    let mut groups = Vec::<(K, Group)>::new();
    let mut last = 0;
    for (key, trade) in keys.zip(rows(trades)) {
        // Neighbours are often alike, and then the table need not be asked.
        if groups.get(last).is_none_or(|(known, _)| *known != key) {
            last = *places.entry(key).or_insert_with(|| {
                groups.push((key, Group::default()));
                groups.len().wrapping_sub(1)
            });
        }
        if let Some((_, group)) = groups.get_mut(last) {
            group.add(&trade).map_err(out_of_range(TABLE, "net_pnl"))?;
        }
    }
    groups.sort_by_key(|(key, _)| *key);
    Ok(groups.into_iter().unzip())
}

/// The trades, row by row.
fn rows(trades: &TradeColumns) -> impl Iterator<Item = Trade> {
    fn cells(pair: Option<&Pair>) -> impl FnMut() -> Option<i128> {
        let mut cells = pair.map(|pair| pair.exact.cells());
        move || cells.as_mut().and_then(Iterator::next)
    }
    let mut entry_fee = cells(trades.entry_fee.as_ref());
    let mut exit_fee = cells(trades.exit_fee.as_ref());
    let (mut mae, mut mfe) = (cells(trades.mae.as_ref()), cells(trades.mfe.as_ref()));
    let times = trades.entry_time.cells().zip(trades.exit_time.cells());
    times.zip(trades.net_pnl.exact.cells()).map(move |((entry, exit), net_pnl)| Trade {
        net_pnl,
        entry_fee: entry_fee(),
        exit_fee: exit_fee(),
        mae: mae(),
        mfe: mfe(),
        duration: exit.saturating_sub(entry),
    })
}

impl Group {
    fn add(&mut self, trade: &Trade) -> Result<(), Overflow> {
        let result = Money::from_raw(trade.net_pnl)?;
        self.trades = self.trades.saturating_add(1);
        self.net_pnl = self.net_pnl.plus(result);
        if result.is_positive() {
            self.wins = self.wins.saturating_add(1);
            self.gross_profit = self.gross_profit.plus(result);
        } else if result.is_negative() {
            self.losses = self.losses.saturating_add(1);
            self.gross_loss = self.gross_loss.plus(result);
        }
        let known = |cell: Option<i128>| Money::from_raw(cell.unwrap_or(0));
        self.fees = self.fees.plus(known(trade.entry_fee)?).plus(known(trade.exit_fee)?);
        self.mae = self.mae.plus(known(trade.mae)?);
        self.mfe = self.mfe.plus(known(trade.mfe)?);
        self.duration = self.duration.saturating_add(i128::from(trade.duration));
        Ok(())
    }

    /// A share of the trades.
    fn share(&self, of: u64) -> f64 {
        count(of) / count(self.trades)
    }

    /// The mean holding time, rounded half-even.
    fn average_duration(&self) -> i64 {
        let mean = div_half_even(self.duration, i128::from(self.trades.max(1)));
        i64::try_from(mean).unwrap_or(i64::MAX)
    }
}

fn finish(table: Columns, groups: &[Group], known: Known) -> Result<TableSnapshot, TableError> {
    let counts = |pick: fn(&Group) -> u64| {
        groups.iter().map(|group| Some(pick(group))).collect::<UInt64Array>()
    };
    let sums = |name: &'static str, pick: fn(&Group) -> Sum| {
        let sums = groups.iter().map(|group| pick(group).finish());
        sums.collect::<Result<Vec<Money>, _>>().map_err(out_of_range(TABLE, name))
    };
    let means = |sums: &[Money], of: fn(&Group) -> u64| {
        let pairs = sums.iter().zip(groups);
        pairs.map(|(sum, group)| ratio(sum.to_f64(), count(of(group)))).collect::<Float64Array>()
    };
    // What no column says is null; only then may the column have nulls.
    let excursions = |table: Columns, name: &str, known: bool, sums: &[Money]| {
        if known {
            return table.filled(name, means(sums, |group| group.trades));
        }
        table.nullable(name, Float64Array::new_null(sums.len()))
    };
    let net_pnl = sums("net_pnl", |group| group.net_pnl)?;
    let gross_profit = sums("gross_profit", |group| group.gross_profit)?;
    let gross_loss = sums("gross_loss", |group| group.gross_loss)?;
    let fees = sums("fees", |group| group.fees)?;
    let mae = sums("average_mae", |group| group.mae)?;
    let mfe = sums("average_mfe", |group| group.mfe)?;
    let both_sides = gross_profit.iter().zip(&gross_loss);
    let factors = both_sides.map(|(gains, losses)| ratio(gains.to_f64(), -losses.to_f64()));
    let pairs = net_pnl.iter().zip(groups);
    let expectancy = pairs.map(|(sum, group)| sum.to_f64() / count(group.trades));
    let table = table
        .filled("trade_count", counts(|group| group.trades))
        .filled("winning_trade_count", counts(|group| group.wins))
        .filled("losing_trade_count", counts(|group| group.losses))
        .filled("win_rate", doubles(groups.iter().map(|group| group.share(group.wins))))
        .money("net_pnl", &net_pnl)
        .money("gross_profit", &gross_profit)
        .money("gross_loss", &gross_loss);
    let table =
        if known.fees { table.money("fees", &fees) } else { table.no_money("fees", fees.len()) };
    let table = table
        .nullable("profit_factor", factors.collect::<Float64Array>())
        .filled("expectancy", doubles(expectancy))
        .nullable("average_win", means(&gross_profit, |group| group.wins))
        .nullable("average_loss", means(&gross_loss, |group| group.losses));
    let table = excursions(table, "average_mae", known.mae, &mae);
    excursions(table, "average_mfe", known.mfe, &mfe)
        .filled("average_duration", durations(groups.iter().map(Group::average_duration)))
        .finish()
}

/// A quotient, unless there is nothing to divide by.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    if whole > 0.0 { finite(part / whole) } else { None }
}
