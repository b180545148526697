//! What a portfolio starts from.

use std::collections::TryReserveError;

use crate::codec::{Bytes, Decoder};
use crate::currency::Currency;
use crate::event::Path;
use crate::numbers::{LIMIT, Money, format_fixed};
use crate::refusal::Refusal;

/// What the canonical bytes start with.
const MAGIC: &[u8] = b"omega_portfolio\x02";

/// What a portfolio starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The balance before the first event, not negative.
    pub initial_balance: Money,
    /// The account's currency.
    pub currency: Currency,
    /// The account's leverage at scale 9, > 0.
    pub leverage: i128,
    /// How many rows the equity history is expected to have; the first segment then holds them all.
    pub capacity: Option<usize>,
    /// How fills of one symbol become positions.
    pub mode: Mode,
    /// To which digits postings are booked.
    pub rounding: Rounding,
    /// What becomes of a number off its grid.
    pub off_grid: OffGrid,
    /// The margin level of a margin call, in percent at scale 9.
    pub margin_call: Option<i128>,
    /// The margin level at which positions are closed, in percent at scale 9.
    pub stop_out: Option<i128>,
    /// The way of a price within a bar that does not say it.
    pub path: Path,
    /// The currency between two that have no pair.
    pub pivot: Currency,
}

/// How fills of one symbol become positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Each open has a position of its own.
    #[default]
    Hedging,
    /// One position a symbol.
    Netting,
}

/// To which digits postings are booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// All of them.
    #[default]
    Exact,
    /// Those of the account's currency; the residue is carried.
    Cents,
}

/// What becomes of a number off its grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OffGrid {
    /// It is refused.
    #[default]
    Refuse,
    /// It is rounded, and counted.
    Round,
}

impl Configuration {
    /// A hedging account in US dollars without leverage, exact to the last digit.
    #[must_use]
    pub const fn new(initial_balance: Money) -> Self {
        Self {
            initial_balance,
            currency: Currency::USD,
            leverage: 1_000_000_000,
            capacity: None,
            mode: Mode::Hedging,
            rounding: Rounding::Exact,
            off_grid: OffGrid::Refuse,
            margin_call: None,
            stop_out: None,
            path: Path::Pessimistic,
            pivot: Currency::USD,
        }
    }

    /// Rule A1 for the levels of margin.
    ///
    /// # Errors
    /// The refusal of the first one that cannot be.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let levels = [("margin_call", self.margin_call), ("stop_out", self.stop_out)];
        for (argument, level) in levels {
            if let Some(raw) = level.filter(|&raw| raw <= 0 || raw >= LIMIT) {
                let (value, rule) = (format_fixed(raw, 9, 0), "must be greater than 0");
                return Err(Refusal::SettingNotAllowed { argument, value, rule });
            }
        }
        match (self.margin_call, self.stop_out) {
            (Some(call), Some(out)) if out > call => Err(Refusal::SettingNotAllowed {
                argument: "stop_out",
                value: format_fixed(out, 9, 0),
                rule: "must not be above margin_call",
            }),
            _ => Ok(()),
        }
    }

    /// The configuration of canonical bytes; nothing when they are not what
    /// [`Self::canonical_bytes`] gives. What is not in them is as [`Self::new`] has it.
    ///
    /// ```
    /// use portfolio_core::ledger::Configuration;
    /// use portfolio_core::numbers::Money;
    ///
    /// let configuration = Configuration::new(Money::parse("1000").unwrap());
    /// let bytes = configuration.canonical_bytes().unwrap();
    /// assert_eq!(Configuration::from_canonical(&bytes), Some(configuration));
    /// assert_eq!(Configuration::from_canonical(&bytes[1..]), None);
    /// ```
    #[must_use]
    pub fn from_canonical(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes.strip_prefix(MAGIC)?);
        let natural = |decoder: &mut Decoder<'_>| decoder.number::<i128>().ok();
        let initial_balance = Money::from_raw(decoder.signed().ok()?).ok()?;
        let currency = Currency::parse(decoder.text().ok()?)?;
        let leverage = natural(&mut decoder)?;
        let mode = [Mode::Hedging, Mode::Netting].get(usize::from(decoder.byte().ok()?))?;
        let rounding = [Rounding::Exact, Rounding::Cents].get(usize::from(decoder.byte().ok()?))?;
        let margin_call = Some(natural(&mut decoder)?).filter(|&raw| raw != 0);
        let stop_out = Some(natural(&mut decoder)?).filter(|&raw| raw != 0);
        let path = Path::of_byte(decoder.byte().ok()?)?;
        let pivot = Currency::parse(decoder.text().ok()?)?;
        decoder.is_empty().then_some(Self {
            currency,
            leverage,
            mode: *mode,
            rounding: *rounding,
            margin_call,
            stop_out,
            path,
            pivot,
            ..Self::new(initial_balance)
        })
    }

    /// The bytes that the digest starts with (SPEC section 9).
    ///
    /// # Errors
    /// When the allocator refuses.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, TryReserveError> {
        let mut bytes = Bytes::default();
        bytes.reserve(128)?;
        bytes.append(|encoder| {
            for &byte in MAGIC {
                encoder.byte(byte);
            }
            encoder.signed(self.initial_balance.raw());
            encoder.text(self.currency.code());
            encoder.natural(self.leverage);
            encoder.byte(u8::from(self.mode == Mode::Netting));
            encoder.byte(u8::from(self.rounding == Rounding::Cents));
            encoder.natural(self.margin_call.unwrap_or(0));
            encoder.natural(self.stop_out.unwrap_or(0));
            encoder.byte(self.path.byte());
            encoder.text(self.pivot.code());
        });
        Ok(bytes.into())
    }
}
