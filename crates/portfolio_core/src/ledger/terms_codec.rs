//! The terms of instruments as canonical bytes, and back (TERMS in SPEC section 9).

use std::collections::TryReserveError;

use super::corporate::swap_byte;
use super::record::EVENT_BYTES;
use crate::codec::{Bytes, Decoder, Encoder, Malformed};
use crate::currency::Currency;
use crate::instrument::Instrument;
use crate::numbers::{Money, Price, Size};
use crate::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Slippage, SlippageKind, Swap, SwapKind, Terms,
};

/// The most bytes of a number.
const NUMBER: usize = 19;

/// The most bytes that the registration of an instrument takes.
pub(super) fn register_bytes(instrument: &Instrument) -> usize {
    let Some(terms) = &instrument.terms else { return EVENT_BYTES };
    let margin = match terms.margin.as_ref().map(|margin| &margin.requirement) {
        Some(Requirement::Tiers(tiers)) => tiers.len(),
        _ => 0,
    };
    let commission = terms.commission.as_ref().map_or(0, |model| model.tiers.len());
    let swap =
        terms.swap.as_ref().map_or(0, |swap| swap.rollovers.len().saturating_add(swap.zone.len()));
    let numbers = margin.saturating_mul(2).saturating_add(commission.saturating_mul(3));
    numbers.saturating_add(swap).saturating_mul(NUMBER).saturating_add(3 * EVENT_BYTES)
}

/// Writes the terms of an instrument; one without any has zeros.
pub(super) fn put_terms(encoder: &mut Encoder<'_>, terms: Option<&Terms>) {
    let Some(terms) = terms else {
        encoder.zeros(8);
        return encoder.zeros(2);
    };
    let prices = terms.tick_size.map_or(0, Price::raw);
    let sizes = [terms.lot_step, terms.min_size, terms.max_size];
    encoder.natural(prices);
    for size in sizes {
        encoder.natural(size.map_or(0, Size::raw));
    }
    encoder.text(terms.base_currency.as_ref().map_or("", Currency::code));
    encoder.byte(u8::from(terms.inverse));
    match &terms.margin {
        None => encoder.byte(0),
        Some(margin) => put_margin(encoder, margin),
    }
    match &terms.commission {
        None => encoder.byte(0),
        Some(commission) => put_commission(encoder, commission),
    }
    match &terms.slippage {
        None => encoder.byte(0),
        Some(slippage) => {
            encoder.byte(slippage_byte(slippage.kind));
            encoder.natural(slippage.value);
            encoder.small(slippage.seed);
        }
    }
    match &terms.swap {
        None => encoder.byte(0),
        Some(swap) => put_swap(encoder, swap),
    }
}

fn put_margin(encoder: &mut Encoder<'_>, margin: &Margin) {
    match &margin.requirement {
        Requirement::Leverage(raw) => {
            encoder.byte(1);
            encoder.natural(*raw);
        }
        Requirement::Rate(raw) => {
            encoder.byte(2);
            encoder.natural(*raw);
        }
        Requirement::PerLot(amount) => {
            encoder.byte(3);
            encoder.natural(amount.raw());
        }
        Requirement::Tiers(tiers) => {
            encoder.byte(4);
            encoder.count(tiers.len());
            for tier in tiers {
                encoder.natural(tier.limit.map_or(0, Money::raw));
                encoder.natural(tier.rate);
            }
        }
    }
    encoder.byte(u8::from(margin.basis == Basis::Mark));
    encoder.natural(margin.hedged.map_or(0, |part| part.saturating_add(1)));
    encoder.byte(u8::from(margin.in_base));
}

fn put_commission(encoder: &mut Encoder<'_>, commission: &Commission) {
    encoder.byte(match commission.kind {
        CommissionKind::PerLot => 1,
        CommissionKind::PerUnit => 2,
        CommissionKind::PerTrade => 3,
        CommissionKind::Rate => 4,
    });
    let tiers = &commission.tiers;
    // Taker and maker for all volumes are no tiers.
    encoder.count(if tiers.len() == 1 { 0 } else { tiers.len() });
    for tier in tiers {
        encoder.natural(tier.volume.map_or(0, Money::raw));
        encoder.signed(tier.taker);
        encoder.signed(tier.maker);
    }
    encoder.natural(commission.minimum.map_or(0, |minimum| minimum.raw().saturating_add(1)));
    encoder.byte(match commission.on {
        ChargedOn::Both => 0,
        ChargedOn::Entry => 1,
        ChargedOn::Exit => 2,
    });
}

const fn slippage_byte(kind: SlippageKind) -> u8 {
    match kind {
        SlippageKind::Points => 1,
        SlippageKind::Rate => 2,
        SlippageKind::Spread => 3,
        SlippageKind::Random => 4,
    }
}

fn put_swap(encoder: &mut Encoder<'_>, swap: &Swap) {
    encoder.byte(swap_byte(swap.kind));
    encoder.signed(swap.long);
    encoder.signed(swap.short);
    encoder.count(swap.rollovers.len());
    for &minutes in &swap.rollovers {
        encoder.small(u64::from(minutes));
    }
    encoder.text(&swap.zone);
    for days in swap.multipliers {
        encoder.small(u64::from(days));
    }
    encoder.small(u64::from(swap.day_count));
}

/// The canonical bytes of terms; they are reserved before.
pub(crate) fn terms_bytes(instrument: &Instrument) -> Result<Vec<u8>, TryReserveError> {
    let mut bytes = Bytes::default();
    bytes.reserve(register_bytes(instrument))?;
    bytes.append(|encoder| put_terms(encoder, instrument.terms.as_deref()));
    Ok(bytes.into())
}

/// The terms of canonical bytes that an instrument can have, and the code of their base currency
/// when it is not a known one. What depends on the rest of the instrument is not asked for.
pub(crate) fn terms_of(bytes: &[u8]) -> Option<(Terms, Option<String>)> {
    let mut decoder = Decoder(bytes);
    let (terms, base) = decode_parts(&mut decoder).ok()?;
    let unknown = base.filter(|_| terms.base_currency.is_none()).map(str::to_owned);
    (decoder.is_empty() && terms.has_good_models()).then_some((terms, unknown))
}

/// Reads the terms of an instrument.
pub(super) fn decode_terms(decoder: &mut Decoder<'_>) -> Result<Option<Terms>, Malformed> {
    let (terms, base) = decode_parts(decoder)?;
    if base.is_some() && terms.base_currency.is_none() {
        return Err(Malformed);
    }
    Ok(Some(terms).filter(|terms| *terms != Terms::default()))
}

/// Reads terms, and the code of their base currency, if there is one.
fn decode_parts<'a>(decoder: &mut Decoder<'a>) -> Result<(Terms, Option<&'a str>), Malformed> {
    let size = |decoder: &mut Decoder<'_>| -> Result<Option<Size>, Malformed> {
        let size = Size::from_raw(decoder.number()?).map_err(|_| Malformed)?;
        Ok(Some(size).filter(|size| !size.is_zero()))
    };
    let tick = Price::from_raw(decoder.number()?).map_err(|_| Malformed)?;
    let (lot_step, min_size, max_size) = (size(decoder)?, size(decoder)?, size(decoder)?);
    let base = Some(decoder.text()?).filter(|code| !code.is_empty());
    let terms = Terms {
        tick_size: Some(tick).filter(|tick| !tick.is_zero()),
        lot_step,
        min_size,
        max_size,
        base_currency: base.and_then(Currency::parse),
        inverse: flag(decoder)?,
        margin: decode_margin(decoder)?,
        commission: decode_commission(decoder)?,
        slippage: decode_slippage(decoder)?,
        swap: decode_swap(decoder)?,
    };
    Ok((terms, base))
}

fn flag(decoder: &mut Decoder<'_>) -> Result<bool, Malformed> {
    match decoder.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}

fn amount(decoder: &mut Decoder<'_>) -> Result<Money, Malformed> {
    Money::from_raw(decoder.number()?).map_err(|_| Malformed)
}

fn amount_or_none(decoder: &mut Decoder<'_>) -> Result<Option<Money>, Malformed> {
    Ok(Some(amount(decoder)?).filter(|amount| !amount.is_zero()))
}

fn decode_margin(decoder: &mut Decoder<'_>) -> Result<Option<Margin>, Malformed> {
    let requirement = match decoder.byte()? {
        0 => return Ok(None),
        1 => Requirement::Leverage(decoder.number()?),
        2 => Requirement::Rate(decoder.number()?),
        3 => Requirement::PerLot(amount(decoder)?),
        4 => {
            let mut tiers = Vec::new();
            for _ in 0..decoder.number::<usize>()? {
                let limit = amount_or_none(decoder)?;
                tiers.push(MarginTier { limit, rate: decoder.number()? });
            }
            Requirement::Tiers(tiers)
        }
        _ => return Err(Malformed),
    };
    let basis = if flag(decoder)? { Basis::Mark } else { Basis::Open };
    let hedged = decoder.number::<i128>()?.checked_sub(1).filter(|&part| part >= 0);
    Ok(Some(Margin { requirement, basis, hedged, in_base: flag(decoder)? }))
}

fn decode_commission(decoder: &mut Decoder<'_>) -> Result<Option<Commission>, Malformed> {
    let kind = match decoder.byte()? {
        0 => return Ok(None),
        1 => CommissionKind::PerLot,
        2 => CommissionKind::PerUnit,
        3 => CommissionKind::PerTrade,
        4 => CommissionKind::Rate,
        _ => return Err(Malformed),
    };
    let mut tiers = Vec::new();
    let count = decoder.number::<usize>()?;
    if count == 1 {
        // One tier without a volume is written as none, and one with a volume is none.
        return Err(Malformed);
    }
    for _ in 0..count.max(1) {
        let volume = amount_or_none(decoder)?;
        let (taker, maker) = (decoder.signed()?, decoder.signed()?);
        tiers.push(CommissionTier { volume, taker, maker });
    }
    let minimum = decoder.number::<i128>()?.checked_sub(1).filter(|&least| least >= 0);
    let minimum = minimum.map(Money::from_raw).transpose().map_err(|_| Malformed)?;
    let on = match decoder.byte()? {
        0 => ChargedOn::Both,
        1 => ChargedOn::Entry,
        2 => ChargedOn::Exit,
        _ => return Err(Malformed),
    };
    Ok(Some(Commission { kind, tiers, minimum, on }))
}

fn decode_slippage(decoder: &mut Decoder<'_>) -> Result<Option<Slippage>, Malformed> {
    let kind = match decoder.byte()? {
        0 => return Ok(None),
        1 => SlippageKind::Points,
        2 => SlippageKind::Rate,
        3 => SlippageKind::Spread,
        4 => SlippageKind::Random,
        _ => return Err(Malformed),
    };
    Ok(Some(Slippage { kind, value: decoder.number()?, seed: decoder.number()? }))
}

fn decode_swap(decoder: &mut Decoder<'_>) -> Result<Option<Swap>, Malformed> {
    let kind = match decoder.byte()? {
        0 => return Ok(None),
        1 => SwapKind::Points,
        2 => SwapKind::Rate,
        3 => SwapKind::Funding,
        _ => return Err(Malformed),
    };
    let (long, short) = (decoder.signed()?, decoder.signed()?);
    let mut rollovers = Vec::new();
    for _ in 0..decoder.number::<usize>()? {
        rollovers.push(decoder.number()?);
    }
    let zone = decoder.text()?.to_owned();
    let mut multipliers = [0; 7];
    for days in &mut multipliers {
        *days = decoder.number()?;
    }
    let day_count = decoder.number()?;
    Ok(Some(Swap { kind, long, short, rollovers, zone, multipliers, day_count }))
}
