//! A disk in memory that can fail, and lose its power.
//!
//! What is written is safe once its file is synced; a name, once the folder is. A power cut leaves
//! of the rest whatever it likes: pieces of 512 bytes are kept, dropped, cut short or replaced by
//! garbage, each by itself; lengths and names change or do not. Bytes that are safe stay so, in a
//! sector that new ones are added to as well.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use portfolio_core::journal::{Disk, DiskFile};

use crate::random::Random;

const SECTOR: usize = 512;

#[derive(Debug, Clone)]
enum Write {
    Bytes { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    data: Vec<u8>,
    safe: Vec<u8>,
    pending: Vec<Write>,
    locked: bool,
}

#[derive(Debug, Clone)]
enum Naming {
    Set(String, u64),
    Move(String, String, u64),
    Unset(String),
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing is done.
    Whole(ErrorKind),
    /// Half of what should be written is, and then nothing more.
    Half(ErrorKind),
    /// Half of what should be written is, and the rest with the next operation. What writes
    /// nothing does not fail.
    Short,
}

#[derive(Debug, Default)]
struct World {
    inodes: HashMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    safe_names: BTreeMap<String, u64>,
    pending: Vec<Naming>,
    made: u64,
    /// Operations so far.
    done: u64,
    /// The operation that fails, and whether all after it do.
    fails: Option<(u64, Failure, bool)>,
    /// What has failed: operation and name.
    failed: Option<String>,
}

/// The disk; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemDisk(Arc<Mutex<World>>);

#[derive(Debug)]
struct MemFile {
    disk: MemDisk,
    inode: u64,
    holds: Mutex<bool>,
}

impl World {
    /// Counts an operation; an error when it is the one that fails.
    fn step(&mut self, what: &str) -> Result<(), Failure> {
        let number = self.done;
        self.done += 1;
        match self.fails {
            Some((at, failure, for_ever)) if number == at || (for_ever && number > at) => {
                self.failed.get_or_insert_with(|| format!("operation {number}: {what}"));
                Err(if number == at { failure } else { Failure::Whole(ErrorKind::Other) })
            }
            _ => Ok(()),
        }
    }

    fn whole(&mut self, what: &str) -> io::Result<()> {
        match self.step(what) {
            Err(Failure::Whole(kind) | Failure::Half(kind)) => Err(kind.into()),
            Ok(()) | Err(Failure::Short) => Ok(()),
        }
    }

    fn named(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl MemDisk {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> u64 {
        self.world().done
    }

    /// The operation of that number fails, and all after it if wanted.
    pub(crate) fn fail_at(&self, number: u64, failure: Failure, for_ever: bool) {
        self.world().fails = Some((number, failure, for_ever));
    }

    /// No operation fails any more; what did.
    pub(crate) fn mend(&self) -> Option<String> {
        let mut world = self.world();
        world.fails = None;
        world.failed.take()
    }

    /// A file as it is, or nothing.
    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let world = self.world();
        let inode = world.names.get(name)?;
        Some(world.inodes[inode].data.clone())
    }

    /// Puts a file there, all of it safe.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let mut world = self.world();
        world.made += 1;
        let inode = world.made;
        let (data, safe) = (bytes.to_vec(), bytes.to_vec());
        world.inodes.insert(inode, Inode { data, safe, ..Inode::default() });
        world.names.insert(name.to_owned(), inode);
        world.safe_names.insert(name.to_owned(), inode);
    }

    /// The disk after the process was killed: everything that was written is there.
    pub(crate) fn killed(&self) -> Self {
        let world = self.world();
        let mut after = World { made: world.made, ..World::default() };
        for (name, inode) in &world.names {
            let data = world.inodes[inode].data.clone();
            after.inodes.insert(*inode, Inode { safe: data.clone(), data, ..Inode::default() });
            after.names.insert(name.clone(), *inode);
        }
        after.safe_names = after.names.clone();
        Self(Arc::new(Mutex::new(after)))
    }

    /// The disk after a power cut.
    pub(crate) fn without_power(&self, random: &mut Random) -> Self {
        let world = self.world();
        let mut after = World { made: world.made, ..World::default() };
        let mut names = world.safe_names.clone();
        for naming in &world.pending {
            if random.below(2) == 0 {
                continue;
            }
            match naming {
                Naming::Set(name, inode) => {
                    names.insert(name.clone(), *inode);
                }
                Naming::Move(from, to, inode) => {
                    names.remove(from);
                    names.insert(to.clone(), *inode);
                }
                Naming::Unset(name) => {
                    names.remove(name);
                }
            }
        }
        for (name, inode) in names {
            let data = world.inodes[&inode].after_power_cut(random);
            after.inodes.insert(inode, Inode { safe: data.clone(), data, ..Inode::default() });
            after.names.insert(name.clone(), inode);
            after.safe_names.insert(name, inode);
        }
        Self(Arc::new(Mutex::new(after)))
    }
}

impl Inode {
    fn after_power_cut(&self, random: &mut Random) -> Vec<u8> {
        let mut data = self.safe.clone();
        // Sometimes all of it was on its way in time.
        let fates = if random.below(4) == 0 { 1 } else { 6 };
        for write in &self.pending {
            match write {
                Write::Length(length) => {
                    if random.below(2) == 0 {
                        data.truncate(*length);
                    }
                }
                Write::Bytes { at, bytes } => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let room = SECTOR - (at + from) % SECTOR;
                        let to = (from + room).min(bytes.len());
                        let fate = random.below(fates);
                        tear(&mut data, at + from, &bytes[from..to], (fate, random));
                        from = to;
                    }
                }
            }
        }
        data
    }
}

/// What becomes of a piece within one sector.
fn tear(data: &mut Vec<u8>, at: usize, piece: &[u8], (fate, random): (u64, &mut Random)) {
    match fate {
        0 | 1 => place(data, at, piece),
        2 => {
            let most = u64::try_from(piece.len()).unwrap();
            let kept = usize::try_from(random.below(most)).unwrap();
            place(data, at, &piece[..kept]);
        }
        3 => {
            let garbage: Vec<u8> = piece.iter().map(|_| random.next().to_le_bytes()[0]).collect();
            place(data, at, &garbage);
        }
        4 => place(data, at, &vec![0; piece.len()]),
        _ => {}
    }
}

fn place(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if data.len() < end {
        data.resize(end, 0);
    }
    data[at..end].copy_from_slice(bytes);
}

impl Disk for MemDisk {
    fn create_new(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.whole(&format!("create {name}"))?;
        if world.names.contains_key(name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        world.made += 1;
        let inode = world.made;
        world.inodes.insert(inode, Inode::default());
        world.names.insert(name.to_owned(), inode);
        world.pending.push(Naming::Set(name.to_owned(), inode));
        Ok(Box::new(MemFile { disk: self.clone(), inode, holds: Mutex::new(false) }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.whole(&format!("open {name}"))?;
        let inode = world.named(name)?;
        Ok(Box::new(MemFile { disk: self.clone(), inode, holds: Mutex::new(false) }))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut world = self.world();
        world.whole(&format!("read {name}"))?;
        let inode = world.named(name)?;
        Ok(world.inodes[&inode].data.clone())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.whole(&format!("rename {from} to {to}"))?;
        let inode = world.named(from)?;
        world.names.remove(from);
        world.names.insert(to.to_owned(), inode);
        world.pending.push(Naming::Move(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        if self.world().names.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.whole(&format!("remove {name}"))?;
        world.named(name)?;
        world.names.remove(name);
        world.pending.push(Naming::Unset(name.to_owned()));
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut world = self.world();
        world.whole("names")?;
        Ok(world.names.keys().cloned().collect())
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut world = self.world();
        world.whole("sync folder")?;
        world.pending.clear();
        world.safe_names = world.names.clone();
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl DiskFile for MemFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.disk.world();
        let (taken, failed) = match world.step("write") {
            Ok(()) => (bytes.len(), None),
            // The first half is taken; the next write, if there is one, takes nothing.
            Err(Failure::Half(kind)) => {
                let (next, for_ever) = (world.done, world.fails.is_some_and(|fails| fails.2));
                world.fails = Some((next, Failure::Whole(kind), for_ever));
                (bytes.len() / 2, (bytes.len() < 2).then_some(kind))
            }
            Err(Failure::Whole(kind)) => (0, Some(kind)),
            Err(Failure::Short) => (bytes.len().div_ceil(2), None),
        };
        if let Some(kind) = failed {
            return Err(kind.into());
        }
        let inode = world.inodes.get_mut(&self.inode).unwrap();
        let at = inode.data.len();
        inode.data.extend_from_slice(&bytes[..taken]);
        inode.pending.push(Write::Bytes { at, bytes: bytes[..taken].to_vec() });
        Ok(taken)
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole("sync")?;
        let inode = world.inodes.get_mut(&self.inode).unwrap();
        inode.safe.clone_from(&inode.data);
        inode.pending.clear();
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole("set_len")?;
        let length = usize::try_from(length).unwrap();
        let inode = world.inodes.get_mut(&self.inode).unwrap();
        inode.data.truncate(length);
        inode.pending.push(Write::Length(length));
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut world = self.disk.world();
        world.whole("lock")?;
        let inode = world.inodes.get_mut(&self.inode).unwrap();
        let free = !inode.locked;
        inode.locked = true;
        *self.holds.lock().unwrap() |= free;
        Ok(free)
    }

    fn unlock(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        if std::mem::take(&mut *self.holds.lock().unwrap()) {
            world.inodes.get_mut(&self.inode).unwrap().locked = false;
        }
        Ok(())
    }

    fn try_clone(&self) -> io::Result<Box<dyn DiskFile>> {
        self.disk.world().whole("clone")?;
        let (disk, inode) = (self.disk.clone(), self.inode);
        Ok(Box::new(Self { disk, inode, holds: Mutex::new(false) }))
    }
}

impl Drop for MemFile {
    fn drop(&mut self) {
        let _unlocked = self.unlock();
    }
}
