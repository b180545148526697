//! What a journal needs of a disk: one folder, and files that grow at their end.
//!
//! The journal knows the disk by these two traits only, so that tests can give it one that fails,
//! or loses its power, at any step.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf, absolute};

#[cfg(unix)]
use super::held;

/// A folder.
pub trait Disk: fmt::Debug + Send + Sync {
    /// A new file, open for appending.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` when there is such a file.
    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// An existing file, open for appending.
    ///
    /// # Errors
    /// What the system says; `NotFound` when there is none.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// All bytes of a file.
    ///
    /// # Errors
    /// What the system says; `NotFound` when there is none.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Gives a file another name, in place of the file that had it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file another name that no file has.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` when a file has it.
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names of what is in the folder, in any order.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Returns when the names are on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self) -> io::Result<()>;

    /// The path of a file, for messages.
    fn path(&self, name: &str) -> String;
}

/// A file that is open for appending.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Appends some of the bytes, and says how many.
    ///
    /// # Errors
    /// What the system says.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Returns when everything that was written is on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Whether this process may write the file alone from now on.
    ///
    /// # Errors
    /// What the system says.
    fn try_lock(&self) -> io::Result<bool>;

    /// Lets others write it.
    ///
    /// # Errors
    /// What the system says.
    fn unlock(&self) -> io::Result<()>;

    /// The same open file once more, for another thread to sync.
    ///
    /// # Errors
    /// What the system says.
    fn try_clone(&self) -> io::Result<Box<dyn DiskFile>>;
}

/// A folder of the file system.
#[derive(Debug, Clone)]
pub struct Folder {
    /// As the caller wrote it.
    shown: PathBuf,
    /// The same from the root on, as the working directory may change.
    place: PathBuf,
}

impl Folder {
    /// The folder of a file, and the file's name in it.
    ///
    /// # Errors
    /// `InvalidInput` when the path has no name of a file.
    pub fn of(path: &Path) -> io::Result<(Self, String)> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no name of a file"));
        let shown = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let place = absolute(if shown.as_os_str().is_empty() { Path::new(".") } else { &shown })?;
        Ok((Self { shown, place }, name?.to_owned()))
    }
}

impl Disk for Folder {
    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let path = self.place.join(name);
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&path)?;
        Ok(Box::new(FolderFile { file, path }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let path = self.place.join(name);
        check_file(&path)?;
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        Ok(Box::new(FolderFile { file, path }))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.place.join(name);
        check_file(&path)?;
        fs::read(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.place.join(from), self.place.join(to))
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.place.join(from), self.place.join(to));
        match fs::hard_link(&from, &to) {
            Ok(()) => {
                // The file has its name. The other one is swept away by the next opening.
                let _swept = fs::remove_file(&from);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // Some file systems have no links.
            Err(_) if fs::symlink_metadata(&to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&from, &to),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.place.join(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.place)? {
            // A name that is no text is none of a journal's.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn sync_folder(&self) -> io::Result<()> {
        // Windows opens no folders; a rename is on its disk when it returns.
        if cfg!(windows) {
            return Ok(());
        }
        File::open(&self.place)?.sync_all()
    }

    fn path(&self, name: &str) -> String {
        self.shown.join(name).display().to_string()
    }
}

/// A pipe or a device would be waited for.
fn check_file(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(ErrorKind::IsADirectory.into()) }
}

#[derive(Debug)]
struct FolderFile {
    file: File,
    path: PathBuf,
}

impl DiskFile for FolderFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => {
                self.hold();
                self.is_at_its_path()
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }

    fn try_clone(&self) -> io::Result<Box<dyn DiskFile>> {
        let again = Self { file: self.file.try_clone()?, path: self.path.clone() };
        again.hold();
        Ok(Box::new(again))
    }
}

/// Before the file is closed, and its descriptor is another's.
#[cfg(unix)]
impl Drop for FolderFile {
    fn drop(&mut self) {
        held::release(self.file.as_raw_fd());
    }
}

impl FolderFile {
    /// A child after a fork lets go of this file.
    #[cfg(unix)]
    fn hold(&self) {
        held::hold(self.file.as_raw_fd());
    }

    #[cfg(not(unix))]
    const fn hold(&self) {}

    /// Whether the path still leads to this file: somebody may have put another one in its place
    /// between its opening and its locking.
    #[cfg(unix)]
    fn is_at_its_path(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let (ours, there) = (self.file.metadata()?, fs::metadata(&self.path)?);
        Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
    }

    #[cfg(not(unix))]
    fn is_at_its_path(&self) -> io::Result<bool> {
        Ok(self.path.exists())
    }
}
