//! The journal: every accepted event of a portfolio in a file (SPEC section 21).
//!
//! [`Journal`] is the writer: an event is handed to it before it is committed. [`recover`] reads a
//! journal and says what is left of it, [`open`] does so and goes on writing. The disk is known by
//! the traits [`Disk`] and [`DiskFile`] only.
//!
//! Reading order: `format` → `writer` → `scan` → `recover` → `open`; then
//! `snapshot`, `salvage`, `pace` and `held`.

mod aside;
mod disk;
mod error;
mod format;
mod held;
mod open;
mod pace;
mod recover;
mod replay;
mod report;
mod salvage;
mod scan;
mod snapshot;
mod writer;

pub use disk::{Disk, DiskFile, Folder};
pub use error::{Fault, JournalError};
pub use format::SyncMode;
pub use held::held_descriptors;
pub use open::{Opened, Opening, open};
pub use recover::{Recovered, recover};
pub use report::{Recovery, SnapshotFound, Verdict};
pub use writer::{Journal, Settings, Status};
