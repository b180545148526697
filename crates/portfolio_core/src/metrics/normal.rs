//! The normal distribution.

use statrs::distribution::{ContinuousCDF, Normal};

/// The share of a standard normal distribution below a value.
pub(super) fn share_below(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// The value of a standard normal distribution that so large a share lies below.
pub(super) fn quantile(share: f64) -> Option<f64> {
    super::finite(Normal::standard().inverse_cdf(share))
}
