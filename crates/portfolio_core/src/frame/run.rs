//! The run of a frame through the ledger's door (rules E6 to E9).

use crate::columns::schema::{RECEIPTS, REFUSED, View};
use crate::columns::table::Table;
use crate::columns::text::TextPool;
use crate::event::{Event, Marks, Quote};
use crate::export::{TableSnapshot, export};
use crate::ledger::Ledger;
use crate::numbers::Price;
use crate::refusal::{Code, Refusal};

use super::action::Action;
use super::columns::{Columns, EventFrame};
use super::error::{FrameError, RowError};
use super::receipts::{ReceiptRow, RefusedRow};
use super::rows::{Keys, Named, RowReader};
use super::symbols::KnownSymbols;
use crate::import::CellError;

/// What a refused row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// It ends the call, and nothing of the frame is applied.
    #[default]
    Raise,
    /// It is listed, and the other rows are applied.
    Record,
}

/// What became of a frame.
#[derive(Debug, Clone)]
pub struct Applied {
    /// One receipt for each accepted row.
    pub receipts: TableSnapshot,
    /// The rows that were refused.
    pub refused: TableSnapshot,
}

/// After so many rows the caller is asked whether to go on.
const ROWS_PER_QUESTION: usize = 1 << 16;

impl Ledger {
    /// Applies a frame of events: all rows, or with [`OnError::Record`] all that are not refused.
    /// Receipts are written for one view. `go_on` is asked from time to time.
    ///
    /// # Errors
    /// [`FrameError`]; nothing of the frame is applied then.
    ///
    /// # Panics
    /// As [`Ledger::apply`].
    pub fn apply_frame(
        &mut self,
        frame: &EventFrame<'_>,
        on_error: OnError,
        view: View,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Applied, FrameError> {
        let mut run = Run::new(frame, on_error, view)?;
        self.begin_batch(frame.batch_size()).map_err(|refusal| out_of_memory(&refusal))?;
        let done = run.all_rows(self, frame, go_on).and_then(|()| run.finish());
        match &done {
            Ok(_) => self.commit_batch(),
            Err(_) => self.rewind_batch(),
        }
        done
    }
}

fn out_of_memory(refusal: &Refusal) -> FrameError {
    match refusal {
        Refusal::OutOfMemory { bytes } => FrameError::OutOfMemory { bytes: *bytes },
        _ => FrameError::OutOfMemory { bytes: 0 },
    }
}

/// A quote and what has to be known of its row when it is refused.
#[derive(Clone, Copy)]
struct QuoteRow<'a> {
    quote: Quote<'a>,
    row: usize,
    /// Whether bid and ask came as one price.
    single: bool,
}

/// Rows of one event that may have more of them (rule E6).
struct Group<'a> {
    action: Action,
    number: i128,
    time: Option<i64>,
    first: usize,
    rows: usize,
    quotes: Vec<QuoteRow<'a>>,
    failed: Option<Box<RowError>>,
}

struct Run<'f, 'a> {
    names: &'f [&'a str],
    on_error: OnError,
    view: View,
    receipts: Table<ReceiptRow<'static>>,
    refused: Table<RefusedRow>,
    messages: TextPool,
    keys: Keys<'a>,
    symbols: KnownSymbols,
    group: Option<Group<'a>>,
}

impl<'f, 'a> Run<'f, 'a> {
    fn new(frame: &'f EventFrame<'a>, on_error: OnError, view: View) -> Result<Self, FrameError> {
        let mut receipts = Table::new(&RECEIPTS, Some(frame.rows()));
        receipts.reserve(frame.rows())?;
        Ok(Self {
            names: &frame.names,
            on_error,
            view,
            receipts,
            refused: Table::new(&REFUSED, None),
            messages: TextPool::default(),
            keys: Keys::new(),
            symbols: KnownSymbols::new(),
            group: None,
        })
    }

    fn finish(&mut self) -> Result<Applied, FrameError> {
        self.receipts.publish();
        self.refused.publish();
        let blocks = self.messages.blocks();
        Ok(Applied {
            receipts: export(&self.receipts.snapshot(), blocks, self.view)?,
            refused: export(&self.refused.snapshot(), blocks, self.view)?,
        })
    }

    fn all_rows(
        &mut self,
        ledger: &mut Ledger,
        frame: &EventFrame<'a>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), FrameError> {
        let mut number = 0_usize;
        for columns in &frame.batches {
            for row in 0..columns.rows {
                if number.is_multiple_of(ROWS_PER_QUESTION) && number > 0 && !go_on() {
                    return Err(FrameError::Stopped);
                }
                self.row(ledger, &RowReader { columns, row, number })?;
                number = number.wrapping_add(1);
            }
        }
        self.end_group(ledger)
    }

    #[inline]
    fn row(&mut self, ledger: &mut Ledger, reader: &RowReader<'_, 'a>) -> Result<(), FrameError> {
        let Some(action) = Action::read(&reader.columns.action, reader.row) else {
            return self.refuse_action(ledger, reader);
        };
        if let Some(group) = &self.group {
            let number = reader.columns.event.get(reader.row);
            if group.action == action && Some(group.number) == number {
                return self.join_group(reader);
            }
            self.end_group(ledger)?;
        }
        let done = match action {
            Action::Mark | Action::Update => match reader.columns.event.get(reader.row) {
                Some(number) => return self.begin_group(reader, action, number),
                None => self.single_quote(ledger, reader, action),
            },
            Action::Open => self.open(ledger, reader),
            Action::Close => self.close(ledger, reader),
            _ => self.other(ledger, reader, action),
        };
        match done {
            Ok(()) => {
                self.accept(reader.number, ledger);
                Ok(())
            }
            Err(error) => self.refuse(error),
        }
    }

    #[cold]
    fn refuse_action(
        &mut self,
        ledger: &mut Ledger,
        reader: &RowReader<'_, 'a>,
    ) -> Result<(), FrameError> {
        self.end_group(ledger)?;
        let error = Action::missing(&reader.columns.action, reader.row);
        self.refuse(reader.fault("action", &error))
    }

    #[inline]
    fn accept(&mut self, row: usize, ledger: &Ledger) {
        let row = u64::try_from(row).unwrap_or(u64::MAX);
        self.receipts.push_like(&ReceiptRow { row, receipt: &ledger.receipt, view: self.view });
    }

    /// Lists a refused row, or ends the call.
    #[cold]
    fn refuse(&mut self, mut error: Box<RowError>) -> Result<(), FrameError> {
        if error.code == Code::InvalidFrame && !self.names.contains(&error.column) {
            "missing".clone_into(&mut error.value);
            error.rule = "the column is needed by this row".into();
            error.remedy = "add the column";
        }
        if self.on_error == OnError::Raise || error.malformed {
            return Err(error.into());
        }
        self.list(&error, error.row)
    }

    fn list(&mut self, error: &RowError, row: usize) -> Result<(), FrameError> {
        self.refused.reserve(1)?;
        let message = self.messages.view(&error.to_string())?;
        let row = u64::try_from(row).unwrap_or(u64::MAX);
        let code = u64::from(error.code.number());
        self.refused.push(&RefusedRow { row, code, message });
        Ok(())
    }

    #[inline]
    fn open(
        &mut self,
        ledger: &mut Ledger,
        reader: &RowReader<'_, 'a>,
    ) -> Result<(), Box<RowError>> {
        let known = self.symbols.find(ledger, &reader.columns.symbol, reader.row);
        let (open, key) = reader.open(known, ledger, &self.keys)?;
        ledger
            .apply_in_batch(&Event::Open(open), known)
            .map_err(|refusal| refused(reader.number, &refusal, Named::Nothing, "fee"))?;
        if let Some(key) = key {
            self.keys.insert(key, ledger.receipt.position_id);
        }
        Ok(())
    }

    #[inline]
    fn close(
        &mut self,
        ledger: &mut Ledger,
        reader: &RowReader<'_, 'a>,
    ) -> Result<(), Box<RowError>> {
        let known = self.symbols.find(ledger, &reader.columns.symbol, reader.row);
        let (close, named) = reader.close(known, ledger, &self.keys)?;
        ledger
            .apply_in_batch(&Event::Close(close), None)
            .map_err(|refusal| refused(reader.number, &refusal, named, "fee"))
    }

    fn other(
        &mut self,
        ledger: &mut Ledger,
        reader: &RowReader<'_, 'a>,
        action: Action,
    ) -> Result<(), Box<RowError>> {
        let known = self.symbols.find(ledger, &reader.columns.symbol, reader.row);
        let (event, named, amount) = match action {
            Action::Modify => {
                let (modify, named) = reader.modify(known, ledger, &self.keys)?;
                (Event::Modify(modify), named, "amount")
            }
            Action::Fee => {
                let (fee, named) = reader.fee(known, ledger, &self.keys)?;
                (Event::Fee(fee), named, "fee")
            }
            Action::Deposit => (Event::Deposit(reader.cash()?), Named::Nothing, "amount"),
            Action::Withdraw => (Event::Withdraw(reader.cash()?), Named::Nothing, "amount"),
            _ => (reader.register()?, Named::Nothing, "amount"),
        };
        ledger
            .apply_in_batch(&event, None)
            .map_err(|refusal| refused(reader.number, &refusal, named, amount))
    }

    /// The first row of a group.
    fn begin_group(
        &mut self,
        reader: &RowReader<'_, 'a>,
        action: Action,
        number: i128,
    ) -> Result<(), FrameError> {
        let (first, quotes) = (reader.number, Vec::new());
        let group = Group { action, number, time: None, first, rows: 0, quotes, failed: None };
        self.group = Some(group);
        self.join_group(reader)
    }

    /// A row of quotes that is an event of its own.
    #[inline]
    fn single_quote(
        &mut self,
        ledger: &mut Ledger,
        reader: &RowReader<'_, 'a>,
        action: Action,
    ) -> Result<(), Box<RowError>> {
        let known = self.symbols.find(ledger, &reader.columns.symbol, reader.row);
        let time = read_time(reader, action)?;
        let Some((quote, single)) = read_quote(reader, known)? else {
            let event = event_of(action, Marks { time, quotes: &[] });
            return ledger.apply_in_batch(&event, None).map_err(|refusal| {
                let row = QuoteRow { quote: NO_QUOTE, row: reader.number, single: true };
                quote_refused(&refusal, &row)
            });
        };
        let event = event_of(action, Marks { time, quotes: std::slice::from_ref(&quote) });
        ledger.apply_in_batch(&event, known).map_err(|refusal| {
            quote_refused(&refusal, &QuoteRow { quote, row: reader.number, single })
        })
    }

    /// Adds a row to the group that is open. A row that cannot be read spoils the group; an error
    /// of the data itself ends the call at once.
    fn join_group(&mut self, reader: &RowReader<'_, 'a>) -> Result<(), FrameError> {
        let Some(group) = &mut self.group else { return Ok(()) };
        let read = group.add(reader);
        group.rows = group.rows.saturating_add(1);
        let Err(error) = read else { return Ok(()) };
        if self.on_error == OnError::Raise || error.malformed {
            return self.refuse(error);
        }
        group.failed.get_or_insert(error);
        Ok(())
    }

    /// Applies the group that is open, if there is one.
    fn end_group(&mut self, ledger: &mut Ledger) -> Result<(), FrameError> {
        let Some(mut group) = self.group.take() else { return Ok(()) };
        let rows = group.first..group.first.saturating_add(group.rows);
        let done = match group.failed.take() {
            Some(error) => Err(error),
            None => group.apply(ledger),
        };
        match done {
            Ok(()) => {
                rows.for_each(|row| self.accept(row, ledger));
                Ok(())
            }
            Err(error) if self.on_error == OnError::Raise => self.refuse(error),
            Err(error) => rows.into_iter().try_for_each(|row| self.list(&error, row)),
        }
    }
}

impl<'a> Group<'a> {
    fn add(&mut self, reader: &RowReader<'_, 'a>) -> Result<(), Box<RowError>> {
        let time = read_time(reader, self.action)?;
        if self.rows == 0 {
            self.time = time;
        } else if self.time != time {
            let value = time.map_or_else(|| "null".to_owned(), |time| time.to_string());
            let error = CellError::Text {
                value,
                code: Code::InvalidFrame,
                rule: "is not the time of the rows of this event before it",
                remedy: "give the rows of one event one time, or other numbers in event",
            };
            return Err(reader.fault("time", &error));
        }
        if let Some((quote, single)) = read_quote(reader, None)? {
            self.quotes.push(QuoteRow { quote, row: reader.number, single });
        }
        Ok(())
    }

    fn apply(&self, ledger: &mut Ledger) -> Result<(), Box<RowError>> {
        let quotes: Vec<Quote<'_>> = self.quotes.iter().map(|row| row.quote).collect();
        let marks = Marks { time: self.time, quotes: &quotes };
        let applied = ledger.apply_in_batch(&event_of(self.action, marks), None);
        applied.map_err(|refusal| {
            let none = QuoteRow { quote: NO_QUOTE, row: self.first, single: true };
            let last = self.quotes.len().saturating_sub(1);
            let at = ledger.refused_quote().min(last);
            let mut row = self.quotes.get(at).copied().unwrap_or(none);
            if matches!(
                *refusal,
                Refusal::TimeRunsBackwards { .. } | Refusal::TimeOutOfRange { .. }
            ) {
                row.row = self.first;
            }
            quote_refused(&refusal, &row)
        })
    }
}

const NO_QUOTE: Quote<'static> = Quote { symbol: "", bid: Price::ZERO, ask: Price::ZERO };

fn event_of(action: Action, marks: Marks<'_>) -> Event<'_> {
    if action == Action::Mark { Event::Mark(marks) } else { Event::UpdateEquity(marks) }
}

#[inline(always)]
fn read_time(reader: &RowReader<'_, '_>, action: Action) -> Result<Option<i64>, Box<RowError>> {
    match reader.time()? {
        None if action == Action::Update => Err(reader.fault("time", &CellError::Null)),
        time => Ok(time),
    }
}

/// The quote of a row, and whether it is one price; nothing for a row without a symbol.
#[inline(always)]
fn read_quote<'a>(
    reader: &RowReader<'_, 'a>,
    known: Option<u32>,
) -> Result<Option<(Quote<'a>, bool)>, Box<RowError>> {
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

/// Rule E8 for a row without quotes; `amount` is the column of an amount of money.
#[cold]
fn refused(row: usize, refusal: &Refusal, named: Named<'_>, amount: &'static str) -> Box<RowError> {
    let column = match refusal.argument() {
        "amount" => amount,
        "position_id" => named.column(),
        argument => argument,
    };
    RowError::refused(row, column, refusal)
}

/// Rule E8 for a row of quotes.
#[cold]
fn quote_refused(refusal: &Refusal, row: &QuoteRow<'_>) -> Box<RowError> {
    let column = match refusal.argument() {
        "prices" if row.single => "price",
        "prices" => {
            let (value, quote) = (refusal.value(), &row.quote);
            let of_ask = value == quote.ask.to_string() && value != quote.bid.to_string();
            if of_ask { "ask" } else { "bid" }
        }
        argument => argument,
    };
    RowError::refused(row.row, column, refusal)
}
