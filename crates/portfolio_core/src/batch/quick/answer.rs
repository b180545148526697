//! What is kept of a plain run.

use super::Room;
use super::curve::{self, Counted, Wanted};
use super::events::{End, Room as Events};
use super::money::{self, Mirror};
use super::terms::Terms;
use super::trades::{Reason, Trade};
use super::units::Units;
use crate::batch::drive::unfillable;
use crate::batch::outcome::{
    FinalState, Keep, Numbers, Outcome, Record, Recorded, TradeColumns, Words,
};
use crate::batch::plan::Run;
use crate::event::Side;
use crate::history::{Block, Start};
use crate::ledger::Account;
use crate::metrics::{Columns, Metrics, metrics_of};
use crate::numbers::{Money, Sum};

/// About so many moments of a column stay in the cache.
const CACHED: usize = 65_536;

/// What a run was done by, and what came of it.
pub(super) struct Done<'d, 'r> {
    pub(super) run: &'d Run<'r>,
    pub(super) terms: &'d Terms<'r>,
    pub(super) units: &'d Units,
    pub(super) end: End,
}

impl Done<'_, '_> {
    /// The tables' rows of the run; nothing when a number is too large for this road.
    pub(super) fn outcome(
        &self,
        keep: &Keep,
        recorded: &Recorded,
        room: &mut Room,
    ) -> Option<Outcome> {
        let drawn = (self.terms, self.units);
        let exact = keep.metrics || (keep.exact && keep.record != Record::None);
        let wanted = Wanted { exact, exposures: keep.metrics };
        let counted = curve::draw(drawn, &room.events, wanted, &mut room.curve)?;
        let bars = self.terms.bars;
        let highest = bars.top.checked_add(bars.spread)?.checked_mul(self.units.ticks)?;
        let mirror = Mirror::of(self.units, self.end.largest, highest)?;
        let metrics = if keep.metrics { Some(self.metrics(&mirror, counted, room)?) } else { None };
        let last_equity = curve::last(self.terms, self.units, &room.events)?;
        let equity = equity(keep, recorded, counted, &mut room.curve);
        let events = &room.events;
        Some(Outcome {
            run_id: self.run.run_id,
            equity,
            trades: keep.trades.then(|| self.trades(keep.exact, &mirror, &events.trades)),
            metrics,
            last: self.last(&mirror, events, last_equity)?,
            rejected: events.unfillable.iter().map(|&row| unfillable(&self.run.row(row))).collect(),
        })
    }

    fn metrics(&self, mirror: &Mirror, counted: Counted, room: &mut Room) -> Option<Metrics> {
        let (run, moments) = (self.run, &self.run.bars.moments);
        let Room { events, curve, money, scratch, .. } = room;
        money.take(&events.trades, mirror, moments);
        let turnover = money.turnover(events, mirror, &curve.values);
        let columns = Columns {
            start: Start { time: *moments.first()?, balance: run.configuration.initial_balance },
            curve: Block {
                times: moments,
                exact: curve.exact(counted),
                values: &curve.values,
                gross: &curve.gross,
                net: &curve.net,
            },
            trades: money.lines(),
            open: money::open(events, mirror, moments),
            fees: Sum::of(&[Money::from_raw(mirror.raw_money(self.end.fees)).ok()?]),
            turnover,
        };
        Some(metrics_of(&columns, run.metrics, scratch))
    }

    fn trades(&self, exact: bool, mirror: &Mirror, trades: &[Trade]) -> TradeColumns {
        let mut columns = TradeColumns::new(exact);
        if trades.is_empty() {
            return columns;
        }
        let moments = &self.run.bars.moments;
        let time = |moment: usize| moments.get(moment).copied().unwrap_or_default();
        let money = |pick: fn(&Trade) -> i128| {
            let amounts = trades.iter().map(pick);
            if exact {
                Numbers::Exact(amounts.map(|amount| mirror.raw_money(amount)).collect())
            } else {
                Numbers::Float(amounts.map(|amount| mirror.money(amount)).collect())
            }
        };
        let price = |pick: fn(&Trade) -> i64| {
            let prices = trades.iter().map(pick);
            if exact {
                Numbers::Exact(prices.map(|price| mirror.raw_price(price)).collect())
            } else {
                Numbers::Float(prices.map(|price| mirror.price(price)).collect())
            }
        };
        let sizes = trades.iter().map(|trade| trade.size);
        let sizes = if exact {
            Numbers::Exact(sizes.map(|size| mirror.raw_size(size)).collect())
        } else {
            Numbers::Float(sizes.map(|size| mirror.size(size)).collect())
        };
        let zeros = || {
            let rows = trades.len();
            if exact { Numbers::Exact(vec![0; rows]) } else { Numbers::Float(vec![0.0; rows]) }
        };
        let words = &mut columns.words;
        let symbol = words.place(self.run.bars.symbols.first().map_or("", String::as_str));
        columns.tag = tags(self.run, trades.iter().map(|trade| trade.place), words);
        columns.reason = reasons(trades, words);
        let side = |trade: &Trade| if trade.long { Side::Long } else { Side::Short };
        TradeColumns {
            trade_id: (1..).take(trades.len()).collect(),
            position_id: trades.iter().map(|trade| trade.position_id).collect(),
            symbol: vec![symbol; trades.len()],
            side: trades.iter().map(side).collect(),
            entry_time: trades.iter().map(|trade| time(trade.entry)).collect(),
            exit_time: trades.iter().map(|trade| time(trade.exit)).collect(),
            numbers: [
                sizes,
                price(|trade| trade.entry_price),
                price(|trade| trade.exit_price),
                money(|trade| trade.gross),
                money(|trade| trade.entry_fee),
                money(|trade| trade.exit_fee),
                zeros(),
                money(Trade::net),
                money(|trade| trade.cost),
                money(|trade| trade.mae),
                money(|trade| trade.mfe),
                zeros(),
                zeros(),
                price(|trade| trade.stop),
                price(|trade| trade.target),
            ],
            ..columns
        }
    }

    fn last(&self, mirror: &Mirror, events: &Events, equity: i128) -> Option<FinalState> {
        let end = &self.end;
        let money = |amount: i128| Money::from_raw(mirror.raw_money(amount)).ok();
        let (equity, balance) = (Money::from_raw(equity).ok()?, money(end.balance)?);
        let cost = events.held.iter().try_fold(0_i128, |sum, held| sum.checked_add(held.cost))?;
        let account = Account {
            equity,
            unrealized: equity.checked_sub(balance).ok()?,
            margin_used: self.terms.margin(mirror.raw_money(cost))?,
            ..Account::new(balance)
        };
        let open_count = u64::try_from(events.held.len()).ok()?;
        Some(FinalState {
            failed: false,
            event_count: end.events,
            trade_count: end.trades,
            open_count,
            order_count: 0,
            ambiguous_count: end.ambiguous,
            balance,
            equity,
            unrealized: account.unrealized,
            realized: money(end.realized)?,
            margin_used: account.margin_used,
            free_margin: account.free_margin(),
            margin_level: account.margin_level(),
            digest: None,
        })
    }
}

/// The column of the equity that is kept.
fn equity(
    keep: &Keep,
    recorded: &Recorded,
    counted: Counted,
    curve: &mut curve::Room,
) -> Vec<Numbers> {
    if keep.record == Record::None {
        return Vec::new();
    }
    let rows = curve.len();
    if keep.exact {
        let exact = curve.exact(counted);
        return vec![Numbers::Exact(picked(recorded, rows, |moment| exact.get(moment)))];
    }
    vec![Numbers::Float(match recorded.moments {
        // A copy of what is in the cache costs less than fresh memory for each run to draw in.
        None if rows <= CACHED => curve.values.clone(),
        None => std::mem::take(&mut curve.values),
        Some(_) => picked(recorded, rows, |moment| curve.values.get(moment).copied()),
    })]
}

fn picked<T>(recorded: &Recorded, rows: usize, get: impl Fn(usize) -> Option<T>) -> Vec<T> {
    match &recorded.moments {
        Some(moments) => moments.iter().filter_map(|&moment| get(moment)).collect(),
        None => (0..rows).filter_map(get).collect(),
    }
}

/// The places of the tags of some rows, of which mostly the same one comes again.
pub(super) fn tags(
    run: &Run<'_>,
    rows: impl ExactSizeIterator<Item = usize>,
    words: &mut Words,
) -> Vec<u32> {
    if rows.len() > 0 && !run.has_tags() {
        return vec![words.place(""); rows.len()];
    }
    let mut last: Option<(&str, u32)> = None;
    let place = |row: usize| {
        let tag = run.tag(row);
        match last {
            Some((other, place)) if other == tag => place,
            _ => {
                let place = words.place(tag);
                last = Some((tag, place));
                place
            }
        }
    };
    rows.map(place).collect()
}

/// The places of the reasons, each stored when it first comes.
fn reasons(trades: &[Trade], words: &mut Words) -> Vec<u32> {
    let mut known = [None; Reason::ALL.len()];
    let place = |trade: &Trade| {
        let cell = match trade.reason {
            Reason::TimeExit => &mut known[0],
            Reason::StopLoss => &mut known[1],
            Reason::TakeProfit => &mut known[2],
        };
        *cell.get_or_insert_with(|| words.place(trade.reason.text()))
    };
    trades.iter().map(place).collect()
}
