//! The frames of a batch (SPEC section 20, rules R1 to R3): what every column may be, how rows may
//! stand, and what is refused in which words.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod batch_read;
mod random;
