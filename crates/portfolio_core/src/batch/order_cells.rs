//! The columns of orders (rule R2): which there are, and the cells of each.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hashbrown::HashMap;

use super::cells::{Moment, Notes, Numeric, TargetLists};
use super::error::BatchError;
use super::orders::{Action, Group, OrderCells, OrderType, SizeRule, Words};
use super::source::{Faults, Holds, Parts, Source};
use super::words::{ACTIONS, ORDER_TYPES, SIDES, SIZE_RULES};
use crate::import::{CellError, Flags, Integers, Numbers, Texts, Times};
use crate::numbers::{FloatPolicy, Price};
use crate::refusal::Code;

const FRAME: &str = "orders";

/// The columns, in the order in which the cells of a row are read.
const COLUMNS: [(&str, Holds); 25] = [
    ("run_id", Holds::Integers),
    ("time", Holds::Times),
    ("symbol", Holds::Texts),
    ("action", Holds::Texts),
    ("side", Holds::Texts),
    ("size", Holds::Numbers),
    ("size_rule", Holds::Texts),
    ("type", Holds::Texts),
    ("price", Holds::Numbers),
    ("stop_loss", Holds::Numbers),
    ("take_profit", Holds::Numbers),
    ("stop_loss_distance", Holds::Numbers),
    ("take_profit_distance", Holds::Numbers),
    ("stop_loss_rate", Holds::Numbers),
    ("take_profit_rate", Holds::Numbers),
    ("trailing", Holds::Numbers),
    ("break_even", Holds::Numbers),
    ("break_even_offset", Holds::Numbers),
    ("trailing_rate", Holds::Numbers),
    ("targets", Holds::Texts),
    ("exit_time", Holds::Times),
    ("expiry", Holds::Times),
    ("oco", Holds::Texts),
    ("tag", Holds::Texts),
    ("if_flat", Holds::Flags),
];

type Result<T> = std::result::Result<T, Box<BatchError>>;
type Taken = std::result::Result<(), Box<CellError>>;

/// Reads the cells of all rows, and the run of each if the orders say it.
pub(super) fn read(
    schema: &Schema,
    batches: &[RecordBatch],
    symbols: &[String],
    floats: FloatPolicy,
) -> Result<(OrderCells, Option<Vec<u32>>)> {
    let source = Source { name: FRAME, schema, batches };
    check_columns(&source, symbols)?;
    let mut reader = Reader { faults: source.faults(), source, floats, words: Vec::new() };
    let runs = reader.runs()?;
    let cells = reader.cells(symbols)?;
    let limit = reader.faults.limit;
    let run = runs.as_ref().and_then(|runs| runs.get(limit).copied());
    reader.faults.check().map_err(|error| error.of_run(run))?;
    Ok((cells, runs))
}

fn check_columns(source: &Source<'_>, symbols: &[String]) -> Result<()> {
    source.check_names(|name| COLUMNS.iter().any(|(known, _)| *known == name))?;
    source.require("time")?;
    source.require("action")?;
    if symbols.len() != 1 {
        source.require("symbol")?;
    }
    for name in source.names() {
        if let Some((_, holds)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            source.check_type(name, *holds)?;
        }
    }
    if u32::try_from(source.rows()).is_ok_and(|rows| rows < u32::MAX) {
        return Ok(());
    }
    source.fault("time", "has 2^32 - 1 rows or more", "run fewer orders at once")
}

/// A frame of orders that is read column by column.
struct Reader<'a> {
    source: Source<'a>,
    floats: FloatPolicy,
    faults: Faults,
    /// What the rows so far say in words.
    words: Vec<Words>,
}

impl<'a> Reader<'a> {
    fn cells(&mut self, symbols: &[String]) -> Result<OrderCells> {
        let times = self.times()?;
        let symbols = self.symbols(symbols)?;
        self.actions()?;
        let opens = |action| action == Action::Open;
        let sets = |action| matches!(action, Action::Open | Action::Modify);
        self.sides()?;
        let size = self.sizes()?;
        self.size_rules()?;
        self.types()?;
        let price = self.prices()?;
        let mut cells = OrderCells { times, symbols, size, price, ..OrderCells::default() };
        cells.stop_loss.price = self.numbers("stop_loss", sets)?;
        cells.take_profit.price = self.numbers("take_profit", sets)?;
        cells.stop_loss.distance = self.numbers("stop_loss_distance", sets)?;
        cells.take_profit.distance = self.numbers("take_profit_distance", sets)?;
        cells.stop_loss.rate = self.numbers("stop_loss_rate", sets)?;
        cells.take_profit.rate = self.numbers("take_profit_rate", sets)?;
        let trailing = self.numbers("trailing", sets)?;
        cells.break_even = self.numbers("break_even", sets)?;
        cells.break_even_offset = self.numbers("break_even_offset", sets)?;
        let rate = self.numbers("trailing_rate", sets)?;
        cells.trailing = Group { price: Numeric::Absent, distance: trailing, rate };
        let takes = |words: &[Words], row| opens(action_of(words, row));
        let Self { source, faults, words, .. } = self;
        let targets = source.read("targets", Texts::read)?;
        cells.targets = TargetLists::read(targets.as_ref(), faults, |row| takes(words, row));
        let times = source.read("exit_time", Times::read)?;
        cells.exit_time = Moment::read(times.as_ref(), faults, |row| takes(words, row));
        let times = source.read("expiry", Times::read)?;
        cells.expiry = Moment::read(times.as_ref(), faults, |row| takes(words, row));
        let groups = source.read("oco", Texts::read)?;
        cells.oco = Notes::read(groups.as_ref(), faults, |row| takes(words, row));
        let tags = source.read("tag", Texts::read)?;
        cells.tag = Notes::read(tags.as_ref(), faults, |_| true);
        self.flags()?;
        cells.words = std::mem::take(&mut self.words);
        Ok(cells)
    }

    fn runs(&mut self) -> Result<Option<Vec<u32>>> {
        let Some(parts) = self.source.read("run_id", Integers::read)? else {
            return Ok(None);
        };
        let mut runs = Vec::with_capacity(self.faults.limit);
        parts.each(&mut self.faults, |cells, row, _| {
            runs.push(run_id(cells, row)?.ok_or(CellError::Null)?);
            Ok(())
        });
        Ok(Some(runs))
    }

    fn times(&mut self) -> Result<Vec<i64>> {
        let mut times = Vec::with_capacity(self.faults.limit);
        if let Some(parts) = self.source.read("time", Times::read)? {
            parts.each(&mut self.faults, |cells, row, _| {
                times.push(cells.get(row)?.ok_or(CellError::Null)?);
                Ok(())
            });
        }
        Ok(times)
    }

    /// The places of the symbols among those of the bars; none where it is the same everywhere.
    fn symbols(&mut self, symbols: &[String]) -> Result<Vec<u32>> {
        let Some(parts) = self.source.read("symbol", Texts::read)? else {
            return Ok(Vec::new());
        };
        let known: HashMap<&str, u32> = symbols.iter().map(String::as_str).zip(0..).collect();
        let mut codes = Vec::with_capacity(self.faults.limit);
        let mut last: (&[u8], u32) = (&[], 0);
        let only = (symbols.len() == 1).then_some(0_u32);
        parts.each(&mut self.faults, |cells, row, _| {
            let Some(bytes) = cells.bytes(row)? else {
                // A null is as if the column were absent.
                codes.push(only.ok_or(CellError::Null)?);
                return Ok(());
            };
            if bytes != last.0 || bytes.is_empty() {
                let text = cells.get(row)?.unwrap_or_default();
                let code = known.get(text).ok_or_else(|| unknown_symbol(text))?;
                last = (bytes, *code);
            }
            codes.push(last.1);
            Ok(())
        });
        Ok(codes)
    }

    fn actions(&mut self) -> Result<()> {
        let Some(parts) = self.texts("action")? else { return Ok(()) };
        let mut last = (0, None);
        let mut words = Vec::with_capacity(self.faults.limit);
        parts.each(&mut self.faults, |cells, row, _| {
            let action = ACTIONS.read(cells, row, &mut last)?.ok_or(CellError::Null)?;
            words.push(Words {
                action,
                side: None,
                rule: SizeRule::Units,
                kind: OrderType::Market,
                if_flat: false,
            });
            Ok(())
        });
        self.words = words;
        Ok(())
    }

    fn sides(&mut self) -> Result<()> {
        let parts = self.texts("side")?;
        if parts.is_none() {
            self.need("side", |action| action == Action::Open);
        }
        let mut last = (0, None);
        self.each_word(parts, |words, cells, row| {
            if words.action != Action::Target {
                words.side = SIDES.read(cells, row, &mut last)?;
                if words.side.is_none() && words.action == Action::Open {
                    return Err(Box::new(CellError::Null));
                }
            }
            Ok(())
        });
        Ok(())
    }

    fn sizes(&mut self) -> Result<Numeric> {
        let needs = |action| matches!(action, Action::Open | Action::Target);
        let Self { source, floats, faults, words } = self;
        let parts = source.read("size", |array| Numbers::read(array, *floats))?;
        let takes = |row| needs(action_of(words, row)) || action_of(words, row) == Action::Close;
        let numbers = Numeric::read(parts.as_ref(), Price::SCALE, faults, takes, |_| Ok(()));
        let missing = (0..faults.limit)
            .find(|&row| needs(action_of(words, row)) && numbers.raw(row).is_none());
        if let Some(row) = missing {
            faults.cell(row, "size", &CellError::Null);
        }
        Ok(numbers)
    }

    fn size_rules(&mut self) -> Result<()> {
        let (parts, mut last) = (self.texts("size_rule")?, (0, None));
        self.each_word(parts, |words, cells, row| {
            if matches!(words.action, Action::Open | Action::Target) {
                words.rule = SIZE_RULES.read(cells, row, &mut last)?.unwrap_or_default();
                if words.action == Action::Target && words.rule == SizeRule::Risk {
                    return Err(risk_of_a_target());
                }
            }
            Ok(())
        });
        Ok(())
    }

    fn types(&mut self) -> Result<()> {
        let (parts, mut last) = (self.texts("type")?, (0, None));
        self.each_word(parts, |words, cells, row| {
            if words.action == Action::Open {
                words.kind = ORDER_TYPES.read(cells, row, &mut last)?.unwrap_or_default();
            }
            Ok(())
        });
        Ok(())
    }

    /// Prices of limits and stops.
    fn prices(&mut self) -> Result<Numeric> {
        let Self { source, floats, faults, words } = self;
        let parts = source.read("price", |array| Numbers::read(array, *floats))?;
        let takes = |row: usize| {
            let is_priced = |words: &Words| words.kind != OrderType::Market;
            action_of(words, row) == Action::Open && words.get(row).is_some_and(is_priced)
        };
        Ok(Numeric::read(parts.as_ref(), Price::SCALE, faults, takes, |_| Ok(())))
    }

    fn numbers(&mut self, column: &'static str, takes: fn(Action) -> bool) -> Result<Numeric> {
        let Self { source, floats, faults, words } = self;
        let parts = source.read(column, |array| Numbers::read(array, *floats))?;
        let takes = |row| takes(action_of(words, row));
        Ok(Numeric::read(parts.as_ref(), Price::SCALE, faults, takes, |_| Ok(())))
    }

    fn flags(&mut self) -> Result<()> {
        let Some(parts) = self.source.read("if_flat", Flags::read)? else {
            return Ok(());
        };
        let words = &mut self.words;
        parts.each(&mut self.faults, |cells, row, place| {
            if let Some(words) = words.get_mut(place).filter(|words| words.action == Action::Open) {
                words.if_flat = cells.get(row).unwrap_or(false);
            }
            Ok(())
        });
        Ok(())
    }

    fn texts(&self, column: &'static str) -> Result<Option<Parts<Texts<'a>>>> {
        self.source.read(column, Texts::read)
    }

    /// Takes the cells of a column of words.
    fn each_word(
        &mut self,
        parts: Option<Parts<Texts<'_>>>,
        mut take: impl FnMut(&mut Words, &Texts<'_>, usize) -> Taken,
    ) {
        let (Some(parts), words) = (parts, &mut self.words) else { return };
        parts.each(&mut self.faults, |cells, row, place| match words.get_mut(place) {
            Some(words) => take(words, cells, row),
            None => Ok(()),
        });
    }

    /// The first row that needs a cell of a column that is not there is at fault.
    fn need(&mut self, column: &'static str, needs: fn(Action) -> bool) {
        let mut rows = self.words.iter().take(self.faults.limit);
        if let Some(row) = rows.position(|words| needs(words.action)) {
            self.faults.cell(row, column, &CellError::Null);
        }
    }
}

fn action_of(words: &[Words], row: usize) -> Action {
    words.get(row).map_or(Action::Cancel, |words| words.action)
}

/// The run of a row; nothing for a null.
pub(super) fn run_id(
    cells: &Integers<'_>,
    row: usize,
) -> std::result::Result<Option<u32>, Box<CellError>> {
    let Some(value) = cells.get(row) else { return Ok(None) };
    match u32::try_from(value) {
        Ok(run_id) if run_id < u32::MAX => Ok(Some(run_id)),
        _ => Err(Box::new(CellError::Whole {
            value: value.to_string(),
            code: Code::InvalidArgument,
            rule: "a run_id is a whole number from 0 to 2^32 - 2",
            remedy: "number the runs from 0",
        })),
    }
}

#[cold]
fn unknown_symbol(symbol: &str) -> Box<CellError> {
    Box::new(CellError::Text {
        value: format!("{symbol:?}"),
        code: Code::InvalidSymbol,
        rule: "no bar has this symbol",
        remedy: "pass bars of it, or drop the row",
    })
}

#[cold]
fn risk_of_a_target() -> Box<CellError> {
    Box::new(CellError::Text {
        value: "\"risk\"".to_owned(),
        code: Code::InvalidArgument,
        rule: "a target has no stop loss that says the risk",
        remedy: "pass units, value or equity",
    })
}
