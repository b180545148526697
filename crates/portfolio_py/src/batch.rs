//! Many accounts over the same bars: the frames are read once, then any of the runs can be made, as
//! often as one likes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use portfolio_core::batch::BatchError;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::drive::{Halted, drive};
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::params::ParamTable;
use portfolio_core::batch::plan::{Batch, Settings};
use portfolio_core::batch::pool::{Control, Stopped};
use portfolio_core::export::TableSnapshot;
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Refusal;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::account::live;
use crate::batch_tables::BatchTables;
use crate::capsule::Frame;
use crate::convert::batch::{
    Wanted, read_cancel, read_costs, read_fill, read_instruments, read_labels, read_progress,
    read_range, read_run, read_threads,
};
use crate::convert::configuration::{Options, read_configuration, read_policy};
use crate::convert::{Given, read_prepared};
use crate::fault::{Fault, refused};
use crate::history::own_frame;
use crate::metrics::read_options;
use crate::supervise::{Watch, supervise};
use crate::table::{Table, arrow_error};

/// The compiled batch. `omega_portfolio.run_batch` documents what the arguments mean.
#[pyclass(frozen, name = "Batch", module = "omega_portfolio._core")]
pub(crate) struct BatchCore {
    batch: Batch,
    policy: FloatPolicy,
}

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl BatchCore {
    /// The arguments are read in their order, after `floats`; then what is in the frames.
    #[new]
    #[pyo3(
        signature = (bars, orders, params=None, *, instruments=Given(None), commission=None,
                     slippage=None, swap=None, labels=Given(None), fill=Given(None),
                     floats=Given(None), initial_balance, currency=Given(None),
                     leverage=Given(None), mode=Given(None), rounding=Given(None),
                     off_grid=Given(None), margin_call=None, stop_out=None, path=Given(None),
                     pivot=Given(None), periods_per_year=Given(None), risk_free_rate=Given(None),
                     mar=Given(None), confidence=Given(None), resample=Given(None), prepared=false),
        text_signature = "(bars, orders, params=None, *, instruments=(), commission=None, \
                          slippage=None, swap=None, labels=(), fill='next_open', \
                          floats='nearest', initial_balance, currency='USD', leverage=1, \
                          mode='hedging', rounding='exact', off_grid='refuse', \
                          margin_call=None, stop_out=None, path='pessimistic', pivot='USD', \
                          periods_per_year=252, risk_free_rate=0, mar=None, confidence=0.05, \
                          resample=None, prepared=False)"
    )]
    fn new<'py>(
        py: Python<'py>,
        bars: Value<'_, 'py>,
        orders: Value<'_, 'py>,
        params: Option<Value<'_, 'py>>,
        instruments: Given<'py>,
        commission: Option<Bound<'py, PyAny>>,
        slippage: Option<Bound<'py, PyAny>>,
        swap: Option<Bound<'py, PyAny>>,
        labels: Given<'py>,
        fill: Given<'py>,
        floats: Given<'py>,
        initial_balance: Value<'_, 'py>,
        currency: Given<'py>,
        leverage: Given<'py>,
        mode: Given<'py>,
        rounding: Given<'py>,
        off_grid: Given<'py>,
        margin_call: Option<Bound<'py, PyAny>>,
        stop_out: Option<Bound<'py, PyAny>>,
        path: Given<'py>,
        pivot: Given<'py>,
        periods_per_year: Given<'py>,
        risk_free_rate: Given<'py>,
        mar: Given<'py>,
        confidence: Given<'py>,
        resample: Given<'py>,
        #[pyo3(from_py_with = read_prepared)] prepared: bool,
    ) -> PyResult<Self> {
        let policy = read_policy(&floats)?;
        let frames = Frames {
            bars: own_frame("bars", bars)?,
            orders: own_frame("orders", orders)?,
            params: params.map(|params| own_frame("params", params)).transpose()?,
            prepared,
        };
        let instruments = read_instruments(&instruments, policy)?;
        let costs = read_costs([&commission, &slippage, &swap], policy)?;
        let labels = read_labels(&labels)?;
        let fill = read_fill(&fill)?;
        let options = Options {
            currency,
            leverage,
            mode,
            floats,
            capacity: None,
            rounding,
            off_grid,
            margin_call,
            stop_out,
            path,
            pivot,
        };
        let (configuration, policy) = read_configuration(initial_balance, &options)?;
        let statistics = [&periods_per_year, &risk_free_rate, &mar, &confidence, &resample];
        let metrics = read_options(statistics)?;
        let settings = Settings { configuration, instruments, costs, fill, metrics };
        settings.check().map_err(refused)?;
        let batch = py.detach(move || frames.read(&labels, settings, policy))?;
        Ok(Self { batch, policy })
    }

    /// Makes some of the runs and answers what they leave behind.
    #[pyo3(
        signature = (first, count, *, threads=None, record=Given(None),
                     equity_columns=Given(None), trades=Given(None), metrics=Given(None),
                     exact=Given(None), digest=Given(None), on_error=Given(None), progress=None,
                     cancel=None),
        text_signature = "($self, first, count, *, threads=None, record='bar', \
                          equity_columns='equity', trades=True, metrics=True, exact=False, \
                          digest=False, on_error='record', progress=None, cancel=None)"
    )]
    fn run<'py>(
        slf: &Bound<'py, Self>,
        first: Value<'_, 'py>,
        count: Value<'_, 'py>,
        threads: Option<Value<'_, 'py>>,
        record: Given<'py>,
        equity_columns: Given<'py>,
        trades: Given<'py>,
        metrics: Given<'py>,
        exact: Given<'py>,
        digest: Given<'py>,
        on_error: Given<'py>,
        progress: Option<Value<'_, 'py>>,
        cancel: Option<Value<'_, 'py>>,
    ) -> PyResult<BatchTables> {
        let batch = &slf.get().batch;
        let runs = read_range(first, count, batch.len())?;
        let threads = read_threads(threads)?;
        let wanted = Wanted { record, equity_columns, trades, metrics, exact, digest, on_error };
        let keep = wanted.read()?;
        let watch = Watch {
            progress: progress.map(read_progress).transpose()?,
            cancel: cancel.map(read_cancel).transpose()?,
        };
        let asked = runs.len();
        let control = Control::default();
        let work = || batch.run_many(runs, threads, &control, &keep);
        let tables = supervise(slf.py(), &watch, &control, work)?.map_err(stopped)?;
        Ok(BatchTables::new(tables, asked))
    }

    /// The portfolio of a run in the state at the end, with all of its history.
    fn portfolio<'py>(
        slf: &Bound<'py, Self>,
        place: Value<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = slf.get();
        let run = read_run(&core.batch, place)?;
        let control = Control::default();
        let work = || drive(&run, &mut || !control.cancel.load(Ordering::Relaxed));
        let driven = supervise(slf.py(), &Watch::NOBODY, &control, work)?.map_err(halted)?;
        let class = slf.py().import("omega_portfolio.rust")?.getattr("PortfolioRust")?;
        live(&class, driven.ledger, core.policy)
    }

    /// The bars, and what runs ask of them all, as a table of one row over the same memory: another
    /// process opens it in no time, with `prepared=True`.
    fn prepared_bars(&self, py: Python<'_>) -> PyResult<Table> {
        let batch = py.detach(|| self.batch.bars().prepared()).map_err(arrow_error)?;
        let (schema, rows) = (batch.schema(), batch.num_rows());
        Ok(Table::new(TableSnapshot { name: "prepared_bars", schema, batches: vec![batch], rows }))
    }

    /// The ids of the runs, in their order.
    #[getter]
    fn run_ids(&self) -> Vec<u32> {
        (0..self.batch.len()).filter_map(|place| self.batch.run_id(place)).collect()
    }

    /// How many moments the bars have.
    #[getter]
    fn moments(&self) -> usize {
        self.batch.bars().moments.len()
    }

    /// BLAKE2b-256 over all that decides results, as hex.
    #[getter]
    fn fingerprint(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.batch.fingerprint()).map_err(refused)
    }

    fn __len__(&self) -> usize {
        self.batch.len()
    }

    fn __repr__(&self) -> String {
        format!("Batch({} runs, {} moments)", self.batch.len(), self.batch.bars().moments.len())
    }
}

/// The frames as they came, whose memory belongs to somebody else.
struct Frames {
    bars: Frame,
    orders: Frame,
    params: Option<Frame>,
    prepared: bool,
}

impl Frames {
    fn read(&self, labels: &[String], settings: Settings, policy: FloatPolicy) -> PyResult<Batch> {
        self.plan(labels, settings, policy).map_err(|error| Fault::batch(&error).into())
    }

    fn plan(
        &self,
        labels: &[String],
        settings: Settings,
        policy: FloatPolicy,
    ) -> Result<Batch, Box<BatchError>> {
        let only = match settings.instruments.as_slice() {
            [only] => Some(only.symbol.as_str()),
            _ => None,
        };
        let bars = match &self.bars {
            (schema, batches) if !self.prepared => BarTable::read(schema, batches, policy, only)?,
            (_, batches) => BarTable::of_prepared(only_one(batches)?)?,
        };
        let (schema, batches) = &self.orders;
        let orders = OrderTable::read(schema, batches, &bars, policy)?;
        let params = self
            .params
            .as_ref()
            .map(|(schema, batches)| ParamTable::read(schema, batches, labels, policy));
        Batch::new(Arc::new(bars), Arc::new(orders), params.transpose()?, settings)
    }
}

/// The one batch of prepared bars.
fn only_one(batches: &[RecordBatch]) -> Result<&RecordBatch, Box<BatchError>> {
    let (rule, remedy) = ("comes in several batches", "pass what prepared_bars() gave, unchanged");
    match batches {
        [batch] => Ok(batch),
        _ => Err(BatchError::column("bars", "symbols", rule, remedy)),
    }
}

/// What ended the runs before their end.
fn stopped(stopped: Stopped) -> PyErr {
    match stopped {
        Stopped::Rejected(failure) => Fault::run(&failure).into(),
        Stopped::OutOfMemory { bytes } => refused(Refusal::OutOfMemory { bytes }),
        Stopped::Threads(error) => error.into(),
        Stopped::Answer(details) => PyRuntimeError::new_err(details),
    }
}

/// Why a run was not carried out.
fn halted(halted: Halted) -> PyErr {
    match halted {
        // Whoever cancels raises something else.
        Halted::Cancelled => PyRuntimeError::new_err("stopped"),
        Halted::OutOfMemory { bytes } => refused(Refusal::OutOfMemory { bytes }),
    }
}
