"""Which hand-overs copy: the addresses of a table here and in another library, by column type."""

from __future__ import annotations

import re
from collections.abc import Iterator

import omega_portfolio as op
from hand_overs import ENGINE, HAND_OVERS, HandOver, Places, Source, places_of_columns, tables_of
from omega_portfolio.bench.addresses import Chunk, Column, column_addresses
from omega_portfolio.bench.zero_copy import TYPE_NAMES, build_all_tables

SHARED = "shared"
COPY = "copy"
OBJECTS = "copy, as objects"

Matrix = dict[str, dict[str, str]]
"""Way to type of column to what happens to such columns."""

POSITIONS = 6_000
"""So many positions make trades and postings of more than one chunk."""


def copy_matrix() -> Matrix:
    """Look at every column of every table on every way; a type has one answer on each."""
    portfolio = build_all_tables(POSITIONS, "rust")
    grown = list(tables_of_the_engine(portfolio))
    assert max(len(column.chunks) for _, columns in grown for column in columns) > 1
    matrix = {way.label: row_of(way, grown) for way in HAND_OVERS if not way.compact}
    portfolio.compact()
    compact = list(tables_of_the_engine(portfolio))
    assert {len(column.chunks) for _, columns in compact for column in columns} == {1}
    matrix |= {way.label: row_of(way, compact) for way in HAND_OVERS if way.compact}
    return matrix


def tables_of_the_engine(portfolio: op.Portfolio) -> Iterator[tuple[Source, list[Column]]]:
    """Give the tables that share the engine's memory, and where their columns lie."""
    for source in tables_of(portfolio):
        if source.name in ENGINE:
            yield source, column_addresses(source.table)


def row_of(way: HandOver, tables: list[tuple[Source, list[Column]]]) -> dict[str, str]:
    """Give what one way does to each type of column."""
    row: dict[str, str] = {}
    for source, columns in tables:
        taken = way.take(source)
        for column, here, there in zip(
            columns, places_of_columns(columns), way.places(taken), strict=True
        ):
            kind = TYPE_NAMES[column.format]
            found = verdict(column.width, here, there)
            assert row.setdefault(kind, found) == found, (way.label, source, column.name)
        del taken
    assert set(row) == set(TYPE_NAMES.values())
    return row


def verdict(width: int, here: Places, there: Places) -> str:
    """Tell a copy from shared memory; what is neither is an error of this reader."""
    if there is None:
        return OBJECTS
    assert here
    assert sum(place.length for place in there) == sum(place.length for place in here)
    if here == there:
        return SHARED
    for mine in here:
        for other in there:
            assert not overlap(mine, other, width), "some of the memory is the same"
    return COPY


def overlap(left: Chunk, right: Chunk, width: int) -> bool:
    """Whether the values of two chunks have an address in common, or their texts a buffer."""
    apart = (
        left.values + left.length * width <= right.values
        or right.values + right.length * width <= left.values
    )
    return not apart or bool(set(left.texts) & set(right.texts))


def table_of(page: str, heading: str) -> Matrix:
    """Read the first table below a heading: its rows by their first cell."""
    section = page.split(f"\n{heading}\n", 1)[1]
    lines = re.findall(r"^\|(.+)\|$", section, re.MULTILINE)
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    names = rows[0][1:]
    found: Matrix = {}
    for label, *cells in rows[2:]:
        if len(cells) != len(names):
            break
        found[label] = dict(zip(names, cells, strict=True))
    return found


def as_table(matrix: Matrix) -> str:
    """Write a matrix as the table that the page has."""
    names = list(TYPE_NAMES.values())
    lines = [["way out", *names], ["---"] * (1 + len(names))]
    lines += [[label, *(row[name] for name in names)] for label, row in matrix.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
