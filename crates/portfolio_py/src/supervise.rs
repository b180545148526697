//! Work that takes long: it runs on other threads, and the thread that called waits without holding
//! Python, looking up now and then for signals, for a cancel and for somebody who wants to know how
//! far it is.
//!
//! Nothing is locked while Python code runs, so a signal handler or a callback may call whatever it
//! likes, this batch included. There is no pool of threads that outlives a call, so a process may
//! be forked at any time.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, Scope, ScopedJoinHandle, scope};
use std::time::{Duration, Instant};

use portfolio_core::batch::pool::Control;
use pyo3::prelude::*;

use crate::convert::batch::is_cancelled;
use crate::guard::panicked;

/// How often the waiting thread looks up.
const LOOK_UP: Duration = Duration::from_millis(50);
/// How long `progress` is left in peace.
const BETWEEN_CALLS: Duration = Duration::from_millis(100);

/// Who is told how far the work is, and who may end it.
pub(crate) struct Watch {
    pub(crate) progress: Option<Py<PyAny>>,
    pub(crate) cancel: Option<Py<PyAny>>,
}

impl Watch {
    /// Nobody but the signals.
    pub(crate) const NOBODY: Self = Self { progress: None, cancel: None };
}

/// Runs `work`, which ends soon once `control` is cancelled.
///
/// What a signal handler or `progress` raises stops the work and is raised when it has ended. A
/// token that is cancelled only stops it.
pub(crate) fn supervise<R: Send>(
    py: Python<'_>,
    watch: &Watch,
    control: &Control,
    work: impl FnOnce() -> R + Send,
) -> PyResult<R> {
    let mut lookout = Lookout { watch, control, told: None };
    lookout.ask_token(py)?;
    py.detach(|| {
        scope(|threads| {
            let (worker, ended) = start(threads, work)?;
            let raised = lookout.wait(&ended);
            let done = worker.join().map_err(|payload| panicked(payload.as_ref()))?;
            raised.and_then(|()| lookout.tell_last()).map(|()| done)
        })
    })
}

/// The thread, and a channel that is closed when it ends, in whichever way.
fn start<'scope, R: Send + 'scope>(
    threads: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> R + Send + 'scope,
) -> PyResult<(ScopedJoinHandle<'scope, R>, Receiver<()>)> {
    let (open, ended) = channel();
    let run = move || {
        let done = work();
        drop(open);
        done
    };
    let worker = Builder::new().name("omega-batch".to_owned()).spawn_scoped(threads, run)?;
    Ok((worker, ended))
}

/// The thread that waits.
struct Lookout<'a> {
    watch: &'a Watch,
    control: &'a Control,
    /// When `progress` was called, and with how many runs.
    told: Option<(Instant, usize)>,
}

impl Lookout<'_> {
    /// Waits for the end. The first exception cancels the work and is kept until then.
    fn wait(&mut self, ended: &Receiver<()>) -> PyResult<()> {
        let started = Instant::now();
        let mut raised = Ok(());
        while ended.recv_timeout(LOOK_UP) == Err(RecvTimeoutError::Timeout) {
            if raised.is_ok() {
                raised = self.look_up(started);
            }
            if raised.is_err() {
                self.control.cancel.store(true, Ordering::Relaxed);
            }
        }
        raised
    }

    /// Signals, then the token, then `progress` when it has not heard anything for a while.
    fn look_up(&mut self, started: Instant) -> PyResult<()> {
        let last = self.told.map_or(started, |(at, _)| at);
        let late = last.elapsed() >= BETWEEN_CALLS;
        Python::attach(|py| {
            py.check_signals()?;
            self.ask_token(py)?;
            if late { self.tell(py) } else { Ok(()) }
        })
    }

    /// Cancels the work when the token says so.
    fn ask_token(&self, py: Python<'_>) -> PyResult<()> {
        let token = self.watch.cancel.as_ref().map(|token| token.bind(py));
        if token.map_or(Ok(false), is_cancelled)? {
            self.control.cancel.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Calls `progress` unless it was told the same before.
    fn tell(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some(progress) = &self.watch.progress else { return Ok(()) };
        let done = self.control.done.load(Ordering::Relaxed);
        if self.told.is_some_and(|(_, before)| before == done) {
            return Ok(());
        }
        progress.call1(py, (done,))?;
        self.told = Some((Instant::now(), done));
        Ok(())
    }

    /// The last word, so that nobody is left with a bar that is almost full.
    fn tell_last(&mut self) -> PyResult<()> {
        if self.watch.progress.is_none() {
            return Ok(());
        }
        Python::attach(|py| self.tell(py))
    }
}
