//! Canonical bytes: how events and state are written for the digest, for replay and for storage
//! (SPEC section 9).
//!
//! u is unsigned LEB128, z is u of the zigzag, text is its length in bytes as u and its UTF-8.

use std::collections::TryReserveError;

/// Bytes that grow at their end, with zeros behind them.
#[derive(Debug, Clone, Default)]
pub struct Bytes {
    buffer: Vec<u8>,
    used: usize,
}

/// An encoder writes whole words, so that an append needs no length of its own.
const WORD: usize = 8;

impl Bytes {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.used
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Whether so many more fit without an allocation.
    #[inline]
    #[must_use]
    pub const fn has_room(&self, more: usize) -> bool {
        self.buffer.len().saturating_sub(self.used) >= more.saturating_add(WORD)
    }

    /// Makes room for so many more.
    ///
    /// # Errors
    /// When the allocator refuses; nothing has changed then.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        if self.has_room(more) {
            return Ok(());
        }
        let wanted = self.used.saturating_add(more).saturating_add(WORD);
        let size = wanted.max(self.buffer.len().saturating_mul(2));
        self.buffer.try_reserve_exact(size.saturating_sub(self.buffer.len()))?;
        self.buffer.resize(size, 0);
        Ok(())
    }

    /// Appends what is written, for which room was reserved.
    ///
    /// # Panics
    /// When it is more than there is room for: a bug of the caller.
    #[inline]
    pub fn append(&mut self, write: impl FnOnce(&mut Encoder<'_>)) {
        let room = self.buffer.get_mut(self.used..).unwrap_or_default();
        let most = room.len().saturating_sub(WORD);
        let mut encoder = Encoder { room, at: 0 };
        write(&mut encoder);
        let written = encoder.at;
        assert!(written <= most, "{written} bytes were written into room for {most}");
        self.used = self.used.wrapping_add(written);
    }

    /// All of these parts, of so many bytes together.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub fn joined<'a>(
        parts: impl Iterator<Item = &'a [u8]>,
        length: usize,
    ) -> Result<Self, TryReserveError> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(length)?;
        parts.for_each(|part| buffer.extend_from_slice(part));
        let used = buffer.len();
        Ok(Self { buffer, used })
    }

    /// Takes the last bytes off, so that so many are left.
    pub fn truncate(&mut self, length: usize) {
        self.used = self.used.min(length);
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(mut bytes: Bytes) -> Self {
        bytes.buffer.truncate(bytes.used);
        bytes.buffer
    }
}

/// Numbers below this have at most 8 groups of 7 bits.
const PACKED_MAX: u64 = 1 << 56;
/// The bit of each byte that says that another one follows.
const MORE: u64 = 0x8080_8080_8080_8080;

/// Writes canonical bytes.
#[derive(Debug)]
pub struct Encoder<'a> {
    room: &'a mut [u8],
    at: usize,
}

impl Encoder<'_> {
    /// The first bytes of a word. What has no room is counted all the same, for
    /// [`Bytes::append`] to see.
    #[inline]
    fn put(&mut self, word: u64, length: usize) {
        if let Some(target) = self.room.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            *target = word.to_le_bytes();
        }
        self.at = self.at.wrapping_add(length);
    }

    /// One byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.put(u64::from(byte), 1);
    }

    /// So many zeros, at most 8: numbers and texts that are 0 or empty.
    #[inline]
    pub fn zeros(&mut self, count: usize) {
        self.put(0, count);
    }

    /// An unsigned number of 64 bits.
    #[inline]
    pub fn small(&mut self, value: u64) {
        if value < 0x80 {
            self.put(value, 1);
        } else if value < PACKED_MAX {
            self.packed(value);
        } else {
            self.wide(u128::from(value));
        }
    }

    /// An unsigned number.
    #[inline]
    pub fn unsigned(&mut self, value: u128) {
        match u64::try_from(value) {
            Ok(small) => self.small(small),
            Err(_) => self.wide(value),
        }
    }

    #[inline(never)]
    fn wide(&mut self, mut value: u128) {
        loop {
            match u64::try_from(value) {
                Ok(small) if small < PACKED_MAX => return self.packed(small),
                _ => {}
            }
            let low = u64::try_from(value & u128::from(PACKED_MAX.wrapping_sub(1))).unwrap_or(0);
            self.put(spread(low) | MORE, WORD);
            value >>= 56;
        }
    }

    /// Up to 8 groups of 7 bits at once.
    #[inline]
    fn packed(&mut self, value: u64) {
        let groups = spread(value);
        // The byte of the highest bit that is set; 0 has one byte as well.
        let last = (groups | 1).ilog2() >> 3;
        let before_last = (1_u64 << (last << 3)).wrapping_sub(1);
        let length = usize::try_from(last).unwrap_or(0).wrapping_add(1);
        self.put(groups | (MORE & before_last), length);
    }

    /// A signed number.
    #[inline]
    pub fn signed(&mut self, value: i128) {
        self.unsigned(((value << 1) ^ (value >> 127)).cast_unsigned());
    }

    /// `value - before` as a signed number.
    #[inline]
    pub fn difference(&mut self, value: i64, before: i64) {
        let moved = value.wrapping_sub(before).cast_unsigned();
        // A step forwards, far from the ends of 64 bits.
        if value >= before && moved < PACKED_MAX >> 1 {
            self.small(moved << 1);
        } else {
            self.signed(i128::from(value).wrapping_sub(i128::from(before)));
        }
    }

    /// A number that is never negative.
    #[inline]
    pub fn natural(&mut self, value: i128) {
        self.unsigned(value.unsigned_abs());
    }

    /// A count.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.small(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// A text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        if !text.is_empty() {
            self.put_slice(text.as_bytes());
        }
    }

    fn put_slice(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<WORD>();
        for &word in words {
            self.put(u64::from_le_bytes(word), WORD);
        }
        let mut last = [0; WORD];
        last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        self.put(u64::from_le_bytes(last), rest.len());
    }
}

/// The groups of 7 bits of a number below 2^56, one in each byte: halves, quarters and eighths are
/// moved apart in three steps.
#[inline]
const fn spread(value: u64) -> u64 {
    let halves = (value & 0x0FFF_FFFF) | ((value & 0x00FF_FFFF_F000_0000) << 4);
    let quarters = (halves & 0x3FFF_0000_3FFF) | ((halves & 0x0FFF_C000_0FFF_C000) << 2);
    (quarters & 0x007F_007F_007F_007F) | ((quarters & 0x3F80_3F80_3F80_3F80) << 1)
}

/// Bytes that are no canonical bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Reads canonical bytes.
#[derive(Debug, Clone, Copy)]
pub struct Decoder<'a>(pub &'a [u8]);

impl<'a> Decoder<'a> {
    /// Whether everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Malformed`] at the end.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    /// An unsigned number in its shortest form.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut, too long or not in its shortest form.
    pub fn unsigned(&mut self) -> Result<u128, Malformed> {
        let mut value = 0_u128;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7F);
            let moved = bits.checked_shl(shift).filter(|moved| moved >> shift == bits);
            value |= moved.ok_or(Malformed)?;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 { Err(Malformed) } else { Ok(value) };
            }
            shift = shift.saturating_add(7);
        }
    }

    /// A signed number.
    ///
    /// # Errors
    /// As [`Decoder::unsigned`].
    pub fn signed(&mut self) -> Result<i128, Malformed> {
        let value = self.unsigned()?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    /// A number of another type.
    ///
    /// # Errors
    /// As [`Decoder::unsigned`], and when it does not fit.
    pub fn number<T: TryFrom<u128>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.unsigned()?).map_err(|_| Malformed)
    }

    /// A text.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut or no UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.number::<usize>()?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Encoder<'_>)) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.reserve(4_096).unwrap();
        bytes.append(write);
        bytes
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            unsigned: u128, signed: i128, shift in 0_u32..128, small: u64, time: i64, text: String
        ) {
            let (time, before) = (small.cast_signed(), time);
            let bytes = written(|encoder| {
                encoder.unsigned(unsigned >> shift);
                encoder.signed(signed >> shift);
                encoder.small(small);
                encoder.difference(time, before);
                encoder.text(&text);
            });
            let mut decoder = Decoder(bytes.as_slice());
            prop_assert_eq!(decoder.unsigned(), Ok(unsigned >> shift));
            prop_assert_eq!(decoder.signed(), Ok(signed >> shift));
            prop_assert_eq!(decoder.number::<u64>(), Ok(small));
            prop_assert_eq!(decoder.signed(), Ok(i128::from(time) - i128::from(before)));
            prop_assert_eq!(decoder.text(), Ok(text.as_str()));
            prop_assert!(decoder.is_empty());
        }
    }

    #[test]
    fn known_bytes() {
        let bytes = |write: fn(&mut Encoder<'_>)| Vec::from(written(write));
        assert_eq!(bytes(|encoder| encoder.unsigned(300)), [0xAC, 0x02]);
        assert_eq!(bytes(|encoder| encoder.signed(-1)), [0x01]);
        assert_eq!(bytes(|encoder| encoder.signed(1)), [0x02]);
        assert_eq!(bytes(|encoder| encoder.natural(0)), [0x00]);
    }

    #[test]
    fn every_length_is_as_long_as_leb128_says() {
        for bits in 0..128 {
            for value in [1_u128 << bits, (1_u128 << bits).wrapping_mul(2).wrapping_sub(1)] {
                let bytes = written(|encoder| encoder.unsigned(value));
                let (mut wanted, mut rest) = (Vec::new(), value);
                while rest >= 0x80 {
                    wanted.push(u8::try_from(rest & 0x7F).unwrap() | 0x80);
                    rest >>= 7;
                }
                wanted.push(u8::try_from(rest).unwrap());
                assert_eq!(bytes.as_slice(), wanted, "{value}");
            }
        }
    }

    #[test]
    fn bytes_grow_and_are_cut() {
        let mut bytes = Bytes::default();
        assert!(bytes.is_empty() && !bytes.has_room(1));
        bytes.reserve(100).unwrap();
        assert!(bytes.has_room(100));
        bytes.append(|encoder| encoder.text("a text of more than two words"));
        let length = bytes.len();
        bytes.append(|encoder| encoder.unsigned(u128::MAX));
        bytes.truncate(length);
        assert_eq!(Decoder(bytes.as_slice()).text(), Ok("a text of more than two words"));
        assert_eq!(Vec::from(bytes).len(), length);
    }

    #[test]
    #[should_panic(expected = "5 bytes were written into room for 4")]
    fn more_than_was_reserved_is_seen() {
        let mut bytes = Bytes::default();
        bytes.reserve(4).unwrap();
        bytes.append(|encoder| encoder.text("four"));
    }

    #[test]
    fn malformed_bytes_are_refused() {
        assert_eq!(Decoder(&[]).byte(), Err(Malformed));
        assert_eq!(Decoder(&[0x80]).unsigned(), Err(Malformed), "cut");
        assert_eq!(Decoder(&[0x80, 0x00]).unsigned(), Err(Malformed), "not shortest");
        assert_eq!(Decoder(&[0xFF; 30]).unsigned(), Err(Malformed), "too long");
        assert_eq!(Decoder(&[3, b'a']).text(), Err(Malformed), "cut text");
        assert_eq!(Decoder(&[1, 0xFF]).text(), Err(Malformed), "no UTF-8");
        assert_eq!(Decoder(&[0xAC, 0x02]).number::<u8>(), Err(Malformed), "does not fit");
    }
}
