"""What a child of the crash test does: calls that its events so far decide.

So whoever goes on with a journal makes the calls that the one before would have made, and a
portfolio without a journal says which state so many events make.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from omega_portfolio.instrument import Instrument
from omega_portfolio.portfolio import Portfolio

if TYPE_CHECKING:
    from omega_portfolio.types import BackendName

_ACME: Final = Instrument("ACME", price_decimals=2)
_OPEN_MAX: Final = 6
_ROWS_MAX: Final = 5
_SYMBOLS: Final = ("ACME", "OTHER")


def begun(backend: BackendName, **options: Any) -> Portfolio:  # noqa: ANN401 - passed on.
    """Begin the portfolio of every life."""
    return Portfolio("1000000", leverage=20, backend=backend, **options)


def step(portfolio: Portfolio, seed: str) -> None:
    """Make the next call, which is accepted and makes one event or more."""
    number = portfolio.events
    random = Random(f"{seed}/{number}")  # noqa: S311 - draws of a test.
    price = random.randint(9_000, 11_000) / 100
    kind = random.randrange(6) if number else 6
    if kind == 0:
        portfolio.deposit(random.randint(1, 99), number)
    elif kind == 1:
        portfolio.update_equity(number, {"ACME": price})
    elif kind == 2:
        portfolio.place_order("ACME", "buy", 1, number, type="limit", price=random.randint(1, 50))
    elif kind == 3:
        portfolio.apply(_frame(number, random.randint(1, _ROWS_MAX)))
    elif kind == 6:
        portfolio.register_instrument(_ACME)
    elif len(portfolio.positions) < _OPEN_MAX:
        # The first use of a symbol registers it, which makes two events of one call.
        symbol, side = random.choice(_SYMBOLS), random.choice(("long", "short"))
        portfolio.open_position(symbol, side, 1, price, number, tag="t" * random.randint(0, 40))
    else:
        oldest = next(iter(portfolio.positions))
        portfolio.close_position(oldest, price, number, reason="oldest")


class Reference:
    """The digests of one life, by the number of events.

    Parameters
    ----------
    seed : str
        The life.
    backend : {"rust", "python"}
        Who lives it, without a journal.
    """

    def __init__(self, seed: str, backend: BackendName) -> None:
        self._seed = seed
        self._portfolio = begun(backend)
        self._digests = {0: self._portfolio.digest}

    def digest(self, events: int) -> str:
        """Give the digest after so many events; empty when no call ends there."""
        while self._portfolio.events < events:
            step(self._portfolio, self._seed)
            self._digests[self._portfolio.events] = self._portfolio.digest
        return self._digests.get(events, "")


def _frame(time: int, rows: int) -> Any:  # noqa: ANN401 - a table of pyarrow.
    return pa.table(
        {"action": ["deposit"] * rows, "time": [time] * rows, "amount": list(range(1, rows + 1))}
    )
