//! What fills cost beyond their price: commission models (rules Z1 and Z2) and slippage models
//! (rule Z4).

use super::Ledger;
use super::stop::Stop;
use crate::book::Book;
use crate::numbers::{Money, Overflow, Price, Size, div_half_even, ratio_half_even};
use crate::terms::{ChargedOn, Commission, CommissionKind, Slippage, SlippageKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// A fill as a commission sees it: symbol, size, price.
pub(super) type Filled = (u32, Size, Price);

impl Ledger {
    /// What a fill without a given fee costs; 0 without a model.
    pub(super) fn commission(
        &self,
        (symbol, size, price): Filled,
        maker: bool,
        (opens, closes): (bool, bool),
    ) -> Result<Money, Overflow> {
        let Some(book) = self.book_at(symbol) else { return Ok(Money::ZERO) };
        let Some(model) = book.terms().and_then(|terms| terms.commission.as_ref()) else {
            return Ok(Money::ZERO);
        };
        let charged = match model.on {
            ChargedOn::Both => true,
            ChargedOn::Entry => opens,
            ChargedOn::Exit => closes,
        };
        if !charged {
            return Ok(Money::ZERO);
        }
        let traded = book.general.as_ref().map_or(Money::ZERO, |general| general.traded);
        let value = value_of(model, traded, maker);
        let (digits, divisor) = book.contract.fraction();
        let raw = match model.kind {
            CommissionKind::PerLot => ratio_half_even(&[value, size.raw()], ONE9)?,
            CommissionKind::PerUnit => {
                let divisor = divisor.checked_mul(ONE9).ok_or(Overflow)?;
                ratio_half_even(&[value, size.raw(), digits], divisor)?
            }
            CommissionKind::PerTrade => value,
            CommissionKind::Rate => {
                let native = ratio_half_even(&[book.worth(size, price)?.raw(), value], ONE9)?;
                Money::from_raw(native)?.at_rate(self.profit_rate(book)?)?.raw()
            }
        };
        let fee = Money::from_raw(raw)?;
        Ok(model.minimum.map_or(fee, |minimum| fee.max(minimum)))
    }

    /// Adds a fill to the volume that the tiers of a commission ask for.
    pub(super) fn count_volume(&mut self, (symbol, size, price): Filled) -> Result<(), Stop> {
        let Some(book) = self.book_at(symbol) else { return Ok(()) };
        let model = book.terms().and_then(|terms| terms.commission.as_ref());
        if model.is_none_or(|model| model.tiers.len() < 2) {
            return Ok(());
        }
        let worth = book.worth(size, price)?.at_rate(self.profit_rate(book)?)?;
        if let Some(general) = self.book_at_mut(symbol).and_then(|book| book.general.as_mut()) {
            general.traded = general.traded.checked_add(worth)?;
        }
        Ok(())
    }

    /// The price of a fill at the market after slippage. Nothing changes; a fill that then happens
    /// at it is counted with [`Ledger::count_slipped`].
    pub(super) fn slipped_price(
        &self,
        symbol: u32,
        buys: bool,
        price: Price,
    ) -> Result<Price, Overflow> {
        let Some(book) = self.book_at(symbol) else { return Ok(price) };
        match book.terms().and_then(|terms| terms.slippage) {
            Some(model) => slip(book, &model, buys, price),
            None => Ok(price),
        }
    }

    /// Counts a fill that took a random number.
    pub(super) fn count_slipped(&mut self, symbol: u32) {
        let random = |book: &Book| {
            let model = book.terms().and_then(|terms| terms.slippage);
            model.is_some_and(|model| model.kind == SlippageKind::Random)
        };
        if self.book_at(symbol).is_some_and(random)
            && let Some(general) = self.book_at_mut(symbol).and_then(|book| book.general.as_mut())
        {
            general.slipped = general.slipped.wrapping_add(1);
        }
    }
}

/// The value of a commission for a fill after so much was traded.
fn value_of(model: &Commission, traded: Money, maker: bool) -> i128 {
    let holds = |volume: Option<Money>| volume.is_none_or(|volume| volume > traded);
    let tier = model.tiers.iter().find(|tier| holds(tier.volume)).or(model.tiers.last());
    tier.map_or(0, |tier| if maker { tier.maker } else { tier.taker })
}

/// Rule Z4: a buy pays more, a sell gets less, not less than one tick.
fn slip(book: &Book, model: &Slippage, buys: bool, price: Price) -> Result<Price, Overflow> {
    let tick = book.tick();
    let value = model.value;
    let distance = match model.kind {
        SlippageKind::Points => value,
        SlippageKind::Rate => ratio_half_even(&[price.raw(), value], ONE9.saturating_mul(tick))?
            .checked_mul(tick)
            .ok_or(Overflow)?,
        SlippageKind::Spread => {
            let spread = book.ask.checked_sub(book.bid)?.raw();
            ratio_half_even(&[spread, value], ONE9.saturating_mul(tick))?
                .checked_mul(tick)
                .ok_or(Overflow)?
        }
        SlippageKind::Random => {
            let number = book.general.as_ref().map_or(0, |general| general.slipped);
            random_ticks(model, tick, number).checked_mul(tick).ok_or(Overflow)?
        }
    };
    let distance = div_half_even(distance, tick).checked_mul(tick).ok_or(Overflow)?;
    let moved = if buys {
        price.raw().checked_add(distance)
    } else {
        price.raw().checked_sub(distance).map(|price| price.max(tick))
    };
    Price::from_raw(moved.ok_or(Overflow)?)
}

/// From 0 to as many ticks as the value has, each as likely as any other.
fn random_ticks(model: &Slippage, tick: i128, number: u64) -> i128 {
    let most = model.value.checked_div(tick).unwrap_or(0).saturating_add(1);
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let wide = u128::from(split_mix(model.seed, number)).wrapping_mul(u128::from(most));
    i128::try_from(wide >> 64).unwrap_or(0)
}

/// The number after so many others of a `SplitMix64` (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
pub(super) const fn split_mix(seed: u64, number: u64) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut z = seed.wrapping_add(STEP.wrapping_mul(number.wrapping_add(1)));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::general::General;
    use crate::instrument::Instrument;
    use crate::numbers::Leverage;
    use crate::terms::Terms;

    fn book() -> Book {
        let terms = Terms { tick_size: Price::parse("0.05").ok(), ..Terms::default() };
        let instrument = Instrument {
            price_decimals: 2,
            terms: Some(Box::new(terms)),
            ..Instrument::default_for("X")
        };
        let general = General::new(&instrument, Currency::USD);
        let mut book = Book::new(instrument, Leverage::ONE);
        book.general = Some(Box::new(general));
        (book.bid, book.ask) = (Price::parse("10").unwrap(), Price::parse("10.2").unwrap());
        book
    }

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    #[test]
    fn the_random_numbers_are_those_of_the_paper() {
        // The first numbers of the reference implementation with the seed 1234567.
        let first = [0, 1, 2].map(|number| split_mix(1_234_567, number));
        let known =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first, known);
    }

    #[test]
    fn slippage_is_rounded_to_the_tick_and_never_helps() {
        let slip = |kind, value: &str, buys, at: &str| {
            let value = Price::parse(value).unwrap().raw();
            slip(&book(), &Slippage { kind, value, seed: 1 }, buys, price(at)).unwrap()
        };
        assert_eq!(slip(SlippageKind::Points, "0.12", true, "10"), price("10.1"));
        assert_eq!(slip(SlippageKind::Points, "0.13", false, "10"), price("9.85"));
        assert_eq!(slip(SlippageKind::Points, "0.025", true, "10"), price("10"), "half to even");
        assert_eq!(
            slip(SlippageKind::Points, "50", false, "10"),
            price("0.05"),
            "one tick is left"
        );
        assert_eq!(slip(SlippageKind::Rate, "0.01", true, "10"), price("10.1"));
        assert_eq!(slip(SlippageKind::Spread, "0.5", false, "10"), price("9.9"));
        for number in 0..100 {
            let model = Slippage { kind: SlippageKind::Random, value: 140_000_000, seed: 3 };
            let ticks = random_ticks(&model, 50_000_000, number);
            assert!((0..=2).contains(&ticks), "{ticks}");
        }
    }
}
