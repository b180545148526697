//! A lock that a child process does not wait for in vain.
//!
//! A fork copies the memory, and of the threads only the one that forks. What another thread held
//! at that moment is held in the child for ever. So the child asks once for each lock, before
//! anybody there takes it: who finds it held then is told so, and nobody waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::fault::broken_before;

/// Even; another number in a child than in its parent.
static PROCESS: AtomicUsize = AtomicUsize::new(0);
const NEXT: usize = 2;
/// Added to the number of the process while a thread of it asks.
const ASKING: usize = 1;

/// Begins a process, which has none of the threads of its parent.
pub(crate) fn begin_process() {
    PROCESS.fetch_add(NEXT, Ordering::Relaxed);
}

/// A value behind a lock.
pub(crate) struct Lock<T: Default> {
    value: Mutex<T>,
    /// The process in which every thread that holds the lock is alive.
    process: AtomicUsize,
}

impl<T: Default> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        let process = AtomicUsize::new(PROCESS.load(Ordering::Relaxed));
        Self { value: Mutex::new(value), process }
    }

    /// Takes the lock. A thread that has Python and has to wait lets others run meanwhile.
    #[inline]
    pub(crate) fn lock(&self, py: Option<Python<'_>>) -> PyResult<MutexGuard<'_, T>> {
        self.check()?;
        let locked = match py {
            Some(py) => self.value.lock_py_attached(py),
            None => self.value.lock(),
        };
        locked.map_err(|_| broken_before())
    }

    /// Whether a thread holds it that this process does not have.
    pub(crate) fn is_lost(&self) -> bool {
        self.check().is_err()
    }

    /// Whether it is worth while to wait for it.
    #[inline]
    pub(crate) fn check(&self) -> PyResult<()> {
        let process = PROCESS.load(Ordering::Relaxed);
        if self.process.load(Ordering::Acquire) == process { Ok(()) } else { self.ask(process) }
    }

    /// Finds out, before any thread of this process takes the lock, whether it can be had.
    #[cold]
    fn ask(&self, process: usize) -> PyResult<()> {
        let asking = process.wrapping_add(ASKING);
        loop {
            let known = self.process.load(Ordering::Acquire);
            if known == process {
                return Ok(());
            }
            if known == asking {
                // Another thread is between the next lines, which wait for nothing.
                std::thread::yield_now();
                continue;
            }
            let (taken, free) = (Ordering::AcqRel, Ordering::Relaxed);
            if self.process.compare_exchange(known, asking, taken, free).is_err() {
                continue;
            }
            let lost = matches!(self.value.try_lock(), Err(TryLockError::WouldBlock));
            self.process.store(if lost { known } else { process }, Ordering::Release);
            return if lost { Err(left()) } else { Ok(()) };
        }
    }
}

impl<T: Default> Drop for Lock<T> {
    /// What a thread was changing that this process does not have is in pieces. It is never touched
    /// again, not even to give its memory back.
    fn drop(&mut self) {
        if self.is_lost() {
            let value = self.value.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(std::mem::take(value));
        }
    }
}

/// What a call is told whose portfolio another thread held when this process was forked.
#[cold]
pub(crate) fn left() -> PyErr {
    PyRuntimeError::new_err(
        "this process was forked while another thread was in a call of this portfolio: use it in \
         the parent, or fork it there before",
    )
}
