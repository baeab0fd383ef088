"""Which of the project's modules a piece of code depends on, and one digest of them all.

Results are cached under a key that holds this digest, so a change in ``src/`` makes again what depends on it
and nothing else; a change in a comment or docstring makes nothing again. Imports are read from the source, without
importing anything. A name that a package only hands on (``from msstgcn.datasets import Video``) counts for the module
that defines it: what else the package hands on has no part in it.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from msstgcn.files import digest_bytes
from msstgcn.paths import PACKAGE

_NAME = "msstgcn"
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


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
    """Modules of this package that a piece of Python source depends on by its own imports.

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
            names = [one for alias in node.names for one in _defining(node.module, alias.name)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == _NAME:
                found.update(part for part in _parents(name) if part == name or not _hands_on(part))
    return found


def _defining(module: str, name: str) -> list[str]:
    """Modules that ``from module import name`` may take the name from in the end, or that it may be."""
    handed, own = _hands_on(module).get(name), f"{module}.{name}"
    found = [own] if _source(own) else []
    return [*found, *_defining(*handed)] if handed else found or [module]


@cache
def _hands_on(module: str) -> dict[str, tuple[str, str]]:
    """What a package imports for others, by name: where from, and what it is called there.

    Empty if the module does anything else: then it counts itself.
    """
    path, found = _source(module), dict[str, tuple[str, str]]()
    body = ast.parse(path.read_text(encoding="utf-8")).body if path and path.name == "__init__.py" else []
    for node in body:
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


@cache
def _imports_of(module: str) -> frozenset[str]:
    path = _source(module)
    return frozenset(imported_modules(path.read_text(encoding="utf-8"))) if path else frozenset()


def closure(modules: Iterable[str]) -> list[str]:
    """Return the modules and everything of this package that they depend on, in turn, sorted."""
    seen, waiting = set[str](), list(modules)
    while waiting:
        module = waiting.pop()
        if module not in seen and _source(module):
            seen.add(module)
            waiting.extend(_imports_of(module))
    return sorted(seen)


def _data_files(source: Path) -> list[Path]:
    """Files of figures (CSV, JSON) that lie beside a module and count as part of it."""
    return sorted(file for file in source.parent.iterdir() if file.suffix in {".csv", ".json"})


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
    files = set[Path]()
    for module in modules:
        path = _source(module)
        assert path is not None  # the caller names only modules with a source
        files |= {path, *_data_files(path)}
    parts = [(str(file.relative_to(PACKAGE)).encode(), _meaning(file)) for file in sorted(files)]
    return digest_bytes(*(part for pair in parts for part in pair))


@cache
def _meaning(file: Path) -> bytes:
    """A file as it counts: of Python source the lines without comments, docstrings and blanks between statements."""
    if file.suffix != ".py":
        return file.read_bytes()
    text = file.read_text(encoding="utf-8")
    lines = dict(enumerate(text.split("\n"), 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        if token.type == tokenize.COMMENT:
            lines[row] = lines[row][:column].rstrip()
        if token.type in (tokenize.COMMENT, tokenize.NL) and not lines.get(row, "").strip():
            lines.pop(row, None)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            said = node.body[0]
            first, last = said.lineno, said.end_lineno or 0
            before, after = lines[first][: said.col_offset], lines[last].encode()[said.end_col_offset :]
            if not before.strip() and not after.strip():  # it has its lines to itself
                for row in range(first, last + 1):
                    lines.pop(row, None)
    return "\n".join(lines.values()).encode()
