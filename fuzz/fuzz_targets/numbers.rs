//! Decimal text and floats to exact numbers, beside a second reading of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_core::numbers::{
    FloatPolicy, LIMIT, NumberError, fixed9_to_f64, fixed18_to_f64, float_to_fixed, format_fixed,
    parse_decimal,
};
use portfolio_fuzz::texts::parse_plainly;

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let scale = u32::from(first % 20);
    if let Ok(text) = std::str::from_utf8(rest) {
        read(text, scale);
    }
    if let Some((bits, _)) = rest.split_first_chunk::<8>() {
        take(f64::from_le_bytes(*bits), scale);
    }
});

fn read(text: &str, scale: u32) {
    let found = parse_decimal(text, scale).map_err(|error| match error {
        NumberError::Syntax => 's',
        NumberError::TooManyDigits => 'd',
        NumberError::OutOfRange => 'r',
        other => panic!("{other:?} of a text"),
    });
    assert_eq!(found, parse_plainly(text, scale as usize), "{text:?} at {scale}");
    if let Ok(raw) = found {
        assert!(raw.abs() < LIMIT);
        let shown = format_fixed(raw, scale, 0);
        assert_eq!(parse_decimal(&shown, scale), Ok(raw), "{shown}");
        for mirror in [fixed9_to_f64(raw), fixed18_to_f64(raw)] {
            assert!(mirror.is_finite());
            assert_eq!(mirror == 0.0, raw == 0);
        }
        let near: f64 = format_fixed(raw, 9, 0).parse().expect("it is a number");
        assert_eq!(fixed9_to_f64(raw).to_bits(), near.to_bits(), "{raw}");
        let near: f64 = format_fixed(raw, 18, 0).parse().expect("it is a number");
        assert_eq!(fixed18_to_f64(raw).to_bits(), near.to_bits(), "{raw}");
    }
}

/// A float is its shortest text.
fn take(float: f64, scale: u32) {
    let strict = float_to_fixed(float, scale, FloatPolicy::Strict);
    let nearest = float_to_fixed(float, scale, FloatPolicy::Nearest);
    if float.is_finite() {
        let text = format!("{float:e}");
        let plain = parse_plainly(&text, scale as usize);
        match (strict, plain) {
            (Ok(raw), Ok(same)) => {
                // Of two shortest texts that are equally near Python takes the even one, as SPEC
                // says, and Rust the larger.
                let again: f64 = format_fixed(raw, scale, 0).parse().expect("it is a number");
                assert_eq!((again, nearest), (float, Ok(raw)), "{text}");
                assert!(raw.abs_diff(same) <= 10_u128.pow(scale), "{text}");
            }
            (Err(NumberError::OutOfRange), Err('r')) => assert!(nearest.is_err(), "{text}"),
            (Err(_), Err(_)) => {}
            other => panic!("{other:?} of {text} at {scale}"),
        }
    } else {
        assert_eq!((strict, nearest), (Err(NumberError::NotFinite), Err(NumberError::NotFinite)));
    }
}
