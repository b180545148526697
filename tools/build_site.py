"""Build the documentation site: its pages, MkDocs, Zensical and rustdoc. `make site` runs this.

    python tools/build_site.py              all of it; needs the extra `docs` and cargo
    python tools/build_site.py mkdocs       the pages and MkDocs, into out/site
    python tools/build_site.py zensical     the pages and Zensical, into out/site-zensical
    python tools/build_site.py rust         rustdoc, into the folder rust of both

The pages are the texts of the repository: everything under docs/, and those at the root. They are
gathered in out/pages anew each time, with their links turned to where the other pages are, so that
no copy of a text can fall behind. A file that a page links to, and that is no text, comes along.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"

THEMES = {"mkdocs": "readthedocs", "zensical": "zensical"}

# Texts outside of docs/ with their page.
PAGES = {
    "README.md": "readme.md",
    "SPEC.md": "spec.md",
    "DESIGN.md": "design.md",
    "ARCHITECTURE.md": "architecture.md",
    "COMPARE.md": "compare.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "conformance/README.md": "conformance.md",
    "tests/spec/README.md": "cases/accounts.md",
    "tests/spec/batch/README.md": "cases/batches.md",
}

LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=(?:#[^)\s]*)?\))")
REMOTE = re.compile(r"[a-z]+:|//")
FENCE = re.compile(r"^```", re.MULTILINE)
PARAGRAPH_THEN_LIST = re.compile(r"^(?![-*#|>]|\d+\.|\s|$)(.+)\n(?=(?:[-*]|\d+\.) )", re.MULTILINE)
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel\s*=\s*["']?(?:stylesheet|preload|preconnect|icon|shortcut))"""
    r"""[^>]*?\bhref\s*=\s*["']?([^"'\s>]+)""",
    re.IGNORECASE,
)
STYLED = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


def pages_of(root: Path) -> dict[str, str]:
    """Give all texts of the site: their path in the repository, and their page."""
    docs = sorted(path for path in (root / "docs").rglob("*") if path.is_file())
    inside = {path.relative_to(root).as_posix(): path for path in docs}
    return {name: name.removeprefix("docs/") for name in inside} | PAGES


def page_text(name: str, text: str, pages: dict[str, str], files: set[str]) -> str:
    """Give the text of a page, and add to `files` what it links to beside pages."""
    here = PurePosixPath(name).parent
    folder = PurePosixPath(pages[name]).parent

    def turned(found: re.Match[str]) -> str:
        link = found[1]
        if REMOTE.match(link):
            return link
        target = os.path.normpath(here / link)
        if target not in pages:
            files.add(target)
        page = pages.get(target, f"files/{target}")
        return os.path.relpath(page, folder)

    parts = []
    for number, part in enumerate(blocks_of(text)):
        # Every second part is code. A list may follow its sentence at once on GitHub, not here.
        changed = part if number % 2 else PARAGRAPH_THEN_LIST.sub(r"\1\n\n", part)
        parts.append(changed if number % 2 else LINK.sub(turned, changed))
    return "".join(parts)


def blocks_of(text: str) -> list[str]:
    """Cut a text at its fences; the second, fourth, ... part is a block of code."""
    marks = [found.start() for found in FENCE.finditer(text)]
    if len(marks) % 2:
        raise ValueError("a block of code has no end")
    # A block ends behind its second fence.
    cuts = [mark + 3 * (number % 2) for number, mark in enumerate(marks)]
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def gather(target: Path, root: Path = ROOT) -> int:
    """Write all pages into an empty folder; give how many there are.

    Raises
    ------
    FileNotFoundError
        A page links to a file that is not there.
    """
    if target.exists():
        shutil.rmtree(target)
    pages, files = pages_of(root), set[str]()
    for name, page in pages.items():
        place = target / page
        place.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".md"):
            text = (root / name).read_text(encoding="utf-8")
            place.write_text(page_text(name, text, pages, files), encoding="utf-8")
        else:
            shutil.copyfile(root / name, place)
    for name in sorted(files):
        place = target / "files" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, place)
    return sum(name.endswith(".md") for name in pages)


def asked_outside(site: Path) -> list[str]:
    """Give what the pages and styles of a site would load from another host."""
    found = []
    for path in files_of(site, ".html", ".css", ".svg"):
        text = path.read_text(encoding="utf-8", errors="replace")
        loaded = [one or other for one, other in LOADED.findall(text)]
        loaded = [link for link in loaded if re.match(r"(?:https?:)?//", link)]
        loaded += STYLED.findall(text)
        found += [f"{path.relative_to(site)}: {link}" for link in loaded]
    return found


def files_of(folder: Path, *endings: str) -> Iterator[Path]:
    """Give the files of a folder with one of these endings, in order."""
    yield from sorted(path for path in folder.rglob("*") if path.suffix in endings)


def write_index(site: Path) -> None:
    """Write the search index once more as a script: a page in a file may read no other file."""
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    script = f"window.searchIndex = {index};\n"
    (site / "search" / "search_index.js").write_text(script, encoding="utf-8")


def build(tool: str, pages: Path, site: Path) -> None:
    """Run one of the two builders over gathered pages; warnings are errors.

    Raises
    ------
    subprocess.CalledProcessError
        The builder has a warning or an error.
    ValueError
        A page loads something from another host.
    """
    if site.exists():
        shutil.rmtree(site)
    # Zensical takes no absolute path.
    places = {"SITE_PAGES": os.path.relpath(pages, ROOT), "SITE_DIR": os.path.relpath(site, ROOT)}
    settings = places | {"SITE_THEME": THEMES[tool]}
    command = [sys.executable, "-m", tool, "build", "--strict", "--clean"]
    subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True)
    outside = asked_outside(site)
    if outside:
        raise ValueError("asked from another host:\n" + "\n".join(outside))


def build_rust(*sites: Path) -> None:
    """Run rustdoc and copy what it made into a folder of each site."""
    command = ["cargo", "doc", "--workspace", "--no-deps", "--locked", "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True)
    made = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "doc"
    for site in sites:
        shutil.copytree(made, site / "rust", dirs_exist_ok=True)


def main() -> int:
    """Build what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=("all", "mkdocs", "zensical", "rust"))
    part = parser.parse_args().part or "all"
    if part != "rust":
        print(f"{gather(OUT / 'pages')} pages")
    if part in ("all", "mkdocs"):
        build("mkdocs", OUT / "pages", OUT / "site")
        write_index(OUT / "site")
    if part in ("all", "zensical"):
        build("zensical", OUT / "pages", OUT / "site-zensical")
    if part in ("all", "rust"):
        build_rust(OUT / "site", OUT / "site-zensical")
    return 0


if __name__ == "__main__":
    sys.exit(main())
