//! Rows that are one event together (rule E6): quotes and bars.

use super::action::Action;
use super::cells::{Read, RowReader};
use super::columns::Columns;
use super::error::RowError;
use crate::event::{Bar, Bars, Event, Marks, Path, Quote};
use crate::import::{CellError, Numbers};
use crate::ledger::Ledger;
use crate::numbers::Price;
use crate::refusal::{Code, Refusal};

/// A quote and what has to be known of its row when it is refused.
#[derive(Clone, Copy)]
pub(super) struct QuoteRow<'a> {
    pub(super) quote: Quote<'a>,
    pub(super) row: usize,
    /// Whether bid and ask came as one price.
    pub(super) single: bool,
}

impl QuoteRow<'_> {
    /// A row without a quote.
    pub(super) const fn without(row: usize) -> Self {
        Self { quote: NO_QUOTE, row, single: true }
    }
}

const NO_QUOTE: Quote<'static> = Quote { symbol: "", bid: Price::ZERO, ask: Price::ZERO };

/// Rows of one event that may have more of them.
pub(super) struct Group<'a> {
    pub(super) action: Action,
    /// What their column `event` says.
    pub(super) number: Option<i128>,
    time: Option<i64>,
    path: Option<Path>,
    pub(super) first: usize,
    pub(super) rows: usize,
    quotes: Vec<QuoteRow<'a>>,
    bars: Vec<(Bar<'a>, usize)>,
    pub(super) failed: Option<Box<RowError>>,
}

impl<'a> Group<'a> {
    /// A group before its first row.
    pub(super) const fn new(action: Action, number: Option<i128>, first: usize) -> Self {
        Self {
            action,
            number,
            time: None,
            path: None,
            first,
            rows: 0,
            quotes: Vec::new(),
            bars: Vec::new(),
            failed: None,
        }
    }

    /// Reads a row into the group.
    pub(super) fn add(&mut self, reader: &RowReader<'_, 'a>) -> Read<()> {
        let time = read_time(reader, self.action)?;
        if self.rows == 0 {
            self.time = time;
        } else if self.time != time {
            let value = time.map_or_else(|| "null".to_owned(), |time| time.to_string());
            let rule = "is not the time of the rows of this event before it";
            let remedy = "give the rows of one event one time, or other numbers in event";
            return Err(differs(reader, "time", (value, rule, remedy)));
        }
        if self.action == Action::Bar {
            self.add_bar(reader)
        } else {
            if let Some((quote, single)) = read_quote(reader, None)? {
                self.quotes.push(QuoteRow { quote, row: reader.number, single });
            }
            Ok(())
        }
    }

    fn add_bar(&mut self, reader: &RowReader<'_, 'a>) -> Read<()> {
        let columns: &Columns<'a> = reader.columns;
        let symbol = reader.text("symbol", &columns.symbol)?;
        let price = |column, cells: &Numbers<'_>| reader.price(column, cells);
        let open = price("open", &columns.open)?;
        let high = price("high", &columns.high)?;
        let low = price("low", &columns.low)?;
        let close = price("close", &columns.close)?;
        let spread = price("spread", &columns.spread)?.unwrap_or(Price::ZERO);
        let rule = "must be 'pessimistic', 'optimistic', 'ohlc' or 'olhc'";
        let path = reader.word("path", &columns.path, &Path::WORDS, rule)?;
        if self.rows == 0 {
            self.path = path;
        } else if self.path != path {
            let text = reader.text("path", &columns.path)?;
            let value = text.map_or_else(|| "null".to_owned(), |text| format!("{text:?}"));
            let rule = "is not the path of the rows of this event before it";
            let remedy = "give the rows of one event one path, or other numbers in event";
            return Err(differs(reader, "path", (value, rule, remedy)));
        }
        let Some(symbol) = symbol else { return Ok(()) };
        let open = reader.needed("open", open)?;
        let high = reader.needed("high", high)?;
        let low = reader.needed("low", low)?;
        let close = reader.needed("close", close)?;
        self.bars.push((Bar { symbol, open, high, low, close, spread }, reader.number));
        Ok(())
    }

    /// Applies the event of all rows.
    pub(super) fn apply(&self, ledger: &mut Ledger) -> Read<()> {
        if self.action == Action::Bar {
            return self.apply_bars(ledger);
        }
        let quotes: Vec<Quote<'_>> = self.quotes.iter().map(|row| row.quote).collect();
        let marks = Marks { time: self.time, quotes: &quotes };
        let applied = ledger.apply_in_batch(&event_of(self.action, marks), None);
        applied.map_err(|refusal| {
            let at = match (refusal.argument(), ledger.refused_quote()) {
                ("prices" | "quotes", at) => at.min(self.quotes.len().saturating_sub(1)),
                // What no quote is at fault for, as a rate that an order lacks, is said of the
                // first.
                (_, at) => at,
            };
            let row = self.quotes.get(at).copied();
            let mut row = row.unwrap_or(QuoteRow::without(self.first));
            if refusal.argument() == "time" {
                row.row = self.first;
            }
            quote_refused(&refusal, &row, ledger)
        })
    }

    fn apply_bars(&self, ledger: &mut Ledger) -> Read<()> {
        let bars: Vec<Bar<'_>> = self.bars.iter().map(|(bar, _)| *bar).collect();
        let event = Bars { time: self.time.unwrap_or(0), path: self.path, bars: &bars };
        let applied = ledger.apply_in_batch(&Event::Bar(event), None);
        applied.map_err(|refusal| {
            let row = |at: usize| self.bars.get(at).map_or(self.first, |(_, row)| *row);
            let at = match (refusal.argument(), ledger.refused_quote()) {
                ("time", _) => self.first,
                ("bars", _) => row(self.bars.len().saturating_sub(1)),
                // What no bar is at fault for belongs to all of them.
                (_, at) => row(at),
            };
            RowError::refused(at, refusal.argument(), &refusal)
        })
    }
}

/// A row of a group that says something else than those before it.
fn differs(
    reader: &RowReader<'_, '_>,
    column: &'static str,
    (value, rule, remedy): (String, &'static str, &'static str),
) -> Box<RowError> {
    reader.fault(column, &CellError::Text { value, code: Code::InvalidFrame, rule, remedy })
}

/// The event of quotes.
#[inline]
pub(super) fn event_of(action: Action, marks: Marks<'_>) -> Event<'_> {
    match action {
        Action::Mark => Event::Mark(marks),
        Action::Quotes => Event::Quotes(marks),
        _ => Event::UpdateEquity(marks),
    }
}

/// The time of a row that may stand in a group; only a mark may be without one.
#[inline(always)]
pub(super) fn read_time(reader: &RowReader<'_, '_>, action: Action) -> Read<Option<i64>> {
    match reader.time()? {
        None if action != Action::Mark => Err(reader.fault("time", &CellError::Null)),
        time => Ok(time),
    }
}

/// The quote of a row, and whether it is one price; nothing for a row without a symbol.
#[inline(always)]
pub(super) fn read_quote<'a>(
    reader: &RowReader<'_, 'a>,
    known: Option<u32>,
) -> Read<Option<(Quote<'a>, bool)>> {
    let columns: &Columns<'a> = reader.columns;
    let symbol = match known {
        Some(_) => Some(""),
        None => reader.text("symbol", &columns.symbol)?,
    };
    let price = reader.price("price", &columns.price)?;
    let bid = reader.price("bid", &columns.bid)?;
    let ask = reader.price("ask", &columns.ask)?;
    let Some(symbol) = symbol else { return Ok(None) };
    match (price, bid, ask) {
        (Some(price), None, None) => Ok(Some((Quote { symbol, bid: price, ask: price }, true))),
        (None, Some(bid), Some(ask)) => Ok(Some((Quote { symbol, bid, ask }, false))),
        (None, None, None) => Err(reader.fault("price", &CellError::Null)),
        (None, None, _) => Err(reader.fault("bid", &CellError::Null)),
        (None, _, None) => Err(reader.fault("ask", &CellError::Null)),
        (Some(price), ..) => {
            let error = CellError::Text {
                value: price.to_string(),
                code: Code::InvalidArgument,
                rule: "stands beside a bid or an ask",
                remedy: "pass one price, or bid and ask",
            };
            Err(reader.fault("price", &error))
        }
    }
}

/// Rule E8 for a row of quotes. The value at fault is a number of the quote as the ledger took it,
/// rounded to the tick where it rounds.
#[cold]
pub(super) fn quote_refused(
    refusal: &Refusal,
    row: &QuoteRow<'_>,
    ledger: &Ledger,
) -> Box<RowError> {
    let column = match refusal.argument() {
        "prices" | "quotes" if row.single => "price",
        "prices" | "quotes" => {
            let (value, quote) = (refusal.value(), ledger.quote_on_grid(&row.quote));
            let of_ask = value == quote.ask.to_string() && value != quote.bid.to_string();
            if of_ask { "ask" } else { "bid" }
        }
        argument => argument,
    };
    RowError::refused(row.row, column, refusal)
}
