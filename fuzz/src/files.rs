//! Files whose lengths and checksums are right, whatever they say (SPEC section 21).

use std::sync::Arc;

use portfolio_core::journal::{Disk, Opened, Opening, Recovered, SyncMode, Verdict, open, recover};
use portfolio_core::ledger::{Configuration, Mode, OffGrid};

use crate::accounts::configuration;
use crate::bytes::Source;
use crate::disk::Memory;

/// The name of the journal.
pub const NAME: &str = "j";
const SALT: [u8; 16] = *b"sixteen of salt!";
const IMAGE_CRC: usize = 4;

/// An image with these parts; its digest is wrong.
pub fn image(mode: Mode, count: u64, events: &[u8], state: &[u8]) -> Vec<u8> {
    let configuration = canonical(mode);
    let mut bytes = b"OMEGAIMG\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&[0; 18]);
    for length in [configuration.len() as u64, events.len() as u64, count, state.len() as u64] {
        bytes.extend_from_slice(&length.to_le_bytes());
    }
    bytes.extend_from_slice(&configuration);
    bytes.extend_from_slice(events);
    bytes.extend_from_slice(state);
    bytes.extend_from_slice(&[0; 32]);
    bytes.extend_from_slice(&[0; IMAGE_CRC]);
    with_crc(&bytes)
}

/// The bytes with a right checksum at their end.
pub fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let whole = bytes.len().saturating_sub(IMAGE_CRC);
    let mut made = bytes[..whole].to_vec();
    made.extend_from_slice(&crc32c::crc32c(&made).to_le_bytes());
    made
}

fn canonical(mode: Mode) -> Vec<u8> {
    let configuration: Configuration = configuration(mode);
    configuration.canonical_bytes().expect("there is memory")
}

/// A journal of frames that are whole: each has a kind, and a body of the fuzzer's bytes. Now and
/// then a byte of one is another.
pub fn journal(source: &mut Source<'_>, mode: Mode) -> Vec<u8> {
    let sync = source.pick(&[1_u8, 1, 0, 2, 3]);
    let mut bytes = b"OMEGAJNL\x01\0".to_vec();
    let configuration = canonical(mode);
    bytes.extend_from_slice(&[sync, 0]);
    bytes.extend_from_slice(&(configuration.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&SALT);
    bytes.extend_from_slice(&configuration);
    let mut link = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&link.to_le_bytes());
    while !source.is_empty() {
        let kind = source.byte();
        let length = usize::from(source.byte());
        let body = [&[kind & 7], source.take(length)].concat();
        let given = if kind & 0x38 == 0x38 { link ^ 1 } else { link };
        let head = [(body.len() as u32).to_le_bytes(), given.to_le_bytes()].concat();
        let crc = crc32c::crc32c_append(crc32c::crc32c(&SALT), &[&head[..], &body].concat());
        let from = bytes.len();
        bytes.extend_from_slice(&SALT[..4]);
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(&body);
        if kind & 0xC0 == 0xC0 {
            let place = from + source.below(bytes.len() - from);
            bytes[place] ^= source.byte();
        }
        link = crc;
    }
    bytes
}

fn opening(salvage: bool) -> Opening {
    // Another mode than `interval`, which has a thread.
    Opening { sync: Some(SyncMode::Os), off_grid: OffGrid::Refuse, salvage, ..Opening::default() }
}

/// Reads a journal, and whatever is beside it. Now and then what is restored is proved, or opening
/// it has to lead to the same: a ledger has some MB of columns, and a try should have one of them.
pub fn read_and_open(disk: &Memory, choice: u8) -> Recovered {
    let before = disk.read(NAME).expect("it is there");
    let mut found = recover(disk, NAME, &opening(false)).expect("its bytes are a verdict");
    if let Some(ledger) = found.ledger.as_mut().filter(|_| choice & 0x30 == 0x30) {
        if let Err(violation) = ledger.verify() {
            panic!("{violation:?}");
        }
        assert_eq!(ledger.digest().expect("there is memory"), found.report.digest);
    }
    assert!(found.report.good_length <= found.report.length);
    assert_eq!(disk.read(NAME).expect("it is there"), before, "reading writes nothing");
    if choice & 0xC0 != 0xC0 {
        return found;
    }
    let opened = open(Arc::new(disk.clone()), NAME, &opening(false));
    match (found.report.verdict, opened) {
        (Verdict::Clean | Verdict::Torn, Ok(opened)) => goes_on(disk, opened, &found),
        (Verdict::Corrupt | Verdict::Newer, Err(_)) => {
            assert_eq!(disk.read(NAME).expect("it is there"), before, "it is left alone");
        }
        (verdict, opened) => panic!("{verdict:?}, but {:?}", opened.map(|one| one.report)),
    }
    found
}

fn goes_on(disk: &Memory, mut opened: Opened, found: &Recovered) {
    assert_eq!(opened.ledger.digest().expect("there is memory"), found.report.digest);
    drop(opened);
    let again = recover(disk, NAME, &opening(false)).expect("its bytes are a verdict");
    assert_eq!(again.report.verdict, Verdict::Clean, "{}", again.report.reason);
    assert_eq!(again.report.digest, found.report.digest);
    assert_eq!(again.report.events, found.report.events);
}

/// Salvages a journal that is corrupt; what comes out is clean.
pub fn salvage(disk: &Memory) {
    let Ok(mut opened) = open(Arc::new(disk.clone()), NAME, &opening(true)) else { return };
    let digest = opened.ledger.digest().expect("there is memory");
    drop(opened);
    let again = recover(disk, NAME, &opening(false)).expect("its bytes are a verdict");
    assert_eq!(again.report.verdict, Verdict::Clean, "{}", again.report.reason);
    assert_eq!(again.report.digest, digest);
}
