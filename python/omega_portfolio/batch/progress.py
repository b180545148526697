"""How far a batch is: a bar on a terminal or in a notebook, or a function of the caller."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidArgument, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELAY: Final = 1.0
"""Seconds after which a bar is shown that nobody asked for."""


def check_progress(progress: object) -> None:
    """Refuse what cannot show anything."""
    if progress is None or isinstance(progress, bool) or callable(progress):
        return
    rule = "is neither None, True, False nor a callable"
    raise InvalidArgument("progress", describe(progress), rule, "pass a callable(done, total)")


@contextmanager
def shown(progress: object, total: int) -> Iterator[Callable[[int], None] | None]:
    """Give the function that is told how many runs are done.

    Parameters
    ----------
    progress : None, bool or callable
        As in :func:`omega_portfolio.run_batch`.
    total : int
        Number of runs.

    Yields
    ------
    callable or None
        To be called with the runs that are done so far; None when nobody looks.
    """
    if callable(progress):
        told: Callable[[int, int], object] = progress

        def tell(done: int) -> None:
            told(done, total)

        yield tell
        return
    if progress is False or (progress is None and not _watched()):
        yield None
        return
    with warnings.catch_warnings():
        # Asking for the bar of a notebook where there is none is answered by a warning.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    delay = 0.0 if progress else DELAY
    with tqdm(total=total, unit=" runs", leave=False, mininterval=0.1, delay=delay) as bar:

        def move(done: int) -> None:
            bar.update(done - bar.n)

        yield move


def _watched() -> bool:
    """Whether a person may look: standard error is a terminal, or this is a notebook."""
    if "ipykernel" in sys.modules:
        return True
    stream = sys.stderr
    return stream is not None and stream.isatty()


__all__ = ["DELAY", "check_progress", "shown"]
