"""Files that hold a portfolio: which kind a file is, and its figures.

A journal and an image (SPEC section 21) begin with eight bytes that say what they are. The
commands ``recover`` and ``verify`` ask here, and show the figures of :func:`figures_of`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from omega_portfolio.errors import JournalCorrupt, JournalNotFound, JournalVersion

if TYPE_CHECKING:
    from pathlib import Path

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.recovery import Recovery

Document = dict[str, Any]

JOURNAL_MAGIC: Final = b"OMEGAJNL"
IMAGE_MAGIC: Final = b"OMEGAIMG"

_FIGURES: Final = (
    *("balance", "unrealized_pnl", "equity", "margin_used", "free_margin", "margin_level"),
    "realized_pnl",
)


def kind_of(path: Path) -> Literal["journal", "image", "other"]:
    """Say what a file is by its first bytes.

    A file that is no more than the beginning of these bytes, or empty, is a journal whose
    writing was cut at once.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    {"journal", "image", "other"}

    Raises
    ------
    JournalNotFound
        There is no such file, or it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from omega_portfolio.stored import kind_of
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "bars.csv"
    ...     _ = path.write_text("time,symbol,open")
    ...     kind_of(path)
    'other'
    """
    head = _head_of(path)
    if head == IMAGE_MAGIC:
        return "image"
    return "journal" if JOURNAL_MAGIC.startswith(head) else "other"


def _head_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(JOURNAL_MAGIC))
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        remedy = "name the file of a journal or of an image"
        raise JournalNotFound("journal", str(path), rule, remedy) from None


def refuse_other(path: Path, wanted: str) -> JournalNotFound:
    """Make the refusal of a file that holds no portfolio.

    Parameters
    ----------
    path : Path
        The file; it can be read.
    wanted : str
        What was expected, such as "a journal".

    Returns
    -------
    JournalNotFound
    """
    rule = f"is not {wanted}: it begins with {_head_of(path)!r}"
    return JournalNotFound("journal", str(path), rule, f"name the file of {wanted}")


def read_journal(path: Path, backend: str | None) -> tuple[Recovery, Portfolio | None]:
    """Read a journal without a lock and without a change of the file.

    Parameters
    ----------
    path : Path
        The journal; it is there and can be read.
    backend : str or None
        As the argument of :class:`omega_portfolio.Portfolio`.

    Returns
    -------
    Recovery
        What was found.
    Portfolio or None
        What it holds; None when it is corrupt or of a later version.
    """
    import omega_portfolio as op

    try:
        portfolio = op.open_journal(path, read_only=True, backend=backend)
    except (JournalCorrupt, JournalVersion):
        return op.inspect_journal(path, backend=backend), None
    return portfolio.recovery or op.inspect_journal(path, backend=backend), portfolio


def figures_of(portfolio: Portfolio) -> Document:
    """Give the figures by which a person knows a portfolio again.

    Parameters
    ----------
    portfolio : Portfolio
        Any.

    Returns
    -------
    dict
        ``events``, ``time`` of the last one, ``currency``, the money of its state as text,
        ``open_positions`` and ``digest``.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.stored import figures_of
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.deposit("0.35", "2024-01-02")
    >>> figures = figures_of(portfolio)
    >>> figures["events"], figures["time"], figures["equity"], figures["margin_level"]
    (1, '2024-01-02T00:00:00+00:00', '1000.35', None)
    """
    state = portfolio.get_state()
    money = {name: getattr(state, name) for name in _FIGURES}
    return {
        "events": portfolio.events,
        "time": None if portfolio.time is None else portfolio.time.isoformat(),
        "currency": portfolio.currency,
        **{name: None if value is None else format(value, "f") for name, value in money.items()},
        "open_positions": len(state.positions),
        "digest": portfolio.digest,
    }


def lines_of(title: str, items: dict[str, object]) -> list[str]:
    """Write a title and named values below it, as the terminal shows them."""
    return [title, *(f"  {name:<16}{value}" for name, value in items.items())]


__all__ = [
    "IMAGE_MAGIC",
    "JOURNAL_MAGIC",
    "figures_of",
    "kind_of",
    "lines_of",
    "read_journal",
    "refuse_other",
]
