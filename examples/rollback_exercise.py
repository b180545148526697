"""One more day of trading on a journal, on whichever backend is live.

The exercise of docs/runbooks/portfolio_migration.md: the first call begins the journal, each later
one goes on where the journal ends. Two positions are open at the end of a day, so that there is
a state to lose.

Usage::

    python examples/rollback_exercise.py run.journal
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import omega_portfolio as op

TRADES = 20


def main(path: Path) -> None:
    """Trade for a day, and say what is there at its end."""
    start = datetime(2024, 1, 2, 9, tzinfo=timezone.utc)
    if path.exists():
        portfolio = op.open_journal(path, sync="always")
        start = portfolio.time + timedelta(days=1)
    else:
        portfolio = op.Portfolio("100000", leverage=30, journal=path, sync="always")
    with portfolio:
        held: list[int] = list(portfolio.positions)
        for number in range(TRADES):
            moment = start + timedelta(minutes=number)
            price = f"{100 + number % 7}.{number % 10}5"
            side = ("long", "short")[number % 2]
            held.append(portfolio.open_position("ACME", side, 3, price, moment, fee="0.35"))
            portfolio.update_equity(moment, {"ACME": price})
            if len(held) > 2:
                portfolio.close_position(held.pop(0), price, moment, fee="0.35")
        portfolio.verify()
    print(f"backend {portfolio.backend}")
    print(f"events  {portfolio.events}")
    print(f"equity  {portfolio.equity}")
    print(f"digest  {portfolio.digest}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
