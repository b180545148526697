//! From a row to an event (rules E3 to E6): cells in the order of the columns, then what the row
//! as a whole has to be.

use hashbrown::HashMap;

use super::cells::{Read, RowReader};
use crate::event::{Close, Fee, Modify, Open, Protection, Target};
use crate::import::CellError;
use crate::instrument::check_text;
use crate::ledger::Ledger;
use crate::refusal::{Code, Refusal};

/// The positions that rows of this call have named by key.
pub(super) type Keys<'a> = HashMap<&'a str, u64>;

/// How a row names its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named<'a> {
    Id(u64),
    Key(&'a str, u64),
    Nothing,
}

impl Named<'_> {
    /// The column that names it.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Key(..) => "key",
            Self::Id(_) | Self::Nothing => "position_id",
        }
    }
}

impl<'a> RowReader<'_, 'a> {
    /// An open, and the key that it gives to its position.
    #[inline(always)]
    pub(super) fn open(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Open<'a>, Option<&'a str>)> {
        let columns = self.columns;
        let time = self.needed_time()?;
        let symbol = self.symbol(known)?;
        let side = self.side()?;
        let size = self.size()?;
        let size = self.needed("size", size)?;
        let price = self.price("price", &columns.price)?;
        let price = self.needed("price", price)?;
        let stop_loss = self.level("stop_loss", &columns.stop_loss)?;
        let take_profit = self.level("take_profit", &columns.take_profit)?;
        let position_id = self.id()?;
        let key = self.new_key(ledger, keys)?;
        let fee = self.money("fee", &columns.fee)?;
        let tag = self.note("tag", &columns.tag)?;
        let protection = Protection::NONE;
        let open = Open {
            symbol,
            side,
            size,
            price,
            time,
            stop_loss,
            take_profit,
            fee,
            tag,
            position_id,
            protection,
        };
        Ok((open, key))
    }

    /// Rule E4 for an open.
    #[inline]
    fn new_key(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<Option<&'a str>> {
        if self.columns.key.is_absent() {
            return Ok(None);
        }
        let Some(key) = self.key()? else { return Ok(None) };
        match keys.get(key) {
            Some(&id) if ledger.positions().find(id).is_some() => {
                let error = CellError::Text {
                    value: format!("{key:?}"),
                    code: Code::DuplicatePositionId,
                    rule: "belongs to a position that is open",
                    remedy: "choose another key, or close the position first",
                };
                Err(self.fault("key", &error))
            }
            _ => Ok(Some(key)),
        }
    }

    #[inline]
    fn key(&self) -> Read<Option<&'a str>> {
        let Some(key) = self.text("key", &self.columns.key)? else { return Ok(None) };
        if key.is_empty() {
            let refusal = Refusal::TextNotAllowed {
                argument: "key",
                text: String::new(),
                rule: "a key has 1 to 255 bytes of UTF-8",
            };
            return Err(self.refused("key", &refusal));
        }
        check_text("key", key).map_err(|refusal| self.refused("key", &refusal))?;
        Ok(Some(key))
    }

    /// Rule E4: which position the row means.
    #[inline(always)]
    fn named(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<Named<'a>> {
        let id = self.id()?;
        if self.columns.key.is_absent() {
            return Ok(id.map_or(Named::Nothing, Named::Id));
        }
        let key = self.text("key", &self.columns.key)?;
        let Some(key) = key else { return Ok(id.map_or(Named::Nothing, Named::Id)) };
        let value = || format!("{key:?}");
        if id.is_some() {
            let error = CellError::Text {
                value: value(),
                code: Code::InvalidArgument,
                rule: "stands beside a position_id",
                remedy: "name the position by one of the two",
            };
            return Err(self.fault("key", &error));
        }
        match keys.get(key) {
            Some(&id) if ledger.positions().find(id).is_some() => Ok(Named::Key(key, id)),
            _ => {
                let error = CellError::Text {
                    value: value(),
                    code: Code::PositionNotFound,
                    rule: "no open position of this call has this key",
                    remedy: "give the key to an open of the same call, or pass the position_id",
                };
                Err(self.fault("key", &error))
            }
        }
    }

    #[inline(always)]
    fn position(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<(u64, Named<'a>)> {
        let named = self.named(ledger, keys)?;
        match named {
            Named::Id(id) | Named::Key(_, id) => Ok((id, named)),
            Named::Nothing => Err(self.fault("position_id", &CellError::Null)),
        }
    }

    /// Rule E5: the symbol of a row, when it says one, is that of its position. `known` is the
    /// index of the symbol where the ledger knows it.
    #[inline]
    fn same_symbol(&self, id: u64, known: Option<u32>, ledger: &Ledger) -> Read<()> {
        let Some((_, position)) = ledger.positions().find(id) else { return Ok(()) };
        if known == Some(position.symbol) {
            return Ok(());
        }
        let Some(symbol) = self.text("symbol", &self.columns.symbol)? else { return Ok(()) };
        let error = CellError::Text {
            value: format!("{symbol:?}"),
            code: Code::InvalidArgument,
            rule: "is not the symbol of the position",
            remedy: "check position_id and key, or leave the symbol out",
        };
        Err(self.fault("symbol", &error))
    }

    #[inline(always)]
    pub(super) fn close(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Close<'a>, Named<'a>)> {
        let columns = self.columns;
        let time = self.needed_time()?;
        let size = self.size()?;
        let price = self.price("price", &columns.price)?;
        let price = self.needed("price", price)?;
        let (position_id, named) = self.position(ledger, keys)?;
        let fee = self.money("fee", &columns.fee)?;
        let reason = self.note("reason", &columns.reason)?;
        self.same_symbol(position_id, known, ledger)?;
        Ok((Close { position_id, price, time, size, fee, reason }, named))
    }

    pub(super) fn modify<'t>(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
        targets: &'t mut Vec<Target>,
    ) -> Read<(Modify<'t>, Named<'a>)> {
        let time = self.needed_time()?;
        let stop_loss = self.change("stop_loss", &self.columns.stop_loss)?;
        let take_profit = self.change("take_profit", &self.columns.take_profit)?;
        let (position_id, named) = self.position(ledger, keys)?;
        let mut modify = Modify { stop_loss, take_profit, ..Modify::new(position_id, time) };
        if self.columns.protects {
            self.change_protection(&mut modify, targets)?;
        }
        self.same_symbol(position_id, known, ledger)?;
        Ok((modify, named))
    }

    pub(super) fn fee(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Fee, Named<'a>)> {
        let time = self.needed_time()?;
        let named = self.named(ledger, keys)?;
        let amount = self.money("fee", &self.columns.fee)?;
        let amount = self.needed("fee", amount)?;
        let position_id = match named {
            Named::Id(id) | Named::Key(_, id) => Some(id),
            Named::Nothing => None,
        };
        if let Some(id) = position_id {
            self.same_symbol(id, known, ledger)?;
        }
        Ok((Fee { amount, time, position_id }, named))
    }
}
