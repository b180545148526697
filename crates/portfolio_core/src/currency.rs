//! Currencies: ISO 4217 codes and four crypto currencies, with their digits.

/// A known currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 4],
    digits: u32,
}

const TWO_DIGITS: &str = "\
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN \
BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP \
LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR \
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XAG XAU XBA \
XBB XBC XBD XCD XCG XDR XPD XPT XSU XTS XUA XXX YER ZAR ZMW ZWG";
const NO_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";
const OTHERS: [(&str, u32); 6] =
    [("CLF", 4), ("UYW", 4), ("BTC", 8), ("ETH", 8), ("USDT", 6), ("USDC", 6)];

impl Currency {
    /// US dollar.
    pub const USD: Self = Self { code: *b"USD\0", digits: 2 };

    /// Looks a code up; exact spelling.
    ///
    /// ```
    /// use portfolio_core::currency::Currency;
    /// assert_eq!(Currency::parse("JPY").map(|found| found.digits()), Some(0));
    /// assert_eq!(Currency::parse("usd"), None);
    /// ```
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let among = |list: &str| list.split_ascii_whitespace().any(|known| known == code);
        let other = || OTHERS.iter().find(|(known, _)| *known == code).map(|(_, digits)| *digits);
        let digits = [(TWO_DIGITS, 2), (NO_DIGITS, 0), (THREE_DIGITS, 3)]
            .iter()
            .find(|(list, _)| among(list))
            .map(|(_, digits)| *digits)
            .or_else(other)?;
        let mut bytes = [0_u8; 4];
        bytes.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
        Some(Self { code: bytes, digits })
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default().trim_end_matches('\0')
    }

    /// Digits after the point in everyday use.
    #[must_use]
    pub const fn digits(self) -> u32 {
        self.digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_and_unknown_ones_do_not() {
        for (code, digits) in [("USD", 2), ("JPY", 0), ("KWD", 3), ("USDT", 6), ("CLF", 4)] {
            let found = Currency::parse(code).unwrap();
            assert_eq!((found.code(), found.digits()), (code, digits));
        }
        for code in ["", "XXXX", "US", "usd", "USD ", "USDTT"] {
            assert_eq!(Currency::parse(code), None);
        }
        assert_eq!(Currency::parse("USD"), Some(Currency::USD));
    }
}
