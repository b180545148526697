"""Count the instructions of an event of each kind, with callgrind.

Instructions do not depend on what else a machine does, so they tell a change of a few percent from
noise. Each kind is run with one and with three rounds over the same frame; the difference, over
two rounds, is what its events cost.

    python tools/count_instructions.py target/release/examples/instructions
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys

KINDS = ("mixed", "mixed_with_fees", "updates", "marks")
EVENTS = 50_000


def collected(program: str, kind: str, times: int) -> int:
    """Run the program under callgrind and give the instructions it took."""
    run = subprocess.run(
        [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            program,
            kind,
            str(EVENTS),
            str(times),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if found is None:
        raise SystemExit(f"callgrind said nothing of {kind}: {run.stderr}")
    return int(found.group(1))


def main() -> int:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built example")
    program = parser.parse_args().program
    if shutil.which("valgrind") is None:
        print("valgrind is not installed", file=sys.stderr)
        return 1
    for kind in KINDS:
        once, thrice = (collected(program, kind, times) for times in (1, 3))
        print(f"{kind:<16}{(thrice - once) / 2 / EVENTS:>8,.0f} instructions an event")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
