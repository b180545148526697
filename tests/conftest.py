"""Fixtures that every test shares: each test that asks for `backend` runs on both.

A missing compiled module is a failure and not a skip: a run that is green has tested both.
OMEGA_TEST_BACKENDS (a comma-separated list) narrows the run on purpose.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import omega_portfolio as op
from order_accounts import oracle_account

# A shell starts what runs in its background with Ctrl-C ignored, which tests of it would inherit.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

KNOWN_BACKENDS = ("rust", "python")


def _chosen_backends() -> list[str]:
    names = os.environ.get("OMEGA_TEST_BACKENDS", ",".join(KNOWN_BACKENDS)).split(",")
    unknown = [name for name in names if name not in KNOWN_BACKENDS]
    if unknown:
        raise pytest.UsageError(f"OMEGA_TEST_BACKENDS names no backend of this project: {unknown}")
    return names


@pytest.fixture(params=_chosen_backends())
def backend(request: pytest.FixtureRequest) -> str:
    """Name of the backend that the test runs on."""
    name: str = request.param
    status = op.backend_status()
    if name not in status.available:
        pytest.fail(f"the {name} backend is not available\n{status!r}")
    return name


@pytest.fixture
def make_portfolio(backend: str) -> Callable[..., op.Portfolio]:
    """Make a portfolio of the backend under test; 100,000 USD unless told otherwise."""

    def make(initial_balance: object = "100000", **options: object) -> op.Portfolio:
        portfolio = op.Portfolio(initial_balance, backend=backend, **options)
        assert portfolio.backend == backend
        return portfolio

    return make


@pytest.fixture
def make_oracle() -> Iterator[Callable[..., op.PortfolioPython]]:
    """Make accounts of the Python backend for orders and bars; all of them are verified."""
    made: list[op.PortfolioPython] = []

    def make(balance: object = "10000", **options: Any) -> op.PortfolioPython:
        made.append(oracle_account(balance, **options))
        return made[-1]

    yield make
    for portfolio in made:
        portfolio.verify()
