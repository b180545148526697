//! The words of the columns that take a few of them, for both directions.

use crate::terms::SwapKind;

/// The type of an order without its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderType {
    /// Filled at the next open, or at the close.
    #[default]
    Market,
    /// Filled at its price or a better one.
    Limit,
    /// Filled at its price or a worse one.
    Stop,
}

pub(crate) const ORDER_TYPES: [(&str, OrderType); 3] =
    [("market", OrderType::Market), ("limit", OrderType::Limit), ("stop", OrderType::Stop)];

pub(super) const SWAP_KINDS: [(&str, SwapKind); 3] =
    [("points", SwapKind::Points), ("rate", SwapKind::Rate), ("funding", SwapKind::Funding)];

/// The word of a value.
pub(super) fn word_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word)
}
