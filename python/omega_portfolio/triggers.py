"""The triggers of a rollback, asked one after the other: ``omega-portfolio doctor --triggers``.

The runbook of the migration names four reasons to go back to the other backend. Each is a
question here: is an invariant broken, is a stored state corrupt, did the engine become slower
than on the day of the baseline, did an amount lose precision.
"""

from __future__ import annotations

import gc
import json
import os
import platform
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.backend import backend_status
from omega_portfolio.errors import InvalidFrame

if TYPE_CHECKING:
    from omega_portfolio.portfolio import Portfolio

SLOWER: Final = 1.10
"""A ratio above this, of the minimum and of the median, is a regression."""

LOST: Final = Decimal("0.01")
"""A difference above this between booked and exact money is a loss of precision."""

TRADES: Final = 2_000
ROUNDS: Final = 15
ATTEMPTS: Final = 3
"""Measurements that may disprove a regression: another program may have been in the way."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One reason to roll back.

    Attributes
    ----------
    name : {"invariant", "state", "performance", "precision"}
        Which one.
    detail : str
        What was seen.
    fired : bool or None
        Whether it calls for a rollback; None when it was not asked.
    """

    name: str
    detail: str
    fired: bool | None = None


def pull(journal: Path | None, baseline: Path | None) -> list[Trigger]:
    """Ask all triggers.

    Parameters
    ----------
    journal : Path, optional
        The journal in use; nothing is written to it. Left out, one is made and read back.
    baseline : Path, optional
        File with the times of the day of the migration; made when it is not there.

    Returns
    -------
    list of Trigger
        Four, in the order of the runbook.

    Raises
    ------
    JournalNotFound
        There is no such journal.
    InvalidFrame
        The baseline is no baseline.

    Examples
    --------
    >>> from omega_portfolio.triggers import pull
    >>> [(trigger.name, trigger.fired) for trigger in pull(None, None)]
    [('invariant', False), ('state', False), ('performance', None), ('precision', False)]
    """
    if journal is not None:
        invariant, state = _stored(journal)
    else:
        with TemporaryDirectory(prefix="omega-portfolio-") as folder:
            invariant, state = _stored(_written(Path(folder) / "doctor.journal"))
    performance = Trigger("performance", "no baseline was named")
    if baseline is not None:
        performance = _performance(baseline)
    return [invariant, state, performance, _precision()]


def _written(path: Path) -> Path:
    """Write a journal of a small account."""
    from omega_portfolio.portfolio import Portfolio

    with Portfolio("100000", leverage=30, journal=path) as portfolio:
        _live(portfolio, 50)
    return path


def _stored(journal: Path) -> tuple[Trigger, Trigger]:
    """Ask a journal for invariants and for damage, on every backend there is."""
    from omega_portfolio.verify_command import ACCOUNT, verified

    document = verified(journal, tuple(backend_status().available))
    found = document["found"]
    if found is None:
        return (
            Trigger("invariant", "an image, replayed", fired=not document["holds"]),
            Trigger("state", f"an image of {document['bytes']:,} bytes, whole", fired=False),
        )
    corrupt = found["verdict"] in {"corrupt", "newer"}
    state = f"{found['verdict']}, {found['events']:,} events"
    state += f": {found['reason']}" if found["reason"] else ""
    if corrupt:
        return Trigger("invariant", "the state is corrupt"), Trigger("state", state, fired=True)
    accounts = [check for check in document["checks"] if check["name"].startswith(ACCOUNT)]
    failed = [check["detail"] for check in accounts if not check["passed"]]
    detail = "; ".join(failed or [check["detail"] for check in accounts])
    invariant = Trigger("invariant", detail, fired=bool(failed))
    return invariant, Trigger("state", state, fired=False)


def _live(portfolio: Portfolio, trades: int) -> int:
    """Let positions live one after the other; give what they earn in cents."""
    cents = 0
    for number in range(trades):
        entry = 10_000 + number * 37 % 1_999
        leave = entry + number * 13 % 41 - 20
        side, sign = ("long", 1) if number % 2 == 0 else ("short", -1)
        size = 1 + number % 9
        position = portfolio.open_position("ACME", side, size, entry / 100, number, fee=0.35)
        portfolio.modify_position(position, number, take_profit=None)
        portfolio.update_equity(number, {"ACME": leave / 100})
        portfolio.close_position(position, leave / 100, number, fee=0.1)
        cents += sign * size * (leave - entry) - 45
    return cents


def _precision() -> Trigger:
    """Book small trades given as floats, and compare with whole cents."""
    from omega_portfolio.portfolio import Portfolio

    portfolio = Portfolio(100_000)
    expected = Decimal(10_000_000 + _live(portfolio, TRADES)).scaleb(-2)
    lost = abs(portfolio.balance - expected)
    detail = f"{TRADES:,} trades, {lost.normalize():f} lost"
    return Trigger("precision", detail, fired=lost > LOST)


def _performance(path: Path) -> Trigger:
    """Compare the time of a trade with that of the baseline, or make the baseline."""
    now = _measured()
    if not path.exists():
        path.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
        return Trigger("performance", f"{path} is made: {_times(now)}")
    then = _baseline(path)
    other = [name for name in ("backend", "machine", "digest") if now[name] != then[name]]
    if other:
        return Trigger("performance", f"another {' and '.join(other)} than in {path}")
    for _ in range(ATTEMPTS - 1):
        if not _slower(now, then):
            break
        again = _measured()
        now |= {name: min(now[name], again[name]) for name in ("min_us", "median_us")}
    detail = f"{_times(now)}; baseline {_times(then)}"
    return Trigger("performance", detail, fired=_slower(now, then))


def _slower(now: dict[str, Any], then: dict[str, Any]) -> bool:
    return all(now[name] > SLOWER * then[name] for name in ("min_us", "median_us"))


def _times(times: dict[str, Any]) -> str:
    return f"{times['min_us']:.2f} us a trade, median {times['median_us']:.2f}"


def _baseline(path: Path) -> dict[str, Any]:
    wanted = {"backend": str, "machine": str, "digest": str, "min_us": float, "median_us": float}
    remedy = "name another file, and one is made"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidFrame(str(path), "(no baseline)", f"cannot be read: {error}", remedy) from None
    if not isinstance(found, dict) or any(
        not isinstance(found.get(name), kind) for name, kind in wanted.items()
    ):
        rule = f"has not {', '.join(wanted)}"
        raise InvalidFrame(str(path), "(no baseline)", rule, remedy)
    return found


def _measured() -> dict[str, Any]:
    """Time the life of a trade: open, modify, update, close."""
    from omega_portfolio.portfolio import Portfolio

    seconds = []
    for _ in range(ROUNDS):
        portfolio = Portfolio(10**6)
        gc.collect()
        begin = perf_counter()
        _live(portfolio, TRADES // 4)
        seconds.append(perf_counter() - begin)
    scale = 1e6 / (TRADES // 4)
    return {
        "backend": portfolio.backend,
        "machine": f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores",
        "digest": portfolio.digest,
        "min_us": min(seconds) * scale,
        "median_us": median(seconds) * scale,
    }


__all__ = ["LOST", "SLOWER", "Trigger", "pull"]
