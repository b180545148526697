//! Images and forks of random lives: the copy is the portfolio, each goes on by itself, and bytes
//! that are no image are refused. A failure names the seed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_rows;
mod lives;
mod random;

use frame_rows::{apply, picture};
use lives::{Source, grown, index};
use portfolio_core::columns::schema::View;
use portfolio_core::frame::OnError;
use portfolio_core::ledger::image::{self, ImageError};
use portfolio_core::ledger::{Ledger, OffGrid};
use random::Random;

const SEEDS: u64 = 150;
const SALT: [u8; 16] = *b"a salt of bytes.";

/// Lets a life go on for some rows; refused ones are left out.
fn live(ledger: &mut Ledger, source: &mut Source, most: u64) {
    let count = index(&mut source.random, most) + 1;
    let rows = source.rows(count);
    if !rows.is_empty() {
        apply(ledger, &rows, OnError::Record).unwrap();
    }
}

/// Another source of rows at the same moment.
fn beside(source: &Source, seed: u64) -> Source {
    Source { random: Random(seed), time: source.time }
}

#[test]
fn an_image_is_the_portfolio() {
    let mut rounding = 0;
    for seed in 0..SEEDS {
        let (mut ledger, mut source) = grown(seed);
        live(&mut ledger, &mut source, 150);
        let floats = u8::try_from(seed % 2).unwrap();
        let bytes = ledger.to_image(SALT, floats).unwrap();
        let read = image::read(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!((read.salt, read.floats), (SALT, floats));
        let mut copy = read.ledger;
        rounding += usize::from(copy.configuration().off_grid == OffGrid::Round);
        assert_eq!(copy.configuration(), ledger.configuration(), "seed {seed}");
        assert_eq!(copy.rounded_count(), 0);
        let (left, right) = (picture(&mut copy), picture(&mut ledger));
        assert_eq!((&left[..2], &left[3..]), (&right[..2], &right[3..]), "seed {seed}");
        assert_eq!(copy.to_image(SALT, floats).unwrap(), bytes, "seed {seed}");
        let mut other = beside(&source, seed);
        let rows = other.rows(30);
        apply(&mut ledger, &rows, OnError::Record).unwrap();
        apply(&mut copy, &rows, OnError::Record).unwrap();
        assert_eq!(copy.digest(), ledger.digest(), "seed {seed}");
        assert_eq!(copy.verify(), Ok(()), "seed {seed}");
    }
    assert!(rounding > 20, "{rounding} of them round");
}

#[test]
fn a_fork_and_its_origin_go_on_by_themselves() {
    let mut forks = 0;
    for seed in SEEDS..2 * SEEDS {
        let (mut ledger, mut source) = grown(seed);
        // Each with its own source, and what it showed when it was forked from.
        let mut family: Vec<(Ledger, Source)> = Vec::new();
        for round in 0..5 {
            live(&mut ledger, &mut source, 40);
            let before = picture(&mut ledger);
            let held = ledger.equity_curve(View::Exact).unwrap();
            let mut fork = ledger.fork().unwrap();
            forks += 1;
            assert_eq!(picture(&mut fork), before, "seed {seed}, round {round}");
            let mut child = beside(&source, seed * 31 + round);
            live(&mut fork, &mut child, 40);
            assert_eq!(picture(&mut ledger), before, "seed {seed}: the fork went on");
            let after = picture(&mut fork);
            live(&mut ledger, &mut source, 40);
            assert_eq!(picture(&mut fork), after, "seed {seed}: the origin went on");
            let shown = frame_rows::shown(&held);
            assert_eq!(shown.len(), held.rows);
            assert!(shown.iter().all(|row| before.contains(row)), "seed {seed}: a snapshot moved");
            family.push((fork, child));
            if round % 2 == 1 {
                // From here on the line goes on with a fork, and its origin is one of the family.
                let place = index(&mut source.random, 2).min(family.len() - 1);
                let (next, other) = family.swap_remove(place);
                family.push((std::mem::replace(&mut ledger, next), source));
                source = other;
            }
        }
        family.push((ledger, source));
        for (member, mut source) in family {
            let mut member = member;
            assert_eq!(member.verify(), Ok(()), "seed {seed}");
            member.compact(5).unwrap();
            live(&mut member, &mut source, 20);
            assert_eq!(member.verify(), Ok(()), "seed {seed}");
            assert_eq!(member.check_invariants(), Ok(()), "seed {seed}");
        }
    }
    assert!(forks > 700);
}

#[test]
fn a_fork_outlives_its_origin() {
    let (mut ledger, mut source) = grown(7);
    live(&mut ledger, &mut source, 200);
    let before = picture(&mut ledger);
    let mut fork = ledger.fork().unwrap().fork().unwrap();
    drop(ledger);
    assert_eq!(picture(&mut fork), before);
    live(&mut fork, &mut source, 200);
    assert_eq!(fork.verify(), Ok(()));
}

/// An image of some hundred events.
fn sample() -> Vec<u8> {
    let (mut ledger, mut source) = grown(3);
    while ledger.account().events < 300 {
        live(&mut ledger, &mut source, 60);
    }
    ledger.to_image(SALT, 0).unwrap()
}

#[test]
fn every_cut_and_every_flipped_bit_is_refused() {
    let bytes = sample();
    for length in 0..bytes.len() {
        let error = image::read(&bytes[..length]).unwrap_err();
        let wanted =
            if length < 8 { ImageError::NotAnImage } else { ImageError::Length { found: length } };
        assert_eq!(error, wanted);
    }
    let mut flipped = bytes.clone();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            flipped[place] ^= 1 << bit;
            assert!(image::read(&flipped).is_err(), "byte {place}, bit {bit}");
            flipped[place] ^= 1 << bit;
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    let error = image::read(&longer).unwrap_err();
    assert_eq!(error, ImageError::Length { found: longer.len() });
    assert!(image::read(&bytes).is_ok());
}

/// The image with some of its bytes changed and a crc that fits.
fn forged(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> ImageError {
    let mut forged = bytes[..bytes.len() - 4].to_vec();
    change(&mut forged);
    forged.extend_from_slice(&crc32c::crc32c(&forged).to_le_bytes());
    image::read(&forged).map(|_| ()).unwrap_err()
}

#[test]
fn an_image_with_a_crc_that_fits_is_not_yet_believed() {
    let bytes = sample();
    let number = |at: usize| {
        usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
    };
    let (configuration, events) = (number(30), number(38));
    let first = 62 + configuration;
    assert_eq!(forged(&bytes, |it| it[8] = 2), ImageError::Newer { version: 2 });
    let header = |what| ImageError::Header { what };
    assert_eq!(forged(&bytes, |it| it[8] = 0), header("version"));
    assert_eq!(forged(&bytes, |it| it[10] = 1), header("version"));
    assert_eq!(forged(&bytes, |it| it[28] = 2), header("floats"));
    assert_eq!(forged(&bytes, |it| it[29] = 2), header("off_grid"));
    assert_eq!(forged(&bytes, |it| it[62] ^= 1), header("configuration"));
    for what in [30, 38, 54] {
        let error = forged(&bytes, |it| it[what..what + 8].fill(0xFF));
        assert_eq!(error, ImageError::Length { found: bytes.len() });
    }
    let differs = |what| ImageError::Differs { what };
    assert_eq!(forged(&bytes, |it| it[46] ^= 1), differs("list of events"));
    let end = bytes.len() - 36;
    assert_eq!(forged(&bytes, |it| it[end] ^= 1), differs("digest"));
    assert_eq!(forged(&bytes, |it| it[first + events] ^= 1), differs("state"));
    // A byte of the events or of the state: refused or another state, but never believed.
    for place in (62..end).step_by(3) {
        let error = forged(&bytes, |it| it[place] ^= 0x41);
        let known = matches!(
            error,
            ImageError::Event { .. } | ImageError::Differs { .. } | ImageError::Header { .. }
        );
        assert!(known, "byte {place}: {error}");
    }
}

#[test]
fn random_bytes_are_refused() {
    let mut random = Random(5);
    for _ in 0..2_000 {
        let length = index(&mut random, 300);
        let mut bytes: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        assert!(image::read(&bytes).is_err());
        bytes.splice(..length.min(10), *b"OMEGAIMG\x01\0");
        assert!(image::read(&bytes).is_err());
    }
}
