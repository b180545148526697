//! The money of trades as metrics take it: raw, and as the nearest doubles.
#![expect(clippy::float_arithmetic, reason = "one division of whole numbers rounds, as a mirror")]

use super::curve::power_of_ten;
use super::events::Room as Events;
use super::trades::Trade;
use super::units::Units;
use crate::history::OpenPosition;
use crate::metrics::sums::Total;
use crate::metrics::trades::Lines;
use crate::numbers::{fixed9_to_f64, fixed18_to_f64};

/// Columns of the trades, kept between runs.
#[derive(Debug, Default)]
pub(super) struct Columns {
    entry_time: Vec<i64>,
    exit_time: Vec<i64>,
    net: Vec<i128>,
    gross: Vec<i128>,
    entry_fee: Vec<i128>,
    exit_fee: Vec<i128>,
    mae: Vec<i128>,
    mfe: Vec<i128>,
    entry_price: Vec<i128>,
    stop: Vec<i128>,
    net_doubles: Vec<f64>,
    cost: Vec<f64>,
    traded: Vec<(usize, f64)>,
    longs: usize,
}

/// From units to doubles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mirror {
    units: Units,
    /// Whether doubles hold all amounts and sizes of the trades in units.
    narrow: bool,
    /// Units of 1.
    money: f64,
    price: f64,
    size: f64,
}

impl Mirror {
    /// Of a run whose fills have at most this size and this price.
    pub(super) fn of(units: &Units, size: i64, price: i64) -> Option<Self> {
        let one = |scale: u32, zeros: u32| power_of_ten(scale.checked_sub(zeros)?);
        let most = units.most_of(size, price)?;
        // The sum of an amount and two fees stays below 2^53, too.
        let few = |number: u128| number < 1 << (f64::MANTISSA_DIGITS.saturating_sub(2));
        let narrow = few(most) && few(size.unsigned_abs().into());
        Some(Self {
            units: *units,
            narrow,
            money: one(18, units.money_zeros)?,
            price: one(9, units.zeros.price)?,
            size: one(9, units.zeros.size)?,
        })
    }

    /// The double nearest to an amount.
    #[inline]
    pub(super) fn money(&self, amount: i128) -> f64 {
        if self.narrow {
            return short(amount) / self.money;
        }
        fixed18_to_f64(self.units.raw(amount))
    }

    /// The double nearest to a price, which may be a level far above those of all bars.
    #[inline]
    pub(super) fn price(&self, price: i64) -> f64 {
        if price.unsigned_abs() < 1 << f64::MANTISSA_DIGITS {
            return short(price.into()) / self.price;
        }
        fixed9_to_f64(self.raw_price(price))
    }

    /// The double nearest to a size.
    #[inline]
    pub(super) fn size(&self, size: i64) -> f64 {
        if self.narrow {
            return short(size.into()) / self.size;
        }
        fixed9_to_f64(self.raw_size(size))
    }

    pub(super) fn raw_money(&self, amount: i128) -> i128 {
        self.units.raw(amount)
    }

    pub(super) fn raw_price(&self, price: i64) -> i128 {
        i128::from(price).wrapping_mul(i128::from(self.units.price))
    }

    pub(super) fn raw_size(&self, size: i64) -> i128 {
        i128::from(size).wrapping_mul(i128::from(self.units.size))
    }
}

/// A number that doubles hold.
#[inline(always)]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "it is below 2^53"
)]
fn short(number: i128) -> f64 {
    number as i64 as f64
}

impl Columns {
    /// Takes the trades of a run.
    pub(super) fn take(&mut self, trades: &[Trade], mirror: &Mirror, moments: &[i64]) {
        let time = |moment: usize| moments.get(moment).copied().unwrap_or_default();
        fill(&mut self.entry_time, trades, |trade| time(trade.entry));
        fill(&mut self.exit_time, trades, |trade| time(trade.exit));
        fill(&mut self.net, trades, |trade| mirror.raw_money(trade.net()));
        fill(&mut self.gross, trades, |trade| mirror.raw_money(trade.gross));
        fill(&mut self.entry_fee, trades, |trade| mirror.raw_money(trade.entry_fee));
        fill(&mut self.exit_fee, trades, |trade| mirror.raw_money(trade.exit_fee));
        fill(&mut self.mae, trades, |trade| mirror.raw_money(trade.mae));
        fill(&mut self.mfe, trades, |trade| mirror.raw_money(trade.mfe));
        fill(&mut self.entry_price, trades, |trade| mirror.raw_price(trade.entry_price));
        fill(&mut self.stop, trades, |trade| mirror.raw_price(trade.stop));
        fill(&mut self.net_doubles, trades, |trade| mirror.money(trade.net()));
        fill(&mut self.cost, trades, |trade| mirror.money(trade.cost));
        self.longs = trades.iter().filter(|trade| trade.long).count();
    }

    pub(super) fn lines(&self) -> Lines<'_> {
        Lines {
            entry_time: &self.entry_time,
            exit_time: &self.exit_time,
            net_pnl: &self.net,
            net_doubles: &self.net_doubles,
            gross_pnl: Some(&self.gross),
            entry_fee: Some(&self.entry_fee),
            exit_fee: Some(&self.exit_fee),
            mae: Some(&self.mae),
            mfe: Some(&self.mfe),
            swap: Some(&[]),
            slippage: Some(&[]),
            cost: Some(&self.cost),
            entry_price: Some(&self.entry_price),
            stop_loss: Some(&self.stop),
            longs: Some(self.longs),
        }
    }

    /// What was traded over the equity.
    pub(super) fn turnover(
        &mut self,
        events: &Events,
        mirror: &Mirror,
        values: &[f64],
    ) -> Option<f64> {
        let (trades, entries) = (&events.trades, &mut self.traded);
        entries.clear();
        entries.extend(trades.iter().zip(&self.cost).map(|(trade, cost)| (trade.entry, *cost)));
        let held = events.held.iter().map(|held| (held.entry, mirror.money(held.cost)));
        entries.extend(held);
        let exits = trades.iter().zip(&self.cost).map(|(trade, cost)| {
            let gross = mirror.money(trade.gross);
            (trade.exit, proceeds(*cost, gross, trade.long))
        });
        turnover(entries, exits, values)
    }
}

/// What a close is paid, or pays.
pub(super) fn proceeds(cost: f64, gross: f64, long: bool) -> f64 {
    cost + gross * if long { 1.0 } else { -1.0 }
}

/// What was traded over the equity that ends each fill's moment, added up as
/// [`crate::metrics::exposure::turnover`] does: entries by time, then exits.
pub(super) fn turnover(
    entries: &mut [(usize, f64)],
    exits: impl Iterator<Item = (usize, f64)>,
    values: &[f64],
) -> Option<f64> {
    if !entries.is_sorted_by_key(|(entry, _)| *entry) {
        entries.sort_by_key(|(entry, _)| *entry);
    }
    let mut sum = Total::default();
    for (moment, traded) in entries.iter().copied().chain(exits) {
        sum.add(traded / values.get(moment)?);
    }
    crate::metrics::finite(sum.get())
}

/// What is open at the end.
pub(super) fn open(events: &Events, mirror: &Mirror, moments: &[i64]) -> Vec<OpenPosition> {
    let time = |moment: usize| moments.get(moment).copied().unwrap_or_default();
    let open = events
        .held
        .iter()
        .map(|held| OpenPosition { entry_time: time(held.entry), cost: mirror.money(held.cost) });
    open.collect()
}

fn fill<T>(column: &mut Vec<T>, trades: &[Trade], cell: impl Fn(&Trade) -> T) {
    column.clear();
    column.extend(trades.iter().map(cell));
}
