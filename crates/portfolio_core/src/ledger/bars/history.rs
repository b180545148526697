//! The bars of many moments as one: all of them, or none.

use crate::event::{Bars, Event};
use crate::journal::JournalError;
use crate::ledger::Ledger;
use crate::refusal::{Refusal, Refused};

/// After so many moments the caller is asked whether to go on.
const ASK_EVERY: usize = 1_024;

/// Why nothing of a history of bars was applied.
#[derive(Debug, Clone, PartialEq)]
pub enum BarsStopped {
    /// A bar was refused.
    Refused {
        /// Its moment, from 0.
        moment: usize,
        /// Its place among the bars of the moment; 0 for what belongs to none of them.
        bar: usize,
        /// Why.
        refusal: Refusal,
    },
    /// The caller asked to stop.
    Stopped,
    /// The journal does not take them.
    Journal(Box<JournalError>),
}

impl From<Refused> for BarsStopped {
    /// The allocator refused before the first moment, or the journal.
    fn from(refused: Refused) -> Self {
        match *refused {
            Refusal::Journal(error) => Self::Journal(error),
            refusal => Self::Refused { moment: 0, bar: 0, refusal },
        }
    }
}

impl Ledger {
    /// Applies the bars of many moments, each an event of its own. Answers how many trades they
    /// made. Nobody sees any of their rows before the last one is applied.
    ///
    /// # Errors
    /// The first refusal, or that `go_on` has said no; the state is then as it was.
    ///
    /// # Panics
    /// As [`Ledger::apply`].
    pub fn apply_bars(
        &mut self,
        moments: &[Bars<'_>],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<usize, BarsStopped> {
        self.check_writable()?;
        let (before, rounded) = (self.tables.trades.len(), self.rounded);
        let progress = self.progress();
        let done = self.scoped(|ledger| {
            ledger.bars_in_turn(moments, go_on)?;
            Ok::<_, BarsStopped>(ledger.append_since(progress)?)
        });
        if done.is_err() {
            self.rounded = rounded;
        }
        done?;
        self.tables.publish();
        self.after_commit();
        Ok(self.tables.trades.len().saturating_sub(before))
    }

    fn bars_in_turn(
        &mut self,
        moments: &[Bars<'_>],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), BarsStopped> {
        for (moment, bars) in moments.iter().enumerate() {
            if moment.is_multiple_of(ASK_EVERY) && !go_on() {
                return Err(BarsStopped::Stopped);
            }
            self.apply_unpublished(&Event::Bar(*bars), None).map_err(|refused| {
                let bar = self.bar_at_fault(&refused, bars.bars.len());
                BarsStopped::Refused { moment, bar, refusal: *refused }
            })?;
        }
        Ok(())
    }

    /// A time that is refused is that of all bars, unless it is a symbol that has a later one.
    fn bar_at_fault(&self, refusal: &Refusal, bars: usize) -> usize {
        let of_a_bar =
            matches!(refusal, Refusal::BarNotLater { .. }) || refusal.argument() != "time";
        Some(self.refused_quote()).filter(|&at| of_a_bar && at < bars).unwrap_or(0)
    }
}
