//! What the fuzz targets share: bytes in, columns and accounts out.

pub mod accounts;
pub mod bytes;
pub mod columns;
pub mod disk;
pub mod files;
pub mod texts;
