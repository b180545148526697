"""What goes to a worker: settings of classes that it does not know, and messages that are none."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import omega_portfolio as op
from batch_samples import sample_batch
from executor_samples import TESTS, assert_equal
from omega_portfolio.batch import handed

MAIN = """
import sys
sys.path.insert(0, {tests!r})
from decimal import Decimal
from enum import Enum
import polars as pl
import omega_portfolio as op
from batch_samples import sample_batch, sample_params
from executor_samples import assert_equal

class Money(int): pass
class Word(str, Enum):
    USD = "USD"
    NAME = "name"
class Exact(Decimal): pass
class Rate(float): pass
class Own(op.Instrument): pass

def both(**options):
    expected = sample_batch("python", **options)
    found = sample_batch("python", executor="processes", workers=1, scratch={scratch!r}, **options)
    assert_equal(found, expected)

named = sample_params().with_columns(name=pl.lit("a"))
commission = op.Commission("rate", Exact("0.001"))
both(initial_balance=Money(5000), currency=Word.USD, params=named, labels=[Word.NAME],
     risk_free_rate=Rate(0.01), costs=op.Costs(commission=commission))
both(instruments=[op.Instrument("ACME", price_decimals=Money(4), tick_size=Exact("0.01"))])
print("same")
try:
    sample_batch("python", executor="processes", workers=1, scratch={scratch!r},
                 instruments=[Own("ACME")])
except op.InvalidArgument as error:
    print(error.argument, error.rule, "|", error.remedy)
"""


def test_classes_of_the_program_are_read_or_named(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - the code above.
        [sys.executable, "-c", MAIN.format(tests=str(TESTS), scratch=str(tmp_path))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    same, refused = done.stdout.splitlines()
    assert same == "same"
    assert refused.startswith("instruments cannot be read by a worker: AttributeError: ")
    assert "'Own'" in refused
    assert "module that workers can import" in refused
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_sent_is_named(tmp_path: Path) -> None:
    class Local(op.Instrument):
        pass

    for executor in ("processes", ThreadPoolExecutor(1)):
        with pytest.raises(op.InvalidArgument, match="cannot be sent to a worker") as refused:
            sample_batch("python", executor=executor, instruments=[Local("ACME")], scratch=tmp_path)
        assert refused.value.argument == "instruments"
        assert list(tmp_path.iterdir()) == []


def test_values_keep_what_they_say() -> None:
    class Odd(int):
        def __int__(self) -> int:
            return 7

        __index__ = __int__

    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "loud"

    class Exact(Decimal):
        pass

    values: list[Any] = [Odd(5), Loud("quiet"), Exact("1.50"), True, None, 2.5, (Odd(1), [Odd(2)])]
    found = [handed.plain(one) for one in values]
    assert found == [5, "quiet", Decimal("1.50"), True, None, 2.5, (1, [2])]
    kinds = [int, str, Decimal, bool, type(None), float, tuple]
    assert [type(one) for one in found] == kinds
    assert str(found[2]) == "1.50"
    thing = object()
    assert handed.plain(thing) is thing
    assert handed.unpacked(handed.packed({"size": Odd(3)})) == {"size": 3}


def test_a_task_that_cannot_be_read_is_told_as_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omega_portfolio.batch import processes

    send = processes.send
    sent: list[bytes] = []

    def spoiled(stream: Any, data: bytes) -> None:
        sent.append(data)
        # The third message is the second shard.
        send(stream, b"no pickle" if len(sent) == 3 else data)

    monkeypatch.setattr(processes, "send", spoiled)
    with pytest.raises(Exception, match=r"pickle|invalid load key"):
        sample_batch("python", executor="processes", workers=1, shard_runs=5, scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert_equal(sample_batch("python", executor="processes"), sample_batch("python"))


NOISE = """
import os, sys
print("noise from the begin", flush=True)
os.write(1, bytes(64))
sys.stdout.write("words that wait")
"""


@pytest.mark.parametrize("own_pipe", [True, False])
def test_what_is_printed_before_the_first_shard_is_no_answer(
    own_pipe: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omega_portfolio.batch import processes

    begin = "import sys; sys.path = [one for one in sys.path if one]; "
    assert processes._PROGRAM.startswith(begin)
    monkeypatch.setattr(processes, "_PROGRAM", NOISE + processes._PROGRAM)
    if not own_pipe:
        # As on a system where only the standard pipes reach a child.
        def with_pipe(self: Any, program: list[str], **own: Any) -> Any:
            process = self._begun(program, stdout=subprocess.PIPE, **own)
            return process, process.stdout

        monkeypatch.setattr(processes.Worker, "_with_pipe", with_pipe)
    found = sample_batch("python", executor="processes", workers=1, scratch=tmp_path)
    assert_equal(found, sample_batch("python"))


def test_a_message_of_an_absurd_length_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omega_portfolio.batch import processes

    wrong = "w.run_shard = lambda *_: os.write(int(sys.argv[2]), b'x' * 64)"
    other = processes._PROGRAM.replace(
        "; serve()", f"; import os, omega_portfolio.batch.worker as w; {wrong}; serve()"
    )
    monkeypatch.setattr(processes, "_PROGRAM", other)
    with pytest.raises(op.InvalidArgument, match="nothing else writes") as refused:
        sample_batch("python", executor="processes", workers=1, scratch=tmp_path)
    assert refused.value.argument == "executor"
    assert refused.value.value.startswith("a message of 8,680,820,740,569,200,760 bytes")
    assert list(tmp_path.iterdir()) == []
