//! The journal of a portfolio: begun by the constructor, opened again, flushed, closed, asked.
//!
//! `omega_portfolio.durability` documents every call and checks the arguments that name a journal,
//! so that both backends refuse in the same words.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portfolio_core::journal::{
    self, Fault, Folder, Journal, JournalError, Opened, Opening, Recovered, Recovery, Settings,
    Status, SyncMode, Verdict, recover,
};
use portfolio_core::ledger::{Configuration, Ledger, OffGrid};
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Refusal;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use crate::account::{AccountCore, live};
use crate::convert::Given;
use crate::fault::refused;

/// What only a portfolio with a journal has.
#[pyclass(frozen, subclass, extends = AccountCore, module = "omega_portfolio._core")]
#[derive(Default)]
pub(crate) struct JournalCore {
    /// What was found when its journal was opened.
    recovery: Mutex<Option<Box<Recovery>>>,
}

/// The time of mode `interval` that nobody has given.
const SYNC_INTERVAL_MS: u64 = 100;

/// How a constructor was asked for a journal.
pub(crate) struct Wanted<'py> {
    pub(crate) journal: Option<Bound<'py, PyAny>>,
    pub(crate) sync: Option<Bound<'py, PyAny>>,
    /// `None` is a value of it, and a wrong one.
    pub(crate) sync_interval_ms: Given<'py>,
    pub(crate) snapshot_every: Option<Bound<'py, PyAny>>,
}

/// A journal that is to begin.
pub(crate) struct Beginning {
    path: String,
    settings: Settings,
}

impl Wanted<'_> {
    /// Where it is to begin, if one is wanted.
    pub(crate) fn read(&self, py: Python<'_>, policy: FloatPolicy) -> PyResult<Option<Beginning>> {
        let milliseconds = &self.sync_interval_ms.0;
        let given = [&self.journal, &self.sync, milliseconds, &self.snapshot_every];
        if given.iter().all(|one| one.is_none()) {
            return Ok(None);
        }
        let options = py.import("omega_portfolio.durability")?.getattr("journal_options")?;
        let [journal, sync, _, every] = given;
        let milliseconds = milliseconds
            .as_ref()
            .map_or_else(|| SYNC_INTERVAL_MS.into_bound_py_any(py), |given| Ok(given.clone()))?;
        let read = options.call1((journal, sync, milliseconds, every))?;
        let (path, sync, milliseconds, every): (Option<String>, String, u64, Option<u64>) =
            read.extract()?;
        let settings = Settings {
            sync: sync_mode(&sync)?,
            sync_interval: Duration::from_millis(milliseconds),
            snapshot_every: every,
            floats: floats(policy),
        };
        Ok(path.map(|path| Beginning { path, settings }))
    }
}

impl Beginning {
    /// The ledger with a new journal.
    pub(crate) fn attach(self, py: Python<'_>, ledger: &mut Ledger) -> PyResult<()> {
        let salt = salt(py)?;
        let Self { path, settings } = self;
        let configuration = ledger.configuration().clone();
        let begun = py.detach(|| begin(&path, salt, &configuration, settings));
        ledger.attach(begun.map_err(refused)?);
        Ok(())
    }
}

fn begin(
    path: &str,
    salt: [u8; 16],
    configuration: &Configuration,
    settings: Settings,
) -> Result<Journal, Refusal> {
    let (folder, name) = folder(path)?;
    let bytes = configuration.canonical_bytes()?;
    Ok(Journal::create(Arc::new(folder), &name, salt, &bytes, settings)?)
}

fn folder(path: &str) -> Result<(Folder, String), Refusal> {
    let unusable = |error: std::io::Error| {
        let remedy = "pass the path of a file";
        JournalError::new(Fault::NotFound, path, error.to_string(), remedy)
    };
    Ok(Folder::of(Path::new(path)).map_err(unusable)?)
}

/// Sixteen bytes that no other journal has, from the system.
fn salt(py: Python<'_>) -> PyResult<[u8; 16]> {
    py.import("os")?.getattr("urandom")?.call1((16,))?.extract()
}

/// A word that `durability` has checked.
fn sync_mode(word: &str) -> PyResult<SyncMode> {
    SyncMode::of_word(word).ok_or_else(|| PyValueError::new_err(word.to_owned()))
}

const fn floats(policy: FloatPolicy) -> u8 {
    match policy {
        FloatPolicy::Nearest => 0,
        FloatPolicy::Strict => 1,
    }
}

#[pymethods]
#[expect(clippy::too_many_arguments, reason = "the arguments of open_journal, one parameter each")]
impl JournalCore {
    /// Opens a journal; `read_only` leaves it as it is and gives a portfolio without one.
    #[classmethod]
    #[pyo3(signature = (path, sync, sync_interval_ms, snapshot_every, floats, off_grid, capacity,
                        salvage, read_only, /))]
    fn _open_journal<'py>(
        class: &Bound<'py, PyType>,
        path: &str,
        sync: Option<&str>,
        sync_interval_ms: u64,
        snapshot_every: Option<u64>,
        floats: &str,
        off_grid: &str,
        capacity: Option<usize>,
        salvage: bool,
        read_only: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = class.py();
        let policy = if floats == "strict" { FloatPolicy::Strict } else { FloatPolicy::Nearest };
        let opening = Opening {
            sync: sync.map(sync_mode).transpose()?,
            sync_interval: Duration::from_millis(sync_interval_ms),
            snapshot_every,
            floats: self::floats(policy),
            off_grid: if off_grid == "round" { OffGrid::Round } else { OffGrid::Refuse },
            capacity,
            salvage,
        };
        let opened = py.detach(|| open(path, &opening, read_only)).map_err(refused)?;
        let (ledger, recovery) = opened;
        let portfolio = live(class, ledger, policy)?;
        let core = portfolio.cast::<Self>()?.get();
        *core.recovery.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(recovery));
        Ok(portfolio)
    }

    /// What is found in a journal, which stays as it is.
    #[staticmethod]
    fn _inspect_journal<'py>(py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyDict>> {
        let found = py.detach(|| {
            let (folder, name) = folder(path)?;
            recover(&folder, &name, &Opening::default())
        });
        recovery_dict(py, &found.map_err(refused)?.report)
    }

    #[getter]
    fn _journal_status<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = slf.py();
        let status = |ledger: &mut Ledger| ledger.journal().map(Journal::status);
        let status = slf.as_super().get().ledger.with(py, status)?;
        status.map(|status| status_dict(py, &status)).transpose()
    }

    #[getter]
    fn _recovery<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let found = slf.get().recovery.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.map(|found| recovery_dict(slf.py(), &found)).transpose()
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(slf: &Bound<'_, Self>) -> PyResult<bool> {
        slf.as_super().get().ledger.with(slf.py(), |ledger| ledger.is_closed())
    }

    /// Brings everything to the disk.
    fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        write(slf, Ledger::flush)
    }

    /// Writes a snapshot beside the journal and answers its path.
    fn snapshot(slf: &Bound<'_, Self>) -> PyResult<String> {
        write(slf, Ledger::snapshot)
    }

    /// Ends the writing.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        write(slf, Ledger::shut)
    }
}

/// Does what may wait for the disk; others may use Python meanwhile.
fn write<R: Send>(
    slf: &Bound<'_, JournalCore>,
    act: impl FnOnce(&mut Ledger) -> Result<R, Refusal> + Send,
) -> PyResult<R> {
    let ledger = &slf.as_super().get().ledger;
    slf.py().detach(|| ledger.change_detached(act))?.map_err(refused)
}

fn open(path: &str, opening: &Opening, read_only: bool) -> Result<(Ledger, Recovery), Refusal> {
    let (folder, name) = folder(path)?;
    if read_only {
        let Recovered { ledger, report } = recover(&folder, &name, opening)?;
        return match (ledger, report.verdict) {
            (Some(ledger), Verdict::Clean | Verdict::Torn) => Ok((ledger, report)),
            _ => Err(JournalError::unreadable(&report).into()),
        };
    }
    let Opened { mut ledger, journal, report } = journal::open(Arc::new(folder), &name, opening)?;
    ledger.attach(journal);
    Ok((ledger, report))
}

fn status_dict<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("path", &status.path)?;
    dict.set_item("sync", status.sync.word())?;
    dict.set_item("events", status.events)?;
    dict.set_item("frames", status.frames)?;
    dict.set_item("bytes", status.bytes)?;
    dict.set_item("snapshots", PyTuple::new(py, &status.snapshots)?)?;
    dict.set_item("read_only", status.read_only.is_some())?;
    dict.set_item("reason", status.read_only.as_deref().unwrap_or_default())?;
    dict.set_item("closed", status.closed)?;
    Ok(dict)
}

fn recovery_dict<'py>(py: Python<'py>, found: &Recovery) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("path", &found.path)?;
    dict.set_item("verdict", found.verdict.word())?;
    dict.set_item("reason", &found.reason)?;
    dict.set_item("version", found.version)?;
    dict.set_item("sync", found.sync.unwrap_or_default().word())?;
    dict.set_item("events", found.events)?;
    dict.set_item("frames", found.frames)?;
    dict.set_item("length", found.length)?;
    dict.set_item("good_length", found.good_length)?;
    dict.set_item("dropped_bytes", found.dropped_bytes())?;
    dict.set_item("lost_events", found.lost_events)?;
    dict.set_item("closed", found.closed)?;
    dict.set_item("digest", &found.digest)?;
    let snapshots = found.snapshots.iter();
    let snapshots = snapshots.map(|one| (&one.name, one.events, one.good, &one.why));
    dict.set_item("snapshots", PyList::new(py, snapshots)?)?;
    dict.set_item("used_snapshot", found.used_snapshot.as_deref())?;
    dict.set_item("damaged", found.damaged.as_deref())?;
    Ok(dict)
}
