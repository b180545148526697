//! Images of portfolios; one that is taken gives its own bytes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_core::ledger::image;
use portfolio_fuzz::files::with_crc;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, given)) = data.split_first() else { return };
    let bytes = if choice & 1 == 0 { with_crc(given) } else { given.to_vec() };
    match image::read(&bytes) {
        Ok(mut read) => {
            if let Err(violation) = read.ledger.verify() {
                panic!("{violation:?}");
            }
            let again = read.ledger.to_image(read.salt, read.floats).expect("there is memory");
            assert_eq!(again, bytes);
        }
        Err(error) => drop(error.to_string()),
    }
});
