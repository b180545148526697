"""Many portfolios in one call: ``run_batch`` and what comes back (SPEC section 20).

======================  ============================================================
module                  its job
======================  ============================================================
``run``, ``passes``     the call: its arguments, checked; the one or two passes
``inputs``              frames, readers and files, as something that exports Arrow
``engine``              what both backends give, and which one is taken
``slices``              how many runs at a time, the bound of memory, the loop
``executors``,          which workers make the runs; the loop over their shards; what they read,
``shards``, ``scratch`` and its end
``handed``, ``locks``   settings on their way to a worker; files that one process has
``worker``              what runs in a worker
``processes``,          the workers: our own, of an executor, of a Ray cluster
``futures``,
``ray_tasks``
``progress``,           how far it is, and how it is stopped
``cancel``, ``interrupt``
``sink``, ``manifest``, results on disk: parts, the list of them, the way back
``stored``
``result``, ``facts``,  the answer, its tables, how it looks
``tables``, ``view``
``pickled``             the answer as plain data, and the way back
``ranking``             which run is best, and how likely it is luck
``picture``, ``heat``,  a metric over the parameters, curves over each other
``axis``
``grid``                parameters: every combination of values, or a sample of ranges
``signals``,            orders out of truth values, and out of weights; ``matrices`` reads
``gathering``,          the forms that both come in
``weights``
``walk``, ``splits``,   choose on one part of time, test on the next
``walk_steps``
``command``, ``setup``  the command ``omega-portfolio sweep``
======================  ============================================================

Nothing here books anything: a run is made by the backend, by the rules of a portfolio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omega_portfolio.batch.result import BatchResult as BatchResult
    from omega_portfolio.batch.run import run_batch as run_batch

_LAZY = {"BatchResult": "result", "run_batch": "run"}


def __getattr__(name: str) -> object:
    """Load a public name at its first use."""
    import importlib

    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)


__all__ = ["BatchResult", "run_batch"]
