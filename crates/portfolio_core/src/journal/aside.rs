//! Files that appear whole or not at all: written under another name, synced, renamed, and the
//! folder synced (SPEC rule J10).

use std::io::{self, ErrorKind};

use super::disk::{Disk, DiskFile};

/// Writes a file under a name that nobody looks for. When it cannot be written, it is gone again,
/// if the disk lets it.
pub(super) fn write_aside(
    disk: &dyn Disk,
    aside: &str,
    bytes: &[u8],
) -> io::Result<Box<dyn DiskFile>> {
    let mut file = match disk.create_new(aside) {
        // One that was cut off in the middle.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            disk.remove(aside)?;
            disk.create_new(aside)?
        }
        made => made?,
    };
    match write_all(file.as_mut(), bytes).and_then(|()| file.sync()) {
        Ok(()) => Ok(file),
        Err(error) => Err(given_up(disk, aside, error)),
    }
}

/// The error, after the file under another name was removed as far as that goes.
pub(super) fn given_up(disk: &dyn Disk, aside: &str, error: io::Error) -> io::Error {
    match disk.remove(aside) {
        // The first error is the one that says what to mend.
        Ok(()) | Err(_) => error,
    }
}

/// Appends all of the bytes.
pub(super) fn write_all(file: &mut dyn DiskFile, bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    write_counted(file, bytes, &mut written)
}

/// Appends all of the bytes; `written` is how many the system has taken, after an error too.
pub(super) fn write_counted(
    file: &mut dyn DiskFile,
    bytes: &[u8],
    written: &mut usize,
) -> io::Result<()> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => *written = written.saturating_add(count).min(bytes.len()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The name of a file under way that will be `name`, or lies beside it.
pub(super) fn aside_name(name: &str, tag: &str) -> String {
    format!(".{name}.tmp-{tag}")
}

/// Removes what was under way when somebody was cut off. Only who may write `name` may do so.
pub(super) fn sweep(disk: &dyn Disk, name: &str) -> io::Result<()> {
    let start = aside_name(name, "");
    for left in disk.names()?.iter().filter(|left| left.starts_with(&start)) {
        disk.remove(left)?;
    }
    Ok(())
}
