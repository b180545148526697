"""Tables and values: how they look."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal

import polars as pl
import pytest

from omega_portfolio import display


class FrameTable:
    """A table that holds a Polars frame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def to_polars(self) -> pl.DataFrame:
        return self.frame


def table_of(rows: int) -> FrameTable:
    return FrameTable(
        pl.DataFrame(
            {
                "time": [datetime(2024, 1, 2, 9, 30, tzinfo=timezone.utc)] * rows,
                "number": range(rows),
                "amount": [Decimal("8.35")] * rows,
                "share": [0.5] * rows,
                "tag": ["<b>&\"'"] * rows,
            },
            schema={
                "time": pl.Datetime("us", "UTC"),
                "number": pl.UInt64,
                "amount": pl.Decimal(38, 18),
                "share": pl.Float64,
                "tag": pl.String,
            },
        )
    )


def test_a_table_as_text_has_its_shape_and_rows():
    lines = display.table_repr(table_of(1234)).splitlines()
    assert lines[0] == "Table: 1,234 rows x 5 columns"
    assert "amount" in "".join(lines)
    assert len(lines) < 40
    assert "shape:" in str(pl.DataFrame({"a": [1]})), "the display options of Polars are as before"


def test_a_short_table_as_html_is_whole():
    markup = display.table_html(table_of(10))
    assert "Table: 10 rows x 5 columns" in markup
    assert "…" not in markup
    assert [f"<td>{number}</td>" in markup for number in range(10)] == [True] * 10


def test_a_long_table_as_html_has_its_first_and_last_rows():
    markup = display.table_html(table_of(11))
    shown = [number for number in range(11) if f"<td>{number}</td>" in markup]
    assert shown == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert markup.count('<td class="text">…</td>') == 5
    assert len(display.table_html(table_of(100_000))) < 2 * len(markup)


def test_html_has_types_escapes_text_and_brings_no_colours_or_fonts():
    markup = display.table_html(table_of(1))
    for kind in ("time[us, UTC]", "u64", "decimal(38, 18)", "f64", "text"):
        assert f"<span>{kind}</span>" in markup
    assert "<b>" not in markup
    assert "&lt;b&gt;&amp;&quot;&#x27;" in markup
    assert "<td>2024-01-02 09:30:00</td><td>0</td><td>8.35</td><td>0.5</td>" in markup
    assert not re.search(r"http|url\(|font-family|@import|<script|#[0-9a-f]{3,6}\b(?!;)", markup)
    assert "color:inherit" in markup


def test_html_of_an_empty_table():
    markup = display.table_html(table_of(0))
    assert "Table: 0 rows x 5 columns" in markup
    assert "<tbody></tbody>" in markup


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("100.000000000000000000"), "100"),
        (Decimal("-0.500000000"), "-0.5"),
        (Decimal(100), "100"),
        (Decimal("0E-18"), "0"),
        (0.1, "0.1"),
        (None, "None"),
        ("a", "a"),
    ],
)
def test_values_are_shown_as_people_read_them(value, text):
    assert display.value_text(value) == text


def test_the_types_of_an_analysis_have_short_names():
    assert display.type_name(pl.Int32()) == "i32"
    assert display.type_name(pl.Duration("us")) == "duration[us]"


def test_a_type_that_no_table_has_keeps_its_name():
    assert display.type_name(pl.Boolean()) == "Boolean"
