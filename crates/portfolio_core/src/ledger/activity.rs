//! What happened to orders and, by itself, to the account (rules Q7 and M9).

use super::Ledger;
use super::stop::Stop;
use crate::columns::rows::ActivityRow;
use crate::columns::text::TextView;

impl Ledger {
    /// Appends an activity of the event under way; its `event` is filled in.
    pub(super) fn note_activity(&mut self, row: &ActivityRow) -> Result<(), Stop> {
        self.tables.activity.reserve(1)?;
        let event = self.account.events.wrapping_add(1);
        self.tables.activity.push(&ActivityRow { event, ..*row });
        Ok(())
    }

    /// Rule M9: looks whether the account is below its margin call now, and was not before. Room
    /// for one activity is needed.
    pub(super) fn look_at_margin_call(&mut self, time: i64) -> Result<(), Stop> {
        let Some(level) = self.configuration.margin_call else { return Ok(()) };
        let below = self.account.is_below(level);
        if below && !self.account.in_margin_call {
            let kind = TextView::MARGIN_CALL;
            self.note_activity(&ActivityRow { time, kind, ..ActivityRow::default() })?;
        }
        self.account.in_margin_call = below;
        Ok(())
    }
}
