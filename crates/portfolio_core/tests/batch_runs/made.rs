//! Frames made by hand: a text a column, as a table is written on paper.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::Keep;
use portfolio_core::batch::params::ParamTable;
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::batch::{BatchError, Fill};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::Configuration;
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{FloatPolicy, Money, Price};

/// A frame of texts: a line of names, then a line a row; `-` is a null. Times and ids are integers,
/// everything else is text that is cast to what the column holds.
pub(crate) fn frame(text: &str) -> RecordBatch {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let column = |(place, name): (usize, &&str)| {
        let cells = || rows.iter().map(|row| Some(row[place]).filter(|cell| *cell != "-"));
        let array: ArrayRef = match *name {
            "time" | "exit_time" | "expiry" => {
                let time = |cell: Option<&str>| cell.map(|cell| cell.parse::<i64>().unwrap());
                Arc::new(cells().map(time).collect::<Int64Array>())
            }
            "run_id" => {
                let id = |cell: Option<&str>| cell.map(|cell| cell.parse::<u32>().unwrap());
                Arc::new(cells().map(id).collect::<UInt32Array>())
            }
            "if_flat" => {
                let flag = |cell: Option<&str>| cell.map(|cell| cell == "true");
                Arc::new(cells().map(flag).collect::<BooleanArray>())
            }
            "symbol" | "action" | "side" | "size_rule" | "type" | "targets" | "oco" | "tag"
            | "mode" | "path" | "fill" | "label" => Arc::new(cells().collect::<StringArray>()),
            _ => Arc::new(numbers(cells())),
        };
        ((*name).to_owned(), array)
    };
    RecordBatch::try_from_iter(names.iter().enumerate().map(column)).unwrap()
}

fn numbers<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> arrow_array::Decimal128Array {
    let raw = |cell: &str| Price::parse(cell).unwrap().raw();
    let array: arrow_array::Decimal128Array = cells.map(|cell| cell.map(raw)).collect();
    array.with_precision_and_scale(38, 9).unwrap()
}

/// What the runs of a test are made of.
pub(crate) struct Made {
    pub(crate) bars: RecordBatch,
    pub(crate) orders: RecordBatch,
    pub(crate) params: Option<RecordBatch>,
    pub(crate) settings: Settings,
}

impl Made {
    /// Frames from texts, and an account of 10,000 at leverage 1.
    pub(crate) fn new(bars: &str, orders: &str) -> Self {
        let settings = Settings {
            configuration: Configuration::new(Money::parse("10000").unwrap()),
            instruments: Vec::new(),
            costs: Costs::default(),
            fill: Fill::NextOpen,
            metrics: Options::default(),
        };
        Self { bars: frame(bars), orders: frame(orders), params: None, settings }
    }

    pub(crate) fn with_params(self, params: &str) -> Self {
        Self { params: Some(frame(params)), ..self }
    }

    /// More columns of the same rows.
    pub(crate) fn with_more_params(self, params: &str) -> Self {
        let (one, more) = (self.params.unwrap(), frame(params));
        let names = |batch: &RecordBatch| -> Vec<String> {
            batch.schema().fields().iter().map(|field| field.name().clone()).collect()
        };
        let columns = names(&one).into_iter().zip(one.columns().to_vec());
        let added = names(&more).into_iter().zip(more.columns().to_vec()).skip(1);
        let params = RecordBatch::try_from_iter(columns.chain(added)).unwrap();
        Self { params: Some(params), ..self }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn instrument(self, change: impl FnOnce(&mut Instrument)) -> Self {
        let mut instrument = Instrument::default_for("X");
        change(&mut instrument);
        self.with(|settings| settings.instruments.push(instrument))
    }

    pub(crate) fn try_batch(&self) -> Result<Batch, Box<BatchError>> {
        let nearest = FloatPolicy::Nearest;
        let batches = |batch: &RecordBatch| [batch.clone()];
        let only = Some("X");
        let bars = BarTable::read(&self.bars.schema(), &batches(&self.bars), nearest, only)?;
        let orders =
            OrderTable::read(&self.orders.schema(), &batches(&self.orders), &bars, nearest)?;
        let labels = ["label".to_owned()];
        let params = self.params.as_ref().map(|params| {
            let labels = if params.column_by_name("label").is_some() { &labels[..] } else { &[] };
            ParamTable::read(&params.schema(), &batches(params), labels, nearest)
        });
        let params = params.transpose()?;
        Batch::new(Arc::new(bars), Arc::new(orders), params, self.settings.clone())
    }

    pub(crate) fn batch(&self) -> Batch {
        self.try_batch().unwrap()
    }

    /// Everything there is, exact.
    pub(crate) fn tables(&self) -> Tables {
        let batch = self.batch();
        batch.run_many(0..batch.len(), 1, &Control::new(), &everything()).unwrap()
    }
}

/// All columns, exact, with digests.
pub(crate) fn everything() -> Keep {
    use portfolio_core::batch::outcome::EquityColumns;
    Keep { equity_columns: EquityColumns::All, exact: true, digest: true, ..Keep::default() }
}
