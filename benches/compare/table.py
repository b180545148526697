"""The table of a comparison, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    Record = dict[str, Any]

TITLES: Final = {
    "omega": "omega-portfolio, 1 thread",
    "omega-2": "omega-portfolio, 2 threads",
    "numba-float": "loop by hand (numba), doubles",
    "numba-fixed": "loop by hand (numba), whole numbers",
    "vectorbt": "vectorbt, numba",
    "vectorbt-rust": "vectorbt, Rust",
    "raptorbt": "raptorbt",
    "backtesting": "backtesting.py",
    "nautilus": "nautilus_trader",
}
HEADS: Final = (
    "engine", "runs", "min ms", "median ms", "CPU min ms", "CPU ns a bar", "peak MiB",
    "process MiB", "same result",
)  # fmt: skip

FASTER_HEADS: Final = ("work", "engine", "ns a bar", "ours, ns a bar", "times as fast")
NOT_ENGINES: Final = ("omega", "omega-2", "numba-float", "numba-fixed")


def head_of(record: Record) -> list[str]:
    """Say when, where and with what the comparison was made."""
    machine = record["machine"]
    versions = ", ".join(f"{name} {found}" for name, found in sorted(record["versions"].items()))
    lines = [
        f"{record['date'][:16].replace('T', ' ')} UTC, {machine['cpu']}, {machine['cores']} cores, "
        f"load {machine['load']:.1f}, Python {machine['python']}; {record['size']} size, a call "
        f"limited to {record['limit']:g} s of a processor.",
        "",
        f"Versions: {versions}.",
    ]
    return [*lines, "", record["note"]] if record["note"] else lines


def lines_of(record: Record) -> list[str]:
    """Give a table for each workload.

    Parameters
    ----------
    record : dict
        As it is filed.

    Returns
    -------
    list of str
        Lines of Markdown, without a title.
    """
    lines = head_of(record)
    for work in dict.fromkeys(row["work"] for row in record["rows"]):
        rows = [row for row in record["rows"] if row["work"] == work]
        lines += ["", f"**{work}**: {rows[0]['text']}", ""]
        lines += [joined(HEADS), joined(["---"] * len(HEADS))]
        lines += [joined(cells_of(row)) for row in rows]
    return lines


def cells_of(row: Record) -> list[str]:
    """Give the cells of an engine."""
    title = TITLES[row["engine"]]
    if "unavailable" in row:
        return [title, f"not available: {row['unavailable']}", *[""] * (len(HEADS) - 2)]
    runs = f"{row['runs']:,}"
    if row["runs"] < row["runs_all"]:
        runs = f"first {row['runs']:,} of {row['runs_all']:,}"
    bars = row["runs"] * row["moments"] * row["symbols"]
    times = [row[name] * 1e3 for name in ("wall_min", "wall_median", "cpu_min")]
    same = f"no, by {row['difference']:.0e}: {row['rule']}" if row["rule"] else "yes"
    notes = f"{same}; {row['note']}" if row["note"] else same
    return [
        title, runs, *map(short, times), short(row["cpu_min"] * 1e9 / bars),
        short(row["memory_call"] / 2**20), short(row["memory_process"] / 2**20), notes,
    ]  # fmt: skip


def faster_lines(record: Record) -> list[str]:
    """Give a table of the works where another engine took less time than ours with one thread.

    Loops by hand are no engines, and an engine that did a part of the runs is measured by the bar.
    """
    lines = [joined(FASTER_HEADS), joined(["---"] * len(FASTER_HEADS))]
    measured = [row for row in record["rows"] if "unavailable" not in row]
    ours = {row["work"]: row for row in measured if row["engine"] == "omega"}
    for row in measured:
        if row["engine"] in NOT_ENGINES or row["work"] not in ours:
            continue
        own, other = wall_per_bar(ours[row["work"]]), wall_per_bar(row)
        if other < own:
            work = f"{row['work']}: {row['text']}"
            title = f"{TITLES[row['engine']]}"
            lines.append(joined([work, title, short(other), short(own), short(own / other)]))
    return lines


def wall_per_bar(row: Record) -> float:
    """Give the nanoseconds on the wall for a bar of a run."""
    found: float = row["wall_min"] * 1e9 / (row["runs"] * row["moments"] * row["symbols"])
    return found


def short(value: float) -> str:
    """Give three digits of a figure, and no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def joined(cells: list[str] | tuple[str, ...]) -> str:
    """Make a line of a table."""
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
