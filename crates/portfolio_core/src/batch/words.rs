//! The words of the columns that take a few of them.

use super::orders::{Action, OrderType, SizeRule};
use super::overrides::Fill;
use crate::event::{Path, Side};
use crate::frame::words::ORDER_TYPES as ORDER_TYPE_WORDS;
use crate::import::{CellError, Texts};
use crate::ledger::Mode;
use crate::refusal::Code;

/// What a column may say, and how anything else is refused.
#[derive(Debug)]
pub(super) struct Words<T: 'static> {
    pub(super) known: &'static [(&'static str, T)],
    code: Code,
    rule: &'static str,
    remedy: &'static str,
}

const ONE_OF_THESE: &str = "pass one of these words";

pub(super) const ACTIONS: Words<Action> = Words {
    known: &[
        ("open", Action::Open),
        ("close", Action::Close),
        ("target", Action::Target),
        ("modify", Action::Modify),
        ("cancel", Action::Cancel),
    ],
    code: Code::InvalidArgument,
    rule: "is no action",
    remedy: "pass open, close, modify, cancel or target",
};

pub(super) const SIDES: Words<Side> = Words {
    known: &[
        ("long", Side::Long),
        ("short", Side::Short),
        ("buy", Side::Long),
        ("sell", Side::Short),
    ],
    code: Code::InvalidSide,
    rule: "must be 'long', 'buy', 'short' or 'sell'",
    remedy: ONE_OF_THESE,
};

pub(super) const SIZE_RULES: Words<SizeRule> = Words {
    known: &[
        ("units", SizeRule::Units),
        ("value", SizeRule::Value),
        ("equity", SizeRule::Equity),
        ("risk", SizeRule::Risk),
    ],
    code: Code::InvalidArgument,
    rule: "must be 'units', 'value', 'equity' or 'risk'",
    remedy: ONE_OF_THESE,
};

pub(super) const ORDER_TYPES: Words<OrderType> = Words {
    known: &ORDER_TYPE_WORDS,
    code: Code::InvalidArgument,
    rule: "must be 'market', 'limit' or 'stop'",
    remedy: ONE_OF_THESE,
};

pub(super) const MODES: Words<Mode> = Words {
    known: &[("hedging", Mode::Hedging), ("netting", Mode::Netting)],
    code: Code::InvalidConfiguration,
    rule: "must be 'hedging' or 'netting'",
    remedy: ONE_OF_THESE,
};

pub(super) const PATHS: Words<Path> = Words {
    known: &Path::WORDS,
    code: Code::InvalidConfiguration,
    rule: "must be 'pessimistic', 'optimistic', 'ohlc' or 'olhc'",
    remedy: ONE_OF_THESE,
};

pub(super) const FILLS: Words<Fill> = Words {
    known: &[("next_open", Fill::NextOpen), ("close", Fill::Close)],
    code: Code::InvalidArgument,
    rule: "must be 'next_open' or 'close'",
    remedy: ONE_OF_THESE,
};

impl<T: Copy> Words<T> {
    /// What a row says; nothing for a null. `last` is the view that was read before, which is
    /// compared with first: words are short, so that a view has all of one.
    #[inline]
    pub(super) fn read(
        &self,
        cells: &Texts<'_>,
        row: usize,
        last: &mut (u128, Option<T>),
    ) -> Result<Option<T>, Box<CellError>> {
        let view = cells.view(row).unwrap_or(0);
        if view != 0 && view == last.0 {
            return Ok(last.1);
        }
        let Some(bytes) = cells.bytes(row)? else { return Ok(None) };
        match self.known.iter().find(|(word, _)| word.as_bytes() == bytes) {
            Some((_, meaning)) => {
                *last = (view, Some(*meaning));
                Ok(Some(*meaning))
            }
            None => Err(self.unknown(cells, row)),
        }
    }

    #[cold]
    fn unknown(&self, cells: &Texts<'_>, row: usize) -> Box<CellError> {
        let value = match cells.get(row) {
            Ok(text) => format!("{:?}", text.unwrap_or_default()),
            Err(error) => return error,
        };
        let (code, rule, remedy) = (self.code, self.rule, self.remedy);
        Box::new(CellError::Text { value, code, rule, remedy })
    }
}
