//! What is found when a journal is read (SPEC rules J7 to J10).

use super::format::SyncMode;

/// What is wrong with a file that was cut off when it began.
pub(super) const UNFINISHED: &str = "it is no more than the beginning of a header";

/// What the bytes of a journal are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of them are good frames.
    Clean,
    /// The last ones are what a cut write leaves.
    Torn,
    /// Some are damaged.
    Corrupt,
    /// A later version wrote them.
    Newer,
}

impl Verdict {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Torn => "torn",
            Self::Corrupt => "corrupt",
            Self::Newer => "newer",
        }
    }
}

/// A snapshot beside a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFound {
    /// Its file.
    pub name: String,
    /// The number of events in its name.
    pub events: u64,
    /// Whether it is what the journal's events lead to.
    pub good: bool,
    /// Why not.
    pub why: String,
}

/// What was found in a journal, and what of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The file.
    pub path: String,
    /// What its bytes are.
    pub verdict: Verdict,
    /// The version in its header, 0 when there is none.
    pub version: u16,
    /// How it was written last, if its header is right.
    pub sync: Option<SyncMode>,
    /// How many events are restored.
    pub events: u64,
    /// How many frames are good.
    pub frames: u64,
    /// How many bytes it has.
    pub length: u64,
    /// How many of them are kept.
    pub good_length: u64,
    /// How many events are lost, if that can be known.
    pub lost_events: Option<u64>,
    /// Whether it was ended by a close.
    pub closed: bool,
    /// The digest of what is restored, as hex; empty when nothing is.
    pub digest: String,
    /// The snapshots beside it, the newest last.
    pub snapshots: Vec<SnapshotFound>,
    /// The snapshot that events came from.
    pub used_snapshot: Option<String>,
    /// What is wrong; empty when nothing is.
    pub reason: String,
    /// The name under which the damaged file is kept.
    pub damaged: Option<String>,
}

impl Recovery {
    /// What is said of a file of so many bytes before it is read: nothing is wrong with it.
    pub(super) fn new(path: String, length: usize) -> Self {
        Self {
            path,
            verdict: Verdict::Clean,
            version: 0,
            sync: None,
            events: 0,
            frames: 0,
            length: wide(length),
            good_length: 0,
            lost_events: Some(0),
            closed: false,
            digest: String::new(),
            snapshots: Vec::new(),
            used_snapshot: None,
            reason: String::new(),
            damaged: None,
        }
    }

    /// How many bytes are not kept.
    #[must_use]
    pub const fn dropped_bytes(&self) -> u64 {
        self.length.saturating_sub(self.good_length)
    }
}

/// A length as it is reported and stored.
pub(super) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
