//! Canonical bytes of events (SPEC section 9), decoded and applied one after the other: an image
//! has them, whose lengths and checksum are right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_core::ledger::{Mode, image};
use portfolio_fuzz::accounts::scene;
use portfolio_fuzz::files;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, given)) = data.split_first() else { return };
    let mode = if choice & 1 == 0 { Mode::Hedging } else { Mode::Netting };
    let mut events = Vec::new();
    if choice & 2 == 0 {
        // What these events may name is there: symbols 0 and 1, positions 1 and 2.
        let prefix = scene(mode).event_bytes().expect("there is memory");
        let configuration = scene_configuration(mode);
        events.extend_from_slice(&prefix[configuration..]);
    }
    events.extend_from_slice(given);
    let read = image::read(&files::image(mode, 0, &events, &[]));
    drop(read.expect_err("the state is another").to_string());
});

fn scene_configuration(mode: Mode) -> usize {
    let configuration = portfolio_fuzz::accounts::configuration(mode);
    configuration.canonical_bytes().expect("there is memory").len()
}
