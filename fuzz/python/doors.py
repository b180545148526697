"""Fuzz what Python hands in, on both backends at once: calls, images, journals.

Bytes of the fuzzer decide which calls are made with which arguments, or are the bytes of an image
or of a journal. Whatever they are, the backends give the same answer, a refusal is of our own tree
and leaves the digest as it was, and what is accepted is proved by the replay.

With atheris (`make fuzz-python`) the bytes follow the coverage of the Python code; the options are
those of libFuzzer. Where it is not installed they are random, and the program says so.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests")]

try:
    import atheris
except ModuleNotFoundError:
    atheris = None

if atheris is None:
    import omega_portfolio as op
else:
    with atheris.instrument_imports(include=["omega_portfolio"]):
        import omega_portfolio as op
        import omega_portfolio.oracle as _oracle  # noqa: F401 - looked at by the fuzzer.

from bad_frames import quotes
from bad_inputs import LATER, START
from bad_matrix_calls import Call, all_calls
from bad_matrix_values import value_of, values

BACKENDS = ("rust", "python")
CALLS_MAX = 12
SLOW = (".report", ".plot", ".scan", ".to_polars", ".get_lots", ".attribution")
ALONE = (".compact", ".flush", ".snapshot", ".close")
"""Memory is asked for by one backend only, and files are another door."""
SCALARS = ("balance", "equity", "margin_used", "events", "time")


class Source:
    """Bytes of the fuzzer, taken from the front; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def number(self, width: int) -> int:
        return int.from_bytes(bytes(self.byte() for _ in range(width)), "little", signed=True)

    def pick(self, things: Any) -> Any:
        return things[self.byte() % len(things)]

    def rest(self) -> bytes:
        return self.data[self.at :]

    def __bool__(self) -> bool:
        return self.at < len(self.data)


MAKERS: tuple[Callable[[Source], Any], ...] = (
    lambda source: source.byte(),
    lambda source: source.number(2),
    lambda source: source.number(9),
    lambda source: source.byte() / 4,
    lambda source: f"{source.number(2)}e{source.number(1) % 24 - 12}",
    lambda source: LATER + source.number(3),
    lambda source: source.pick(("A", "B", "GRID", "NEW", "long", "short", "EUR", "USD", "")),
    lambda source: bytes(source.byte() for _ in range(4)).decode("utf-8", "replace"),
    lambda source: {source.pick(("A", "B", "NEW")): source.byte() or 1},
    lambda source: {"A": (source.byte(), source.byte())},
    lambda source: {"A": tuple(source.byte() for _ in range(4)), "B": (2, 3, 1, 2, 1)},
    lambda source: [(source.byte(), source.byte() / 8)],
    lambda source: quotes(["A", "B"], [99.5, source.byte() / 2], [100.5, source.byte() / 2]),
    lambda _source: None,
)


def account(backend: str) -> op.Portfolio:
    """Make 10 A long at 100, 5 B short at 50, both marked, and an order."""
    made = op.Portfolio("100000", leverage=10, backend=backend)
    made.open_position("A", "long", 10, 100, START)
    made.open_position("B", "short", 5, 50, START, stop_loss=60)
    made.update_equity(START, {"A": (99, 101), "B": 50})
    made.place_order("A", "long", 1, START, price=95)
    return made


def of_portfolio() -> list[Call]:
    """Give the calls whose answers both backends give alike, and quickly."""
    found = [call for call in all_calls() if call.name.startswith("Portfolio.")]
    return [call for call in found if not call.name.endswith((*SLOW, *ALONE))]


CALLS = of_portfolio()


def answered(act: Callable[[], Any]) -> tuple[str, str]:
    """Make a call; give its refusal, or that there was none."""
    try:
        act()
    except op.OmegaPortfolioError as error:
        assert type(error) is op.errors.by_code[error.code]
        assert error.rule
        assert str(error).encode()
        return type(error).__name__, error.argument
    return "accepted", ""


def calls(source: Source) -> None:
    """Make calls on both backends; a value may be one of the catalogue, or made of bytes."""
    sides = [account(backend) for backend in BACKENDS]
    for _ in range(CALLS_MAX):
        if not source:
            break
        call = source.pick(CALLS)
        slots = list(call.slots())
        keywords: list[dict[str, Any]] = [dict(call.good) for _ in sides]
        for _ in range(source.byte() % 4 if slots else 0):
            _, kind, shape = source.pick(slots)
            at, chosen = source.at, source.byte()
            for side, given in zip(sides, keywords, strict=True):
                source.at = at + 1
                if chosen < 96:
                    given.update(shape(value_of(source.pick(values(kind)), side)))
                else:
                    given.update(shape(MAKERS[chosen % len(MAKERS)](source)))
        before = [side.digest for side in sides]
        found = [
            answered(lambda side=side, given=given, call=call: call.run(side, given))
            for side, given in zip(sides, keywords, strict=True)
        ]
        # Words about frames and which of two faults is named first are those of the readers.
        assert (found[0][0] == "accepted") == (found[1][0] == "accepted"), f"{call}: {found}"
        now = [side.digest for side in sides]
        assert now[0] == now[1], f"{call}: {found}"
        if found[0][0] != "accepted":
            assert now == before, f"{call}: {found}"
    for side in sides:
        side.verify()
    for name in SCALARS:
        assert getattr(sides[0], name) == getattr(sides[1], name), name


def image(source: Source) -> None:
    """Read an image of any bytes, or one of a portfolio with other bytes in it."""
    data = bytearray(account("python").to_bytes() if source.byte() & 1 else source.rest())
    while source and data:
        data[source.number(2) % len(data)] ^= source.byte()
    given = bytes(data)
    found = [answered(lambda b=b: op.Portfolio.from_bytes(given, backend=b)) for b in BACKENDS]
    assert found[0] == found[1], found
    assert found[0][0] in ("accepted", "InvalidImage"), found


def journal(source: Source) -> None:
    """Read a journal of any bytes, or one of a portfolio with other bytes in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        given = source.byte()
        if given & 1:
            with op.Portfolio(1000, journal=path, backend=BACKENDS[given >> 1 & 1]) as made:
                made.open_position("A", "long", 1, 100, START)
                made.update_equity(START, {"A": 101})
            data = bytearray(path.read_bytes())
            for _ in range(given >> 4):
                data[source.number(2) % len(data)] ^= source.byte()
            path.write_bytes(data[: len(data) - (given >> 2 & 3)])
        else:
            path.write_bytes(source.rest())
        reports = [op.inspect_journal(path, backend=backend) for backend in BACKENDS]
        names = ("verdict", "version", "events", "frames", "length", "good_length", "digest")
        seen = [tuple(getattr(one, name) for name in names) for one in reports]
        assert seen[0] == seen[1], seen
        before = path.read_bytes()
        backend = source.pick(BACKENDS)
        try:
            opened = op.open_journal(path, backend=backend)
        except (op.JournalCorrupt, op.JournalVersion) as error:
            assert reports[0].verdict in ("corrupt", "newer"), error
            assert path.read_bytes() == before
        else:
            assert reports[0].verdict in ("clean", "torn")
            assert opened.digest == reports[0].digest
            opened.verify()
            opened.close()


DOORS = (calls, calls, calls, image, journal)


def one(data: bytes) -> None:
    """Take one input of the fuzzer."""
    source = Source(data)
    source.pick(DOORS)(source)


def at_random(seconds: float, seed: int) -> None:
    """Make inputs without a fuzzer, for as long as there is time."""
    generator = random.Random(seed)  # noqa: S311 - no secret.
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = generator.randbytes(generator.randrange(1, 200))
        try:
            one(data)
        except BaseException:
            print(f"input {data.hex()} of seed {seed}", flush=True)
            raise
        count += 1
    print(f"{count} random inputs; atheris is not installed, so no coverage was followed")


def main() -> None:
    """Fuzz by atheris, or at random."""
    if atheris is not None:
        atheris.Setup(sys.argv, one)
        atheris.Fuzz()
        return
    options = dict(part.lstrip("-").split("=", 1) for part in sys.argv[1:] if "=" in part)
    at_random(float(options.get("max_total_time", 60)), int(options.get("seed", 0)))


if __name__ == "__main__":
    main()
