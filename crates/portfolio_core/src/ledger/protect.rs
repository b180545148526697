//! Where positions meet what protects them beyond stop loss and take profit.

#![expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "room for what protects a position may lack"
)]

use std::collections::TryReserveError;

use super::Ledger;
use super::legs::OpenLeg;
use super::split::Ratio;
use super::stop::Stop;
use crate::codec::Bytes;
use crate::positions::Position;

/// Bytes of a protection without any part.
const NOTHING: usize = 5;

impl Ledger {
    /// A fill has opened or increased a position: it gets the fill's protection.
    pub(super) fn protect(&mut self, position_id: u64, _leg: &OpenLeg<'_>) -> Result<(), Stop> {
        let after = self.positions.find(position_id).map(|(_, position)| *position);
        self.triggers_changed(None, after.as_ref());
        Ok(())
    }

    /// What a split makes of the protection of a position, which has its new size and levels;
    /// answers the place of it.
    pub(super) fn split_protection(
        &mut self,
        position: &Position,
        _ratio: &Ratio,
        _time: i64,
    ) -> Result<u32, Stop> {
        Ok(position.protection)
    }

    /// What a split makes of the resting orders of a symbol.
    pub(super) fn split_orders(
        &mut self,
        _symbol: u32,
        _ratio: &Ratio,
        _time: i64,
    ) -> Result<(), Stop> {
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

impl Ledger {
    /// The next id of an order, and how often a bar did not tell what came first.
    pub(super) fn order_counts(&self) -> (u64, u64) {
        (1, 0)
    }

    /// The protection of a position in the state's bytes.
    pub(super) fn put_state_protection(
        &self,
        bytes: &mut Bytes,
        _position: &Position,
    ) -> Result<(), TryReserveError> {
        bytes.reserve(NOTHING)?;
        bytes.append(|encoder| encoder.zeros(NOTHING));
        Ok(())
    }

    /// The resting orders in the state's bytes.
    pub(super) fn put_state_orders(&self, bytes: &mut Bytes) -> Result<(), TryReserveError> {
        bytes.reserve(1)?;
        bytes.append(|encoder| encoder.zeros(1));
        Ok(())
    }
}
