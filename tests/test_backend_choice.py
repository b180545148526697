"""The choice of the backend: what the environment and the argument ask for, and what is there.

Most of it runs in processes of their own, with a compiled module that is replaced: by none, by
one that does not load, and by one that loads.
"""

from __future__ import annotations

import pytest

import omega_portfolio as op
from interpreter import ABSENT, run_python

# Replaces the compiled module with one that is there and does not load.
BROKEN = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "omega_portfolio._core":
            raise {error}
sys.meta_path.insert(0, Finder())
"""

# Replaces the compiled module with one that loads.
PRESENT = """
import sys, types
core = types.ModuleType("omega_portfolio._core")
core.__version__, core.build, core.__file__ = "9.8.7", "test", "/somewhere/_core.so"
class PortfolioCore:
    __slots__ = ()
    backend = "rust"
class HistoryCore:
    __slots__ = ()
    backend = "rust"
core.PortfolioCore, core.HistoryCore = PortfolioCore, HistoryCore
sys.modules["omega_portfolio._core"] = core
"""

REPORT = """
import omega_portfolio as op
status = op.backend_status()
print(status.live)
print(status.requested)
print(",".join(status.available))
print(status.reason)
print(status.version)
print(status.module)
"""


@pytest.mark.parametrize("variable", [None, "auto", "AUTO", "true", "True", "1"])
def test_rust_is_live_when_its_module_loads(variable):
    live, requested, available, reason, version, module = run_python(PRESENT + REPORT, variable)
    assert (live, requested, available) == ("rust", variable or "auto", "rust,python")
    assert (version, module) == ("9.8.7", "/somewhere/_core.so")
    assert "not set" in reason if variable is None else repr(variable) in reason
    assert "loaded (build test)" in reason


@pytest.mark.parametrize("variable", ["false", "FALSE", "0"])
def test_the_environment_can_ask_for_python(variable):
    live, requested, available, *_ = run_python(PRESENT + REPORT, variable)
    assert (live, requested, available) == ("python", variable, "rust,python")


def test_auto_takes_python_without_the_compiled_module():
    live, requested, available, reason, version, module = run_python(ABSENT + REPORT)
    assert (live, requested, available) == ("python", "auto", "python")
    assert (version, module) == ("None", "None")
    assert "omega_portfolio._core is not installed" in reason


@pytest.mark.parametrize(
    "error",
    [
        "ImportError('undefined symbol: PyNothing')",
        "ModuleNotFoundError('undefined symbol: PyNothing', name='other')",
        "OSError('undefined symbol: PyNothing')",
    ],
)
def test_a_module_that_does_not_load_is_told_with_its_error(error):
    live, _, available, reason, *_ = run_python(BROKEN.format(error=error) + REPORT)
    assert (live, available) == ("python", "python")
    assert "does not load" in reason
    assert "undefined symbol: PyNothing" in reason


REFUSAL = """
import omega_portfolio as op
try:
    {call}
except op.OmegaPortfolioError as error:
    print(type(error).__name__)
    print(error)
"""


@pytest.mark.parametrize(
    ("variable", "call"),
    [
        ("true", "op.Portfolio(1)"),
        ("1", "op.Portfolio(1, backend=None)"),
        (None, 'op.Portfolio(1, backend="rust")'),
        ("false", 'op.Portfolio(1, backend="rust")'),
        (None, "op.PortfolioRust"),
        (None, "op.PortfolioRust(1)"),
    ],
)
def test_rust_that_is_asked_for_and_absent_is_refused(variable, call):
    name, message = run_python(ABSENT + REFUSAL.format(call=call), variable)
    assert name == "BackendUnavailable"
    assert "omega_portfolio._core is not installed" in message
    assert "USE_RUST_PORTFOLIO=false" in message


def test_an_absent_rust_that_is_asked_for_leaves_nothing_live():
    live, requested, available, reason, *_ = run_python(ABSENT + REPORT, "true")
    assert (live, requested, available) == ("None", "true", "python")
    assert "[4023]" in reason


@pytest.mark.parametrize("variable", ["yes", "", "rust", "2"])
def test_an_environment_that_makes_no_sense_is_refused_at_first_use(variable):
    name, message = run_python(REFUSAL.format(call="op.Portfolio(1)"), variable)
    assert name == "InvalidConfiguration"
    assert f"USE_RUST_PORTFOLIO={variable!r}" in message
    live, requested, _, reason, *_ = run_python(ABSENT + REPORT, variable)
    assert (live, requested) == ("None", variable)
    assert "must be auto, true or false" in reason


def test_the_argument_goes_before_the_environment():
    code = "import omega_portfolio as op\nprint(op.Portfolio(1, backend={!r}).backend)"
    assert run_python(code.format("python"), "true") == ["python"]
    assert run_python(code.format("python"), "nonsense") == ["python"]
    assert run_python(ABSENT + code.format("auto"), "true") == ["python"]


def test_the_environment_is_read_once():
    code = """
import os
import omega_portfolio as op
os.environ["USE_RUST_PORTFOLIO"] = "nonsense"
print(op.Portfolio(1).backend, op.backend_status().requested)
"""
    assert run_python(code, "false") == ["python false"]


@pytest.mark.parametrize("value", ["Rust", "", "auto "])
def test_a_backend_that_does_not_exist_is_refused(value):
    with pytest.raises(op.InvalidConfiguration) as caught:
        op.Portfolio(1, backend=value)
    assert caught.value.argument == "backend"
    assert caught.value.value == repr(value)


@pytest.mark.parametrize("value", [True, 1, b"rust", ["rust"]])
def test_a_backend_that_is_no_text_is_refused(value):
    with pytest.raises(op.InvalidArgument) as caught:
        op.Portfolio(1, backend=value)
    assert caught.value.argument == "backend"


def test_the_status_is_frozen_and_readable():
    status = op.backend_status()
    assert status == op.backend_status()
    with pytest.raises(AttributeError):
        status.live = "rust"
    lines = repr(status).splitlines()
    assert lines[0] == "BackendStatus"
    assert [line.split()[0] for line in lines[1:]] == [
        "live", "requested", "available", "reason", "version", "module",
    ]  # fmt: skip
