//! The columns of parameters (rule R3): which there are, and the cells of each.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use hashbrown::HashSet;

use super::cells::Numeric;
use super::error::BatchError;
use super::order_cells::run_id;
use super::params::ParamTable;
use super::source::{Faults, Holds, Source};
use super::words::{FILLS, MODES, PATHS, SIDES, SIZE_RULES, Words};
use crate::import::{CellError, Integers, Numbers, Texts};
use crate::numbers::{FloatPolicy, Money, Price, format_fixed};
use crate::refusal::Code;

const FRAME: &str = "params";

/// The columns, in the order in which the cells of a row are read.
const COLUMNS: [(&str, Holds); 27] = [
    ("run_id", Holds::Integers),
    ("size", Holds::Numbers),
    ("size_rule", Holds::Texts),
    ("side", Holds::Texts),
    ("stop_loss", Holds::Numbers),
    ("stop_loss_distance", Holds::Numbers),
    ("stop_loss_rate", Holds::Numbers),
    ("take_profit", Holds::Numbers),
    ("take_profit_distance", Holds::Numbers),
    ("take_profit_rate", Holds::Numbers),
    ("trailing", Holds::Numbers),
    ("trailing_rate", Holds::Numbers),
    ("break_even", Holds::Numbers),
    ("break_even_offset", Holds::Numbers),
    ("initial_balance", Holds::Numbers),
    ("leverage", Holds::Numbers),
    ("mode", Holds::Texts),
    ("path", Holds::Texts),
    ("fill", Holds::Texts),
    ("margin_call", Holds::Numbers),
    ("stop_out", Holds::Numbers),
    ("commission_rate", Holds::Numbers),
    ("commission_per_lot", Holds::Numbers),
    ("commission_per_unit", Holds::Numbers),
    ("commission_per_trade", Holds::Numbers),
    ("slippage_points", Holds::Numbers),
    ("slippage_rate", Holds::Numbers),
];

type Result<T> = std::result::Result<T, Box<BatchError>>;
type Check = fn(Option<i128>) -> std::result::Result<(), Box<CellError>>;

/// Columns of one group and their cells.
type Group<'t> = [(&'static str, &'t Numeric)];

pub(super) fn read(
    schema: &Schema,
    batches: &[RecordBatch],
    labels: &[String],
    floats: FloatPolicy,
) -> Result<ParamTable> {
    let source = Source { name: FRAME, schema, batches };
    check_columns(&source, labels)?;
    let mut reader = Reader { faults: source.faults(), source, floats, labels };
    let table = reader.table()?;
    let mut faults = reader.faults;
    check_run_ids(&table.run_ids, &mut faults);
    check_groups(&table, &mut faults);
    faults.check()?;
    Ok(table)
}

fn check_columns(source: &Source<'_>, labels: &[String]) -> Result<()> {
    let is_label = |name: &str| is_label(labels, name);
    source.check_names(|name| is_label(name) || COLUMNS.iter().any(|(known, _)| *known == name))?;
    let fields = || source.schema.fields().iter();
    if let Some(label) = labels.iter().find(|label| fields().all(|field| field.name() != *label)) {
        return source.fault(label, "is missing", "add the column, or drop the label");
    }
    for name in source.names().filter(|name| !is_label(name)) {
        if let Some((_, holds)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            source.check_type(name, *holds)?;
        }
    }
    if u32::try_from(source.rows()).is_ok_and(|rows| rows < u32::MAX) {
        return Ok(());
    }
    source.fault("run_id", "has 2^32 - 1 rows or more", "make fewer runs at once")
}

/// A label means nothing; the `run_id` is one all the same.
fn is_label(labels: &[String], name: &str) -> bool {
    name != "run_id" && labels.iter().any(|label| label == name)
}

/// A frame of parameters that is read column by column.
struct Reader<'a> {
    source: Source<'a>,
    floats: FloatPolicy,
    faults: Faults,
    labels: &'a [String],
}

impl Reader<'_> {
    fn table(&mut self) -> Result<ParamTable> {
        let (price, money) = (Price::SCALE, Money::SCALE);
        let mut table = ParamTable { run_ids: self.run_ids()?, ..ParamTable::default() };
        table.sizes = self.numbers("size", price, any)?;
        table.rules = self.words("size_rule", &SIZE_RULES)?;
        table.sides = self.words("side", &SIDES)?;
        let [stop_loss, take_profit, trailing] = &mut table.levels;
        stop_loss.price = self.numbers("stop_loss", price, any)?;
        stop_loss.distance = self.numbers("stop_loss_distance", price, any)?;
        stop_loss.rate = self.numbers("stop_loss_rate", price, any)?;
        take_profit.price = self.numbers("take_profit", price, any)?;
        take_profit.distance = self.numbers("take_profit_distance", price, any)?;
        take_profit.rate = self.numbers("take_profit_rate", price, any)?;
        trailing.distance = self.numbers("trailing", price, any)?;
        trailing.rate = self.numbers("trailing_rate", price, any)?;
        table.break_even = self.numbers("break_even", price, any)?;
        table.break_even_offset = self.numbers("break_even_offset", price, any)?;
        table.initial_balance = self.numbers("initial_balance", money, balance)?;
        table.leverage = self.numbers("leverage", price, positive)?;
        table.modes = self.words("mode", &MODES)?;
        table.paths = self.words("path", &PATHS)?;
        table.fills = self.words("fill", &FILLS)?;
        table.margin_call = self.numbers("margin_call", price, positive)?;
        table.stop_out = self.numbers("stop_out", price, positive)?;
        let [rate, per_lot, per_unit, per_trade] = &mut table.commissions;
        *rate = self.numbers("commission_rate", price, any)?;
        *per_lot = self.numbers("commission_per_lot", money, any)?;
        *per_unit = self.numbers("commission_per_unit", money, any)?;
        *per_trade = self.numbers("commission_per_trade", money, any)?;
        let [points, rate] = &mut table.slippages;
        *points = self.numbers("slippage_points", price, slippage)?;
        *rate = self.numbers("slippage_rate", price, slippage)?;
        Ok(table)
    }

    fn run_ids(&mut self) -> Result<Vec<u32>> {
        let Some(parts) = self.source.read("run_id", Integers::read)? else {
            return Ok((0_u32..).take(self.faults.limit).collect());
        };
        let mut run_ids = Vec::with_capacity(self.faults.limit);
        parts.each(&mut self.faults, |cells, row, _| {
            run_ids.push(run_id(cells, row)?.ok_or(CellError::Null)?);
            Ok(())
        });
        Ok(run_ids)
    }

    fn numbers(&mut self, column: &'static str, scale: u32, check: Check) -> Result<Numeric> {
        if is_label(self.labels, column) {
            return Ok(Numeric::Absent);
        }
        let parts = self.source.read(column, |array| Numbers::read(array, self.floats))?;
        Ok(Numeric::read(parts.as_ref(), scale, &mut self.faults, |_| true, check))
    }

    fn words<T: Copy>(&mut self, column: &'static str, words: &Words<T>) -> Result<Vec<Option<T>>> {
        let mut read = Vec::new();
        if is_label(self.labels, column) {
            return Ok(read);
        }
        if let Some(parts) = self.source.read(column, Texts::read)? {
            let mut last = (0, None);
            parts.each(&mut self.faults, |cells, row, _| {
                read.push(words.read(cells, row, &mut last)?);
                Ok(())
            });
        }
        Ok(read)
    }
}

fn check_run_ids(run_ids: &[u32], faults: &mut Faults) {
    if run_ids.is_sorted_by(|run_id, next| run_id < next) {
        return;
    }
    let mut seen = HashSet::with_capacity(run_ids.len());
    if let Some(row) = run_ids.iter().position(|run_id| !seen.insert(*run_id)) {
        let value = run_ids.get(row).map_or_else(String::new, u32::to_string);
        let (rule, remedy) = ("stands twice", "give each run an id of its own");
        faults.cell(row, "run_id", &broken(value, Code::InvalidFrame, rule, remedy));
    }
}

/// Two cells of one group in one row contradict each other.
fn check_groups(table: &ParamTable, faults: &mut Faults) {
    let [stop_loss, take_profit, trailing] = &table.levels;
    let [rate, per_lot, per_unit, per_trade] = &table.commissions;
    let [points, slipped] = &table.slippages;
    let groups: [&Group<'_>; 5] = [
        &[
            ("stop_loss", &stop_loss.price),
            ("stop_loss_distance", &stop_loss.distance),
            ("stop_loss_rate", &stop_loss.rate),
        ],
        &[
            ("take_profit", &take_profit.price),
            ("take_profit_distance", &take_profit.distance),
            ("take_profit_rate", &take_profit.rate),
        ],
        &[("trailing", &trailing.distance), ("trailing_rate", &trailing.rate)],
        &[
            ("commission_rate", rate),
            ("commission_per_lot", per_lot),
            ("commission_per_unit", per_unit),
            ("commission_per_trade", per_trade),
        ],
        &[("slippage_points", points), ("slippage_rate", slipped)],
    ];
    for group in groups {
        check_group(group, faults);
    }
}

fn check_group(group: &Group<'_>, faults: &mut Faults) {
    let columns = group.iter().filter(|(_, cells)| !matches!(cells, Numeric::Absent));
    if columns.clone().count() < 2 {
        return;
    }
    for row in 0..faults.limit {
        let mut present = columns.clone().filter_map(|(name, cells)| Some((name, cells.raw(row)?)));
        if let (Some(_), Some((name, raw))) = (present.next(), present.next()) {
            let rule = "stands beside another of its group";
            let value = format_fixed(raw, scale_of(name), 0);
            let error = broken(value, Code::InvalidFrame, rule, "leave all but one of them empty");
            faults.cell(row, name, &error);
            return;
        }
    }
}

/// Commissions in money have its decimals.
fn scale_of(column: &str) -> u32 {
    if column.starts_with("commission_per") { Money::SCALE } else { Price::SCALE }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the checks of a column")]
fn any(_: Option<i128>) -> std::result::Result<(), Box<CellError>> {
    Ok(())
}

/// Rule A1 for the initial balance.
fn balance(raw: Option<i128>) -> std::result::Result<(), Box<CellError>> {
    not_negative(raw, Money::SCALE, Code::InvalidAmount)
}

/// Rule Z4 for the value of a slippage.
fn slippage(raw: Option<i128>) -> std::result::Result<(), Box<CellError>> {
    not_negative(raw, Price::SCALE, Code::InvalidInstrument)
}

fn not_negative(
    raw: Option<i128>,
    scale: u32,
    code: Code,
) -> std::result::Result<(), Box<CellError>> {
    let Some(raw) = raw.filter(|raw| *raw < 0) else { return Ok(()) };
    let (value, rule) = (format_fixed(raw, scale, 0), "must not be negative");
    Err(Box::new(broken(value, code, rule, "pass 0 or more")))
}

/// Rule A1 for leverage and the levels of margin.
fn positive(raw: Option<i128>) -> std::result::Result<(), Box<CellError>> {
    let Some(raw) = raw.filter(|raw| *raw <= 0) else { return Ok(()) };
    let (value, rule) = (format_fixed(raw, Price::SCALE, 0), "must be greater than 0");
    Err(Box::new(broken(value, Code::InvalidConfiguration, rule, "pass more than 0, or null")))
}

#[cold]
fn broken(value: String, code: Code, rule: &'static str, remedy: &'static str) -> CellError {
    CellError::Text { value, code, rule, remedy }
}
