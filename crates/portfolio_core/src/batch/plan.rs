//! The runs of a batch, and what all of them share.
