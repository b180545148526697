//! Where positions meet what protects them beyond stop loss and take profit.

use super::Ledger;
use super::legs::OpenLeg;
use super::stop::Stop;
use crate::positions::Position;

impl Ledger {
    /// A fill has opened or increased a position: it gets the fill's protection.
    pub(super) fn protect(&mut self, position_id: u64, _leg: &OpenLeg<'_>) -> Result<(), Stop> {
        let after = self.positions.find(position_id).map(|(_, position)| *position);
        self.triggers_changed(None, after.as_ref());
        Ok(())
    }

    /// The levels of a position have changed: `before` is what it was, nothing when it was opened,
    /// `after` what it is, nothing when it was closed.
    #[inline]
    pub(super) fn triggers_changed(
        &mut self,
        _before: Option<&Position>,
        _after: Option<&Position>,
    ) {
    }
}
