"""The value that means "not given", where ``None`` already means "none"."""

from __future__ import annotations

from typing import Final, final


@final
class Unset:
    """Type of :data:`UNSET`; it has exactly one instance.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> op.UNSET
    UNSET
    >>> type(op.UNSET)() is op.UNSET
    True
    """

    __slots__ = ()
    _instance: Unset | None = None

    def __new__(cls) -> Unset:
        """Return the one instance."""
        if Unset._instance is None:
            Unset._instance = super().__new__(cls)
        return Unset._instance

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        # A string names a module attribute: copies and pickles are the same object.
        return "UNSET"


UNSET: Final = Unset()
"""Leave the level as it is: the default of ``stop_loss`` and ``take_profit`` in
:meth:`omega_portfolio.Portfolio.modify_position`, where ``None`` removes the level.
"""

__all__ = ["UNSET", "Unset"]
