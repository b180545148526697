//! The columns: declared in [`schema`], stored in [`segment`]s, grown by [`table`]s, read through
//! snapshots.
//!
//! Reading order: schema, rows, memory, segment, table, text; dense and positions for what changes.

pub mod dense;
mod memory;
pub mod positions;
pub mod rows;
pub mod schema;
pub mod segment;
pub mod table;
pub mod text;
