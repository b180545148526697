"""Trying a call of the catalogue of bad inputs: on a fresh account of each backend, both alike.

Wanted of a refusal: it is typed and printable, and digest, scalars and lengths of all tables are
as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import omega_portfolio as op
from account_picture import assert_identity, picture
from bad_input_slots import Slot
from bad_inputs import Entry
from conftest import _chosen_backends

BACKENDS = _chosen_backends()
Scene = Callable[[str, str], op.Portfolio]
"""Makes the account that a call is tried on, of a backend and with a policy for floats."""

# What `picture` leaves out; fills and lots are made by applying all events again.
FURTHER_TABLES = ("cash", "cash_ledger", "margin", "orders", "activity", "events")
MADE_TABLES = ("fills", "lots")
FURTHER_SCALARS = ("ambiguous_count", "rounded_count", "residue")


@dataclass(frozen=True)
class Answer:
    """What a backend made of a call."""

    refused: tuple[int, str] | None
    digest: str


class Tally:
    """Counts the combinations; a plugin of the run, so that the summary can print them."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.combinations = 0
        self.numbers: set[int] = set()

    def add(self, number: int) -> None:
        self.combinations += 1
        self.numbers.add(number)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(
            f"{self.title}: {self.combinations} combinations of {len(self.numbers)} entries "
            f"on {' and '.join(BACKENDS)}"
        )


def whole_picture(portfolio: op.Portfolio, made: bool = True) -> dict[str, object]:
    """Give everything that a refused call may not change; `made` asks for the slow tables, too."""
    names = (*FURTHER_TABLES, *MADE_TABLES) if made else FURTHER_TABLES
    getters = {name: getattr(portfolio, f"get_{name}") for name in names}
    lengths = {f"rows of {name}": len(getter(exact=True)) for name, getter in getters.items()}
    scalars = {name: getattr(portfolio, name) for name in FURTHER_SCALARS}
    return {**picture(portfolio), **lengths, **scalars}


def answer(
    scene: Scene, backend: str, act: Callable[[op.Portfolio], object], floats: str, made: bool
) -> Answer:
    """Make a call on a fresh account; checks what holds whether it is refused or not."""
    portfolio = scene(backend, floats)
    assert portfolio.backend == backend
    before = whole_picture(portfolio, made)
    try:
        result = act(portfolio)
    except op.OmegaPortfolioError as refusal:
        return refused(portfolio, refusal, before)
    shown = result if isinstance(result, op.Portfolio) else portfolio
    assert_identity(shown)
    shown.verify()
    return Answer(None, shown.digest)


def refused(
    portfolio: op.Portfolio, error: op.OmegaPortfolioError, before: dict[str, object]
) -> Answer:
    """Check a refusal: typed, printable, without a trace."""
    assert type(error) is op.errors.by_code[error.code]
    assert error.rule
    assert error.remedy
    assert len(error.value) <= 80
    assert str(error).encode("utf-8")
    now = whole_picture(portfolio, "rows of fills" in before)
    assert now == before, f"a refused call left a trace: {error}"
    return Answer((error.code, error.argument), portfolio.digest)


def answers(
    scene: Scene,
    act: Callable[[op.Portfolio], object],
    floats: str = "nearest",
    made: bool = True,
) -> Answer:
    """Make a call on each backend; they must agree."""
    found = {backend: answer(scene, backend, act, floats, made) for backend in BACKENDS}
    assert len(set(found.values())) == 1, f"the backends differ: {found}"
    return next(iter(found.values()))


def run_entry(scene: Scene, slot: Slot, entry: Entry, made: bool) -> Answer:
    def act(portfolio: op.Portfolio) -> object:
        value = entry.make(portfolio)
        if entry.kind == "digit":
            value = f"1.{'0' * slot.scale}1"
        return slot.run(portfolio, value)

    return answers(scene, act, "strict" if entry.kind == "strict" else "nearest", made)


def try_slot(scene: Scene, slot: Slot, tally: Tally) -> None:
    """Try all entries of a slot, and show all failures at once."""
    failures = []
    for number, entry in enumerate(slot.entries):
        tally.add(entry.number)
        wanted = slot.outcome(entry.kind)
        try:
            found = run_entry(scene, slot, entry, number == 0).refused
        except Exception as error:  # noqa: BLE001 - a wrong exception is one of the failures.
            failures.append(f"{entry.number} {entry.label}: {type(error).__name__}: {error}")
            continue
        if found != wanted:
            failures.append(f"{entry.number} {entry.label}: {found} instead of {wanted}")
    assert not failures, "\n".join(["", *failures])
