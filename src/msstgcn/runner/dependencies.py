"""Which of the project's modules a piece of code depends on, and one digest of them all.

Results are cached under a key that holds this digest, so a change in ``src/`` makes again what depends on it
and nothing else; a change in a comment or docstring makes nothing again. Imports are read from the source, without
importing anything. A name that a package only hands on (``from msstgcn.datasets import Video``) counts for the module
that defines it: what else the package hands on has no part in it.
"""

from __future__ import annotations

import ast
import io
import json
import sys
import tokenize
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from msstgcn import paths
from msstgcn.files import digest_bytes
from msstgcn.paths import PACKAGE
from msstgcn.runner.store import Store, key_of

_NAME = "msstgcn"
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_KEPT = "sources.json"


class _Source(NamedTuple):
    """What counts of a Python source.

    Parameters
    ----------
    meaning : str
        SHA-256 of it without comments, docstrings and blanks between statements.
    imports : list of (str, list of str)
        Modules that it imports, each with the names that it takes from there; none where it takes the module.
    hands_on : dict of str to (str, str)
        As a package, what it imports for others, by name: where from, and what it is called there. Empty if it does
        anything else: then it counts itself.
    """

    meaning: str
    imports: list[tuple[str, list[str]]]
    hands_on: dict[str, tuple[str, str]]


@cache
def _sources() -> dict[str, _Source]:
    """All sources of this package, by their place in it.

    To read them takes a second or two, and every process of a run wants to know them: they stand in the store.
    """
    texts = {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    store, place = Store(paths.data_root()), ("sources", key_of(sys.version, *texts.items()))
    if store.entry(*place):
        kept = json.loads((store.folder(*place) / _KEPT).read_text(encoding="utf-8"))
        return {name: _Source(*parts) for name, parts in kept.items()}
    read = {name: _read(text) for name, text in texts.items()}
    # Who only asks, where nothing can be written, gets an answer all the same.
    with suppress(OSError), store.writing(*place, about={}) as folder:
        (folder / _KEPT).write_text(json.dumps(read), encoding="utf-8")
    return read


def _read(text: str) -> _Source:
    tree = ast.parse(text)
    return _Source(digest_bytes(_meaning(text, tree)), _imports(tree), _hands_on(tree))


def _blocks(tree: ast.Module) -> Iterator[ast.AST]:
    """The module, its statements and theirs, without the expressions in them: they are most of a source."""
    waiting = deque[ast.AST]([tree])
    while waiting:
        node = waiting.popleft()
        yield node
        for part in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, part, None)
            waiting += inner if isinstance(inner, list) else []


def _imports(tree: ast.Module) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for node in _blocks(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def _hands_on(tree: ast.Module) -> dict[str, tuple[str, str]]:
    found = dict[str, tuple[str, str]]()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        elif not _says_nothing(node):
            return {}
    return found


def _says_nothing(node: ast.stmt) -> bool:
    """Whether a statement is a docstring or a list of what is public."""
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)] == ["__all__"]
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _meaning(text: str, tree: ast.Module) -> bytes:
    """The lines of a source without comments, docstrings and blanks between statements."""
    lines = dict(enumerate(text.split("\n"), 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        if token.type == tokenize.COMMENT:
            lines[row] = lines[row][:column].rstrip()
        if token.type in (tokenize.COMMENT, tokenize.NL) and not lines.get(row, "").strip():
            lines.pop(row, None)
    for node in _blocks(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            said = node.body[0]
            first, last = said.lineno, said.end_lineno or 0
            before, after = lines[first][: said.col_offset], lines[last].encode()[said.end_col_offset :]
            if not before.strip() and not after.strip():  # it has its lines to itself
                for row in range(first, last + 1):
                    lines.pop(row, None)
    return "\n".join(lines.values()).encode()


def _place(module: str) -> str | None:
    """Where the file of a module of this package lies in it, or None if there is none of that name."""
    base = "/".join(module.split(".")[1:])
    for place in (f"{base}/__init__.py".lstrip("/"), f"{base}.py"):
        if place in _sources():
            return place
    return None


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def imported_modules(source: str) -> set[str]:
    """Modules of this package that a piece of Python source depends on by its own imports.

    Parameters
    ----------
    source : str
        Python source; imports anywhere in it count, inside functions too.
    """
    return _followed(_imports(ast.parse(source)))


def _followed(imports: Iterable[tuple[str, list[str]]]) -> set[str]:
    """Modules that imports depend on: those that define what is imported, and packages that do more than hand on."""
    found: set[str] = set()
    for module, names in imports:
        for whole in [one for name in names for one in _defining(module, name)] or [module]:
            if whole.split(".")[0] == _NAME:
                found.update(part for part in _parents(whole) if part == whole or not _handed_on_by(part))
    return found


def _defining(module: str, name: str) -> list[str]:
    """Modules that ``from module import name`` may take the name from in the end, or that it may be."""
    handed, own = _handed_on_by(module).get(name), f"{module}.{name}"
    found = [own] if _place(own) else []
    return [*found, *_defining(*handed)] if handed else found or [module]


def _handed_on_by(module: str) -> dict[str, tuple[str, str]]:
    place = _place(module)
    return _sources()[place].hands_on if place and place.endswith("__init__.py") else {}


def closure(modules: Iterable[str]) -> list[str]:
    """Return the modules and everything of this package that they depend on, in turn, sorted."""
    seen, waiting = set[str](), list(modules)
    while waiting:
        module = waiting.pop()
        place = _place(module)
        if place and module not in seen:
            seen.add(module)
            waiting.extend(_followed(_sources()[place].imports))
    return sorted(seen)


@cache
def code_digest(*modules: str) -> str:
    """SHA-256 of the source of the modules and of everything of this package that they depend on.

    Read once in a process: a source that is edited while it works is not what it works with.
    """
    return _digest_of(closure(modules))


@cache
def own_digest(*modules: str) -> str:
    """SHA-256 of the source of the modules alone, not of what they import."""
    return _digest_of(modules)


def _digest_of(modules: Iterable[str]) -> str:
    """SHA-256 of what counts of modules, and of the files of figures (CSV, JSON) that lie beside them."""
    parts, folders = dict[str, bytes](), set[Path]()
    for module in modules:
        place = _place(module)
        assert place is not None  # the caller names only modules with a source
        parts[place] = _sources()[place].meaning.encode()
        folders.add((PACKAGE / place).parent)
    for file in (file for folder in folders for file in folder.iterdir()):
        if file.suffix in {".csv", ".json"}:
            parts[file.relative_to(PACKAGE).as_posix()] = file.read_bytes()
    return digest_bytes(*(part for name in sorted(parts) for part in (name.encode(), parts[name])))
