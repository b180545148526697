"""The example notebook: it runs, it is that of its twin, and it holds what its cells show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from interpreter import PACKAGE_ROOT

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import build_notebook as tool  # noqa: E402

TEXT = tool.TWIN.read_text(encoding="utf-8")
BYTES_MAX = 600_000
CELLS_MIN = 25

PERCENT = """\
# %% [markdown]
# # A title
#
# A sentence.

# %%
answer = 42

print(answer)

# %%
answer
"""


def committed() -> NotebookNode:
    notebook = nbformat.read(tool.NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: NotebookNode) -> list[list[str]]:
    """Give what a cell shows, without the figures: a list of MIME types for each output."""
    return [sorted(output.get("data", {output.output_type: None})) for output in cell.outputs]


def printed(cell: NotebookNode) -> list[str]:
    return [output.text for output in cell.outputs if output.output_type == "stream"]


@pytest.fixture
def quiet_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a kernel find this package and leave its files in a folder of the test."""
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE_ROOT))
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_the_twin_runs_as_a_program(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - the program is this interpreter.
        [sys.executable, "-W", "error", str(tool.TWIN)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [path.name for path in tmp_path.rglob("*.html")] == ["analysis.html"]


def test_the_notebook_runs_and_shows_what_is_committed(quiet_kernel: Path) -> None:
    before = committed()
    after = tool.execute(tool.notebook_of(TEXT), quiet_kernel)
    assert [path.name for path in quiet_kernel.rglob("*.html")] == ["analysis.html"]
    for old, new in zip(code_cells(before), code_cells(after), strict=True):
        assert kinds(new) == kinds(old), new.source
        assert printed(new) == printed(old), new.source


def test_the_notebook_is_that_of_its_twin(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_committed_notebook_is_small_and_clean() -> None:
    notebook = committed()
    cells = code_cells(notebook)
    assert tool.NOTEBOOK.stat().st_size < BYTES_MAX
    assert len(cells) >= CELLS_MIN
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell.outputs for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(output.output_type != "error" for output in outputs)
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) >= 2
    assert tool.written(notebook) == tool.NOTEBOOK.read_text(encoding="utf-8")


def test_every_cell_of_code_is_explained() -> None:
    cells = tool.cells_of(TEXT)
    assert [kind for kind, _ in cells] == ["markdown", "code"] * (len(cells) // 2)
    assert all(len(source) > 80 for kind, source in cells if kind == "markdown")


def test_a_percent_file_is_read() -> None:
    assert tool.cells_of(PERCENT) == [
        ("markdown", "# A title\n\nA sentence."),
        ("code", "answer = 42\n\nprint(answer)"),
        ("code", "answer"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os\n# %%\n", "line 1: text before the first cell"),
        ("# %% title\n", "line 1: '# %% title' is neither"),
        ("# %% [markdown]\nimport os\n", "'import os' is no comment"),
    ],
)
def test_a_wrong_percent_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        tool.cells_of(text)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("", "", True),
        ("answer = 42", "answer = 43", False),
        ("A sentence.", "A word.", False),
        ("# %%\nanswer\n", "", False),
    ],
)
def test_a_drift_is_found(  # noqa: PLR0917 - fixtures and parameters.
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    same: bool,
) -> None:
    twin, notebook = tmp_path / "one.py", tmp_path / "one.ipynb"
    monkeypatch.setattr(tool, "TWIN", twin)
    monkeypatch.setattr(tool, "NOTEBOOK", notebook)
    twin.write_text(PERCENT, encoding="utf-8")
    assert tool.main(["--check"]) == 1
    notebook.write_text(tool.written(tool.notebook_of(PERCENT)), encoding="utf-8")
    twin.write_text(PERCENT.replace(old, new), encoding="utf-8")
    capsys.readouterr()
    assert tool.main(["--check"]) == (0 if same else 1)
    assert ("run tools/build_notebook.py" in capsys.readouterr().out) is not same


def test_a_build_runs_the_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_kernel: Path
) -> None:
    assert quiet_kernel.is_dir()
    twin, notebook = tmp_path / "one.py", tmp_path / "one.ipynb"
    monkeypatch.setattr(tool, "TWIN", twin)
    monkeypatch.setattr(tool, "NOTEBOOK", notebook)
    twin.write_text(PERCENT, encoding="utf-8")
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert cells[1]["outputs"][0]["text"] == ["42\n"]
    assert cells[2]["outputs"][0]["data"]["text/plain"] == ["42"]
