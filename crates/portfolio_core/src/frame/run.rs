//! The run of a frame through the ledger's door (rules E6 to E9).

use crate::columns::schema::{RECEIPTS, REFUSED, View};
use crate::columns::table::Table;
use crate::columns::text::TextPool;
use crate::event::{Event, Marks, Target};
use crate::export::{TableSnapshot, export};
use crate::ledger::Ledger;
use crate::refusal::{Code, Refusal};

use super::action::Action;
use super::cells::RowReader;
use super::columns::EventFrame;
use super::error::{FrameError, RowError};
use super::group::{Group, QuoteRow, event_of, quote_refused, read_quote, read_time};
use super::receipts::{ReceiptRow, RefusedRow};
use super::rows::{Keys, Named};
use super::symbols::KnownSymbols;

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
        self.begin_batch(frame.batch_size()).map_err(|refused| not_of_a_row(*refused))?;
        let done = run.all_rows(self, frame, go_on).and_then(|()| run.finish());
        if done.is_err() {
            self.rewind_batch();
            return done;
        }
        self.commit_batch().map_err(|refused| not_of_a_row(*refused))?;
        done
    }
}

/// A refusal that is no row's.
fn not_of_a_row(refusal: Refusal) -> FrameError {
    match refusal {
        Refusal::Journal(error) => FrameError::Journal(error),
        Refusal::OutOfMemory { bytes } => FrameError::OutOfMemory { bytes },
        _ => FrameError::OutOfMemory { bytes: 0 },
    }
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
    /// The targets of the row that is being applied.
    targets: Vec<Target>,
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
            targets: Vec::new(),
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
            if group.action == action && number.is_some() && group.number == number {
                return self.join_group(reader);
            }
            self.end_group(ledger)?;
        }
        let done = match action {
            Action::Mark | Action::Update | Action::Quotes | Action::Bar => {
                let number = reader.columns.event.get(reader.row);
                if number.is_some() || action == Action::Bar {
                    return self.begin_group(reader, action, number);
                }
                self.single_quote(ledger, reader, action)
            }
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
    fn refuse(&mut self, error: Box<RowError>) -> Result<(), FrameError> {
        let error = self.named_missing(error);
        if self.on_error == OnError::Raise || error.malformed {
            return Err(error.into());
        }
        self.list(&error, error.row)
    }

    /// A cell of a column that is not there is not null, it is missing.
    fn named_missing(&self, mut error: Box<RowError>) -> Box<RowError> {
        if error.code == Code::InvalidFrame && !self.names.contains(&error.column) {
            "missing".clone_into(&mut error.value);
            error.rule = "the column is needed by this row".into();
            error.remedy = "add the column";
        }
        error
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
        let known = known.filter(|_| ledger.takes_indices());
        let (mut open, key) = reader.open(known, ledger, &self.keys)?;
        if reader.columns.protects {
            open.protection = reader.protection(&mut self.targets)?;
        }
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
                let (modify, named) =
                    reader.modify(known, ledger, &self.keys, &mut self.targets)?;
                (Event::Modify(modify), named, "amount")
            }
            Action::Fee => {
                let (fee, named) = reader.fee(known, ledger, &self.keys)?;
                (Event::Fee(fee), named, "fee")
            }
            Action::Dividend => (Event::Dividend(reader.dividend()?), Named::Nothing, "price"),
            _ => {
                let event = event_of_row(reader, ledger, action, &mut self.targets)?;
                (event, Named::Nothing, "amount")
            }
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
        number: Option<i128>,
    ) -> Result<(), FrameError> {
        self.group = Some(Group::new(action, number, reader.number));
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
        let known = known.filter(|_| action != Action::Quotes && ledger.takes_indices());
        let time = read_time(reader, action)?;
        let Some((quote, single)) = read_quote(reader, known)? else {
            let event = event_of(action, Marks { time, quotes: &[] });
            return ledger.apply_in_batch(&event, None).map_err(|refusal| {
                quote_refused(&refusal, &QuoteRow::without(reader.number), ledger)
            });
        };
        let event = event_of(action, Marks { time, quotes: std::slice::from_ref(&quote) });
        ledger.apply_in_batch(&event, known).map_err(|refusal| {
            quote_refused(&refusal, &QuoteRow { quote, row: reader.number, single }, ledger)
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
            Err(error) => {
                let error = self.named_missing(error);
                rows.into_iter().try_for_each(|row| self.list(&error, row))
            }
        }
    }
}

/// The event of a row that names no position by its key and has no quotes.
fn event_of_row<'t, 'a: 't>(
    reader: &RowReader<'_, 'a>,
    ledger: &mut Ledger,
    action: Action,
    targets: &'t mut Vec<Target>,
) -> Result<Event<'t>, Box<RowError>> {
    Ok(match action {
        Action::Deposit => Event::Deposit(reader.cash(ledger)?),
        Action::Withdraw => Event::Withdraw(reader.cash(ledger)?),
        Action::CloseBy => Event::CloseBy(reader.close_by()?),
        Action::Order => Event::PlaceOrder(reader.order(targets)?),
        Action::Cancel => Event::CancelOrder(reader.cancel()?),
        Action::Convert => Event::Convert(reader.convert(ledger)?),
        Action::Swap => Event::ChargeSwap(reader.swap()?),
        Action::Rollover => Event::Rollover(reader.rollover()?),
        Action::Split => Event::Split(reader.split()?),
        _ => reader.register()?,
    })
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
