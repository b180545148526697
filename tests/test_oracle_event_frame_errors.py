"""What is refused in the new rows of a frame of events, with row and column (SPEC E3 to E8)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import opened, paid, quoted, table, terms_of, whole_picture
from omega_portfolio.oracle.octets import put_signed, put_text, put_unsigned
from test_oracle_event_frames import DAY, account, bar, ordered, registered, row

Row = dict[str, Any]

HUGE = 10**21
NO_TERMS = "00" * 10
SWAPPED = terms_of(swap=op.Swap("points", 1))
PAIR = [
    registered("EURUSD", terms=terms_of(base_currency="EUR")),
    quoted("mark", 0, symbol="EURUSD", price=1),
]


def bad(error: type[op.OmegaPortfolioError], place: str, *rows: Row, refused: int = 1) -> Any:
    """Make a case: the last rows, one if not told otherwise, are refused."""
    number, column = place.split()
    name = f"{error.__name__}-{rows[-1]['action']}-{column}"
    return pytest.param(error, f"row {number}, column {column}", rows, refused, id=name)


def shares(**cells: object) -> Row:
    given: Row = {"time": 1, "symbol": "ACME", "numerator": 2, "denominator": 1}
    return row("split", **{**given, **cells})


def exchanged(**cells: object) -> Row:
    given = {"amount": 1, "from_currency": "USD", "to_currency": "EUR"}
    return row("convert", 1, **{**given, **cells})


OPENED = opened(1)
BOTH = [opened(1), opened(1, side="short")]

CASES = [
    # Cells that are needed
    bad(op.InvalidFrame, "1 position_id", OPENED, row("close_by", other_id=1)),
    bad(op.InvalidFrame, "1 other_id", OPENED, row("close_by", position_id=1)),
    bad(op.InvalidFrame, "0 side", ordered(side=None)),
    bad(op.InvalidFrame, "0 size", ordered(size=None)),
    bad(op.InvalidFrame, "0 order_id", row("cancel")),
    bad(op.InvalidFrame, "0 time", bar(None)),
    bad(op.InvalidFrame, "0 time", quoted("quotes", None)),
    bad(op.InvalidFrame, "0 to_currency", exchanged(to_currency=None)),
    bad(op.InvalidFrame, "0 symbol", row("swap")),
    bad(op.InvalidFrame, "0 symbol", row("rollover")),
    bad(op.InvalidFrame, "0 price", row("dividend", symbol="ACME")),
    bad(op.InvalidFrame, "0 denominator", shares(denominator=None)),
    # Cells that cannot be converted, in the order of the columns
    bad(op.InvalidText, "0 tag", ordered(tag="\0", trailing=float("nan"))),
    bad(op.InvalidNumber, "0 trailing", opened(1, trailing=float("nan"), targets="?")),
    bad(op.InvalidNumber, "0 break_even_offset", opened(1, break_even_offset=float("nan"))),
    bad(op.InvalidArgument, "0 break_even_offset", opened(1, break_even_offset=1, targets="?")),
    bad(
        op.InvalidArgument,
        "1 break_even_offset",
        OPENED,
        row("modify", position_id=1, break_even=0, break_even_offset=1),
    ),
    bad(op.InvalidArgument, "0 targets", opened(1, targets="105", exit_time=2**62)),
    bad(op.InvalidArgument, "0 targets", opened(1, targets="105:1;")),
    bad(op.InvalidArgument, "0 targets", opened(1, targets="105:1:1")),
    bad(op.InvalidNumber, "0 targets", opened(1, targets="105: 1")),
    bad(op.InvalidNumber, "0 targets", opened(1, targets="105:0.0000000001")),
    bad(op.NumberOutOfRange, "0 targets", opened(1, targets="1e99:1")),
    bad(op.InvalidTime, "0 exit_time", ordered(exit_time=2**62, type="?")),
    bad(op.InvalidArgument, "0 type", ordered(type="Limit", oco="\0", price=None)),
    bad(op.InvalidText, "0 oco", ordered(oco="x" * 256, price=None)),
    bad(op.InvalidArgument, "0 order_id", row("cancel", order_id=0)),
    bad(op.InvalidPositionId, "0 other_id", row("close_by", position_id=1, other_id=-1)),
    bad(op.InvalidNumber, "0 low", bar(low=float("nan"), path="?")),
    bad(op.InvalidArgument, "0 path", bar(open=None, path="high")),
    bad(op.InvalidNumber, "0 rate", exchanged(rate=float("inf"))),
    bad(op.InvalidArgument, "0 kind", row("swap", symbol="ACME", kind="", multiplier=-1)),
    bad(op.InvalidArgument, "0 multiplier", row("swap", symbol="ACME", multiplier=2**32)),
    bad(op.InvalidTime, "0 pay_time", row("dividend", symbol="A", price=1, pay_time=2**62)),
    bad(op.InvalidArgument, "0 numerator", shares(numerator=-1, denominator=-1)),
    # What is asked when all cells are read
    bad(op.InvalidArgument, "0 price", ordered(time=-(10**9), price=None)),
    bad(op.InvalidArgument, "0 price", ordered(type="stop", price=None)),
    bad(op.InvalidArgument, "0 price", ordered(type="market", price=0)),
    bad(op.InvalidArgument, "1 stop_loss", OPENED, row("modify", 0, position_id=1)),
    bad(
        op.InvalidArgument,
        "1 symbol",
        OPENED,
        row("modify", 0, position_id=1, symbol="B", trailing=1),
    ),
    # Rows that belong together
    bad(op.InvalidFrame, "1 path", bar(event=1), bar(event=1, path="ohlc", open=None), refused=2),
    bad(op.InvalidFrame, "1 path", bar(event=1, path="ohlc"), bar(event=1), refused=2),
    bad(op.InvalidFrame, "1 time", bar(event=1), bar(2, event=1, path="ohlc"), refused=2),
    *(
        bad(op.InvalidFrame, f"0 {name}", bar(**dict.fromkeys(names), spread=-1))
        for name, names in {"open": ["open", "low"], "low": ["low", "close"]}.items()
    ),
    bad(op.InvalidFrame, "0 ask", quoted("quotes", 1, symbol="A", bid=1)),
    bad(op.InvalidArgument, "0 price", quoted("quotes", 1, symbol="A", bid=1, price=1)),
    # Rules, by the cell at fault
    bad(op.InvalidProtection, "0 trailing", opened(1, trailing=100)),
    bad(op.InvalidProtection, "0 break_even", opened(1, break_even=1, break_even_offset=1)),
    bad(op.InvalidProtection, "0 targets", opened(1, targets="105:2")),
    bad(op.InvalidTime, "0 exit_time", opened(1, exit_time=0)),
    bad(op.InvalidPrice, "0 price", ordered(price=0)),
    bad(op.InvalidPrice, "1 price", OPENED, ordered(price=101)),
    bad(op.InvalidStopLoss, "0 stop_loss", ordered(stop_loss=91)),
    bad(op.InvalidTime, "0 expiry", ordered(expiry=0)),
    bad(op.OrderNotFound, "0 order_id", row("cancel", order_id=1)),
    bad(op.PositionNotFound, "1 other_id", OPENED, row("close_by", position_id=1, other_id=2)),
    bad(op.InvalidArgument, "1 other_id", OPENED, row("close_by", position_id=1, other_id=1)),
    bad(
        op.InvalidPositionSize,
        "2 size",
        *BOTH,
        row("close_by", position_id=1, other_id=2, size=2),
    ),
    bad(op.InvalidBar, "0 high", bar(high=101)),
    bad(op.InvalidPrice, "1 spread", bar(event=1), bar(event=1, symbol="B", spread=-1), refused=2),
    bad(op.InvalidArgument, "1 symbol", bar(event=1), bar(event=1), refused=2),
    bad(op.InvalidSymbol, "1 symbol", bar(event=1), bar(event=1, symbol=" "), refused=2),
    bad(
        op.InvalidTime, "1 time", bar(), bar(event=1), bar(event=1, symbol="B"), refused=2
    ),
    bad(op.CrossedQuote, "0 bid", quoted("quotes", 1, symbol="A", bid=2, ask=1)),
    bad(op.InvalidTime, "1 time", paid(2), quoted("quotes", 1, symbol="A", price=0)),
    # Only all of them together are out of range
    bad(
        op.NumberOutOfRange,
        "2 bars",
        OPENED,
        bar(event=1, open=HUGE, high=HUGE, low=HUGE, close=HUGE),
        bar(event=1, symbol="B"),
        refused=2,
    ),
    bad(
        op.NumberOutOfRange,
        "2 bid",
        OPENED,
        quoted("quotes", 1, symbol="ACME", price=HUGE, event=1),
        quoted("quotes", 1, symbol="B", bid=1, ask=1, event=1),
        refused=2,
    ),
    bad(op.InvalidCurrency, "0 currency", {**paid(1), "currency": "?"}),
    bad(op.InvalidCurrency, "0 currency", {**paid(1), "currency": ""}),
    bad(op.MissingRate, "0 currency", {**paid(1), "currency": "EUR"}),
    bad(op.InsufficientFunds, "2 amount", *PAIR, exchanged(amount=10**6)),
    bad(op.InvalidPrice, "2 rate", *PAIR, exchanged(rate=0)),
    bad(op.MissingRate, "0 to_currency", exchanged()),
    bad(op.InvalidSymbol, "0 symbol", row("swap", symbol="ACME")),
    bad(op.OffSessionRollover, "1 time", OPENED, row("rollover", symbol="ACME")),
    bad(op.InvalidAmount, "1 price", OPENED, row("dividend", symbol="ACME", price=0)),
    bad(op.InvalidTime, "1 pay_time", OPENED,
        row("dividend", symbol="ACME", price=1, pay_time=0)),
    bad(op.InvalidArgument, "1 numerator", OPENED, shares(numerator=0)),
    bad(op.InvalidArgument, "1 denominator", OPENED, shares(denominator=0)),
    # The rules of a registration name what its terms hold
    bad(op.InvalidInstrument, "0 tick_size",
        registered(price_decimals=1, terms=terms_of(tick_size="0.01"))),
    bad(op.InvalidInstrument, "0 inverse", registered(terms="00" * 5 + "01" + "00" * 4)),
    bad(op.InvalidCurrency, "0 base_currency", registered(terms="00" * 4 + "023f3f" + "00" * 5)),
    bad(op.InstrumentExists, "1 symbol", registered(), registered(terms=SWAPPED)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "place", "rows", "refused"), CASES)
def test_a_refused_row_has_its_place_and_leaves_nothing(
    error: type[op.OmegaPortfolioError], place: str, rows: tuple[Row, ...], refused: int
) -> None:
    floats = {
        name: pa.float64() for one in rows for name, cell in one.items() if isinstance(cell, float)
    }
    frame = table(*rows, paid(9), **floats)
    portfolio = account()
    portfolio.deposit("0.5", 0)
    before = whole_picture(portfolio)
    with pytest.raises(error) as caught:
        portfolio.apply(frame)
    assert type(caught.value) is error
    assert caught.value.argument == "events"
    assert caught.value.value.startswith(f"{place}: ")
    assert whole_picture(portfolio) == before
    portfolio.verify()

    receipts = portfolio.apply(frame, on_error="record")
    first = len(rows) - refused
    assert receipts.refused.to_polars().rows() == [
        (number, error.code, str(caught.value)) for number in range(first, len(rows))
    ]
    assert receipts.to_polars()["row"].to_list() == [*range(first), len(rows)]
    portfolio.verify()


def swap_terms(**cells: Any) -> str:
    """Write terms with a swap, one figure of which may be wrong."""
    given: dict[str, Any] = {
        "kind": 1,
        "long": 0,
        "short": 0,
        "rollovers": (0,),
        "zone": "UTC",
        "multipliers": (1,) * 7,
        "day_count": 360,
        **cells,
    }
    out = bytearray(9)
    out.append(given["kind"])
    put_signed(out, given["long"])
    put_signed(out, given["short"])
    put_unsigned(out, len(given["rollovers"]))
    for minutes in given["rollovers"]:
        put_unsigned(out, minutes)
    put_text(out, given["zone"])
    for multiplier in given["multipliers"]:
        put_unsigned(out, multiplier)
    put_unsigned(out, given["day_count"])
    return out.hex()


def with_terms(margin: str = "00", commission: str = "00", slippage: str = "00") -> str:
    return "00" * 6 + margin + commission + slippage + "00"


def hedged(raw: int) -> str:
    """Write a margin with the factor of what is hedged."""
    out = bytearray(b"\x01\x01\x00")
    put_unsigned(out, raw + 1)
    return with_terms(margin=out.hex() + "00")


NOT_TERMS = {
    "empty": "",
    "no digits": "xy" * 10,
    "white space": " " + NO_TERMS,
    "half a byte": NO_TERMS + "0",
    "too short": NO_TERMS[:-2],
    "too long": NO_TERMS + "00",
    "a number that is longer than it must be": "8000" + NO_TERMS[2:],
    "inverse is 2": "00" * 5 + "02" + "00" * 4,
    "no text": "00" * 4 + "01ff" + "00" * 5,
    "tick_size is too large": "80" * 18 + "02" + NO_TERMS[2:],
    "margin of no kind": with_terms(margin="0501000000"),
    "margin is 0": with_terms(margin="0100000000"),
    "margin of no base": with_terms(margin="0101020000"),
    "margin of no currency": with_terms(margin="0101000002"),
    "hedged is above 1": hedged(10**9 + 1),
    "no tier": with_terms(margin="0400000000"),
    "tiers do not end": with_terms(margin="04010101000000"),
    "tiers do not ascend": with_terms(margin="0403020101010001000000"),
    "commission of no kind": with_terms(commission="05000000000000"),
    "commission of no fill": with_terms(commission="01000000000003"),
    "a volume without tiers": with_terms(commission="01000100000000"),
    "rebate beside a minimum": with_terms(commission="01000001000100"),
    "slippage of no kind": with_terms(slippage="050000"),
    "seed is too large": with_terms(slippage="0400" + "80" * 9 + "02"),
    "swap of no kind": swap_terms(kind=4),
    "swap is too large": swap_terms(long=-(10**38)),
    "no rollover": swap_terms(rollovers=()),
    "rollovers do not ascend": swap_terms(rollovers=(5, 5)),
    "a minute after the day": swap_terms(rollovers=(1440,)),
    "no zone": swap_terms(zone="utc"),
    "multiplier is too large": swap_terms(multipliers=(2**32, 1, 1, 1, 1, 1, 1)),
    "day_count": swap_terms(day_count=361),
}


@pytest.mark.parametrize("name", NOT_TERMS)
def test_a_text_that_is_no_terms_is_no_instrument(name: str) -> None:
    portfolio = account()
    with pytest.raises(op.InvalidInstrument, match="events=row 1, column terms: "):
        portfolio.apply(table(paid(0), registered(terms=NOT_TERMS[name])))
    assert portfolio.events == 0


def test_texts_beside_those_are_terms() -> None:
    """What is wrong above is wrong for one reason only."""
    portfolio = account()
    texts = [
        NO_TERMS,
        with_terms(margin="0101000000"),
        hedged(10**9),
        with_terms(margin="0403010102010001000000"),
        with_terms(commission="01000000000000"),
        with_terms(commission="01000000000002"),
        with_terms(commission="01000001000000"),
        with_terms(slippage="0400" + "ff" * 9 + "01"),
        swap_terms(),
        swap_terms(kind=3, long=1 - 10**38, rollovers=(5, 1439), zone="Europe/Berlin"),
        swap_terms(multipliers=(2**32 - 1, 0, 0, 0, 0, 0, 0), day_count=365),
    ]
    frame = table(*(registered(f"S{number}", terms=text) for number, text in enumerate(texts)))
    portfolio.apply(frame)
    written = portfolio.get_events().to_polars()["terms"].to_list()
    assert written == [None, *texts[1:]]


@pytest.mark.parametrize("bar_in_the_middle", [False, True])
def test_a_refusal_in_the_middle_takes_everything_back(bar_in_the_middle: bool) -> None:
    portfolio = account(stop_out=50)
    portfolio.apply(table(*PAIR, opened(1, size=2), ordered(oco="g"), ordered(price=80, oco="g")))
    before = whole_picture(portfolio)
    rows = [
        {**paid(2, 50), "currency": "EUR"},
        bar(3, low=89),
        quoted("quotes", 4, symbol="ACME", price=70),
        row("close_by", 5, position_id=1, other_id=2),
        row("dividend", DAY, symbol="ACME", price=1, pay_time=2 * DAY),
        shares(time=DAY),
    ]
    if bar_in_the_middle:
        rows = [*rows[:2], opened(3, stop_loss=50), bar(4, event=1), bar(4, event=1)]
    with pytest.raises(op.InvalidArgument):
        portfolio.apply(table(*rows))
    assert whole_picture(portfolio) == before
    portfolio.verify()
