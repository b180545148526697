//! A disk that takes the beginning of a journal and nothing more.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use portfolio_core::event::{Event, Receipt};
use portfolio_core::journal::{Disk, DiskFile, Journal, Settings};
use portfolio_core::ledger::Ledger;
use portfolio_core::refusal::{Code, Refusal};

#[derive(Debug)]
struct FullDisk;

#[derive(Debug, Default)]
struct FullFile {
    written: bool,
}

impl Disk for FullDisk {
    fn create_new(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FullFile::default()))
    }
    fn open(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(ErrorKind::NotFound.into())
    }
    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(ErrorKind::NotFound.into())
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn rename_new(&self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }
    fn path(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl DiskFile for FullFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.written, true) {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(bytes.len())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }
    fn try_clone(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Self { written: self.written }))
    }
}

/// Gives a ledger a journal that takes nothing.
pub(crate) fn attach(ledger: &mut Ledger) {
    let configuration = ledger.configuration().canonical_bytes().unwrap();
    let journal =
        Journal::create(Arc::new(FullDisk), "full", [7; 16], &configuration, Settings::default());
    ledger.attach(journal.unwrap());
}

/// Applies an event; before that, with a journal that does not take it. That leaves everything as
/// it was, whatever the event.
///
/// # Errors
/// As [`Ledger::apply`].
pub(crate) fn apply_after_a_full_disk(
    ledger: &mut Ledger,
    event: &Event<'_>,
) -> Result<Receipt, Refusal> {
    let before = (ledger.digest().unwrap(), *ledger.account());
    attach(ledger);
    let refused = ledger.apply(event);
    assert_eq!(before, (ledger.digest().unwrap(), *ledger.account()), "{event:?}");
    ledger.detach();
    let applied = ledger.apply(event);
    match refused {
        Ok(_) => assert_eq!(before.0, ledger.digest().unwrap(), "it says nothing new: {event:?}"),
        Err(refusal) if refusal.code() == Code::DurabilityError => assert!(applied.is_ok()),
        Err(refusal) => assert_eq!(applied.as_ref().unwrap_err(), &refusal),
    }
    applied
}
