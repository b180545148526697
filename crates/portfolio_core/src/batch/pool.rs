//! Many runs at once: the only threads of this crate.
//!
//! Runs are done in tiles of some that follow each other. Threads take the next tile from a
//! counter, and what they made is put together in the order of the tiles; how large a tile is
//! depends on the bars and the runs alone, so the tables are the same for any number of threads.

use std::collections::TryReserveError;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use arrow_schema::ArrowError;

use super::drive::{Halted, drive};
use super::outcome::{Keep, Outcome, Recorded, Rejected};
use super::plan::Batch;
use super::quick::{self, Rooms};
pub use super::tables::Tables;
use super::tables::{Collected, Part, Shape};
use crate::columns::segment::AllocationFailed;
use crate::ledger::Ledger;

/// About so many bars are a tile.
const TILE_BARS: usize = 131_072;
/// At least so many tiles are made of many runs, so that all threads have some.
const TILES: usize = 16;
/// The most runs of a tile.
const TILE_RUNS: usize = 4_096;

/// What others see of runs under way, and how they stop them.
#[derive(Debug, Default)]
pub struct Control {
    /// Set by whoever wants no more runs.
    pub cancel: AtomicBool,
    /// Runs done since this was made.
    pub done: AtomicUsize,
}

impl Control {
    /// Nothing done, nothing to be stopped.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// The first row that was rejected, where that ends everything.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFailure {
    /// Its run.
    pub run_id: u32,
    /// What was rejected: a row, or a bar or quote, which has none.
    pub rejected: Rejected,
}

impl RunFailure {
    /// Where it stands and what it is, as the value of an exception.
    #[must_use]
    pub fn place(&self) -> String {
        let Self { run_id, rejected: Rejected { row, value, .. } } = self;
        match row {
            Some(row) => format!("run {run_id}, row {row}: {value}"),
            None => format!("run {run_id}: {value}"),
        }
    }
}

/// Why there are no tables.
#[derive(Debug)]
pub enum Stopped {
    /// A row was rejected, where that ends everything.
    Rejected(Box<RunFailure>),
    /// The allocator refused.
    OutOfMemory {
        /// How many bytes were asked for; 0 when it is not known.
        bytes: usize,
    },
    /// There were no threads to be had.
    Threads(io::Error),
    /// The tables contradict their schemas, which is a bug.
    Answer(String),
}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(failure) => {
                let Rejected { code, argument, rule, remedy, .. } = &failure.rejected;
                let (code, place) = (code.number(), failure.place());
                write!(formatter, "[{code}] {argument}={place}: {rule}; {remedy}")
            }
            Self::OutOfMemory { bytes } => write!(formatter, "the allocator refused {bytes} bytes"),
            Self::Threads(error) => write!(formatter, "no thread could be started: {error}"),
            Self::Answer(details) => formatter.write_str(details),
        }
    }
}

impl std::error::Error for Stopped {}

impl From<ArrowError> for Stopped {
    fn from(error: ArrowError) -> Self {
        Self::Answer(error.to_string())
    }
}

impl From<AllocationFailed> for Stopped {
    fn from(failed: AllocationFailed) -> Self {
        Self::OutOfMemory { bytes: failed.bytes }
    }
}

impl From<TryReserveError> for Stopped {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory { bytes: 0 }
    }
}

/// What came of a tile.
enum Made {
    /// All of its runs.
    Whole(Box<Part>),
    /// Some run was not done.
    Cancelled,
    /// Nothing behind it counts any more.
    Stopped(Stopped),
}

impl Batch {
    /// Does some runs, on so many threads, and keeps what is asked for. When it is cancelled, the
    /// tables have whole runs from the first one on, and say how many.
    ///
    /// # Errors
    /// [`Stopped`]: the first thing in the order of runs, whatever the number of threads.
    ///
    /// # Panics
    /// When an invariant is broken in a run, which is a bug of this crate.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
    /// use portfolio_core::batch::Fill;
    /// use portfolio_core::batch::bars::BarTable;
    /// use portfolio_core::batch::orders::OrderTable;
    /// use portfolio_core::batch::outcome::Keep;
    /// use portfolio_core::batch::params::ParamTable;
    /// use portfolio_core::batch::plan::{Batch, Costs, Settings};
    /// use portfolio_core::batch::pool::Control;
    /// use portfolio_core::ledger::Configuration;
    /// use portfolio_core::metrics::Options;
    /// use portfolio_core::numbers::{FloatPolicy, Money};
    ///
    /// let floats = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    /// let words = |word| -> ArrayRef { Arc::new(StringArray::from(vec![word])) };
    /// let times = |times: &[i64]| -> ArrayRef { Arc::new(Int64Array::from(times.to_vec())) };
    /// let price = floats(&[100.0, 102.0, 105.0]);
    /// let prices = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&price)));
    /// let bars = [("time", times(&[0, 60, 120]))].into_iter().chain(prices);
    /// let bars = RecordBatch::try_from_iter(bars).unwrap();
    /// let orders = [
    ///     ("time", times(&[0])),
    ///     ("action", words("open")),
    ///     ("side", words("long")),
    ///     ("size", floats(&[1.0])),
    /// ];
    /// let orders = RecordBatch::try_from_iter(orders).unwrap();
    /// // Two runs: one of size 2, one of size 3.
    /// let params = RecordBatch::try_from_iter([("size", floats(&[2.0, 3.0]))]).unwrap();
    ///
    /// let nearest = FloatPolicy::Nearest;
    /// let bars = BarTable::read(&bars.schema(), &[bars], nearest, Some("ACME"))?;
    /// let orders = OrderTable::read(&orders.schema(), &[orders], &bars, nearest)?;
    /// let params = ParamTable::read(&params.schema(), &[params], &[], nearest)?;
    /// let settings = Settings {
    ///     configuration: Configuration::new(Money::parse("1000").unwrap()),
    ///     instruments: Vec::new(),
    ///     costs: Costs::default(),
    ///     fill: Fill::NextOpen,
    ///     metrics: Options::default(),
    /// };
    /// let batch = Batch::new(Arc::new(bars), Arc::new(orders), Some(params), settings)?;
    /// let tables = batch.run_many(0..batch.len(), 2, &Control::new(), &Keep::default()).unwrap();
    /// assert_eq!((tables.done, tables.equity.rows, tables.rejected.rows), (2, 6, 0));
    /// // Bought at 102 and worth 105.
    /// let equity = batch.ledger(1).unwrap().unwrap().account().equity;
    /// assert_eq!(equity, Money::parse("1009").unwrap());
    /// # Ok::<(), Box<portfolio_core::batch::BatchError>>(())
    /// ```
    pub fn run_many(
        &self,
        runs: Range<usize>,
        threads: usize,
        control: &Control,
        keep: &Keep,
    ) -> Result<Tables, Stopped> {
        let runs = runs.start.min(self.len())..runs.end.min(self.len());
        let recorded = Recorded::of(self.bars(), keep.record);
        let tile = tile_runs(self.bars().symbol.len(), runs.len());
        let shape = Shape::new(keep, &recorded, &self.bars().symbols, runs.len());
        let tiles = runs.len().div_ceil(tile);
        let work = Work {
            batch: self,
            runs,
            tile,
            tiles,
            shape: &shape,
            control,
            next: AtomicUsize::new(0),
            end: AtomicUsize::new(tiles),
        };
        let mut made = work.on_threads(threads.clamp(1, tiles.max(1)))?;
        made.sort_by_key(|(tile, _)| *tile);
        let mut collected = Collected::new(shape);
        for (place, (tile, made)) in made.into_iter().enumerate() {
            // Tiles that nobody took are the last ones, or behind one that ended everything.
            if place != tile {
                break;
            }
            match made {
                Made::Whole(part) => collected.take(*part)?,
                Made::Cancelled => break,
                Made::Stopped(stopped) => return Err(stopped),
            }
        }
        collected.finish()
    }

    /// What is kept of one run.
    ///
    /// # Errors
    /// [`Halted`].
    fn outcome(
        &self,
        place: usize,
        keep: &Keep,
        recorded: &Recorded,
        (go_on, room): (&mut dyn FnMut() -> bool, &mut Rooms),
    ) -> Result<Option<Outcome>, Halted> {
        let Some(run) = self.run(place) else { return Ok(None) };
        if let Some(outcome) = quick::run(&run, keep, recorded, room) {
            return Ok(Some(outcome));
        }
        drive(&run, go_on)?.outcome(&run, keep, recorded).map(Some)
    }

    /// The account of a run at its end (rule R11); nothing when there is no such run.
    ///
    /// # Errors
    /// [`Stopped::OutOfMemory`].
    ///
    /// # Panics
    /// As [`Batch::run_many`].
    pub fn ledger(&self, place: usize) -> Result<Option<Ledger>, Stopped> {
        let Some(run) = self.run(place) else { return Ok(None) };
        match drive(&run, &mut || true) {
            Ok(driven) => Ok(Some(driven.ledger)),
            Err(Halted::OutOfMemory { bytes }) => Err(Stopped::OutOfMemory { bytes }),
            Err(Halted::Cancelled) => Ok(None),
        }
    }
}

/// How many of so many runs over so many bars are a tile.
fn tile_runs(bars: usize, runs: usize) -> usize {
    let most = TILE_BARS.checked_div(bars).unwrap_or(TILE_RUNS).min(TILE_RUNS);
    most.min(runs.div_ceil(TILES)).max(1)
}

/// The tiles that are left.
struct Work<'w> {
    batch: &'w Batch,
    runs: Range<usize>,
    tile: usize,
    tiles: usize,
    shape: &'w Shape<'w>,
    control: &'w Control,
    /// The next tile that nobody has taken.
    next: AtomicUsize,
    /// Tiles from here on are not wanted any more.
    end: AtomicUsize,
}

impl Work<'_> {
    /// All tiles, in no order, with their places.
    fn on_threads(&self, threads: usize) -> Result<Vec<(usize, Made)>, Stopped> {
        if threads == 1 {
            return Ok(self.take_tiles());
        }
        thread::scope(|scope| {
            let mut workers = Vec::with_capacity(threads);
            for _ in 0..threads {
                match thread::Builder::new().spawn_scoped(scope, || self.take_tiles()) {
                    Ok(worker) => workers.push(worker),
                    // Those that did start do the work.
                    Err(_) if !workers.is_empty() => break,
                    Err(error) => return Err(Stopped::Threads(error)),
                }
            }
            let mut made = Vec::with_capacity(self.tiles);
            for worker in workers {
                match worker.join() {
                    Ok(mut tiles) => made.append(&mut tiles),
                    // A broken invariant stops the caller as it stopped the worker.
                    Err(broken) => std::panic::resume_unwind(broken),
                }
            }
            Ok(made)
        })
    }

    /// Does tiles as long as there are any.
    fn take_tiles(&self) -> Vec<(usize, Made)> {
        let (mut made, mut room) = (Vec::new(), Rooms::default());
        let alarm = Alarm(&self.end);
        loop {
            let tile = self.next.fetch_add(1, Ordering::Relaxed);
            if tile >= self.end.load(Ordering::Relaxed) || self.is_cancelled() {
                break;
            }
            let done = self.do_tile(tile, &mut room);
            if !matches!(done, Made::Whole(_)) {
                self.end.fetch_min(tile, Ordering::Relaxed);
            }
            made.push((tile, done));
        }
        alarm.disarm();
        made
    }

    fn is_cancelled(&self) -> bool {
        self.control.cancel.load(Ordering::Relaxed)
    }

    fn do_tile(&self, tile: usize, room: &mut Rooms) -> Made {
        let first = self.runs.start.saturating_add(tile.saturating_mul(self.tile));
        let last = first.saturating_add(self.tile).min(self.runs.end);
        let mut part = Box::new(Part::new(self.shape));
        for place in first..last {
            // A tile that is not wanted any more is given up, too.
            let wanted = || !self.is_cancelled() && tile <= self.end.load(Ordering::Relaxed);
            if !wanted() {
                return Made::Cancelled;
            }
            let Shape { keep, recorded, .. } = self.shape;
            match self.batch.outcome(place, keep, recorded, (&mut { wanted }, room)) {
                Ok(Some(outcome)) => {
                    if let Some(failure) = self.failure(&outcome) {
                        return Made::Stopped(Stopped::Rejected(failure));
                    }
                    if let Err(stopped) = part.add(outcome, self.shape) {
                        return Made::Stopped(stopped);
                    }
                }
                Ok(None) => {}
                Err(Halted::Cancelled) => return Made::Cancelled,
                Err(Halted::OutOfMemory { bytes }) => {
                    return Made::Stopped(Stopped::OutOfMemory { bytes });
                }
            }
            self.control.done.fetch_add(1, Ordering::Relaxed);
        }
        Made::Whole(part)
    }

    /// What ends everything, when it was asked for that.
    fn failure(&self, outcome: &Outcome) -> Option<Box<RunFailure>> {
        if !self.shape.keep.stop_at_rejected {
            return None;
        }
        let first = outcome.rejected.iter().find(|rejected| !rejected.for_margin)?;
        Some(Box::new(RunFailure { run_id: outcome.run_id, rejected: first.clone() }))
    }
}

/// Calls the other threads off when a worker unwinds.
struct Alarm<'a>(&'a AtomicUsize);

impl Alarm<'_> {
    fn disarm(self) {
        std::mem::forget(self);
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
