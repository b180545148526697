"""Build examples/analysis.ipynb from its twin, examples/analysis.py, which is the one to edit.

The twin has the percent format: a line `# %%` begins a cell of code, `# %% [markdown]` one of
text, whose lines are comments. The cells run in a fresh kernel and an empty folder, and the
notebook is written with what they showed. Cell names count from the top and no time of a run is
kept, so that the same twin gives the same file.

    python tools/build_notebook.py            build
    python tools/build_notebook.py --check    exit 1 when the notebook is not that of its twin
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent / "examples"
TWIN = FOLDER / "analysis.py"
NOTEBOOK = FOLDER / "analysis.ipynb"

CODE, TEXT = "# %%", "# %% [markdown]"
CELL_SECONDS_MAX = 60

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def cells_of(text: str) -> list[tuple[str, str]]:
    """Give the cells of a percent file as (kind, source); kind is `code` or `markdown`."""
    cells: list[tuple[str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line in (CODE, TEXT):
            cells.append(("code" if line == CODE else "markdown", []))
        elif line.startswith(CODE):
            raise ValueError(f"line {number}: {line!r} is neither {CODE!r} nor {TEXT!r}")
        elif cells:
            cells[-1][1].append(line)
        elif line:
            raise ValueError(f"line {number}: text before the first cell")
    return [(kind, _source(kind, lines)) for kind, lines in cells]


def _source(kind: str, lines: list[str]) -> str:
    if kind == "markdown":
        for line in lines:
            if line and line != "#" and not line.startswith("# "):
                raise ValueError(f"{line!r} is no comment, in a cell of text")
        lines = [line[2:] for line in lines]
    return "\n".join(lines).strip("\n")


def notebook_of(text: str) -> NotebookNode:
    """Give the notebook of a percent file, without outputs."""
    cells = []
    for number, (kind, source) in enumerate(cells_of(text)):
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        cells.append(make(source, id=f"cell-{number:02}"))
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def is_in_step(text: str, notebook: NotebookNode) -> bool:
    """Whether a notebook is that of a percent file; what its cells showed is not looked at."""
    bare = nbformat.from_dict(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bool(bare == notebook_of(text))


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run the cells in a fresh kernel in a folder; the notebook then holds what they showed."""
    with tempfile.TemporaryDirectory() as private:
        # Sockets in a folder of one's own: the default is TCP, which other users can read.
        manager = AsyncKernelManager(
            kernel_name="python3",
            transport="tcp" if os.name == "nt" else "ipc",
            connection_file=str(Path(private) / "kernel.json"),
        )
        NotebookClient(
            notebook,
            km=manager,
            timeout=CELL_SECONDS_MAX,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        ).execute(cleanup_kc=True)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def written(notebook: NotebookNode) -> str:
    """Give a notebook as the text of its file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Build or check; the exit code is 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description="Build examples/analysis.ipynb from its twin.")
    parser.add_argument("--check", action="store_true", help="only compare the two")
    options = parser.parse_args(arguments)
    text = TWIN.read_text(encoding="utf-8")
    if options.check:
        if NOTEBOOK.is_file() and is_in_step(text, nbformat.read(NOTEBOOK, as_version=4)):
            return 0
        print(f"{NOTEBOOK.name} is not that of {TWIN.name}: run tools/build_notebook.py")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(notebook_of(text), Path(folder))
    NOTEBOOK.write_text(written(notebook), encoding="utf-8", newline="\n")
    print(f"{NOTEBOOK.name}: {len(notebook.cells)} cells, {NOTEBOOK.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
