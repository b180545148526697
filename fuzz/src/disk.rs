//! A folder in memory.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portfolio_core::journal::{Disk, DiskFile};

type Files = BTreeMap<String, Arc<Mutex<Vec<u8>>>>;

/// A folder in memory, whose files nobody else has.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Files>>);

#[derive(Debug, Clone)]
struct File(Arc<Mutex<Vec<u8>>>);

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing() -> io::Error {
    io::Error::from(ErrorKind::NotFound)
}

impl Memory {
    /// A folder with one file.
    pub fn with(name: &str, bytes: &[u8]) -> Self {
        let made = Self::default();
        made.put(name, bytes);
        made
    }

    /// Writes a file.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        held(&self.0).insert(name.to_owned(), Arc::new(Mutex::new(bytes.to_vec())));
    }

    fn file(&self, name: &str) -> io::Result<File> {
        held(&self.0).get(name).cloned().map(File).ok_or_else(missing)
    }
}

impl Disk for Memory {
    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        if self.file(name).is_ok() {
            return Err(io::Error::from(ErrorKind::AlreadyExists));
        }
        self.put(name, &[]);
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.file(name)?))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(held(&self.file(name)?.0).clone())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = held(&self.0);
        let file = files.remove(from).ok_or_else(missing)?;
        files.insert(to.to_owned(), file);
        Ok(())
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        if self.file(to).is_ok() {
            return Err(io::Error::from(ErrorKind::AlreadyExists));
        }
        self.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        held(&self.0).remove(name).map(drop).ok_or_else(missing)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(held(&self.0).keys().cloned().collect())
    }

    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl DiskFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        held(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        held(&self.0).resize(length, 0);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_clone(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.clone()))
    }
}
