//! The columns of a frame of events (rules E1 and E2).

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};

use super::action::Action;
use super::error::ShapeError;
use crate::import::{Integers, Numbers, Texts, Times, WrongType};
use crate::ledger::BatchSize;
use crate::numbers::FloatPolicy;

/// A frame whose columns are known and of types that can be taken. Nothing of it is copied.
#[derive(Debug)]
pub struct EventFrame<'a> {
    pub(super) batches: Vec<Columns<'a>>,
    pub(super) names: Vec<&'a str>,
    rows: usize,
}

/// Declares the columns once: name, reader, and how the reader is made.
macro_rules! columns {
    ($($field:ident $name:literal: $reader:ident ($($argument:ident)?),)*) => {
        /// The columns of a batch; those that are not there are all null.
        #[derive(Debug)]
        pub(super) struct Columns<'a> {
            pub(super) rows: usize,
            /// Whether there is a column of what protects beside stop loss and take profit.
            pub(super) protects: bool,
            $(pub(super) $field: $reader<'a>,)*
        }

        impl<'a> Columns<'a> {
            fn absent(rows: usize) -> Self {
                Self { rows, protects: false, $($field: $reader::ABSENT,)* }
            }

            fn set(
                &mut self,
                name: &str,
                array: &'a dyn Array,
                policy: FloatPolicy,
            ) -> Result<(), WrongType> {
                match name {
                    $($name => {
                        self.$field = $reader::read(array $(, columns!(@ $argument policy))?)?;
                    })*
                    _ => {}
                }
                Ok(())
            }
        }

        /// The names of all columns that there may be.
        const NAMES: &[&str] = &[$($name),*];
    };
    (@ policy $value:ident) => { $value };
}

columns! {
    action "action": Texts(),
    time "time": Times(),
    symbol "symbol": Texts(),
    side "side": Texts(),
    size "size": Numbers(policy),
    price "price": Numbers(policy),
    bid "bid": Numbers(policy),
    ask "ask": Numbers(policy),
    stop_loss "stop_loss": Numbers(policy),
    take_profit "take_profit": Numbers(policy),
    position_id "position_id": Integers(),
    key "key": Texts(),
    fee "fee": Numbers(policy),
    amount "amount": Numbers(policy),
    tag "tag": Texts(),
    reason "reason": Texts(),
    event "event": Integers(),
    price_decimals "price_decimals": Integers(),
    size_decimals "size_decimals": Integers(),
    contract_size "contract_size": Numbers(policy),
    leverage "leverage": Numbers(policy),
    quote_currency "quote_currency": Texts(),
    terms "terms": Texts(),
    trailing "trailing": Numbers(policy),
    break_even "break_even": Numbers(policy),
    break_even_offset "break_even_offset": Numbers(policy),
    targets "targets": Texts(),
    exit_time "exit_time": Times(),
    order_type "type": Texts(),
    expiry "expiry": Times(),
    oco "oco": Texts(),
    order_id "order_id": Integers(),
    other_id "other_id": Integers(),
    open "open": Numbers(policy),
    high "high": Numbers(policy),
    low "low": Numbers(policy),
    close "close": Numbers(policy),
    spread "spread": Numbers(policy),
    path "path": Texts(),
    currency "currency": Texts(),
    from_currency "from_currency": Texts(),
    to_currency "to_currency": Texts(),
    rate "rate": Numbers(policy),
    kind "kind": Texts(),
    long "long": Numbers(policy),
    short "short": Numbers(policy),
    multiplier "multiplier": Integers(),
    pay_time "pay_time": Times(),
    numerator "numerator": Integers(),
    denominator "denominator": Integers(),
}

/// The columns of what protects a position beside stop loss and take profit.
const PROTECTION: [&str; 5] =
    ["trailing", "break_even", "break_even_offset", "targets", "exit_time"];

impl<'a> EventFrame<'a> {
    /// Looks at the columns of batches of one schema; floats are taken under a policy.
    ///
    /// # Errors
    /// [`ShapeError`] for a column that is not known, comes twice, is missing, or is of a type
    /// that cannot be taken.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    /// use portfolio_core::frame::EventFrame;
    /// use portfolio_core::numbers::FloatPolicy;
    ///
    /// let action: ArrayRef = Arc::new(StringArray::from(vec!["deposit"]));
    /// let amount: ArrayRef = Arc::new(Int64Array::from(vec![100]));
    /// let batch = RecordBatch::try_from_iter([("action", action), ("amount", amount)]).unwrap();
    /// let batches = [batch];
    /// let schema = batches[0].schema();
    /// let frame = EventFrame::read(&schema, &batches, FloatPolicy::Nearest)?;
    /// assert_eq!(frame.rows(), 1);
    /// # Ok::<(), portfolio_core::frame::ShapeError>(())
    /// ```
    pub fn read(
        schema: &'a Schema,
        batches: &'a [RecordBatch],
        policy: FloatPolicy,
    ) -> Result<Self, ShapeError> {
        // A column of type null is as if it were absent.
        let fields = schema.fields().iter().filter(|field| *field.data_type() != DataType::Null);
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        check_names(&names)?;
        check_types(schema, policy)?;
        let protects = names.iter().any(|name| PROTECTION.contains(name));
        let mut read = Self { batches: Vec::with_capacity(batches.len()), names, rows: 0 };
        for batch in batches {
            let mut columns = Columns { protects, ..Columns::absent(batch.num_rows()) };
            for (field, array) in schema.fields().iter().zip(batch.columns()) {
                let name = field.name();
                columns.set(name, array, policy).map_err(|wrong| wrong_type(name, &wrong))?;
            }
            read.rows = read.rows.saturating_add(columns.rows);
            read.batches.push(columns);
        }
        Ok(read)
    }

    /// Rows in all batches.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many events the frame can have, and the most rows that these append by themselves to
    /// the tables of a ledger. What fills of orders and of protection append is not known before.
    #[must_use]
    pub fn batch_size(&self) -> BatchSize {
        let mut size = BatchSize { events: self.rows, ..BatchSize::default() };
        for columns in &self.batches {
            for row in 0..columns.rows {
                let more = match Action::read(&columns.action, row) {
                    Some(Action::Open | Action::Fee | Action::Deposit | Action::Withdraw) => {
                        (0, 0, 1)
                    }
                    Some(Action::Close) => (0, 1, 2),
                    Some(Action::CloseBy) => (0, 2, 3),
                    Some(Action::Update | Action::Bar | Action::Quotes) => (1, 0, 0),
                    _ => continue,
                };
                size.equity = size.equity.saturating_add(more.0);
                size.trades = size.trades.saturating_add(more.1);
                size.postings = size.postings.saturating_add(more.2);
            }
        }
        size
    }
}

fn check_names(names: &[&str]) -> Result<(), ShapeError> {
    let fault = |column: &str, rule: &'static str, remedy| {
        Err(ShapeError { column: column.to_owned(), rule: rule.into(), remedy })
    };
    for name in names {
        if !NAMES.contains(name) {
            return fault(name, "is not known here", "rename or drop the column");
        }
        if names.iter().filter(|other| *other == name).count() > 1 {
            return fault(name, "stands twice", "pass each column once");
        }
    }
    if !names.contains(&"action") {
        return fault("action", "is missing", "say what each row is: open, close, update, ...");
    }
    Ok(())
}

/// The types are those of the schema, so that a frame without batches is checked as well.
fn check_types(schema: &Schema, policy: FloatPolicy) -> Result<(), ShapeError> {
    for field in schema.fields() {
        let empty = arrow_array::new_empty_array(field.data_type());
        let mut columns = Columns::absent(0);
        let name = field.name();
        columns.set(name, &empty, policy).map_err(|wrong| wrong_type(name, &wrong))?;
    }
    Ok(())
}

fn wrong_type(name: &str, wrong: &WrongType) -> ShapeError {
    let rule = format!("{} is not {}", wrong.found, wrong.wanted).into();
    ShapeError { column: name.to_owned(), rule, remedy: "cast the column" }
}
