"""What an engine of the comparison is for the code that measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from works import Work

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class UnavailableError(Exception):
    """The engine cannot do this work; the text says why."""


class Outcome(NamedTuple):
    """What a run of an engine gave, for the checker.

    Attributes
    ----------
    finals : array of float64
        Equity at the end, by run.
    closed : int
        Number of closed trades of all runs.
    parts : list
        Arrays of the result, for its hash.
    """

    finals: Floats
    closed: int
    parts: list[np.ndarray[Any, Any]]


class Call(NamedTuple):
    """One piece of work, ready for the clock.

    Attributes
    ----------
    run : callable
        What is measured. It returns all that the work asks for.
    outcome : callable
        Makes the outcome of what ``run`` returned; not measured.
    note : str
        What a reader should know, such as another way to the same result.
    """

    run: Callable[[], Any]
    outcome: Callable[[Any], Outcome]
    note: str = ""


class Engine(Protocol):
    """The interface of the modules ``engine_*``.

    Attributes
    ----------
    cells_max : int
        So many bars of all runs together fit into memory in its form.
    """

    cells_max: int

    def versions(self) -> dict[str, str]:
        """Give the versions of the packages that count."""

    def prepare(self, work: Work) -> Call:
        """Make the inputs in the form of the engine.

        Raises
        ------
        UnavailableError
            The engine lacks something that the work needs.
        """
