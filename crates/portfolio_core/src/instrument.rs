//! Instruments: the digits and the contract behind a symbol.

use crate::columns::text::TEXT_MAX;
use crate::currency::Currency;
use crate::numbers::Contract;
use crate::refusal::Refusal;
use crate::terms::Terms;

/// Scale of prices and sizes.
const SCALE: u32 = 9;
/// Decimals of a product that money can hold.
const MONEY_SCALE: u32 = 18;

/// An instrument as the ledger takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instrument {
    /// The symbol.
    pub symbol: String,
    /// Digits of its prices, 0 to 9.
    pub price_decimals: u32,
    /// Digits of its sizes, 0 to 9.
    pub size_decimals: u32,
    /// Units of the underlying per 1 of size.
    pub contract: Contract,
    /// The currency of its prices; the account's if not given.
    pub quote_currency: Option<Currency>,
    /// Leverage at scale 9; the account's if not given.
    pub leverage: Option<i128>,
    /// Grids, margin and costs beyond these, if any.
    pub terms: Option<Box<Terms>>,
}

impl Instrument {
    /// The instrument that an unregistered symbol gets: 9 digits each, contract size 1.
    #[must_use]
    pub fn default_for(symbol: &str) -> Self {
        Self {
            symbol: symbol.to_owned(),
            price_decimals: SCALE,
            size_decimals: SCALE,
            contract: Contract::ONE,
            quote_currency: None,
            leverage: None,
            terms: None,
        }
    }

    /// Checks the definition by itself (rules T4, I1, I2, I8 to I10 and those of its models).
    ///
    /// # Errors
    /// The refusal of the first rule that fails.
    pub fn check(&self) -> Result<(), Refusal> {
        check_symbol(&self.symbol)?;
        let digits =
            [("price_decimals", self.price_decimals), ("size_decimals", self.size_decimals)];
        for (argument, value) in digits {
            if value > SCALE {
                return Err(Refusal::DecimalsTooMany { argument, value });
            }
        }
        if self.leverage.is_some_and(|leverage| leverage <= 0) {
            return Err(Refusal::InstrumentLeverageMustBePositive {
                leverage: self.leverage.unwrap_or(0),
            });
        }
        let contract_decimals = self.contract.decimals();
        let both = self.price_decimals.saturating_add(self.size_decimals);
        let inverse = self.terms.as_ref().is_some_and(|terms| terms.inverse);
        if !inverse && both.saturating_add(contract_decimals) > MONEY_SCALE {
            return Err(Refusal::DigitsDoNotFitMoney {
                price_decimals: self.price_decimals,
                size_decimals: self.size_decimals,
                contract_decimals,
            });
        }
        self.terms.as_ref().map_or(Ok(()), |terms| terms.check(self))
    }
}

/// Checks a symbol (rule T4).
///
/// # Errors
/// [`Refusal::SymbolNotAllowed`].
#[inline]
pub fn check_symbol(symbol: &str) -> Result<(), Refusal> {
    let refuse = |rule| Err(Refusal::SymbolNotAllowed { symbol: symbol.to_owned(), rule });
    if symbol.is_empty() || symbol.len() > TEXT_MAX {
        return refuse("a symbol has 1 to 255 bytes of UTF-8");
    }
    if symbol.bytes().any(|byte| byte < 0x20 || byte == 0x7F) {
        return refuse("a symbol has no control characters");
    }
    if symbol.trim().len() != symbol.len() {
        return refuse("a symbol has no white space at its ends");
    }
    Ok(())
}

/// Checks a tag or a reason (rule T5).
///
/// # Errors
/// [`Refusal::TextNotAllowed`].
#[inline]
pub fn check_text(argument: &'static str, text: &str) -> Result<(), Refusal> {
    let refuse = |rule| Err(Refusal::TextNotAllowed { argument, text: text.to_owned(), rule });
    if text.len() > TEXT_MAX {
        return refuse("has more than 255 bytes of UTF-8");
    }
    if text.as_bytes().contains(&0) {
        return refuse("holds a NUL");
    }
    Ok(())
}
