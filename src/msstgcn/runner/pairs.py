"""The pairs ``notebooks/NN_name.py`` (what people edit) and ``NN_name.ipynb`` (what Jupyter, Colab and GitHub open).

Conversion goes one way, from ``.py`` to ``.ipynb``, and keeps cell ids: a two-way synchronisation decides by
modification times, which a fresh clone does not keep.

``python -m msstgcn.runner.pairs`` writes the notebooks, ``--check`` only says which have drifted.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from msstgcn import paths
from msstgcn.files import digest_bytes, written_whole

# jsonschema, which both load, would load a grammar of addresses that no notebook is checked by: a second or two.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
import jupytext  # noqa: E402
import nbformat  # noqa: E402

del sys.modules["rfc3987_syntax"]


def sources() -> list[Path]:
    """The chapters' ``.py`` files, in order."""
    return sorted((paths.project_root() / "notebooks").glob("[0-9][0-9]_*.py"))


def notebook_of(source: Path) -> Any:
    """Read a ``.py`` chapter as a notebook without outputs; a cell's id follows from its content."""
    notebook = jupytext.read(source)
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        seen[cell.source] += 1  # the same cell twice gets two ids
        cell["id"] = digest_bytes(cell.source.encode(), str(seen[cell.source]).encode())[:8]
    notebook.metadata.pop("jupytext", None)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def drifted() -> list[Path]:
    """The ``.ipynb`` files that are missing or do not say what their ``.py`` says."""
    bad = []
    for source in sources():
        pair = source.with_suffix(".ipynb")
        if (
            not pair.is_file()
            or pair.read_text(encoding="utf-8") != nbformat.writes(notebook_of(source)) + "\n"
        ):
            bad.append(pair)
    orphans = set((paths.project_root() / "notebooks").glob("*.ipynb")) - {
        s.with_suffix(".ipynb") for s in sources()
    }
    return sorted([*bad, *orphans])


def write() -> list[Path]:
    """Write every ``.ipynb`` that has drifted from its ``.py``; return those written."""
    written = []
    for pair in drifted():
        source = pair.with_suffix(".py")
        if source.is_file():
            with written_whole(pair) as temporary:
                temporary.write_text(nbformat.writes(notebook_of(source)) + "\n", encoding="utf-8")
            written.append(pair)
    return written


def main(arguments: list[str]) -> int:
    """Write the pairs, or with ``--check`` only report; the exit status is 1 if something had drifted in a check."""
    if arguments == ["--check"]:
        for pair in drifted():
            print(f"{pair}: differs from its .py; run python -m msstgcn.runner.pairs")
        return 1 if drifted() else 0
    for pair in write():
        print(f"wrote {pair}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
