//! Metrics while the engine runs: each row is taken once, so asking after every row costs the same
//! whatever the length of the history.

use super::figures::Sources;
use super::running::Scratch;
use super::{Metrics, Options, Running, Trades, Value, metrics, trades};
use crate::history::Benchmark;
use crate::ledger::Ledger;

/// What was taken so far, and under which options.
#[derive(Debug)]
pub struct Live {
    options: Options,
    settled: usize,
    running: Running,
    trades: Trades,
    scratch: Scratch,
    trade_scratch: trades::Scratch,
}

impl Live {
    fn new(ledger: &Ledger, options: &Options) -> Self {
        let running = Running::new(options.target_per_period(), ledger.start());
        let scratch = Scratch::default();
        Self {
            options: options.clone(),
            settled: 0,
            running,
            trades: Trades::default(),
            scratch,
            trade_scratch: trades::Scratch::default(),
        }
    }

    /// Takes the rows since the last time. The last one is looked at but not kept: another row of
    /// its time may replace it.
    fn figures(&mut self, ledger: &Ledger) -> Metrics {
        let history = ledger.columns();
        let mut pending = None;
        history.points(self.options.resample, self.settled, |block, settled| {
            if settled {
                self.running.take(&block, &mut self.scratch, None);
            } else {
                let mut ahead = self.running.clone();
                ahead.take(&block, &mut self.scratch, None);
                pending = Some(ahead);
            }
        });
        self.settled = history.equity.rows.saturating_sub(1);
        self.trades.take(&history.trades, &mut self.trade_scratch);
        let sources = Sources {
            history: &history,
            options: &self.options,
            running: pending.as_ref().unwrap_or(&self.running),
            trades: &self.trades,
            kept: None,
            levels: None,
        };
        Metrics::of(sources.figures())
    }
}

impl Ledger {
    /// All metrics as of now.
    #[must_use]
    pub fn metrics(&self, options: &Options, benchmark: Option<&Benchmark>) -> Metrics {
        metrics(&self.history(), options, benchmark)
    }

    /// One metric as of now; `None` when there is none of this name. Figures that grow point by
    /// point cost only the rows since they were last asked for under the same options; the others
    /// look at the whole history.
    pub fn metric(
        &mut self,
        name: &str,
        options: &Options,
        benchmark: Option<&Benchmark>,
    ) -> Option<Option<Value>> {
        if benchmark.is_some() && super::RELATIVE.contains(&name) {
            return self.metrics(options, benchmark).get(name);
        }
        let kept = self.live.take().filter(|live| live.options == *options);
        let mut live = kept.unwrap_or_else(|| Box::new(Live::new(self, options)));
        let found = live.figures(self).get(name);
        // Without a row there is no first point yet, so there is nothing to go on from.
        self.live = Some(live).filter(|_| !self.tables.equity.is_empty());
        found.or_else(|| self.metrics(options, benchmark).get(name))
    }
}
