//! Bars and quotes: what happens to protection and orders while the market moves (SPEC section 18).
//!
//! A bar in which nothing is in reach is a change of marks. Any other one is a series of fills that
//! happen all or not at all, so it runs in a scope that can be taken back.

mod fills;
mod history;
mod quiet;
mod steps;
mod stop_out;
mod walk;

pub use history::BarsStopped;

use hashbrown::HashSet;

use super::record::{BAR_BYTES, EVENT_BYTES, QUOTE_BYTES, op};
use super::stop::Stop;
use super::{Ledger, check_price};
use crate::book::Book;
use crate::codec::Encoder;
use crate::columns::rows::EquityRow;
use crate::event::{Bar, Bars, Marks, Path, Quote, Receipt, Side, ask_of};
use crate::numbers::Price;
use crate::orders::Reach;
use crate::refusal::{Refusal, Refused};

/// A bar that was checked. A quote is a bar of one price.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannedBar {
    /// Its index; of no symbol before that is registered.
    symbol: u32,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    spread: Price,
    /// The five numbers in steps of the grid.
    units: [i128; 5],
}

impl PlannedBar {
    /// The first price at which a position of a side is closed.
    fn open_of(&self, side: Side) -> Price {
        match side {
            Side::Long => self.open,
            Side::Short => ask_of(self.open, self.spread),
        }
    }

    fn low_ask(&self) -> Price {
        ask_of(self.low, self.spread)
    }

    fn reach(&self) -> Reach {
        let [low, high, spread] = [self.low, self.high, self.spread].map(Price::raw);
        Reach { bid: (low, high), ask: (low.saturating_add(spread), high.saturating_add(spread)) }
    }
}

/// What is known while a bar runs.
#[derive(Debug)]
struct Run {
    time: i64,
    path: Path,
    /// Positions that orders opened in step 2, or on the walk, in the order of their numbers.
    entered: Vec<u64>,
}

/// A book that does not exist yet, with the bar that is its first use.
enum Target {
    Known(u32),
    New(Box<Book>),
}

impl Ledger {
    /// Rule G1 and what follows from it, for bars.
    pub(super) fn bar(&mut self, event: &Bars<'_>) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let path = event.path.unwrap_or(self.configuration.path);
        self.scratch.set_good(0);
        if let [bar] = event.bars
            && self.quiet_bar(bar, event.time, path)?
        {
            return Ok(());
        }
        self.scoped(|ledger| {
            let bars = ledger.plan_bars(event)?;
            let room = bars.len().saturating_mul(BAR_BYTES).saturating_add(EVENT_BYTES);
            ledger.events.reserve(room)?;
            let mut run = Run { time: event.time, path, entered: Vec::new() };
            let before = ledger.results();
            let done = ledger.run_bars(&bars, &mut run);
            done.map_err(|stop| stop.named("bars", &bars.len()))?;
            for bar in &bars {
                if let Some(book) = ledger.book_at_mut(bar.symbol) {
                    book.last_bar = Some(event.time);
                }
            }
            ledger.record(op::BAR, event.time, |encoder| put_bars(encoder, path, &bars));
            ledger.count_bar(event.time);
            ledger.answer_results(before);
            Ok(())
        })
    }

    /// The same for quotes (rule G7).
    pub(super) fn quotes(&mut self, event: &Marks<'_>) -> Result<(), Refused> {
        let time = event.time.unwrap_or(self.account.last_time);
        self.check_time(time)?;
        self.scoped(|ledger| {
            let bars = ledger.plan_quotes(event)?;
            let room = bars.len().saturating_mul(QUOTE_BYTES).saturating_add(EVENT_BYTES);
            ledger.events.reserve(room)?;
            let before = ledger.results();
            let done = ledger.run_quotes(&bars, time);
            done.map_err(|stop| stop.named("quotes", &bars.len()))?;
            ledger.record(op::QUOTES, time, |encoder| put_quotes(encoder, &bars));
            ledger.count_bar(time);
            ledger.answer_results(before);
            Ok(())
        })
    }

    fn plan_bars(&mut self, event: &Bars<'_>) -> Result<Vec<PlannedBar>, Refused> {
        let mut seen = HashSet::new();
        let mut planned = Vec::new();
        planned.try_reserve(event.bars.len())?;
        self.scratch.set_good(0);
        for bar in event.bars {
            let target = self.target(bar.symbol, &mut seen)?;
            let Some(book) = self.target_book(&target) else { continue };
            if let Some(last) = book.last_bar
                && event.time <= last
            {
                return Err(Refusal::BarNotLater { time: event.time, last }.into());
            }
            planned.push((check_bar(book, bar)?, target));
            self.scratch.set_good(planned.len());
        }
        self.register_targets(planned)
    }

    fn plan_quotes(&mut self, event: &Marks<'_>) -> Result<Vec<PlannedBar>, Refused> {
        let mut seen = HashSet::new();
        let mut planned = Vec::new();
        planned.try_reserve(event.quotes.len())?;
        self.scratch.set_good(0);
        for quote in event.quotes {
            let target = self.target(quote.symbol, &mut seen)?;
            let Some(book) = self.target_book(&target) else { continue };
            planned.push((check_quote(book, quote)?, target));
            self.scratch.set_good(planned.len());
        }
        self.register_targets(planned)
    }

    fn target<'e>(&self, symbol: &'e str, seen: &mut HashSet<&'e str>) -> Result<Target, Refused> {
        let target = match self.find_symbol(symbol) {
            Some(index) => Target::Known(index),
            None => Target::New(Box::new(self.default_book(symbol)?)),
        };
        if !seen.insert(symbol) {
            return Err(Refusal::SymbolTwice { symbol: symbol.to_owned() }.into());
        }
        Ok(target)
    }

    fn target_book<'t>(&'t self, target: &'t Target) -> Option<&'t Book> {
        match target {
            Target::New(book) => Some(book),
            Target::Known(index) => self.book_at(*index),
        }
    }

    /// Registers the symbols that are used for the first time (rule I4).
    fn register_targets(
        &mut self,
        planned: Vec<(PlannedBar, Target)>,
    ) -> Result<Vec<PlannedBar>, Refused> {
        let mut bars = Vec::new();
        bars.try_reserve(planned.len())?;
        for (bar, target) in planned {
            let symbol = match target {
                Target::Known(symbol) => symbol,
                Target::New(book) => {
                    self.reserve_symbols(1)?;
                    self.events.reserve(EVENT_BYTES)?;
                    self.add_book(*book)?
                }
            };
            self.orders.build(symbol, &self.positions, &self.protections);
            bars.push(PlannedBar { symbol, ..bar });
        }
        Ok(bars)
    }

    /// All steps of bars.
    fn run_bars(&mut self, bars: &[PlannedBar], run: &mut Run) -> Result<(), Stop> {
        let time = run.time;
        self.until_open(bars, time)?;
        let walks = matches!(run.path, Path::Ohlc | Path::Olhc);
        for bar in bars {
            if walks {
                self.part_epochs_of(bar.symbol)?;
                self.walk(bar, run)?;
                self.see_extremes(bar);
            } else {
                self.exits_in_reach(bar, run)?;
            }
        }
        if !walks {
            for bar in bars {
                self.part_epochs_of(bar.symbol)?;
                self.see_extremes(bar);
            }
            for bar in bars {
                self.orders_in_reach(bar, run)?;
            }
        }
        self.after_fills(bars, run)?;
        self.set_marks(bars, |bar| bar.close, true)?;
        for bar in bars {
            self.stop_out_within(bar, time)?;
        }
        self.stop_out_at_marks(time)?;
        self.append_equity(time)
    }

    fn run_quotes(&mut self, bars: &[PlannedBar], time: i64) -> Result<(), Stop> {
        self.until_open(bars, time)?;
        let run = Run { time, path: Path::Pessimistic, entered: Vec::new() };
        self.after_fills(bars, &run)?;
        self.stop_out_at_marks(time)?;
        self.append_equity(time)
    }

    /// What is too old (step 0), and what happens at the open. What is due was charged before.
    fn until_open(&mut self, bars: &[PlannedBar], time: i64) -> Result<(), Stop> {
        for bar in bars {
            self.expire(bar.symbol, time, false)?;
        }
        self.set_marks(bars, |bar| bar.open, true)?;
        for bar in bars {
            self.at_open(bar, time)?;
        }
        Ok(())
    }

    /// Steps 3 and 4.
    fn after_fills(&mut self, bars: &[PlannedBar], run: &Run) -> Result<(), Stop> {
        for bar in bars {
            self.move_stops(bar, run);
        }
        for bar in bars {
            self.expire(bar.symbol, run.time, true)?;
        }
        Ok(())
    }

    fn set_marks(
        &mut self,
        bars: &[PlannedBar],
        bid: fn(&PlannedBar) -> Price,
        seen: bool,
    ) -> Result<(), Stop> {
        let quote = |bar: &PlannedBar| (bar.symbol, bid(bar), ask_of(bid(bar), bar.spread));
        if let [bar] = bars {
            return self.set_quotes(&[quote(bar)], seen);
        }
        let quotes: Vec<(u32, Price, Price)> = bars.iter().map(quote).collect();
        self.set_quotes(&quotes, seen)
    }

    /// From here on, positions that are opened see nothing of the bar (rule G8).
    fn part_epochs_of(&mut self, symbol: u32) -> Result<(), Stop> {
        for side in [Side::Long, Side::Short] {
            self.reserve_excursions(symbol, side)?;
        }
        self.part_epochs(symbol);
        Ok(())
    }

    /// Positions that were open before and still are have seen both extremes (rule G8).
    fn see_extremes(&mut self, bar: &PlannedBar) {
        let (symbol, low, high) = (bar.symbol, bar.low, bar.high);
        self.see_earlier(symbol, Side::Long, (low, high));
        let asks = (ask_of(low, bar.spread), ask_of(high, bar.spread));
        self.see_earlier(symbol, Side::Short, asks);
    }

    /// Step 7: the margin call, and a row of the equity history.
    fn append_equity(&mut self, time: i64) -> Result<(), Stop> {
        self.look_at_margin_call(time)?;
        self.tables.equity.reserve(1)?;
        self.push_equity(time);
        Ok(())
    }

    /// A row of the equity history, for which room was reserved.
    #[inline]
    fn push_equity(&mut self, time: i64) {
        let totals = self.account.totals();
        self.tables.equity.push(&EquityRow {
            time,
            equity: totals.equity,
            balance: totals.balance,
            unrealized: totals.unrealized,
            margin_used: totals.margin_used,
            gross_exposure: totals.gross_exposure(),
            net_exposure: totals.net_exposure(),
        });
    }

    fn count_bar(&mut self, time: i64) {
        self.account.count(time);
        self.receipt = Receipt { balance: self.account.balance, ..Receipt::default() };
    }
}

/// The last rules of G1.
fn check_bar(book: &Book, bar: &Bar<'_>) -> Result<PlannedBar, Refused> {
    let open = check_price(book, "open", bar.open)?;
    let high = check_price(book, "high", bar.high)?;
    let low = check_price(book, "low", bar.low)?;
    let close = check_price(book, "close", bar.close)?;
    let spread = check_spread(book, bar.spread)?;
    let (below, above) = ("is above open or close", "is below open or close");
    for (argument, price, rule, inside) in [
        ("low", bar.low, below, bar.low <= bar.open && bar.low <= bar.close),
        ("high", bar.high, above, bar.high >= bar.open && bar.high >= bar.close),
    ] {
        if !inside {
            return Err(Refusal::BarNotAllowed { argument, price, rule }.into());
        }
    }
    let beyond = |_| Refusal::ResultOutOfRange { argument: "bars", value: bar.high.to_string() };
    bar.high.checked_add(bar.spread).map_err(beyond)?;
    let Bar { open: first, high: most, low: least, close: last, spread: apart, .. } = *bar;
    Ok(PlannedBar {
        symbol: u32::MAX,
        open: first,
        high: most,
        low: least,
        close: last,
        spread: apart,
        units: [open, high, low, close, spread],
    })
}

fn check_spread(book: &Book, spread: Price) -> Result<i128, Refused> {
    if spread.is_zero() {
        return Ok(0);
    }
    if spread.is_negative() {
        return Err(Refusal::PriceNegative { argument: "spread", price: spread }.into());
    }
    check_price(book, "spread", spread)
}

/// Rule K1, naming the argument of the call.
fn check_quote(book: &Book, quote: &Quote<'_>) -> Result<PlannedBar, Refused> {
    let bid = check_price(book, "quotes", quote.bid)?;
    let ask = check_price(book, "quotes", quote.ask)?;
    let spread = quote.ask.checked_sub(quote.bid).unwrap_or(Price::ZERO);
    if spread.is_negative() {
        let symbol = book.instrument.symbol.clone();
        let (argument, bid, ask) = ("quotes", quote.bid, quote.ask);
        return Err(Refusal::QuoteCrossed { argument, symbol, bid, ask }.into());
    }
    let apart = ask.saturating_sub(bid);
    let price = quote.bid;
    Ok(PlannedBar {
        symbol: u32::MAX,
        open: price,
        high: price,
        low: price,
        close: price,
        spread,
        units: [bid, bid, bid, bid, apart],
    })
}

fn put_bars(encoder: &mut Encoder<'_>, path: Path, bars: &[PlannedBar]) {
    encoder.byte(path.byte());
    encoder.count(bars.len());
    for bar in bars {
        encoder.small(u64::from(bar.symbol));
        bar.units.iter().for_each(|&units| encoder.natural(units));
    }
}

fn put_quotes(encoder: &mut Encoder<'_>, bars: &[PlannedBar]) {
    encoder.count(bars.len());
    for bar in bars {
        let [bid, .., spread] = bar.units;
        encoder.small(u64::from(bar.symbol));
        encoder.natural(bid);
        encoder.natural(spread);
    }
}
