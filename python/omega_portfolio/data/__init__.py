"""Market data that comes with the package: daily bars of five US stocks, 2000 to 2013.

``us5_daily.arrow`` holds 12,154 rows of AAPL, FB, GOOG, IBM and MSFT, in the public domain.
``PROVENANCE.json`` beside it says where they come from, under which terms, and the SHA-256
of the file, which every load compares. ``tools/build_us5_daily.py`` in the source tree
rebuilds the file from its public source.

Open, high, low and close are decimals with 4 digits, exactly as published: the bars of 2000
are quoted in cents, sixteenths and quarter cents, and a double holds hardly any of them.
``adj_close`` is a double in the source (it is computed there by division) and stays one: it
serves signals and never becomes a fill. Prices are as traded: three 2-for-1 splits lie in
the rows (AAPL 2000-06-21 and 2005-02-28, MSFT 2003-02-18), and one true fall by 52 %
(AAPL 2000-09-29) looks just like them unless ``adj_close`` is consulted.

Examples
--------
>>> from omega_portfolio.data import load_us5_daily, provenance
>>> bars = load_us5_daily()
>>> bars.shape
(12154, 8)
>>> bars.columns
['time', 'symbol', 'open', 'high', 'low', 'close', 'volume', 'adj_close']
>>> provenance()["licence"]
'Public Domain'
"""

from __future__ import annotations

import hashlib
import io
import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    import polars as pl

FILE_NAME: Final = "us5_daily.arrow"
"""Name of the data file in this folder: Arrow IPC, compressed with zstd."""

PROVENANCE_NAME: Final = "PROVENANCE.json"
"""Name of the description of the data file."""


def provenance() -> dict[str, Any]:
    """Return what is recorded about the data file.

    Returns
    -------
    dict
        ``file``, ``sha256``, ``size_bytes``, ``rows``, ``columns``, ``symbols``,
        ``first_day``, ``last_day``, ``licence``, ``origin`` and more.

    Examples
    --------
    >>> from omega_portfolio.data import provenance
    >>> provenance()["rows"]
    12154
    """
    text = (resources.files(__name__) / PROVENANCE_NAME).read_text(encoding="utf-8")
    description: dict[str, Any] = json.loads(text)
    return description


def us5_daily_bytes() -> bytes:
    """Return the data file as it is, after comparing its SHA-256.

    Returns
    -------
    bytes
        An Arrow IPC file.

    Raises
    ------
    InvalidFrame
        The file is not the one that ``PROVENANCE.json`` describes.

    Examples
    --------
    >>> from omega_portfolio.data import us5_daily_bytes
    >>> us5_daily_bytes()[:6]
    b'ARROW1'
    """
    data = (resources.files(__name__) / FILE_NAME).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != provenance()["sha256"]:
        raise InvalidFrame(
            FILE_NAME,
            f"sha256 {found}",
            f"is not the file that {PROVENANCE_NAME} describes",
            "install the package again",
        )
    return data


def load_us5_daily() -> pl.DataFrame:
    """Load the daily bars of five US stocks.

    Returns
    -------
    polars.DataFrame
        12,154 rows ordered by symbol and time. ``time`` is midnight UTC of the trading day,
        ``open``, ``high``, ``low``, ``close`` are US dollars per share (exact decimals,
        unadjusted), ``volume`` counts shares, ``adj_close`` is the close adjusted for
        splits and dividends (Float64).

    Raises
    ------
    InvalidFrame
        The file is not the one that ``PROVENANCE.json`` describes.

    Examples
    --------
    >>> from omega_portfolio.data import load_us5_daily
    >>> bars = load_us5_daily()
    >>> bars.row(0)[1:6]
    ('AAPL', Decimal('118.5600'), Decimal('132.0600'), Decimal('118.5000'), Decimal('130.3100'))
    """
    import polars as pl

    return pl.read_ipc(io.BytesIO(us5_daily_bytes()))


__all__ = ["FILE_NAME", "PROVENANCE_NAME", "load_us5_daily", "provenance", "us5_daily_bytes"]
