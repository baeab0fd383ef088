"""Which of the project's modules a piece of code depends on, and one digest of them all.

Results are cached under a key that holds this digest, so a change in ``src/`` makes again what depends on it
and nothing else. Imports are read from the source, without importing anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from msstgcn.files import digest_bytes
from msstgcn.paths import PACKAGE

_NAME = "msstgcn"


def _source(module: str) -> Path | None:
    """File of a module of this package, or None if there is none of that name."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def imported_modules(source: str) -> set[str]:
    """Modules of this package that a piece of Python source names in its imports.

    Parameters
    ----------
    source : str
        Python source; imports anywhere in it count, inside functions too.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == _NAME:
                found.update(part for part in _parents(name) if _source(part))
    return found


@cache
def _imports_of(module: str) -> frozenset[str]:
    path = _source(module)
    return frozenset(imported_modules(path.read_text(encoding="utf-8"))) if path else frozenset()


def closure(modules: Iterable[str]) -> list[str]:
    """Return the modules and everything of this package that they import, in turn, sorted."""
    seen: set[str] = set()
    waiting = [part for module in modules for part in _parents(module)]
    while waiting:
        module = waiting.pop()
        if module not in seen and _source(module):
            seen.add(module)
            waiting.extend(_imports_of(module))
    return sorted(seen)


def _data_files(module: str) -> list[Path]:
    """Files of figures (CSV, JSON) that lie beside a package's code and count as part of it."""
    path = _source(module)
    if path is None or path.name != "__init__.py":
        return []
    return sorted(file for file in path.parent.iterdir() if file.suffix in {".csv", ".json"})


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
    parts: list[bytes] = []
    for module in modules:
        path = _source(module)
        assert path is not None  # the caller names only modules with a source
        for file in [path, *_data_files(module)]:
            parts += [f"{module}/{file.name}".encode(), file.read_bytes()]
    return digest_bytes(*parts)
