//! From fill to fill of a plain run (rules R5 to R8).
//!
//! Everything is counted in the units of the run. The loop goes over the rows; between two of them
//! it looks for the bars that reach a level, and only these do anything (`marks`).

use super::rows::{Amount, Odd, Opening, Rows};
use super::terms::Terms;
use super::trades::Trade;
use super::units::{Units, Zeros};
use crate::batch::orders::{Action, Words};
use crate::batch::sizes::{Asked, Lots};
use crate::event::Side;
use crate::numbers::{Money, Price, Size};

/// From a moment on the equity is `flat + what the sizes are worth at the close`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) flat: i128,
    /// Size of the longs and of the shorts.
    pub(super) long: i64,
    pub(super) short: i64,
}

/// An open position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) long: bool,
    /// The row that opened it.
    pub(super) place: usize,
    pub(super) size: i64,
    pub(super) price: i64,
    pub(super) cost: i128,
    pub(super) fee: i128,
    /// 0 for none.
    pub(super) stop: i64,
    pub(super) target: i64,
    /// The moment that opened it.
    pub(super) entry: usize,
    /// Whether it is closed at the next price.
    pub(super) exits: bool,
}

/// A market order that waits for the next price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) long: bool,
    pub(super) place: usize,
    pub(super) size: i64,
    pub(super) stop: i64,
    pub(super) target: i64,
}

/// Memory that runs need.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) held: Vec<Held>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) spans: Vec<Span>,
    pub(super) trades: Vec<Trade>,
    /// Places of the rows that no bar can fill.
    pub(super) unfillable: Vec<usize>,
}

/// What a run is at its end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    pub(super) balance: i128,
    pub(super) realized: i128,
    pub(super) fees: i128,
    pub(super) events: u64,
    pub(super) trades: u64,
    pub(super) ambiguous: u64,
    /// The largest size of a fill.
    pub(super) largest: i64,
}

/// A run under way.
pub(super) struct Kernel<'k, 'r> {
    pub(super) terms: &'k Terms<'r>,
    pub(super) units: &'k Units,
    pub(super) rows: &'k Rows<'r>,
    pub(super) room: &'k mut Room,
    pub(super) end: End,
    pub(super) ids: u64,
    pub(super) long: i64,
    pub(super) short: i64,
    /// Cost of the longs - cost of the shorts, and their sum.
    pub(super) costs: (i128, i128),
    /// How many positions have a level.
    pub(super) guarded: usize,
    /// How many positions are closed at the next price.
    pub(super) exits: usize,
    /// Whether the trades are wanted.
    pub(super) tells: bool,
    finer: Option<Zeros>,
}

/// Carries a run out; `tells` says whether its trades are wanted.
pub(super) fn carry_out(
    (terms, units, rows): (&Terms<'_>, &Units, &Rows<'_>),
    moments: &[i64],
    tells: bool,
    room: &mut Room,
) -> Result<End, Odd> {
    room.held.clear();
    room.waiting.clear();
    room.spans.clear();
    room.trades.clear();
    room.unfillable.clear();
    // The one symbol is registered, by the run or by its first bar.
    let end = End { balance: units.balance, events: 1, ..End::default() };
    let mut kernel = Kernel {
        terms,
        units,
        rows,
        room,
        end,
        ids: 0,
        long: 0,
        short: 0,
        costs: (0, 0),
        guarded: 0,
        exits: 0,
        tells,
        finer: None,
    };
    match kernel.all(moments) {
        Some(()) => Ok(kernel.end),
        None => Err(kernel.finer.map_or(Odd::NotPlain, Odd::Finer)),
    }
}

impl Kernel<'_, '_> {
    fn all(&mut self, moments: &[i64]) -> Option<()> {
        self.push_span(0)?;
        let all = if self.terms.at_close { Self::at_closes } else { Self::at_opens };
        all(self, moments)?;
        let bars = u64::try_from(moments.len()).ok()?;
        self.end.events = self.end.events.checked_add(bars)?;
        Some(())
    }

    /// Rows whose orders are filled at the next open.
    fn at_opens(&mut self, moments: &[i64]) -> Option<()> {
        let mut at = 0_usize;
        for place in 0..self.rows.len() {
            let (row, time, words) = self.rows.words(place)?;
            let passed = self.terms.bars.passed(moments, at, time);
            if passed == 0 || passed == moments.len() {
                self.room.unfillable.push(place);
                continue;
            }
            if passed > at {
                self.bars(at, passed)?;
                at = passed;
            }
            let anchor = self.price(self.terms.raw.open, at)?;
            let known = self.price(self.terms.raw.close, at.checked_sub(1)?)?;
            self.carry_out((place, row, words), anchor, known)?;
        }
        self.bars(at, moments.len())
    }

    /// Rows whose orders are filled at the close of the bar at their time, or behind it.
    fn at_closes(&mut self, moments: &[i64]) -> Option<()> {
        let first = *moments.first()?;
        let mut done = 0_usize;
        for place in 0..self.rows.len() {
            let (row, time, words) = self.rows.words(place)?;
            let before = time.checked_sub(1)?;
            let at = self.terms.bars.passed(moments, done.saturating_sub(1), before);
            if time < first || at == moments.len() {
                self.room.unfillable.push(place);
                continue;
            }
            if at >= done {
                self.quotes(done)?;
                let next = at.checked_add(1)?;
                self.bars(done, next)?;
                done = next;
            }
            let close = self.price(self.terms.raw.close, at)?;
            self.carry_out((place, row, words), close, close)?;
        }
        self.quotes(done)?;
        self.bars(done, moments.len())
    }

    /// Whether something is filled at the next price.
    fn waits(&self) -> bool {
        self.exits > 0 || !self.room.waiting.is_empty()
    }

    /// The close of the last of so many bars, if it fills anything.
    fn quotes(&mut self, done: usize) -> Option<()> {
        if !self.waits() {
            return Some(());
        }
        self.end.events = self.end.events.checked_add(1)?;
        self.quote(done.checked_sub(1)?)
    }

    /// The bars from one on; the first one fills what waits.
    fn bars(&mut self, mut from: usize, to: usize) -> Option<()> {
        if self.waits() {
            self.bar(from)?;
            from = from.checked_add(1)?;
        }
        while self.guarded > 0
            && let Some(next) = self.next_reach((from, to))
        {
            self.bar(next)?;
            from = next.checked_add(1)?;
        }
        Some(())
    }

    /// A price of the bars in units.
    #[inline(always)]
    pub(super) fn price(&self, raws: &[i64], at: usize) -> Option<i64> {
        raws.get(at).map(|&raw| self.in_units(raw))
    }

    /// A raw price of the bars in units, of which it is a multiple.
    #[inline(always)]
    pub(super) fn in_units(&self, raw: i64) -> i64 {
        self.units.by_price.divide(raw.unsigned_abs()).cast_signed()
    }

    pub(super) fn spread(&self) -> i64 {
        self.terms.bars.spread.wrapping_mul(self.units.ticks)
    }

    /// Rule R8 for a row; `anchor` is the bid that fills it, `known` the last close.
    #[inline(always)]
    fn carry_out(
        &mut self,
        (place, row, words): (usize, usize, Words),
        anchor: i64,
        known: i64,
    ) -> Option<()> {
        match words.action {
            Action::Open => {
                if words.if_flat && (!self.room.waiting.is_empty() || self.stays()) {
                    return Some(());
                }
                let opening = self.rows.opening(row, words, self.terms);
                let opening = self.plain(opening)?;
                self.open(place, opening, anchor, known)
            }
            Action::Close if self.rows.closes_whole(row) => self.close(place, words.side),
            _ => None,
        }
    }

    /// Whether a position is open that is not closed at the next price.
    fn stays(&self) -> bool {
        self.room.held.len() > self.exits
    }

    /// What is plain, or why it is not.
    fn plain<T>(&mut self, found: Result<T, Odd>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(Odd::Finer(zeros)) => {
                self.finer = Some(zeros);
                None
            }
            Err(Odd::NotPlain) => None,
        }
    }

    fn close(&mut self, place: usize, side: Option<Side>) -> Option<()> {
        let (rows, tag) = (self.rows, self.rows.tag(place));
        for held in &mut self.room.held {
            let own = if held.long { Side::Long } else { Side::Short };
            let meant = side.is_none_or(|wanted| wanted == own);
            if meant && (tag.is_empty() || rows.tag(held.place) == tag) {
                self.exits = self.exits.checked_add(usize::from(!held.exits))?;
                held.exits = true;
                self.end.events = self.end.events.checked_add(1)?;
            }
        }
        Some(())
    }

    fn open(&mut self, place: usize, opening: Opening, bid: i64, known: i64) -> Option<()> {
        let Opening { long, stop, target, .. } = opening;
        let anchor = if long { bid.checked_add(self.spread())? } else { bid };
        let stop = self.rows.place(stop, anchor, long, self.terms);
        let stop = self.plain(stop)?;
        let target = self.rows.place(target, anchor, !long, self.terms);
        let target = self.plain(target)?;
        if stop != 0 && target != 0 && (stop < target) != long {
            return None;
        }
        let size = match opening.size {
            Amount::Size(size) => size,
            Amount::Rule(rule, raw) => {
                let equity = self.equity_at(known)?;
                let price = |units: i64| {
                    let raw = i128::from(units).wrapping_mul(i128::from(self.units.price));
                    Price::from_raw(raw).ok()
                };
                let asked = Asked {
                    action: Action::Open,
                    size: Size::from_raw(i128::from(raw)).ok()?,
                    rule,
                    anchor: price(anchor)?,
                    stop: if stop == 0 { None } else { Some(price(stop)?) },
                };
                let lots = Lots {
                    contract: self.terms.contract.raw(),
                    lot: 10_i128.checked_pow(self.terms.lot_zeros)?,
                    inverse: false,
                };
                let equity = Money::from_raw(self.units.raw(equity)).ok()?;
                let size = asked.size(lots, equity, || Ok(Money::ONE)).ok()?;
                let size = self.rows.sized(i64::try_from(size.raw()).ok()?, self.terms);
                self.plain(size)?
            }
        };
        if size <= 0 {
            return None;
        }
        self.end.events = self.end.events.checked_add(1)?;
        self.room.waiting.push(Waiting { long, place, size, stop, target });
        Some(())
    }

    /// Equity at a bid.
    #[inline(always)]
    pub(super) fn equity_at(&self, bid: i64) -> Option<i128> {
        let longs = self.units.worth(self.long, bid)?;
        let shorts = match self.short {
            0 => 0,
            short => self.units.worth(short, bid.checked_add(self.spread())?)?,
        };
        self.end.balance.checked_add(longs)?.checked_sub(shorts)?.checked_sub(self.costs.0)
    }

    /// The equity from a moment on.
    #[inline(always)]
    pub(super) fn push_span(&mut self, from: usize) -> Option<()> {
        let flat = self.end.balance.checked_sub(self.costs.0)?;
        let flat = match self.short {
            0 => flat,
            short => flat.checked_sub(self.units.worth(short, self.spread())?)?,
        };
        self.room.spans.push(Span { from, flat, long: self.long, short: self.short });
        Some(())
    }
}
