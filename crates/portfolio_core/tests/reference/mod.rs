//! A slow account that follows the rules to the letter: it remembers everything that happened and
//! adds it all up again whenever it is asked.
//!
//! It is written from SPEC sections 3 to 5 in plain `i128`, shares no arithmetic with the ledger,
//! and says for every event whether it is accepted, or with which code it is refused. It takes
//! numbers of everyday size only.

use std::collections::BTreeSet;

use portfolio_core::event::{Cash, Close, Event, Fee, Level, Marks, Modify, Open, Side};
use portfolio_core::instrument::Instrument;
use portfolio_core::numbers::{Price, Size};

const ONE: i128 = 1_000_000_000;

/// What is known of a symbol: its instrument and its quote, 0 before the first one.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) instrument: Instrument,
    pub(crate) bid: i128,
    pub(crate) ask: i128,
}

/// An open position in raw units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) listed: usize,
    pub(crate) side: Side,
    pub(crate) size: i128,
    pub(crate) price: i128,
    pub(crate) stop: i128,
    pub(crate) target: i128,
    pub(crate) entry_fee: i128,
    /// All marks since the open.
    pub(crate) seen: Vec<i128>,
}

/// A closed part of a position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Closed {
    pub(crate) id: u64,
    pub(crate) size: i128,
    pub(crate) gross: i128,
    pub(crate) entry_fee: i128,
    pub(crate) net: i128,
    pub(crate) cost: i128,
    pub(crate) mae: i128,
    pub(crate) mfe: i128,
    pub(crate) listed: usize,
    pub(crate) side: Side,
}

/// What a position has brought: prices, fees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Brought {
    pub(crate) id: u64,
    pub(crate) symbol: String,
    pub(crate) side: &'static str,
    pub(crate) status: &'static str,
    pub(crate) price: i128,
    pub(crate) fee: i128,
    pub(crate) cash: i128,
}

/// What an account shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    pub(crate) balance: i128,
    pub(crate) equity: i128,
    pub(crate) unrealized: i128,
    pub(crate) margin: i128,
    pub(crate) realized: i128,
    pub(crate) gross: i128,
    pub(crate) net: i128,
    /// What fees took.
    pub(crate) fees: i128,
    pub(crate) events: u64,
}

/// The account and all that happened to it.
#[derive(Debug)]
pub(crate) struct Reference {
    initial: i128,
    leverage: i128,
    pub(crate) listed: Vec<Listed>,
    pub(crate) held: Vec<Held>,
    /// Every change of the balance, in order.
    pub(crate) postings: Vec<i128>,
    pub(crate) trades: Vec<Closed>,
    /// Fees with their position, 0 for none.
    fees: Vec<(u64, i128)>,
    /// Paid in - paid out.
    cash: i128,
    /// Time and figures of every equity update.
    pub(crate) rows: Vec<(i64, Figures)>,
    used: BTreeSet<u64>,
    counter: u64,
    events: u64,
    pub(crate) time: Option<i64>,
}

/// `numerator / denominator` to the nearest whole number, to the even one in the middle.
pub(crate) fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = rest * 2 > denominator || (rest * 2 == denominator && floor % 2 != 0);
    floor + i128::from(up)
}

fn on_grid(raw: i128, decimals: u32) -> bool {
    raw % 10_i128.pow(9 - decimals) == 0
}

/// Refuses with a code unless something holds.
fn need(code: u32, holds: bool) -> Result<(), u32> {
    if holds { Ok(()) } else { Err(code) }
}

/// Rule O2 for one level.
fn check_level(
    code: u32,
    level: i128,
    decimals: u32,
    below: bool,
    market: i128,
) -> Result<(), u32> {
    let right = if below { level < market } else { level > market };
    need(code, level > 0 && on_grid(level, decimals) && right)
}

impl Reference {
    pub(crate) fn new(initial: i128, leverage: i128) -> Self {
        Self {
            initial,
            leverage,
            listed: Vec::new(),
            held: Vec::new(),
            postings: Vec::new(),
            trades: Vec::new(),
            fees: Vec::new(),
            cash: 0,
            rows: Vec::new(),
            used: BTreeSet::new(),
            counter: 1,
            events: 0,
            time: None,
        }
    }

    fn contract(&self, listed: usize) -> i128 {
        self.listed[listed].instrument.contract.raw()
    }

    /// What a position gains from its entry to a price.
    fn gain(&self, held: &Held, size: i128, price: i128) -> i128 {
        let moved = match held.side {
            Side::Long => price - held.price,
            Side::Short => held.price - price,
        };
        moved * size * self.contract(held.listed) / ONE
    }

    fn mark_of(&self, held: &Held) -> i128 {
        match held.side {
            Side::Long => self.listed[held.listed].bid,
            Side::Short => self.listed[held.listed].ask,
        }
    }

    pub(crate) fn cost(&self, held: &Held) -> i128 {
        held.size * held.price * self.contract(held.listed) / ONE
    }

    /// What a position is worth at its mark (rule A6).
    fn value(&self, held: &Held) -> i128 {
        held.size * self.mark_of(held) * self.contract(held.listed) / ONE
    }

    pub(crate) fn unrealized_of(&self, held: &Held) -> i128 {
        self.gain(held, held.size, self.mark_of(held))
    }

    /// Rule M1 for one symbol.
    fn margin(&self, listed: usize) -> i128 {
        let mine = self.held.iter().filter(|held| held.listed == listed);
        let cost: i128 = mine.map(|held| self.cost(held)).sum();
        let leverage = self.listed[listed].instrument.leverage.unwrap_or(self.leverage);
        // Both are divided by what they share, so that the product stays small.
        let shared = if leverage % (ONE / 10) == 0 { ONE / 10 } else { 1 };
        half_even(cost * (ONE / shared), leverage / shared)
    }

    /// Rules A2 to A4, M1 and M4, from all that happened.
    pub(crate) fn figures(&self) -> Figures {
        let balance = self.initial + self.postings.iter().sum::<i128>();
        let unrealized: i128 = self.held.iter().map(|held| self.unrealized_of(held)).sum();
        let values = |wanted| -> i128 {
            let held = self.held.iter().filter(|held| held.side == wanted);
            held.map(|held| self.value(held)).sum()
        };
        let (longs, shorts) = (values(Side::Long), values(Side::Short));
        Figures {
            balance,
            equity: balance + unrealized,
            unrealized,
            margin: (0..self.listed.len()).map(|listed| self.margin(listed)).sum(),
            realized: self.trades.iter().map(|trade| trade.gross).sum(),
            gross: longs + shorts,
            net: longs - shorts,
            fees: self.fees.iter().map(|(_, fee)| fee).sum(),
            events: self.events,
        }
    }

    fn find(&self, symbol: &str) -> Option<usize> {
        self.listed.iter().position(|listed| listed.instrument.symbol == symbol)
    }

    /// Rule I4: the instrument that a symbol has or gets.
    fn instrument(&self, symbol: &str) -> Instrument {
        match self.find(symbol) {
            Some(at) => self.listed[at].instrument.clone(),
            None => Instrument::default_for(symbol),
        }
    }

    fn list(&mut self, instrument: Instrument) -> usize {
        if let Some(at) = self.find(&instrument.symbol) {
            return at;
        }
        self.listed.push(Listed { instrument, bid: 0, ask: 0 });
        self.events += 1;
        self.listed.len() - 1
    }

    fn position(&self, id: u64) -> Result<usize, u32> {
        self.held.iter().position(|held| held.id == id).ok_or(4001)
    }

    fn check_time(&self, time: i64) -> Result<(), u32> {
        need(4006, self.time.is_none_or(|last| last <= time))
    }

    fn count(&mut self, time: i64) {
        self.time = Some(time);
        self.events += 1;
    }

    fn post(&mut self, amount: i128) {
        if amount != 0 {
            self.postings.push(amount);
        }
    }

    fn charge(&mut self, id: u64, fee: i128) {
        self.post(-fee);
        self.fees.push((id, fee));
    }

    /// Whose results these are, by id, and what concerns no position.
    pub(crate) fn brought(&self) -> Vec<Brought> {
        let fees = |wanted: u64| -> i128 {
            self.fees.iter().filter(|(id, _)| *id == wanted).map(|(_, fee)| -fee).sum()
        };
        let of = |id: u64| {
            let held = self.held.iter().find(|held| held.id == id);
            let closes = || self.trades.iter().filter(|trade| trade.id == id);
            let trade = closes().next().map(|trade| (trade.listed, trade.side));
            let (listed, side) = held.map(|held| (held.listed, held.side)).or(trade).unwrap();
            let open = held.map_or(0, |held| self.unrealized_of(held));
            Brought {
                id,
                symbol: self.listed[listed].instrument.symbol.clone(),
                side: if side == Side::Long { "long" } else { "short" },
                status: if held.is_some() { "open" } else { "closed" },
                price: closes().map(|trade| trade.gross).sum::<i128>() + open,
                fee: fees(id),
                cash: 0,
            }
        };
        let (symbol, side, status) = (String::new(), "", "account");
        let account =
            Brought { id: 0, symbol, side, status, price: 0, fee: fees(0), cash: self.cash };
        self.used.iter().copied().map(of).chain([account]).collect()
    }

    /// Applies an event, or says with which code it is refused.
    pub(crate) fn apply(&mut self, event: &Event<'_>) -> Result<(), u32> {
        match event {
            Event::RegisterInstrument(instrument) => self.register(instrument),
            Event::Open(open) => self.open(open),
            Event::Close(close) => self.close(close),
            Event::Modify(modify) => self.modify(modify),
            Event::Mark(marks) => self.mark(marks),
            Event::UpdateEquity(marks) => {
                self.mark(marks)?;
                self.rows.push((self.time.unwrap_or(0), self.figures()));
                Ok(())
            }
            Event::Fee(fee) => self.fee(fee),
            Event::Deposit(cash) => self.transfer(cash, 1),
            Event::Withdraw(cash) => self.transfer(cash, -1),
            other => unreachable!("the reference knows no such event: {other:?}"),
        }
    }

    fn register(&mut self, instrument: &Instrument) -> Result<(), u32> {
        if let Some(at) = self.find(&instrument.symbol) {
            return need(4018, self.listed[at].instrument == *instrument);
        }
        self.list(instrument.clone());
        Ok(())
    }

    fn open(&mut self, open: &Open<'_>) -> Result<(), u32> {
        self.check_time(open.time)?;
        let instrument = self.instrument(open.symbol);
        let (size, price, fee) =
            (open.size.raw(), open.price.raw(), open.fee.unwrap_or_default().raw());
        need(4003, size > 0 && on_grid(size, instrument.size_decimals))?;
        let digits = instrument.price_decimals;
        need(4005, price > 0 && on_grid(price, digits))?;
        let long = open.side == Side::Long;
        let (stop, target) = (open.stop_loss.map(Price::raw), open.take_profit.map(Price::raw));
        stop.map_or(Ok(()), |stop| check_level(4007, stop, digits, long, price))?;
        target.map_or(Ok(()), |target| check_level(4008, target, digits, !long, price))?;
        let mut id = self.counter;
        while self.used.contains(&id) {
            id += 1;
        }
        let id = open.position_id.unwrap_or(id);
        need(4004, !self.used.contains(&id))?;
        let held = Held {
            id,
            listed: self.find(open.symbol).unwrap_or(self.listed.len()),
            side: open.side,
            size,
            price,
            stop: stop.unwrap_or(0),
            target: target.unwrap_or(0),
            entry_fee: fee,
            seen: Vec::new(),
        };
        let before = self.figures();
        let fresh = held.listed == self.listed.len();
        if fresh {
            self.listed.push(Listed { instrument, bid: 0, ask: 0 });
        }
        self.held.push(held.clone());
        let growth = self.figures_margin() - before.margin;
        if before.balance - fee + before.unrealized - before.margin < growth {
            self.held.pop();
            self.listed.truncate(self.listed.len() - usize::from(fresh));
            return Err(4002);
        }
        self.events += u64::from(fresh);
        let listed = &mut self.listed[held.listed];
        if listed.bid == 0 {
            (listed.bid, listed.ask) = (price, price);
        }
        self.used.insert(id);
        if id == self.counter {
            self.counter += 1;
        }
        self.charge(id, fee);
        self.count(open.time);
        Ok(())
    }

    fn figures_margin(&self) -> i128 {
        (0..self.listed.len()).map(|listed| self.margin(listed)).sum()
    }

    fn close(&mut self, close: &Close<'_>) -> Result<(), u32> {
        self.check_time(close.time)?;
        let at = self.position(close.position_id)?;
        let held = self.held[at].clone();
        let instrument = &self.listed[held.listed].instrument;
        let size = close.size.map_or(held.size, Size::raw);
        need(4003, size > 0 && on_grid(size, instrument.size_decimals) && size <= held.size)?;
        let price = close.price.raw();
        need(4005, price > 0 && on_grid(price, instrument.price_decimals))?;
        let gross = self.gain(&held, size, price);
        let entry_fee = half_even(held.entry_fee * size, held.size);
        let net = gross - entry_fee - close.fee.unwrap_or_default().raw();
        let results = held.seen.iter().map(|mark| self.gain(&held, size, *mark));
        let results: Vec<i128> = results.chain([0, gross]).collect();
        self.trades.push(Closed {
            id: held.id,
            size,
            gross,
            entry_fee,
            net,
            cost: size * held.price * self.contract(held.listed) / ONE,
            mae: results.iter().copied().min().unwrap(),
            mfe: results.iter().copied().max().unwrap(),
            listed: held.listed,
            side: held.side,
        });
        self.postings.push(gross);
        self.charge(held.id, close.fee.unwrap_or_default().raw());
        if size == held.size {
            self.held.swap_remove(at);
        } else {
            self.held[at].size -= size;
            self.held[at].entry_fee -= entry_fee;
        }
        self.count(close.time);
        Ok(())
    }

    fn modify(&mut self, modify: &Modify<'_>) -> Result<(), u32> {
        need(4024, (modify.stop_loss, modify.take_profit) != (Level::Keep, Level::Keep))?;
        self.check_time(modify.time)?;
        let at = self.position(modify.position_id)?;
        let held = &self.held[at];
        let (long, market) = (held.side == Side::Long, self.mark_of(held));
        let digits = self.listed[held.listed].instrument.price_decimals;
        let change = |code, level, now, below| match level {
            Level::Keep => Ok(now),
            Level::Remove => Ok(0),
            Level::Set(price) => {
                check_level(code, price.raw(), digits, below, market).map(|()| price.raw())
            }
        };
        let stop = change(4007, modify.stop_loss, held.stop, long)?;
        let target = change(4008, modify.take_profit, held.target, !long)?;
        (self.held[at].stop, self.held[at].target) = (stop, target);
        self.count(modify.time);
        Ok(())
    }

    fn mark(&mut self, marks: &Marks<'_>) -> Result<(), u32> {
        let time = marks.time.or(self.time).unwrap_or(0);
        self.check_time(time)?;
        let mut seen = BTreeSet::new();
        for quote in marks.quotes {
            need(4024, seen.insert(quote.symbol))?;
            let digits = self.instrument(quote.symbol).price_decimals;
            let (bid, ask) = (quote.bid.raw(), quote.ask.raw());
            need(4005, bid > 0 && on_grid(bid, digits) && ask > 0 && on_grid(ask, digits))?;
            need(4015, bid <= ask)?;
        }
        for quote in marks.quotes {
            let at = self.list(Instrument::default_for(quote.symbol));
            (self.listed[at].bid, self.listed[at].ask) = (quote.bid.raw(), quote.ask.raw());
            for held in self.held.iter_mut().filter(|held| held.listed == at) {
                held.seen.push(match held.side {
                    Side::Long => quote.bid.raw(),
                    Side::Short => quote.ask.raw(),
                });
            }
        }
        self.count(time);
        Ok(())
    }

    fn fee(&mut self, fee: &Fee) -> Result<(), u32> {
        self.check_time(fee.time)?;
        let at = fee.position_id.map(|id| self.position(id)).transpose()?;
        need(4009, !fee.amount.is_zero())?;
        if let Some(at) = at {
            self.held[at].entry_fee += fee.amount.raw();
        }
        self.charge(fee.position_id.unwrap_or(0), fee.amount.raw());
        self.count(fee.time);
        Ok(())
    }

    fn transfer(&mut self, cash: &Cash, sign: i128) -> Result<(), u32> {
        self.check_time(cash.time)?;
        need(4009, cash.amount.is_positive())?;
        let figures = self.figures();
        need(4016, sign > 0 || cash.amount.raw() <= figures.equity - figures.margin)?;
        self.post(sign * cash.amount.raw());
        self.cash += sign * cash.amount.raw();
        self.count(cash.time);
        Ok(())
    }
}
