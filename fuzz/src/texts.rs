//! Decimal text, read once more in the plainest way there is.

/// The raw units of a text at a scale, or which rule it breaks first: `s`yntax, `d`igits, `r`ange.
///
/// # Errors
/// The letter of the rule.
pub fn parse_plainly(text: &str, scale: usize) -> Result<i128, char> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (number, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
        None => (rest, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err('s');
    }
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).unwrap();
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() {
        return Ok(0);
    }
    let decimals = i64::try_from(fraction.len()).unwrap();
    let zeros = exponent - decimals + dropped + i64::try_from(scale).unwrap();
    if zeros < 0 {
        return Err('d');
    }
    if i64::try_from(kept.len()).unwrap() + zeros > 38 {
        return Err('r');
    }
    let zeros = "0".repeat(usize::try_from(zeros).unwrap());
    let raw: i128 = format!("{kept}{zeros}").parse().unwrap();
    Ok(if negative { -raw } else { raw })
}

fn exponent(text: &str) -> Result<i64, char> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || !(1..=4).contains(&digits.len()) {
        return Err('s');
    }
    let value: i64 = digits.parse().unwrap();
    Ok(if negative { -value } else { value })
}
