"""Reduce a failing list of operations to a short one and print it as Python.

The reduction is delta debugging: parts of the list, and of its frames, are left out as long as
what remains still makes the two portfolios differ.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.answers import Difference, answer, compare_answers
from omega_portfolio.bench.comparison import Visited, compare_everything, compare_figures
from omega_portfolio.bench.event_rows import COLUMNS
from omega_portfolio.bench.event_tables import plain_table
from omega_portfolio.bench.histories import compare_proofs
from omega_portfolio.bench.refusals import KEYWORDS, Operation
from omega_portfolio.bench.shrink_arguments import simpler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omega_portfolio.bench.backends import Pair
    from omega_portfolio.bench.shapes import Setting

BUDGET: Final = 400_000
TERMS_BUDGET: Final = 30_000
"""Operations that a reduction may repeat before it settles for what it has; those of portfolios
with terms take longer."""


def replay(
    pair: Pair, setting: Setting, operations: Sequence[Operation], *, to_the_end: bool = True
) -> tuple[int, Difference] | None:
    """Apply a list of operations to a new pair and compare everything at the end.

    Parameters
    ----------
    pair : Pair
        The two constructors.
    setting : Setting
        The configuration.
    operations : sequence of Operation
        The calls.
    to_the_end : bool, default True
        Whether what is compared at the end may show the difference that is looked for.

    Returns
    -------
    (int, Difference) or None
        How many operations had been applied when the first difference was seen.
    """
    left, right = pair.build(setting)
    visited = Visited()
    for number, (name, arguments, keywords) in enumerate(operations, start=1):
        left_answer = answer(getattr(left, name), arguments, keywords)
        right_answer = answer(getattr(right, name), arguments, keywords)
        difference = compare_answers(left_answer, right_answer)
        difference = difference or compare_figures(left, right, visited)
        if difference is not None:
            return number, difference
    if not to_the_end:
        return None
    found = compare_everything(left, right, visited)
    found = found or compare_proofs(pair, setting, (left, right), visited)
    return None if found is None else (len(operations), found)


class Reduction:
    """Shortens one failing list of operations.

    Parameters
    ----------
    pair : Pair
        The two constructors.
    setting : Setting
        The configuration under which they differ; its attribute loses options with the others.
    kind : str
        The kind of the difference, which stays what it is.
    """

    def __init__(self, pair: Pair, setting: Setting, kind: str) -> None:
        self._pair = pair
        self.setting = setting
        self._kind = kind
        self._to_the_end = not kind.startswith(("an answer", "an exception"))
        self._budget = TERMS_BUDGET if setting.terms else BUDGET

    def shorten(self, operations: Sequence[Operation]) -> list[Operation]:
        """Find a short list that still fails.

        Parameters
        ----------
        operations : sequence of Operation
            A list under which :func:`replay` finds a difference.

        Returns
        -------
        list of Operation
            As short as the budget allows; without a budget no single operation, optional
            argument, or row or column of a frame could be left out.
        """
        shortest = self._shortest_prefix(list(operations))
        pinned = self._pin_ids(shortest)
        if self._fails(pinned):
            shortest = pinned
        shortest = self._drop_keywords(self._drop_parts(shortest))
        if self.setting.terms:
            shortest = self._simplify(shortest)
            self._drop_options(shortest)
        for number, (name, _, _) in enumerate(shortest):
            if name == "apply":
                shortest = self._shorten_frame(shortest, number)
        return self._drop_parts(shortest)

    def _fails(self, operations: Sequence[Operation]) -> bool:
        self._budget -= len(operations)
        found = replay(self._pair, self.setting, operations, to_the_end=self._to_the_end)
        return found is not None and found[1].kind == self._kind

    def _shortest_prefix(self, operations: list[Operation]) -> list[Operation]:
        """Find where the difference begins; once there, it stays in nearly every case."""
        found = replay(self._pair, self.setting, operations)
        if found is None or found[1].kind != self._kind:
            return operations
        shortest = operations[: found[0]]
        passing = 0
        while len(shortest) - passing > 1 and self._budget > 0:
            middle = (passing + len(shortest)) // 2
            if self._fails(operations[:middle]):
                shortest = operations[:middle]
            else:
                passing = middle
        return shortest

    def _pin_ids(self, operations: list[Operation]) -> list[Operation]:
        """Give every open the id it got, so that leaving out another open changes no id."""
        left, _ = self._pair.build(self.setting)
        pinned: list[Operation] = []
        for name, arguments, keywords in operations:
            # A fill of a netting account that opens nothing takes no id.
            before = left.positions if name == "open_position" else {}
            result = answer(getattr(left, name), arguments, keywords)
            if name == "open_position" and isinstance(result, int) and result not in before:
                pinned.append((name, arguments, {**keywords, "position_id": result}))
            else:
                pinned.append((name, arguments, keywords))
        return pinned

    def _drop_parts(self, operations: list[Operation]) -> list[Operation]:
        """Leave out ever smaller parts until no single operation can go."""
        size = max(len(operations) // 2, 1)
        while self._budget > 0:
            shorter = self._drop_parts_of(operations, size)
            if size == 1 and len(shorter) == len(operations):
                return operations
            operations = shorter
            size = max(min(size // 2, len(operations) // 2), 1)
        return operations

    def _drop_parts_of(self, operations: list[Operation], size: int) -> list[Operation]:
        # From the end: what comes later depends on what came before, seldom the other way.
        for start in range(len(operations) - size, -size, -size):
            candidate = operations[: max(start, 0)] + operations[max(start, 0) + size :]
            if self._budget > 0 and self._fails(candidate):
                operations = candidate
        return operations

    def _drop_keywords(self, operations: list[Operation]) -> list[Operation]:
        """Leave out optional arguments that the difference does not need."""
        for number, (name, arguments, keywords) in enumerate(operations):
            kept = dict(keywords)
            for keyword in KEYWORDS[name]:
                if keyword not in kept or self._budget <= 0:
                    continue
                fewer = {key: value for key, value in kept.items() if key != keyword}
                changed: Operation = (name, arguments, fewer)
                candidate = [*operations[:number], changed, *operations[number + 1 :]]
                if self._fails(candidate):
                    kept, operations = fewer, candidate
        return operations

    def _simplify(self, operations: list[Operation]) -> list[Operation]:
        """Let calls say less: fewer bars and quotes, fewer terms."""
        number = 0
        while number < len(operations) and self._budget > 0:
            for smaller in simpler(operations[number]):
                candidate = [*operations[:number], smaller, *operations[number + 1 :]]
                if self._fails(candidate):
                    operations = candidate
                    break
            else:
                number += 1
        return operations

    def _drop_options(self, operations: list[Operation]) -> None:
        """Leave out options of the configuration that the difference does not need."""
        for name in list(self.setting.options):
            before = self.setting
            kept = {key: value for key, value in before.options.items() if key != name}
            self.setting = replace(before, options=kept)
            if self._budget <= 0 or not self._fails(operations):
                self.setting = before

    def _shorten_frame(self, operations: list[Operation], number: int) -> list[Operation]:
        """Leave out rows and columns of a frame, and give it plain types, while it still fails."""
        import pyarrow as pa

        name, (frame, *_), keywords = operations[number]
        if not isinstance(frame, pa.Table):
            return operations

        def attempt(smaller: pa.Table) -> bool:
            nonlocal frame, operations
            changed: Operation = (name, (smaller,), keywords)
            candidate = [*operations[:number], changed, *operations[number + 1 :]]
            if self._budget <= 0 or not self._fails(candidate):
                return False
            frame, operations = smaller, candidate
            return True

        for row in range(len(frame) - 1, -1, -1):
            attempt(pa.concat_tables([frame.slice(0, row), frame.slice(row + 1)]))
        for column in reversed(frame.column_names):
            attempt(frame.drop_columns(column))
        if all(column in COLUMNS for column in frame.column_names):
            attempt(plain_table(frame))
        return operations


def as_python(setting: Setting, operations: Sequence[Operation]) -> str:
    """Write a configuration and a list of operations as a Python program.

    Parameters
    ----------
    setting : Setting
        The configuration.
    operations : sequence of Operation
        The calls.

    Returns
    -------
    str
        One statement a line, with the imports that they need.
    """
    options = "".join(f", {name}={_source(value)}" for name, value in setting.options.items())
    lines = [
        "import datetime",
        "from decimal import Decimal",
        "import pyarrow",
        "import omega_portfolio as op",
        "from omega_portfolio import Commission, Instrument, Margin, Slippage, Swap",
        "from omega_portfolio.bench.refusals import Hostile",
        "nan, inf = float('nan'), float('inf')",
        f"pf = op.Portfolio({_source(setting.initial_balance)}{options})",
    ]
    for name, arguments, keywords in operations:
        texts = [_source(value) for value in arguments]
        texts += [f"{keyword}={_source(value)}" for keyword, value in keywords.items()]
        lines.append(f"pf.{name}({', '.join(texts)})")
    return "\n".join(lines)


def _source(value: object) -> str:
    """Write a value as an expression that gives an equal one."""
    if isinstance(value, int) and abs(value) >= 10**100:
        # Python refuses to write integers of more than 4,300 digits.
        sign = "-" if value < 0 else ""
        exponent = int(abs(value).bit_length() * 0.30103)
        exponent += 10**exponent < abs(value)
        return f"{sign}10**{exponent}" if abs(value) == 10**exponent else hex(value)
    if isinstance(value, (int, float, str, bytes, Decimal)) or value is None:
        return repr(value)
    if type(value).__module__.startswith("pyarrow"):
        return _table_source(value)
    return repr(value)


def _table_source(table: Any) -> str:  # noqa: ANN401 - pyarrow is loaded where tables are used.
    """Write an Arrow table by its values, or by its bytes where these would not do."""
    import pyarrow as pa

    types = [_type_source(kind) for kind in table.schema.types]
    names = table.column_names
    if None in types or len(set(names)) < len(names) or len(table.to_batches()) > 1:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        data = sink.getvalue().to_pybytes().hex()
        return f"pyarrow.ipc.open_stream(bytes.fromhex('{data}')).read_all()"
    fields = ", ".join(f"({name!r}, {text})" for name, text in zip(names, types, strict=True))
    values = ", ".join(f"{name!r}: {_cells(table[name])}" for name in names)
    return f"pyarrow.table({{{values}}}, pyarrow.schema([{fields}]))"


def _cells(column: Any) -> str:  # noqa: ANN401 - pyarrow is loaded where tables are used.
    return f"[{', '.join(_source(cell) for cell in column.to_pylist())}]"


def _type_source(kind: object) -> str | None:
    """Write an Arrow type; None for a type with parameters other than those of a decimal."""
    import pyarrow as pa

    text = str(kind)
    if text.startswith("decimal"):
        return f"pyarrow.{text}"
    try:
        return f"pyarrow.type_for_alias({text!r})" if pa.type_for_alias(text) == kind else None
    except ValueError:
        return None


__all__ = ["BUDGET", "Reduction", "as_python", "replay"]
