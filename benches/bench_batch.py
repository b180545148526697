"""Batches of runs, on the small inputs of the comparison with other engines.

The full sizes, and the other engines, are measured by ``make compare``.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent / "compare"))

from engine_omega import Omega
from works import WORKS

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.benchmark(disable_gc=True)


class Digested(NamedTuple):
    """Stands for a portfolio: the digest of all results of a batch."""

    digest: str


@pytest.mark.parametrize("name", list(WORKS))
def test_batch(bench: Bench, name: str) -> None:
    """Make the frames of a workload before, and run the batch in one thread."""
    work = WORKS[name]("small")
    call = Omega(1).prepare(work)
    outcome = call.outcome(call.run())
    found = hashlib.blake2b()
    for part in outcome.parts:
        found.update(np.ascontiguousarray(part).tobytes())
    result = bench.single(Digested(found.hexdigest()), call.run, rounds=50)
    assert result.final.height == work.runs
    assert len(outcome.finals) == work.runs
    assert outcome.closed > 0
