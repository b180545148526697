//! What a row is: the words of the action column.

use crate::import::{CellError, Texts};
use crate::refusal::Code;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Open,
    Close,
    Modify,
    Mark,
    Update,
    Fee,
    Deposit,
    Withdraw,
    Register,
    CloseBy,
    Order,
    Cancel,
    Bar,
    Quotes,
    Convert,
    Swap,
    Rollover,
    Dividend,
    Split,
}

/// The actions as short texts have them.
const WORDS: [(u128, Action); 19] = [
    (UPDATE, Action::Update),
    (OPEN, Action::Open),
    (CLOSE, Action::Close),
    (short(b"\x04mark"), Action::Mark),
    (short(b"\x06modify"), Action::Modify),
    (short(b"\x03fee"), Action::Fee),
    (short(b"\x07deposit"), Action::Deposit),
    (short(b"\x08withdraw"), Action::Withdraw),
    (short(b"\x08register"), Action::Register),
    (short(b"\x03bar"), Action::Bar),
    (short(b"\x05order"), Action::Order),
    (short(b"\x06cancel"), Action::Cancel),
    (short(b"\x06quotes"), Action::Quotes),
    (short(b"\x08close_by"), Action::CloseBy),
    (short(b"\x07convert"), Action::Convert),
    (short(b"\x04swap"), Action::Swap),
    (short(b"\x08rollover"), Action::Rollover),
    (short(b"\x08dividend"), Action::Dividend),
    (short(b"\x05split"), Action::Split),
];
const UPDATE: u128 = short(b"\x06update");
const OPEN: u128 = short(b"\x04open");
const CLOSE: u128 = short(b"\x05close");
pub(super) const LONG: u128 = short(b"\x04long");
pub(super) const SHORT: u128 = short(b"\x05short");

/// The bits of a short text, given as its length and its bytes.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, where a bad index is a build error"
)]
const fn short(text: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[0] = text[0];
    let mut place = 1;
    while place < text.len() {
        bytes[place + 3] = text[place];
        place += 1;
    }
    u128::from_le_bytes(bytes)
}

impl Action {
    /// The action of a row; nothing when the cell is null or another text.
    #[inline]
    pub(super) fn read(texts: &Texts<'_>, row: usize) -> Option<Self> {
        match texts.view(row) {
            Some(UPDATE) => Some(Self::Update),
            Some(OPEN) => Some(Self::Open),
            Some(CLOSE) => Some(Self::Close),
            _ => Self::read_any(texts, row),
        }
    }

    #[inline(never)]
    fn read_any(texts: &Texts<'_>, row: usize) -> Option<Self> {
        let bits = texts.short(row)?.bits();
        WORDS.iter().find(|(known, _)| *known == bits).map(|(_, action)| *action)
    }

    /// Why a row has no action.
    #[cold]
    pub(super) fn missing(texts: &Texts<'_>, row: usize) -> Box<CellError> {
        let value = match texts.get(row) {
            Ok(Some(value)) => format!("{value:?}"),
            Ok(None) => return Box::new(CellError::Null),
            Err(error) => return error,
        };
        Box::new(CellError::Text {
            value,
            code: Code::InvalidArgument,
            rule: "is no action",
            remedy: "pass open, close, modify, mark, update, fee, deposit, withdraw, register, \
                     close_by, order, cancel, bar, quotes, convert, swap, rollover, dividend or \
                     split",
        })
    }
}
