//! Text in columns: Arrow string views, inline up to 12 bytes, else pointing into shared
//! append-only blocks.
//!
//! A view is 16 bytes: length, then either the text itself or its first 4 bytes, the number of its
//! block and its place there. Blocks are segments one byte wide, so a table that was handed out
//! keeps the blocks it points to and a block is never moved. Long texts are stored once.
#![expect(
    unsafe_code,
    reason = "string views made here are handed to Arrow without checking them again"
)]

use std::sync::Arc;

use arrow_array::StringViewArray;
use arrow_buffer::{Buffer, ScalarBuffer};
use hashbrown::HashMap;

use super::segment::{AllocationFailed, Segment, Writer};

/// The longest text that is stored inside its view.
pub(crate) const INLINE_MAX: usize = 12;
/// The longest text that may be stored.
pub const TEXT_MAX: usize = 255;
const BLOCK_BYTES: usize = 1 << 16;
/// Long texts beyond this many are stored again instead of looked up, which bounds the look-up
/// table.
const KNOWN_MAX: usize = 1 << 20;

/// A string view as Arrow lays it out. Only this module makes them, so each is valid for its pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct TextView(u128);

impl TextView {
    /// The empty text.
    pub const EMPTY: Self = Self(0);
    /// `long`
    pub const LONG: Self = Self(u128::from_le_bytes(*b"\x04\0\0\0long\0\0\0\0\0\0\0\0"));
    /// `short`
    pub const SHORT: Self = Self(u128::from_le_bytes(*b"\x05\0\0\0short\0\0\0\0\0\0\0"));
    /// `deposit`
    pub const DEPOSIT: Self = Self(u128::from_le_bytes(*b"\x07\0\0\0deposit\0\0\0\0\0"));
    /// `withdrawal`
    pub const WITHDRAWAL: Self = Self(u128::from_le_bytes(*b"\x0a\0\0\0withdrawal\0\0"));
    /// `fee`
    pub const FEE: Self = Self(u128::from_le_bytes(*b"\x03\0\0\0fee\0\0\0\0\0\0\0\0\0"));
    /// `realized_pnl`
    pub const REALIZED: Self = Self(u128::from_le_bytes(*b"\x0c\0\0\0realized_pnl"));

    /// `open`
    pub const OPEN: Self = Self(u128::from_le_bytes(*b"\x04\0\0\0open\0\0\0\0\0\0\0\0"));
    /// `closed`
    pub const CLOSED: Self = Self(u128::from_le_bytes(*b"\x06\0\0\0closed\0\0\0\0\0\0"));
    /// `account`
    pub const ACCOUNT: Self = Self(u128::from_le_bytes(*b"\x07\0\0\0account\0\0\0\0\0"));

    /// `swap`
    pub const SWAP: Self = Self::constant(b"swap");
    /// `dividend`
    pub const DIVIDEND: Self = Self::constant(b"dividend");
    /// `split`
    pub const SPLIT: Self = Self::constant(b"split");
    /// `fx`
    pub const FX: Self = Self::constant(b"fx");
    /// `conversion`
    pub const CONVERSION: Self = Self::constant(b"conversion");
    /// `placed`
    pub const PLACED: Self = Self::constant(b"placed");
    /// `filled`
    pub const FILLED: Self = Self::constant(b"filled");
    /// `cancelled`
    pub const CANCELLED: Self = Self::constant(b"cancelled");
    /// `expired`
    pub const EXPIRED: Self = Self::constant(b"expired");
    /// `refused`
    pub const REFUSED: Self = Self::constant(b"refused");
    /// `margin_call`
    pub const MARGIN_CALL: Self = Self::constant(b"margin_call");
    /// `stop_out`
    pub const STOP_OUT: Self = Self::constant(b"stop_out");
    /// `stop_loss`
    pub const STOP_LOSS: Self = Self::constant(b"stop_loss");
    /// `break_even`
    pub const BREAK_EVEN: Self = Self::constant(b"break_even");
    /// `take_profit`
    pub const TAKE_PROFIT: Self = Self::constant(b"take_profit");
    /// `target`
    pub const TARGET: Self = Self::constant(b"target");
    /// `time_exit`
    pub const TIME_EXIT: Self = Self::constant(b"time_exit");
    /// `margin`
    pub const MARGIN: Self = Self::constant(b"margin");
    /// `oco`
    pub const OCO: Self = Self::constant(b"oco");
    /// `reduce`
    pub const REDUCE: Self = Self::constant(b"reduce");
    /// `flip`
    pub const FLIP: Self = Self::constant(b"flip");
    /// `close_by`
    pub const CLOSE_BY: Self = Self::constant(b"close_by");
    /// `buy`
    pub const BUY: Self = Self::constant(b"buy");
    /// `sell`
    pub const SELL: Self = Self::constant(b"sell");
    /// `taker`
    pub const TAKER: Self = Self::constant(b"taker");
    /// `maker`
    pub const MAKER: Self = Self::constant(b"maker");

    /// A text of at most 12 bytes.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, where a text that is too long is a build error"
    )]
    const fn constant(text: &[u8]) -> Self {
        let mut view = [0; 16];
        view[0] = text.len() as u8;
        let mut place = 0;
        while place < text.len() {
            view[4 + place] = text[place];
            place += 1;
        }
        Self(u128::from_le_bytes(view))
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The view of a text of at most 12 bytes.
    pub(crate) fn short(text: &str) -> Option<Self> {
        Self::inline(text)
    }

    fn inline(text: &str) -> Option<Self> {
        ShortText::of(text.as_bytes()).map(|short| Self(short.0))
    }

    fn pointing(text: &str, block: u32, start: u32) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let prefix = text.as_bytes().first_chunk::<4>().copied().unwrap_or_default();
        let low = u128::from(length) | (u128::from(u32::from_le_bytes(prefix)) << 32);
        Self(low | (u128::from(block) << 64) | (u128::from(start) << 96))
    }

    #[inline]
    fn length(self) -> usize {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX)
    }
}

/// Up to 12 bytes as a view has them, for comparisons: two of them are equal when the bytes are.
/// The bytes need not be UTF-8, so this is not yet a [`TextView`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortText(u128);

impl ShortText {
    /// The short text of these bytes; nothing when there are more.
    #[inline]
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut view = [0_u8; 16];
        let length = u32::try_from(bytes.len()).ok()?;
        let (head, tail) = view.split_first_chunk_mut::<4>()?;
        *head = length.to_le_bytes();
        tail.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self(u128::from_le_bytes(view)))
    }

    /// The short text in the bits of a foreign view; what lies behind the text is cleared.
    #[inline]
    pub(crate) fn foreign(bits: u128) -> Option<Self> {
        let length = TextView(bits).length();
        if length > INLINE_MAX {
            return None;
        }
        let kept = u32::try_from(length).ok()?.wrapping_add(4).wrapping_mul(8);
        Some(Self(bits & u128::MAX.wrapping_shr(128_u32.wrapping_sub(kept))))
    }

    /// The bits.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }
}

/// The blocks of a pool at some moment: what a snapshot keeps.
#[derive(Debug, Clone, Default)]
pub struct TextBlocks(Vec<Block>);

/// A block and how much of it belongs to the snapshot.
#[derive(Debug, Clone)]
struct Block {
    segment: Arc<Segment>,
    len: usize,
}

impl TextBlocks {
    /// The text of a view that was made by the pool of these blocks.
    #[must_use]
    pub fn text(&self, view: TextView) -> String {
        let length = view.length();
        let bytes = view.0.to_le_bytes();
        let found = if length <= INLINE_MAX {
            bytes.get(4..).and_then(|tail| tail.get(..length)).map(<[u8]>::to_vec)
        } else {
            let [_, _, _, _, _, _, _, _, b0, b1, b2, b3, s0, s1, s2, s3] = bytes;
            let block = usize::try_from(u32::from_le_bytes([b0, b1, b2, b3])).ok();
            let start = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).unwrap_or(0);
            block
                .and_then(|block| self.0.get(block))
                .map(|block| block.segment.bytes(start, length).to_vec())
        };
        found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// An Arrow array over views that were made by the pool of these blocks, without a copy.
    #[must_use]
    pub(crate) fn array(&self, views: ScalarBuffer<u128>) -> StringViewArray {
        let block = |block: &Block| block.segment.column(0, 1, block.len);
        let blocks: Arc<[Buffer]> = self.0.iter().map(block).collect();
        // SAFETY: a `TextView` is only made by `TextPool::view` and the constants above: inline
        // ones hold valid UTF-8 padded with zeros, pointing ones name a block of this pool and a
        // published range in it that holds valid UTF-8, with the right prefix; blocks are only ever
        // added, so the numbers stay right in later snapshots.
        unsafe { StringViewArray::new_unchecked(views, blocks, None) }
    }
}

/// Where long texts live.
#[derive(Debug, Default)]
pub struct TextPool {
    blocks: TextBlocks,
    writer: Option<Writer>,
    known: Arc<HashMap<Box<str>, TextView>>,
}

/// Up to so many known texts are copied when a pool and its forks part; of more, those that come
/// again are stored again.
const PARTING_MAX: usize = 1 << 12;

impl TextPool {
    /// The view of a text, which is stored when it is long and new.
    ///
    /// # Errors
    /// [`AllocationFailed`] when a new block cannot be had; nothing has changed then.
    #[inline]
    pub fn view(&mut self, text: &str) -> Result<TextView, AllocationFailed> {
        if text.is_empty() { Ok(TextView::EMPTY) } else { self.view_some(text) }
    }

    fn view_some(&mut self, text: &str) -> Result<TextView, AllocationFailed> {
        if text.len() <= INLINE_MAX {
            return TextView::inline(text).ok_or(AllocationFailed { bytes: text.len() });
        }
        if let Some(&view) = self.known.get(text) {
            return Ok(view);
        }
        let refused = AllocationFailed { bytes: BLOCK_BYTES };
        if self.writer.as_ref().is_none_or(|writer| writer.remaining() < text.len()) {
            let writer = Writer::allocate(1, BLOCK_BYTES.max(text.len()))?;
            self.blocks.0.push(Block { segment: Arc::clone(writer.segment()), len: 0 });
            self.writer = Some(writer);
        }
        let block = self.blocks.0.len().checked_sub(1).and_then(|last| u32::try_from(last).ok());
        let writer = self.writer.as_mut().ok_or(refused)?;
        let start = u32::try_from(writer.append_bytes(text.as_bytes())).map_err(|_| refused)?;
        if let Some(last) = self.blocks.0.last_mut() {
            last.len = writer.segment().len();
        }
        let view = TextView::pointing(text, block.ok_or(refused)?, start);
        // Without room to remember it the text is stored again next time.
        if self.known.len() > PARTING_MAX && Arc::get_mut(&mut self.known).is_none() {
            self.known = Arc::default();
        }
        let known = Arc::make_mut(&mut self.known);
        if known.len() < KNOWN_MAX && known.try_reserve(1).is_ok() {
            known.insert(text.into(), view);
        }
        Ok(view)
    }

    /// A pool with the same texts that goes on by itself, in blocks of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { blocks: self.blocks.clone(), writer: None, known: Arc::clone(&self.known) }
    }

    /// The blocks as they are now.
    #[must_use]
    pub fn blocks(&self) -> &TextBlocks {
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;

    use super::*;

    #[test]
    fn texts_come_back() {
        let mut pool = TextPool::default();
        let texts = ["", "a", "EURUSD", "twelve bytes", "thirteen byte", "Zürich AG, Namen-Aktien"];
        let views: Vec<TextView> = texts.iter().map(|text| pool.view(text).unwrap()).collect();
        let array = pool.blocks().array(views.iter().map(|view| view.bits()).collect());
        array.to_data().validate_full().unwrap();
        for ((text, view), cell) in texts.iter().zip(&views).zip(array.iter()) {
            assert_eq!(pool.blocks().text(*view), **text);
            assert_eq!(cell, Some(*text));
        }
        assert_eq!(pool.view("thirteen byte").unwrap(), views[4], "long texts are stored once");
    }

    #[test]
    fn constants_are_what_they_say() {
        let pool = TextPool::default();
        let constants = [
            (TextView::EMPTY, ""),
            (TextView::LONG, "long"),
            (TextView::SHORT, "short"),
            (TextView::DEPOSIT, "deposit"),
            (TextView::WITHDRAWAL, "withdrawal"),
            (TextView::FEE, "fee"),
            (TextView::REALIZED, "realized_pnl"),
            (TextView::OPEN, "open"),
            (TextView::CLOSED, "closed"),
            (TextView::ACCOUNT, "account"),
            (TextView::SWAP, "swap"),
            (TextView::DIVIDEND, "dividend"),
            (TextView::SPLIT, "split"),
            (TextView::FX, "fx"),
            (TextView::CONVERSION, "conversion"),
            (TextView::PLACED, "placed"),
            (TextView::FILLED, "filled"),
            (TextView::CANCELLED, "cancelled"),
            (TextView::EXPIRED, "expired"),
            (TextView::REFUSED, "refused"),
            (TextView::MARGIN_CALL, "margin_call"),
            (TextView::STOP_OUT, "stop_out"),
            (TextView::MARGIN, "margin"),
            (TextView::OCO, "oco"),
            (TextView::REDUCE, "reduce"),
            (TextView::FLIP, "flip"),
            (TextView::CLOSE_BY, "close_by"),
            (TextView::BUY, "buy"),
            (TextView::SELL, "sell"),
            (TextView::TAKER, "taker"),
            (TextView::MAKER, "maker"),
        ];
        for (view, text) in constants {
            assert_eq!(pool.blocks().text(view), text);
            assert_eq!(TextView::inline(text), Some(view));
        }
    }

    #[test]
    fn forks_keep_the_texts_there_were() {
        for count in [10, PARTING_MAX + 10] {
            let mut pool = TextPool::default();
            let text = |number: usize| format!("a text of some length, {number}");
            let views: Vec<TextView> = (0..count).map(|n| pool.view(&text(n)).unwrap()).collect();
            let mut fork = pool.fork();
            let theirs = fork.view("what the fork alone knows").unwrap();
            let ours = pool.view("what the pool alone knows").unwrap();
            let again = fork.view(&text(0)).unwrap();
            assert_eq!(again == views[0], count == 10);
            assert_eq!(pool.view(&text(0)), Ok(views[0]));
            assert_eq!(pool.blocks().text(ours), "what the pool alone knows");
            assert_eq!(fork.blocks().text(theirs), "what the fork alone knows");
            assert_eq!(fork.blocks().text(again), text(0));
            for (number, view) in views.into_iter().enumerate() {
                assert_eq!(pool.blocks().text(view), text(number));
                assert_eq!(fork.blocks().text(view), text(number));
            }
            let both = fork.blocks().array([theirs, again].map(TextView::bits).to_vec().into());
            assert_eq!(both.len(), 2);
        }
    }

    #[test]
    fn blocks_fill_up_and_earlier_views_stay() {
        let mut pool = TextPool::default();
        let texts: Vec<String> = (0..3_000).map(|n| format!("{n:050}")).collect();
        let views: Vec<TextView> = texts.iter().map(|text| pool.view(text).unwrap()).collect();
        let array = pool.blocks().array(views.iter().map(|view| view.bits()).collect());
        array.to_data().validate_full().unwrap();
        assert!(array.iter().zip(&texts).all(|(cell, text)| cell == Some(text.as_str())));
    }
}
