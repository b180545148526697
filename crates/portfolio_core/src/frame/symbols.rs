//! From the texts of a symbol column to the books of the ledger, without hashing each of them.

use crate::import::Texts;
use crate::ledger::Ledger;

const PLACES: usize = 256;

/// The symbols that were met before, each at a place that its text says. Two symbols may fight for
/// a place; then they are looked up again.
pub(super) struct KnownSymbols {
    places: Box<[(u128, u32); PLACES]>,
}

impl KnownSymbols {
    pub(super) fn new() -> Self {
        Self { places: Box::new([(0, 0); PLACES]) }
    }

    /// The index of the symbol of a row, if the ledger knows it.
    #[inline]
    pub(super) fn find(&mut self, ledger: &Ledger, texts: &Texts<'_>, row: usize) -> Option<u32> {
        if texts.is_null(row) {
            return None;
        }
        if let Some(bits) = texts.view(row)
            && let Some(place) = self.places.get(place_of(bits))
            && place.0 == bits
            && bits != 0
        {
            return Some(place.1);
        }
        self.find_any(ledger, texts, row)
    }

    #[inline(never)]
    fn find_any(&mut self, ledger: &Ledger, texts: &Texts<'_>, row: usize) -> Option<u32> {
        let Some(short) = texts.short(row) else { return ledger.symbol_index(text(texts, row)?) };
        let bits = short.bits();
        let place = self.places.get_mut(place_of(bits))?;
        if place.0 != bits || bits == 0 {
            // The bits of an empty text mark a free place; it is no symbol.
            let index = ledger.symbol_index(text(texts, row)?)?;
            *place = (bits, index);
        }
        Some(place.1)
    }
}

fn text<'a>(texts: &Texts<'a>, row: usize) -> Option<&'a str> {
    texts.get(row).ok().flatten()
}

/// The top bits of a product depend on all bits of both halves.
#[inline]
fn place_of(bits: u128) -> usize {
    let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
    let (low, high) = (half(bits), half(bits >> 64));
    let mixed = (low ^ high.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 56).unwrap_or(0)
}
