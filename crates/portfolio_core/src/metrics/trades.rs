//! Figures of the closed trades: exact sums of money, and doubles for the rest.

use super::moments::Moments;
use super::{Value, count, divided, finite, float, mean_duration};
use crate::columns::text::TextView;
use crate::history::{BLOCK_ROWS, Cells, Column, Pair, TextColumn, TradeColumns};
use crate::numbers::{Money, Sum};

/// Sums over the trades so far; trades are taken once.
#[derive(Debug, Clone, Default)]
pub struct Trades {
    /// Trades.
    pub seen: usize,
    won: usize,
    lost: usize,
    longs: Option<usize>,
    gains: Sum,
    losses: Sum,
    range: Option<(Money, Money)>,
    results: Moments,
    risk: Risk,
    /// Results over cost.
    returns: Moments,
    streaks: Streaks,
    durations: Durations,
    adverse: Option<Adverse>,
    favourable: Option<Sum>,
    fees: Option<Sum>,
    swaps: Sum,
    slippage: Option<Sum>,
    gross_gains: Option<Sum>,
}

/// Results as multiples of what was risked.
#[derive(Debug, Clone, Default)]
struct Risk {
    multiples: Moments,
}

#[derive(Debug, Clone, Copy, Default)]
struct Streaks {
    wins: usize,
    losses: usize,
    most_wins: usize,
    most_losses: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Durations {
    all: i128,
    wins: i128,
    losses: i128,
    range: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Adverse {
    sum: Sum,
    worst: Money,
}

/// One after another, or nothing where a column is missing.
fn numbers<T: arrow_buffer::ArrowNativeType>(
    column: Option<&Column<T>>,
    skip: usize,
) -> Cells<'_, T> {
    column.map_or_else(Cells::none, |column| column.iter_from(skip))
}

fn exact(pair: Option<&Pair>, skip: usize) -> impl Iterator<Item = Money> {
    numbers(pair.map(|pair| &pair.exact), skip).map(money)
}

fn double(pair: Option<&Pair>, skip: usize) -> impl Iterator<Item = f64> {
    numbers(pair.map(|pair| &pair.double), skip)
}

/// A cell of a money column, which holds nothing out of range.
fn money(raw: i128) -> Money {
    Money::from_raw(raw).unwrap_or_default()
}

impl Trades {
    /// Takes the trades behind those before.
    pub fn take(&mut self, trades: &TradeColumns) {
        let skip = self.seen;
        self.take_results(trades, skip);
        self.take_times(trades, skip);
        self.take_ratios(trades, skip);
        if let Some(side) = &trades.side {
            let longs = count_longs(side, skip);
            self.longs = Some(self.longs.unwrap_or(0).saturating_add(longs));
        }
        if let Some(mae) = &trades.mae {
            let sums = self.adverse.get_or_insert_default();
            for adverse in exact(Some(mae), skip) {
                sums.sum = sums.sum.plus(adverse);
                sums.worst = sums.worst.min(adverse);
            }
        }
        if let Some(mfe) = &trades.mfe {
            let sum = self.favourable.unwrap_or_default();
            self.favourable = Some(exact(Some(mfe), skip).fold(sum, Sum::plus));
        }
        let (entry, exit) = (trades.entry_fee.as_ref(), trades.exit_fee.as_ref());
        if entry.is_some() && exit.is_some() {
            let fees = exact(entry, skip).chain(exact(exit, skip));
            self.fees = Some(fees.fold(self.fees.unwrap_or_default(), Sum::plus));
        }
        self.swaps = exact(trades.swap.as_ref(), skip).fold(self.swaps, Sum::plus);
        if let Some(slippage) = &trades.slippage {
            let sum = self.slippage.unwrap_or_default();
            self.slippage = Some(exact(Some(slippage), skip).fold(sum, Sum::plus));
        }
        if let Some(gross) = &trades.gross_pnl {
            let gains = exact(Some(gross), skip).filter(|gross| gross.is_positive());
            self.gross_gains = Some(gains.fold(self.gross_gains.unwrap_or_default(), Sum::plus));
        }
        self.seen = trades.rows;
    }

    fn take_results(&mut self, trades: &TradeColumns, skip: usize) {
        exact(Some(&trades.net_pnl), skip).for_each(|result| {
            let (lowest, highest) = self.range.unwrap_or((result, result));
            self.range = Some((lowest.min(result), highest.max(result)));
            if result.is_positive() {
                self.won = self.won.saturating_add(1);
                self.gains = self.gains.plus(result);
            } else if result.is_negative() {
                self.lost = self.lost.saturating_add(1);
                self.losses = self.losses.plus(result);
            }
            self.streaks.step(result);
        });
        let doubles: Vec<f64> = double(Some(&trades.net_pnl), skip).collect();
        for block in doubles.chunks(BLOCK_ROWS) {
            self.results.merge(&Moments::of(block));
        }
    }

    fn take_times(&mut self, trades: &TradeColumns, skip: usize) {
        let entries = numbers(Some(&trades.entry_time), skip);
        let times = entries.zip(numbers(Some(&trades.exit_time), skip));
        let sums = &mut self.durations;
        for ((entry, exit), result) in times.zip(exact(Some(&trades.net_pnl), skip)) {
            let length = exit.saturating_sub(entry);
            let (shortest, longest) = sums.range.unwrap_or((length, length));
            sums.range = Some((shortest.min(length), longest.max(length)));
            sums.all = sums.all.saturating_add(i128::from(length));
            if result.is_positive() {
                sums.wins = sums.wins.saturating_add(i128::from(length));
            } else if result.is_negative() {
                sums.losses = sums.losses.saturating_add(i128::from(length));
            }
        }
    }

    fn take_ratios(&mut self, trades: &TradeColumns, skip: usize) {
        let results = double(Some(&trades.net_pnl), skip);
        let costs = double(trades.cost.as_ref(), skip);
        let shares: Vec<f64> = results.zip(costs).map(|(result, cost)| result / cost).collect();
        for block in shares.chunks(BLOCK_ROWS) {
            self.returns.merge(&Moments::of(block));
        }
        let stops = numbers(trades.stop_loss.as_ref(), skip);
        let levels = numbers(trades.entry_price.as_ref(), skip).zip(stops);
        let money = double(Some(&trades.net_pnl), skip).zip(double(trades.cost.as_ref(), skip));
        let with_stop = levels.zip(money).filter(|((_, stop), _)| *stop != 0.0);
        let multiples: Vec<f64> = with_stop
            .map(|((entry, stop), (result, cost))| result / (cost * (entry - stop).abs() / entry))
            .collect();
        for block in multiples.chunks(BLOCK_ROWS) {
            self.risk.multiples.merge(&Moments::of(block));
        }
    }

    /// The figures by name, in the order of the catalogue.
    pub(super) fn figures(&self, put: &mut impl FnMut(&'static str, Option<Value>)) {
        let seen = self.seen;
        let any = seen > 0;
        let counted = |count: usize| Some(Value::Count(count));
        let even = seen.saturating_sub(self.won).saturating_sub(self.lost);
        let longs = self.longs.or(if any { None } else { Some(0) });
        put("trade_count", counted(seen));
        put("winning_trade_count", counted(self.won));
        put("losing_trade_count", counted(self.lost));
        put("breakeven_trade_count", counted(even));
        put("long_trade_count", longs.map(Value::Count));
        put("short_trade_count", longs.map(|longs| Value::Count(seen.saturating_sub(longs))));
        put("win_rate", float(ratio(count(self.won), seen)));
        self.money_figures(put);
        let returns = &self.returns;
        // One trade without a finite return leaves all three undefined.
        let sound = returns.seen > 0 && returns.mean.is_finite();
        let known = |value: f64| float(finite(value).filter(|_| sound));
        put("average_trade_return", known(returns.mean));
        put("best_trade_return", known(returns.highest));
        put("worst_trade_return", known(returns.lowest));
        put("kelly_criterion", float(self.kelly()));
        self.quality(put);
        put("max_consecutive_wins", counted(self.streaks.most_wins));
        put("max_consecutive_losses", counted(self.streaks.most_losses));
        let durations = &self.durations;
        put("average_trade_duration", mean_duration(durations.all, seen));
        put("max_trade_duration", durations.range.map(|(_, most)| Value::Duration(most)));
        put("min_trade_duration", durations.range.map(|(least, _)| Value::Duration(least)));
        put("average_win_duration", mean_duration(durations.wins, self.won));
        put("average_loss_duration", mean_duration(durations.losses, self.lost));
        let sums = self.adverse.filter(|_| any);
        let adverse = sums.and_then(|sums| total(sums.sum)).and_then(|sum| ratio(sum, seen));
        let good = self.favourable.and_then(total).and_then(|sum| ratio(sum, seen));
        put("average_mae", float(adverse));
        put("average_mfe", float(good));
        put("worst_mae", sums.map(|sums| Value::Money(sums.worst)));
        put("average_edge_ratio", float(divided(good, adverse.map(|adverse| -adverse))));
    }

    fn money_figures(&self, put: &mut impl FnMut(&'static str, Option<Value>)) {
        let exact = |sum: Sum| sum.finish().ok().map(Value::Money);
        put("gross_profit", exact(self.gains));
        put("gross_loss", exact(self.losses));
        put("total_net_pnl", exact(self.net()));
        let (gains, losses) = (total(self.gains), total(self.losses));
        let lost = losses.filter(|_| self.lost > 0);
        put("profit_factor", float(divided(gains, lost.map(|lost| -lost))));
        put("expectancy", float(total(self.net()).and_then(|net| ratio(net, self.seen))));
        put("average_win", float(self.average_win()));
        put("average_loss", float(self.average_loss()));
        put("payoff_ratio", float(self.payoff()));
        put("largest_win", self.range.map(|(_, best)| Value::Money(best)));
        put("largest_loss", self.range.map(|(worst, _)| Value::Money(worst)));
    }

    fn net(&self) -> Sum {
        self.gains.plus_sum(self.losses)
    }

    fn average_win(&self) -> Option<f64> {
        ratio(total(self.gains)?, self.won)
    }

    fn average_loss(&self) -> Option<f64> {
        ratio(total(self.losses)?, self.lost)
    }

    fn payoff(&self) -> Option<f64> {
        divided(self.average_win(), self.average_loss().map(|loss| -loss))
    }

    fn kelly(&self) -> Option<f64> {
        let rate = ratio(count(self.won), self.seen)?;
        finite(rate - (1.0 - rate) / self.payoff()?)
    }

    /// Tharp's system quality number.
    fn quality(&self, put: &mut impl FnMut(&'static str, Option<Value>)) {
        let multiples = &self.risk.multiples;
        let uses_risk = self.seen > 0 && multiples.seen == self.seen;
        let values = if uses_risk { multiples } else { &self.results };
        let quality = |trades: usize| {
            let deviation = values.deviation().filter(|_| !values.is_flat())?;
            finite(count(trades).sqrt() * values.mean / deviation)
        };
        put("sqn", float(quality(self.seen)));
        put("sqn_100", float(quality(self.seen.min(100))));
        put("sqn_uses_risk", Some(Value::Flag(uses_risk)));
        put("expectancy_r", float(finite(multiples.mean).filter(|_| multiples.seen > 0)));
    }

    /// Fees of the trades; none where no column has them.
    pub(super) fn fees(&self) -> Option<Sum> {
        self.fees.or(if self.seen == 0 { Some(Sum::ZERO) } else { None })
    }

    /// Swaps of the trades; 0 without a column.
    pub(super) const fn swaps(&self) -> Sum {
        self.swaps
    }

    /// Slippage of the trades; none where no column has it.
    pub(super) fn slippage(&self) -> Option<Sum> {
        self.slippage.or(if self.seen == 0 { Some(Sum::ZERO) } else { None })
    }

    /// The sum of gross results above 0.
    pub(super) fn gross_gains(&self) -> Option<f64> {
        total(self.gross_gains?).filter(|&gains| gains > 0.0)
    }
}

impl Streaks {
    /// A trade without a result is neither, and ends both.
    fn step(&mut self, result: Money) {
        self.wins = if result.is_positive() { self.wins.saturating_add(1) } else { 0 };
        self.losses = if result.is_negative() { self.losses.saturating_add(1) } else { 0 };
        self.most_wins = self.most_wins.max(self.wins);
        self.most_losses = self.most_losses.max(self.losses);
    }
}

fn count_longs(side: &TextColumn, skip: usize) -> usize {
    side.equals(TextView::LONG, skip).filter(|&long| long).count()
}

fn total(sum: Sum) -> Option<f64> {
    sum.finish().ok().map(Money::to_f64)
}

fn ratio(value: f64, items: usize) -> Option<f64> {
    if items == 0 { None } else { finite(value / count(items)) }
}
