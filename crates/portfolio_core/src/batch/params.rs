//! What the runs override.
