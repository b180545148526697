//! Figures of the closed trades: exact sums of money, and doubles for the rest.

use arrow_buffer::ArrowNativeType;

use super::exact::{self, money};
use super::moments::Moments;
use super::outcomes::Outcomes;
use super::{Value, count, divided, finite, float, mean_duration};
use crate::columns::text::TextView;
use crate::history::{BLOCK_ROWS, Column, Pair, TextColumn, TradeColumns};
use crate::numbers::{Money, Sum, fixed9_to_f64};

/// Sums over the trades so far; trades are taken once.
#[derive(Debug, Clone, Default)]
pub struct Trades {
    /// Trades.
    pub seen: usize,
    longs: Option<usize>,
    gains: Sum,
    losses: Sum,
    range: Option<(Money, Money)>,
    results: Moments,
    risk: Risk,
    /// Results over cost.
    returns: Moments,
    outcomes: Outcomes,
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
struct Adverse {
    sum: Sum,
    worst: Money,
}

/// Rows of trades that lie side by side. What is not known is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines<'a> {
    /// Microseconds since the epoch.
    pub entry_time: &'a [i64],
    /// Microseconds since the epoch.
    pub exit_time: &'a [i64],
    /// Result after all fees.
    pub net_pnl: &'a [i128],
    /// The doubles nearest to these.
    pub net_doubles: &'a [f64],
    /// Result before fees.
    pub gross_pnl: Option<&'a [i128]>,
    /// Fees of the entry.
    pub entry_fee: Option<&'a [i128]>,
    /// Fee of the exit.
    pub exit_fee: Option<&'a [i128]>,
    /// Worst result while open.
    pub mae: Option<&'a [i128]>,
    /// Best result while open.
    pub mfe: Option<&'a [i128]>,
    /// Swaps.
    pub swap: Option<&'a [i128]>,
    /// What slippage cost.
    pub slippage: Option<&'a [i128]>,
    /// Size * entry price * contract size.
    pub cost: Option<&'a [f64]>,
    /// Entry price.
    pub entry_price: Option<&'a [i128]>,
    /// Stop loss at entry; 0 = none.
    pub stop_loss: Option<&'a [i128]>,
    /// How many are long.
    pub longs: Option<usize>,
}

/// Memory for columns that trades are turned into.
#[derive(Debug, Default)]
pub struct Scratch {
    results: Vec<f64>,
    returns: Vec<f64>,
    multiples: Vec<f64>,
}

/// A sum with all cells of a column.
fn added(sum: Option<Sum>, column: Option<&[i128]>) -> Option<Sum> {
    let Some(column) = column else { return sum };
    Some(sum.unwrap_or_default().plus_sum(exact::sum(column)))
}

impl Trades {
    /// Takes the trades behind those before.
    pub fn take(&mut self, trades: &TradeColumns, scratch: &mut Scratch) {
        scratch.clear();
        let mut skip = self.seen;
        // A column is known before it has a row.
        self.take_sums(&lines(trades, usize::MAX, 0));
        for part in 0..trades.entry_time.parts().count() {
            let rows = trades.entry_time.part(part).len();
            let from = skip.min(rows);
            skip = skip.saturating_sub(from);
            if from < rows {
                self.take_lines(&lines(trades, part, from), scratch);
            }
        }
        self.merge(scratch);
    }

    /// Takes trades behind those before.
    pub fn take_all(&mut self, lines: &Lines<'_>, scratch: &mut Scratch) {
        scratch.clear();
        self.take_lines(lines, scratch);
        self.merge(scratch);
    }

    fn take_lines(&mut self, lines: &Lines<'_>, scratch: &mut Scratch) {
        self.take_results(lines);
        self.take_sums(lines);
        scratch.take(lines);
        self.seen = self.seen.saturating_add(lines.net_pnl.len());
    }

    fn take_sums(&mut self, lines: &Lines<'_>) {
        if let Some(longs) = lines.longs {
            self.longs = Some(self.longs.unwrap_or(0).saturating_add(longs));
        }
        if let Some(mae) = lines.mae {
            let sums = self.adverse.get_or_insert_default();
            sums.sum = sums.sum.plus_sum(exact::sum(mae));
            let worst = mae.iter().copied().fold(sums.worst.raw(), i128::min);
            sums.worst = money(worst);
        }
        self.favourable = added(self.favourable, lines.mfe);
        if lines.entry_fee.is_some() && lines.exit_fee.is_some() {
            self.fees = added(added(self.fees, lines.entry_fee), lines.exit_fee);
        }
        self.swaps = added(Some(self.swaps), lines.swap).unwrap_or_default();
        self.slippage = added(self.slippage, lines.slippage);
        if let Some(gross) = lines.gross_pnl {
            let gains = exact::signed(gross).0;
            self.gross_gains = Some(self.gross_gains.unwrap_or_default().plus_sum(gains));
        }
    }

    fn take_results(&mut self, lines: &Lines<'_>) {
        let Some(&first) = lines.net_pnl.first() else { return };
        let (gains, losses) = exact::signed(lines.net_pnl);
        self.gains = self.gains.plus_sum(gains);
        self.losses = self.losses.plus_sum(losses);
        let range = self.range.map_or((first, first), |(low, high)| (low.raw(), high.raw()));
        let (lowest, highest) = exact::range(lines.net_pnl, lines.net_doubles, range);
        self.range = Some((money(lowest), money(highest)));
        self.outcomes.take(lines.entry_time, lines.exit_time, lines.net_doubles);
    }

    /// What does not depend on where columns are cut.
    fn merge(&mut self, scratch: &Scratch) {
        for (moments, column) in [
            (&mut self.results, &scratch.results),
            (&mut self.returns, &scratch.returns),
            (&mut self.risk.multiples, &scratch.multiples),
        ] {
            for block in column.chunks(BLOCK_ROWS) {
                moments.merge(&Moments::of(block));
            }
        }
    }

    /// The figures by name, in the order of the catalogue.
    pub(super) fn figures(&self, put: &mut impl FnMut(&'static str, Option<Value>)) {
        let seen = self.seen;
        let any = seen > 0;
        let counted = |count: usize| Some(Value::Count(count));
        let even = seen.saturating_sub(self.outcomes.won).saturating_sub(self.outcomes.lost);
        let longs = self.longs.or(if any { None } else { Some(0) });
        put("trade_count", counted(seen));
        put("winning_trade_count", counted(self.outcomes.won));
        put("losing_trade_count", counted(self.outcomes.lost));
        put("breakeven_trade_count", counted(even));
        put("long_trade_count", longs.map(Value::Count));
        put("short_trade_count", longs.map(|longs| Value::Count(seen.saturating_sub(longs))));
        put("win_rate", float(ratio(count(self.outcomes.won), seen)));
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
        put("max_consecutive_wins", counted(self.outcomes.most.0));
        put("max_consecutive_losses", counted(self.outcomes.most.1));
        let outcomes = &self.outcomes;
        let [all, wins, losses] = outcomes.lengths;
        put("average_trade_duration", mean_duration(all, seen));
        put("max_trade_duration", outcomes.range.map(|(_, most)| Value::Duration(most)));
        put("min_trade_duration", outcomes.range.map(|(least, _)| Value::Duration(least)));
        put("average_win_duration", mean_duration(wins, self.outcomes.won));
        put("average_loss_duration", mean_duration(losses, self.outcomes.lost));
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
        let lost = losses.filter(|_| self.outcomes.lost > 0);
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
        ratio(total(self.gains)?, self.outcomes.won)
    }

    fn average_loss(&self) -> Option<f64> {
        ratio(total(self.losses)?, self.outcomes.lost)
    }

    fn payoff(&self) -> Option<f64> {
        divided(self.average_win(), self.average_loss().map(|loss| -loss))
    }

    fn kelly(&self) -> Option<f64> {
        let rate = ratio(count(self.outcomes.won), self.seen)?;
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

impl Scratch {
    fn clear(&mut self) {
        self.results.clear();
        self.returns.clear();
        self.multiples.clear();
    }

    fn take(&mut self, lines: &Lines<'_>) {
        let results = lines.net_doubles;
        self.results.extend_from_slice(results);
        let Some(costs) = lines.cost else { return };
        self.returns.extend(results.iter().zip(costs).map(|(result, cost)| result / cost));
        let Some((entries, stops)) = lines.entry_price.zip(lines.stop_loss) else { return };
        let money = results.iter().zip(costs);
        let with_stop = entries.iter().zip(stops).zip(money).filter(|((_, stop), _)| **stop != 0);
        self.multiples.extend(with_stop.map(|((&entry, &stop), (result, cost))| {
            // Two prices of many digits may be the same double and yet be apart.
            let distance = fixed9_to_f64(entry.saturating_sub(stop)).abs();
            result / (cost * distance / fixed9_to_f64(entry))
        }));
    }
}

/// The rows of a part of the columns, from one on.
fn lines<'a>(trades: &'a TradeColumns, part: usize, from: usize) -> Lines<'a> {
    fn cut<T: ArrowNativeType>(column: &Column<T>, part: usize, from: usize) -> &[T] {
        column.part(part).get(from..).unwrap_or_default()
    }
    let exact = |pair: &'a Option<Pair>| pair.as_ref().map(|pair| cut(&pair.exact, part, from));
    Lines {
        entry_time: cut(&trades.entry_time, part, from),
        exit_time: cut(&trades.exit_time, part, from),
        net_pnl: cut(&trades.net_pnl.exact, part, from),
        net_doubles: cut(&trades.net_pnl.double, part, from),
        gross_pnl: exact(&trades.gross_pnl),
        entry_fee: exact(&trades.entry_fee),
        exit_fee: exact(&trades.exit_fee),
        mae: exact(&trades.mae),
        mfe: exact(&trades.mfe),
        swap: exact(&trades.swap),
        slippage: exact(&trades.slippage),
        cost: trades.cost.as_ref().map(|pair| cut(&pair.double, part, from)),
        entry_price: exact(&trades.entry_price),
        stop_loss: exact(&trades.stop_loss),
        longs: trades.side.as_ref().map(|side| count_longs(side, part, from)),
    }
}

fn count_longs(side: &TextColumn, part: usize, from: usize) -> usize {
    let views = side.parts().get(part).map(|part| part.views().as_ref());
    let views: &[u128] = views.and_then(|views| views.get(from..)).unwrap_or_default();
    views.iter().filter(|&&view| view == TextView::LONG.bits()).count()
}

fn total(sum: Sum) -> Option<f64> {
    sum.finish().ok().map(Money::to_f64)
}

fn ratio(value: f64, items: usize) -> Option<f64> {
    if items == 0 { None } else { finite(value / count(items)) }
}
