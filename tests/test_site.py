"""The documentation site: it builds without a warning, loads nothing from elsewhere, has all."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

import omega_portfolio as op
from omega_portfolio import cli
from test_docs import BLOCKS, Reader, rust_only, shell_lines, text_of

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import build_site as tool  # noqa: E402
import docstring_text  # noqa: E402
import draw_pictures as pictures  # noqa: E402

OBJECT = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
IDENTIFIER = re.compile(r'<h\d id="(omega_portfolio\.[\w.]+)"')
# Not explained one by one: a module, its values, and what only the type checker asks for.
WITHOUT_A_PAGE = {"UNSET", "Unset", "errors", "legacy", "PortfolioPython"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site with MkDocs, once for all tests."""
    folder = tmp_path_factory.mktemp("site")
    assert tool.gather(folder / "pages") >= 30
    tool.build("mkdocs", folder / "pages", folder / "site")
    tool.write_index(folder / "site")
    return folder / "site"


def test_every_text_has_its_page_with_a_search_index(site: Path) -> None:
    pages = [page for name, page in tool.pages_of(ROOT).items() if name.endswith(".md")]
    assert len(pages) >= 30
    for page in pages:
        text = (site / page).with_suffix(".html").read_text(encoding="utf-8")
        assert "<h1" in text, page
    index = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    assert index.startswith("window.searchIndex = {")
    assert "spec.html#" in index


def test_no_page_asks_for_anything_outside(site: Path) -> None:
    assert len(list(tool.files_of(site, ".html"))) >= 30
    assert tool.asked_outside(site) == []


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example.com/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.com/css">',
        "<link href='https://fonts.example.com' rel='preconnect'>",
        '<img alt="a" src=https://example.com/a.png>',
        "<style>@import 'https://example.com/a.css';</style>",
        "<style>@font-face{src:url(https://example.com/a.woff2)}</style>",
    ],
)
def test_what_is_asked_outside_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert len(tool.asked_outside(tmp_path)) == 1


def test_links_to_other_places_and_own_files_are_no_requests(tmp_path: Path) -> None:
    text = '<a href="https://example.com">a</a><link rel="canonical" href="https://example.com">'
    (tmp_path / "page.html").write_text(text + '<script src="js/a.js"></script>', encoding="utf-8")
    assert tool.asked_outside(tmp_path) == []


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    pages = sorted((site / "reference").glob("*.html"))
    found = [name for page in pages for name in IDENTIFIER.findall(page.read_text("utf-8"))]
    assert len(found) >= 200
    last = {name.rpartition(".")[2] for name in found}
    assert set(op.__all__) - last == WITHOUT_A_PAGE
    # Members are asked for by their classes: each class that makes a portfolio has its own.
    for base in op.Portfolio.__mro__[1:]:
        members = {name for name in vars(base) if not name.startswith("_")}
        assert members <= last or base is object, base


def test_each_error_has_its_code_on_its_page(site: Path) -> None:
    text = (site / "reference" / "errors.html").read_text(encoding="utf-8")
    assert len(op.errors.by_code) >= 40
    assert {int(code) for code in re.findall(r"Code (\d+)\.</p>", text)} == set(op.errors.by_code)


def test_the_reference_asks_for_objects_that_exist() -> None:
    names = [
        name
        for page in sorted((ROOT / "docs" / "reference").glob("*.md"))
        for name in OBJECT.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(names) >= 50
    assert len(set(names)) == len(names)
    for name in names:
        module, _, last = name.rpartition(".")
        if name != "omega_portfolio.errors":
            assert hasattr(importlib.import_module(module), last), name


def test_the_navigation_names_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w/]+\.md$", text, re.MULTILINE))
    pages = {page for name, page in tool.pages_of(ROOT).items() if name.endswith(".md")}
    assert listed - pages == set()
    # The formats of case files are reached from the pages that speak of them.
    assert pages - listed == {"cases/accounts.md", "cases/batches.md"}


def test_links_are_turned_to_where_the_pages_are() -> None:
    pages = {"SPEC.md": "spec.md", "docs/guide/a.md": "guide/a.md", "docs/b.md": "b.md"}
    files: set[str] = set()
    text = (
        "[a](../../SPEC.md#1-numbers) [b](../b.md) [c](https://example.com/x) [d](#here)\n"
        "[e](../../LICENSE)\nA sentence:\n- a list\n```sh\n[f](../../SPEC.md)\n```\n"
    )
    assert tool.page_text("docs/guide/a.md", text, pages, files) == (
        "[a](../spec.md#1-numbers) [b](../b.md) [c](https://example.com/x) [d](#here)\n"
        "[e](../files/LICENSE)\nA sentence:\n\n- a list\n```sh\n[f](../../SPEC.md)\n```\n"
    )
    assert files == {"LICENSE"}


def test_a_text_with_an_open_block_is_refused() -> None:
    with pytest.raises(ValueError, match="no end"):
        tool.blocks_of("a\n```sh\nb\n")


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    for name in (*tool.PAGES, "docs/index.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("[a](none.txt)\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        tool.gather(tmp_path / "pages", tmp_path)


def test_docstrings_become_markdown() -> None:
    assert doctest.testmod(docstring_text).attempted >= 4
    assert doctest.testmod(docstring_text).failed == 0
    made = docstring_text.readable("One.\n\n>>> 1\n1\n\nExamples\n--------\n>>> 2\n2\n")
    assert made == "One.\n\n```pycon\n>>> 1\n1\n```\n\nExamples\n--------\n>>> 2\n2\n"


@rust_only
@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_pictures_are_those_that_the_accounts_give(name: str) -> None:
    assert (pictures.FOLDER / name).read_text(encoding="utf-8") == pictures.drawn(name)


def test_every_picture_is_drawn_and_shown() -> None:
    there = {path.name for path in pictures.FOLDER.iterdir()}
    assert there == set(pictures.PICTURES)
    texts = "".join(text_of(name) for name in BLOCKS)
    assert set(re.findall(r"\]\((?:guide/)?pictures/(\w+\.svg)\)", texts)) == there


@rust_only
def test_the_tutorial_from_its_first_line_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Reader().read(ROOT / "docs" / "tutorial.md") == BLOCKS["docs/tutorial.md"]
    assert {"report.html", "exits.svg", "run.journal"} <= {path.name for path in tmp_path.iterdir()}
    lines = [shlex.split(line) for line in shell_lines(text_of("docs/tutorial.md"))]
    commands = [words[1:] for words in lines if words[0] == "omega-portfolio"]
    assert [words[0] for words in commands] == ["doctor", "verify", "demo", "report"]
    for words in commands:
        assert cli.main(words) == 0, words
    assert "rust" in capsys.readouterr().out
    assert (tmp_path / "out" / "demo" / "report.html").is_file()


def test_the_installation_of_the_tutorial_names_an_extra_that_exists() -> None:
    assert "python -m pip install '.[report]'" in text_of("docs/tutorial.md")
    assert re.search(r"^report = \[", text_of("pyproject.toml"), re.MULTILINE)
    assert re.search(r"^docs = \[.*zensical", text_of("pyproject.toml"), re.MULTILINE)
    # What both builders read is plain YAML with a tag for the environment.
    tagged = re.sub(r"!ENV ", "", text_of("mkdocs.yml"))
    assert yaml.safe_load(tagged)["theme"]["font"] is False
