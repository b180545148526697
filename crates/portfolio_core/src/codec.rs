//! Canonical bytes: how events and state are written for the digest, for replay and for storage
//! (SPEC section 9).
//!
//! u is unsigned LEB128, z is u of the zigzag, text is its length in bytes as u and its UTF-8.

/// Numbers below this have at most 8 groups of 7 bits.
const PACKED_MAX: u64 = 1 << 56;

/// Appends canonical bytes to a buffer that has room.
#[derive(Debug)]
pub struct Encoder<'a>(pub &'a mut Vec<u8>);

impl Encoder<'_> {
    /// One byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// An unsigned number.
    #[inline]
    pub fn unsigned(&mut self, mut value: u128) {
        loop {
            match u64::try_from(value) {
                Ok(small) if small < PACKED_MAX => return self.packed(small),
                _ => {}
            }
            let [low, ..] = value.to_le_bytes();
            self.0.push(low | 0x80);
            value >>= 7;
        }
    }

    /// Up to 8 groups of 7 bits, gathered in a register and appended at once.
    #[inline]
    fn packed(&mut self, mut value: u64) {
        let (mut bytes, mut shift) = (value & 0x7F, 0_u32);
        while value >= 0x80 {
            value >>= 7;
            bytes |= 0x80 << shift;
            shift = shift.wrapping_add(8);
            bytes |= (value & 0x7F) << shift;
        }
        let length = usize::try_from(shift >> 3).unwrap_or(0).wrapping_add(1);
        self.0.extend_from_slice(bytes.to_le_bytes().get(..length).unwrap_or_default());
    }

    /// A signed number.
    #[inline]
    pub fn signed(&mut self, value: i128) {
        self.unsigned(((value << 1) ^ (value >> 127)).cast_unsigned());
    }

    /// A number that is never negative.
    #[inline]
    pub fn natural(&mut self, value: i128) {
        self.unsigned(value.unsigned_abs());
    }

    /// A count.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.unsigned(u128::try_from(count).unwrap_or(u128::MAX));
    }

    /// A text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }
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

    proptest! {
        #[test]
        fn numbers_come_back(unsigned: u128, signed: i128, small: u64, text: String) {
            let mut bytes = Vec::new();
            let mut encoder = Encoder(&mut bytes);
            encoder.unsigned(unsigned);
            encoder.signed(signed);
            encoder.unsigned(u128::from(small));
            encoder.text(&text);
            let mut decoder = Decoder(&bytes);
            prop_assert_eq!(decoder.unsigned(), Ok(unsigned));
            prop_assert_eq!(decoder.signed(), Ok(signed));
            prop_assert_eq!(decoder.number::<u64>(), Ok(small));
            prop_assert_eq!(decoder.text(), Ok(text.as_str()));
            prop_assert!(decoder.is_empty());
        }
    }

    #[test]
    fn known_bytes() {
        let bytes = |write: fn(&mut Encoder<'_>)| {
            let mut bytes = Vec::new();
            write(&mut Encoder(&mut bytes));
            bytes
        };
        assert_eq!(bytes(|encoder| encoder.unsigned(300)), [0xAC, 0x02]);
        assert_eq!(bytes(|encoder| encoder.signed(-1)), [0x01]);
        assert_eq!(bytes(|encoder| encoder.signed(1)), [0x02]);
        assert_eq!(bytes(|encoder| encoder.natural(0)), [0x00]);
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
