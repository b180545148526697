"""A switch that ends a batch from outside: a button of a notebook, another thread."""

from __future__ import annotations

from typing import final


@final
class CancelToken:
    """Ends the batch that it was given to, at the next run.

    It can be given to several batches, and stays cancelled once it is.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> token = op.CancelToken()
    >>> token.cancel()
    >>> token.cancelled
    True
    """

    __slots__ = ("_cancelled",)

    def __init__(self) -> None:
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End the batch; whole runs stay."""
        self._cancelled = True

    def __repr__(self) -> str:
        return f"<CancelToken  cancelled={self._cancelled}>"


__all__ = ["CancelToken"]
