"""A chapter: its source, its parameters, what it needs, and its strict execution through papermill."""

from __future__ import annotations

import ast
import datetime
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from msstgcn import paths
from msstgcn.errors import InputError
from msstgcn.files import digest_file, written_whole
from msstgcn.runner import pairs
from msstgcn.runner.dependencies import closure, code_digest, imported_modules
from msstgcn.runner.parameters import Parameter, Value, checked, declared, read_value
from msstgcn.runner.store import Store, key_of

EXECUTED = "chapter.ipynb"
_FIRST_LINE = "from msstgcn.runner import garbage; garbage.collect_rarely(); del garbage"  # of a kernel
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Chapter:
    """One chapter of the book.

    Parameters
    ----------
    source : Path
        ``notebooks/NN_name.py``.
    """

    source: Path

    @property
    def name(self) -> str:
        """``NN_name``."""
        return self.source.stem

    @property
    def number(self) -> str:
        """``NN``."""
        return self.name[:2]

    @cached_property
    def notebook(self) -> Any:
        """The chapter as a notebook without outputs."""
        return pairs.notebook_of(self.source)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The declared parameters, by name."""
        cells = [cell for cell in self.notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        if len(cells) != 1:
            raise InputError(
                f"{len(cells)} cells tagged parameters", where=self.source, expected="exactly one"
            )
        return declared(cells[0].source, f"{self.source.name}, parameters cell")

    @cached_property
    def code(self) -> str:
        """The Python of all code cells."""
        return "\n".join(cell.source for cell in self.notebook.cells if cell.cell_type == "code")

    @cached_property
    def stages(self) -> list[tuple[str, dict[str, Any]]]:
        """The cached stages that the chapter calls, in order, with those keywords that are literals or bare names.

        ``stages.loso(p, device=device, control="shuffled-labels")`` gives
        ``("loso", {"which": Named("p"), "device": Named("device"), "control": "shuffled-labels"})``: the first two
        without a keyword are called ``which`` and ``profile``. What is neither literal nor name is `UNKNOWN`.
        """
        calls = [node for node in ast.walk(ast.parse(self.code)) if isinstance(node, ast.Call)]
        return [
            (
                call.func.attr,
                dict(zip(("which", "profile"), map(read_value, call.args), strict=False))
                | {keyword.arg or "**": read_value(keyword.value) for keyword in call.keywords},
            )
            for call in sorted(calls, key=lambda call: call.lineno)
            if isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "stages"
        ]

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """All parameters' values, those given checked by name, type and range; the folder of a data set absolute."""
        values = checked(self.parameters, given, f"chapter {self.name}")
        if values.get("root"):  # notebooks run in a folder of their own
            values["root"] = str(Path(str(values["root"])).resolve())
        return values

    def place(self, values: Mapping[str, Value]) -> tuple[str, str]:
        """Name in the store of the chapter, executed with these parameters."""
        return "chapters", f"{self.name}-{self.key(values)}"

    def key(self, values: Mapping[str, Value]) -> str:
        """Cache key: chapter, parameters, the ``src/`` it depends on, the locked versions, records and data on disk.

        Synthetic data follow from the parameters and ``src/``.
        """
        lock, imported = paths.project_root() / "requirements.lock", imported_modules(self.code)
        return key_of(
            self.source.read_text(encoding="utf-8"),
            sorted(values.items()),
            code_digest(*imported, "msstgcn.runner.provenance"),
            digest_file(lock) if lock.is_file() else "no lock",
            sys.version_info[:2],
            _predictor(),
            _content(values),
            _records() if "msstgcn.runner.records" in closure(imported) else "",
        )


def _records() -> list[tuple[str, str]]:
    """The figures of record, with their digests."""
    return [(path.name, digest_file(path)) for path in sorted(paths.records_dir().glob("*.json"))]


def _predictor() -> str:
    """Digest of the landmark predictor that the environment names; empty where it names none that is there."""
    named = os.environ.get("MSSTGCN_PREDICTOR", "")
    path = Path(named).expanduser()
    return digest_file(path) if named and path.is_file() else ""


def _content(values: Mapping[str, Value]) -> str:
    """Digest of the data set on disk that a chapter's parameters name; empty where they name none."""
    if not values.get("root"):
        return ""
    from msstgcn.runner import sources

    chosen = sources.on_disk(*(str(values[name]) for name in ("dataset", "root", "repair")))
    return sources.content(chosen) if chosen else ""


def chapters() -> list[Chapter]:
    """All chapters, in order."""
    return [Chapter(source) for source in pairs.sources()]


def find(which: str) -> Chapter:
    """Return the chapter of that number (``8``, ``08``) or name; otherwise an `InputError` lists them."""
    for chapter in chapters():
        if which in (chapter.name, chapter.number) or (which.isdigit() and int(which) == int(chapter.number)):
            return chapter
    names = ", ".join(chapter.name for chapter in chapters())
    raise InputError(f"unknown chapter {which!r}", expected=f"a number or a name out of {names}")


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _local_kernel(folder: str, log: IO[bytes]) -> type:
    """Kernels that are spoken to through sockets in `folder`, not an open port, and whose noise goes to `log`."""
    from jupyter_client import AsyncKernelManager

    class LocalKernel(AsyncKernelManager):
        def __init__(self, **keywords: Any) -> None:
            super().__init__(**{**keywords, "transport": "ipc", "connection_file": f"{folder}/kernel.json"})

        async def start_kernel(  # type: ignore[override]  # the stubs know no asynchronous one
            self, *arguments: Any, extra_arguments: Sequence[str] = (), **keywords: Any
        ) -> None:
            options = [*extra_arguments, f"--IPKernelApp.exec_lines={_FIRST_LINE}"]
            await super().start_kernel(*arguments, extra_arguments=options, stderr=log, **keywords)

    return LocalKernel


def _with_provenance(chapter: Chapter, values: Mapping[str, Value]) -> Any:
    import nbformat

    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    source = (
        "from msstgcn.runner import provenance\n\n"
        f"provenance.box({chapter.name!r}, {dict(values)!r}, started={started!r})"
    )
    cell = nbformat.v4.new_code_cell(source, id="provenance", metadata={"tags": ["remove-input"]})
    notebook = nbformat.from_dict(chapter.notebook)
    notebook.cells = [*notebook.cells, cell]
    return notebook


def _failure(chapter: Chapter, error: Any, log: Path) -> InputError:
    """Turn papermill's report of a failed cell into one message, and keep the whole traceback in `log`."""
    with written_whole(log) as temporary:
        temporary.write_text(_ANSI.sub("", "\n".join(error.traceback)), encoding="utf-8")
    where = f"chapter {chapter.name}, code cell {error.exec_count}"
    if error.ename == "InputError":
        return InputError(error.evalue, where=where, do=f"the traceback is in {log}")
    return InputError(f"{error.ename}: {error.evalue}", where=where, do=f"the traceback is in {log}")


def execute(chapter: Chapter, values: Mapping[str, Value], store: Store) -> Path:
    """Run a chapter, put the executed notebook and its ``tables/`` in the store, and say where they lie.

    Parameters
    ----------
    chapter : Chapter
    values : mapping
        All of its parameters, as `Chapter.values` gives them.
    store : Store

    Raises
    ------
    InputError
        If a cell fails, with cell, message and where the traceback lies. Nothing half-written is left.
    """
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    about: dict[str, Any] = {"chapter": chapter.name, "parameters": dict(values)}
    started = time.monotonic()
    place = chapter.place(values)
    with store.writing(*place, about=about) as folder:
        before, after = folder / "input.ipynb", folder / EXECUTED
        nbformat.write(_with_provenance(chapter, values), before)
        changed = {key: value for key, value in values.items() if value != chapter.parameters[key].default}
        logs = store.folder("logs")
        logs.mkdir(parents=True, exist_ok=True)
        quiet = _environment(MSSTGCN_TABLES=str(folder / "tables"), MSSTGCN_PROGRESS="silent")
        noise_log = logs / f"{chapter.name}.kernel.log"
        with quiet, noise_log.open("wb") as noise, tempfile.TemporaryDirectory(prefix="msstgcn-") as sockets:
            try:
                papermill.execute_notebook(
                    before, after, parameters=changed, kernel_name="python3", progress_bar=False,
                    request_save_on_cell_execute=False,  # nobody sees it before it is whole
                    cwd=str(paths.project_root() / "notebooks"), kernel_manager_class=_local_kernel(sockets, noise),
                )  # fmt: skip
            except PapermillExecutionError as error:
                raise _failure(chapter, error, logs / f"{chapter.name}.log") from None
            except DeadKernelError:
                raise InputError(
                    "the process that ran the chapter was killed, most likely because memory ran out",
                    where=f"chapter {chapter.name}",
                    do=f"give it more memory, or fewer or shorter videos; what it printed last is in {noise_log}",
                ) from None
        before.unlink()
        (folder / "tables").mkdir(exist_ok=True)
        about["seconds"] = round(time.monotonic() - started, 1)
    return store.folder(*place)


def tables_of(folder: Path) -> list[Path]:
    """The tables of an executed chapter, by where it lies in the store."""
    return sorted((folder / "tables").iterdir())


def publish(chapter: Chapter, folder: Path) -> None:
    """Copy an executed chapter to ``book/chapters/`` and its tables to ``book/tables/``."""
    book = paths.project_root() / "book"
    copies = {folder / EXECUTED: book / "chapters" / f"{chapter.name}.ipynb"}
    copies |= {table: book / "tables" / table.name for table in tables_of(folder)}
    for source, target in copies.items():
        if not target.is_file() or digest_file(target) != digest_file(source):
            with written_whole(target) as temporary:
                shutil.copyfile(source, temporary)
