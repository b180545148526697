//! Journals: bytes as they come, or frames that are whole and say what the fuzzer likes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_core::journal::Verdict;
use portfolio_core::ledger::Mode;
use portfolio_fuzz::bytes::Source;
use portfolio_fuzz::disk::Memory;
use portfolio_fuzz::files::{NAME, journal, read_and_open, salvage};

fuzz_target!(|data: &[u8]| {
    let mut source = Source(data);
    let choice = source.byte();
    let mode = if choice & 1 == 0 { Mode::Hedging } else { Mode::Netting };
    let bytes = if choice & 2 == 0 { journal(&mut source, mode) } else { source.0.to_vec() };
    let disk = Memory::with(NAME, &bytes);
    if read_and_open(&disk, choice).report.verdict == Verdict::Corrupt && choice & 8 == 8 {
        salvage(&disk);
    }
});
