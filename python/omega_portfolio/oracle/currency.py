"""Known currencies and their digits (SPEC I7)."""

from __future__ import annotations

from typing import Final

from omega_portfolio.errors import InvalidCurrency, describe

_ISO_4217: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP
GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK
SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU
UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA
XXX YER ZAR ZMW ZWG
"""

_DIGITS_DEFAULT: Final = 2
_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    6: "USDT USDC",
    8: "BTC ETH",
}

CURRENCY_DIGITS: Final[dict[str, int]] = {
    **dict.fromkeys(_ISO_4217.split(), _DIGITS_DEFAULT),
    **{code: digits for digits, codes in _DIGITS.items() for code in codes.split()},
}
"""Digits of each known currency: those of ISO 4217 and four crypto currencies."""


def check_currency(argument: str, currency: str) -> None:
    """Refuse an unknown currency.

    Raises
    ------
    InvalidCurrency
        It is not one of :data:`CURRENCY_DIGITS`.
    """
    if currency not in CURRENCY_DIGITS:
        raise InvalidCurrency(
            argument,
            describe(currency),
            "is not a known currency",
            "pass an ISO 4217 code in capitals, or BTC, ETH, USDT or USDC",
        )
