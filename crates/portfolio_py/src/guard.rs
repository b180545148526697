//! One ledger behind one lock, and what happens when an invariant breaks inside.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use portfolio_core::journal::SyncMode;
use portfolio_core::ledger::Ledger;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::fault::{Fault, refused};
use crate::lock::{self, Lock};

/// The ledger of several portfolios.
type Shared = Arc<Lock<Option<Ledger>>>;

/// The ledger of a portfolio.
#[derive(Default)]
pub(crate) enum Held {
    /// One that nobody else knows, and the fork of its present state that its forks share.
    Own { ledger: Box<Ledger>, forked: Option<Shared> },
    /// That of a fork that has not changed anything: all forks of one state share one ledger.
    Shared(Shared),
    /// None, which is what a lock holds that nobody opens any more.
    #[default]
    Left,
}

impl Held {
    pub(crate) fn own(ledger: Ledger) -> Self {
        Self::Own { ledger: Box::new(ledger), forked: None }
    }

    /// Looks at the ledger.
    #[inline]
    fn look<R>(
        &mut self,
        py: Option<Python<'_>>,
        act: impl FnOnce(&mut Ledger) -> R,
    ) -> PyResult<R> {
        match self {
            Self::Own { ledger, .. } => Ok(act(ledger)),
            Self::Shared(shared) => Ok(act(shared.lock(py)?.as_mut().ok_or_else(lock::left)?)),
            Self::Left => Err(lock::left()),
        }
    }

    /// Changes the ledger, which is its own from then on.
    #[inline]
    fn change<R>(
        &mut self,
        py: Option<Python<'_>>,
        act: impl FnOnce(&mut Ledger) -> R,
    ) -> PyResult<R> {
        if let Self::Shared(shared) = self {
            // The lock is given back before an exception is made, which may wait for Python.
            let own = shared.lock(py)?.as_mut().ok_or_else(lock::left)?.fork();
            *self = Self::own(own.map_err(refused)?);
        }
        if let Self::Own { forked, .. } = self {
            *forked = None;
        }
        self.look(py, act)
    }

    /// What a fork of the present state starts with.
    fn fork(&mut self) -> PyResult<Self> {
        match self {
            Self::Shared(shared) => {
                shared.check()?;
                Ok(Self::Shared(Arc::clone(shared)))
            }
            Self::Own { forked: Some(forked), .. } if !forked.is_lost() => {
                Ok(Self::Shared(Arc::clone(forked)))
            }
            Self::Own { ledger, forked } => {
                let fork = Arc::new(Lock::new(Some(ledger.fork().map_err(refused)?)));
                Ok(Self::Shared(Arc::clone(forked.insert(fork))))
            }
            Self::Left => Err(lock::left()),
        }
    }
}

/// A ledger that several threads may call.
pub(crate) struct Guarded {
    held: Lock<Held>,
    /// The thread that holds the lock and runs Python's signal handlers; 0 when there is none.
    handling: AtomicUsize,
    /// Whether each change waits for a disk.
    waits: AtomicBool,
}

impl Guarded {
    pub(crate) fn new(ledger: Ledger) -> Self {
        let waits = AtomicBool::new(waits(&ledger));
        Self { held: Lock::new(Held::own(ledger)), handling: AtomicUsize::new(0), waits }
    }

    /// Puts another ledger in the place of this one.
    pub(crate) fn put(&self, py: Python<'_>, other: Held) -> PyResult<()> {
        if let Held::Own { ledger, .. } = &other {
            self.waits.store(waits(ledger), Ordering::Relaxed);
        }
        self.attached(py, |held| {
            *held = other;
            Ok(())
        })
    }

    /// What a fork of the present state starts with.
    pub(crate) fn fork(&self, py: Python<'_>) -> PyResult<Held> {
        self.attached(py, Held::fork)
    }

    /// Runs what changes the ledger. Where that waits for a disk, others may use Python meanwhile.
    #[inline]
    pub(crate) fn change<R: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Ledger) -> R + Send,
    ) -> PyResult<R> {
        if self.waits.load(Ordering::Relaxed) {
            return py.detach(|| self.change_detached(act));
        }
        self.attached(py, |held| held.change(Some(py), act))
    }

    /// Runs `act` on the ledger, of which it changes nothing that anybody sees. A thread that has
    /// to wait lets other Python threads run. When an invariant breaks, the lock stays poisoned and
    /// every later call says so.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Ledger) -> R,
    ) -> PyResult<R> {
        self.attached(py, |held| held.look(Some(py), act))
    }

    /// The same for a thread that has let go of Python, for work that takes long.
    pub(crate) fn with_detached<R>(&self, act: impl FnOnce(&mut Ledger) -> R) -> PyResult<R> {
        self.detached(|held| held.look(None, act))
    }

    /// As [`Self::change`], for a thread that has let go of Python.
    pub(crate) fn change_detached<R>(&self, act: impl FnOnce(&mut Ledger) -> R) -> PyResult<R> {
        self.detached(|held| held.change(None, act))
    }

    #[inline]
    fn attached<R>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Held) -> PyResult<R>,
    ) -> PyResult<R> {
        self.check_reentry()?;
        let mut held = self.held.lock(Some(py))?;
        caught(move || act(&mut held))?
    }

    fn detached<R>(&self, act: impl FnOnce(&mut Held) -> PyResult<R>) -> PyResult<R> {
        self.check_reentry()?;
        let mut held = self.held.lock(None)?;
        caught(move || act(&mut held))?
    }

    /// Runs the handlers of the signals that have come, for a thread that is inside of
    /// [`Self::change_detached`]. A handler that calls this portfolio would wait for itself; it is
    /// told so.
    pub(crate) fn run_signal_handlers(&self) -> PyResult<()> {
        self.handling.store(this_thread(), Ordering::Relaxed);
        let handlers = |py: Python<'_>| py.check_signals();
        let done = Python::attach(handlers);
        self.handling.store(0, Ordering::Relaxed);
        done
    }

    /// What this thread has stored itself it sees without any order.
    #[inline]
    fn check_reentry(&self) -> PyResult<()> {
        match self.handling.load(Ordering::Relaxed) {
            0 => Ok(()),
            thread if thread == this_thread() => Err(reentered()),
            _ => Ok(()),
        }
    }
}

/// Whether its journal is on the disk before a change is answered.
fn waits(ledger: &Ledger) -> bool {
    ledger.journal().is_some_and(|journal| journal.sync_mode() == SyncMode::Always)
}

/// Checks everything. A violation ends the use of the portfolio, as one inside a call does:
/// unwinding poisons the lock.
pub(crate) fn verify(ledger: &mut Ledger) {
    if let Err(violation) = ledger.verify() {
        std::panic::resume_unwind(Box::new(violation.to_string()));
    }
}

/// A number that no other live thread has.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

#[cold]
fn reentered() -> PyErr {
    PyRuntimeError::new_err(
        "this thread is applying a frame to this portfolio: a signal handler must not call it",
    )
}

/// The guard is dropped inside, so that a panic poisons the lock.
pub(crate) fn caught<R>(act: impl FnOnce() -> R) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| panicked(payload.as_ref()))
}

/// The exception for what a panic carries: a broken invariant.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> PyErr {
    Fault::violation(message(payload)).into()
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("the engine stopped").to_owned()
}
