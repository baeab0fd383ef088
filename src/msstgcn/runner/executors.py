"""Where work on many videos runs: processes of this machine, or the workers of a Dask cluster.

An executor takes a function and a list of arguments, and hands back number and result of each call as it ends. What
is large lies in the store: the function writes it there, so the workers of a cluster need the same folder under the
same path (a shared file system), and the same version of this project. That is also why it does not matter which
worker did what, or that one of them died half-way and its work was done again by another.

How far the work is shows in small files in the store, because that is what all workers can reach.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from msstgcn.errors import InputError, unknown_name
from msstgcn.files import unfinished
from msstgcn.report.log import Advance, bar

#: Gives number and result of each call that has ended. Parameters: function, arguments of each call, what follows
#: ``//``.
Calls = Sequence[tuple[Any, ...]]
Executor = Callable[[Callable[..., Any], Calls, str], Iterator[tuple[int, Any]]]
_POLL = 0.5  # seconds between two looks at how far the work is
_CONNECT = "10s"  # to wait for a scheduler


def local(function: Callable[..., Any], calls: Calls, where: str) -> Iterator[tuple[int, Any]]:
    """Processes of this machine, one a core, or as many as follows ``local://``.

    Raises
    ------
    InputError
        If that is no number, or a process was killed; whatever a call raises.
    """
    if where and not (where.isdecimal() and int(where)):
        raise InputError(f"local://{where}", expected="a number of processes, as local://4")
    most = int(where) if where else joblib.cpu_count()
    work = (joblib.delayed(_numbered)(function, number, given) for number, given in enumerate(calls))
    try:
        yield from joblib.Parallel(n_jobs=min(most, len(calls)), return_as="generator_unordered")(work)
    except TerminatedWorkerError:
        raise InputError(
            "a process was killed, most likely because memory ran out",
            where=f"{most} processes at once",
            do="free some memory, or let fewer work (--executor local://1 measures one video at a time, --jobs 1 "
            "executes one chapter), and run the same command again: what was finished is kept",
        ) from None


def _numbered(function: Callable[..., Any], number: int, given: tuple[Any, ...]) -> tuple[int, Any]:
    return number, function(*given)


def dask(function: Callable[..., Any], calls: Calls, where: str) -> Iterator[tuple[int, Any]]:
    """Workers of a Dask cluster whose scheduler answers at an address ``host:port``.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler cannot be reached or has no worker, or a call killed several workers;
        whatever a call raises.
    """
    try:
        import distributed
    except ImportError:
        raise InputError(
            "Dask is not installed", where=f"--executor dask://{where}", do="pip install 'msstgcn[cluster]'"
        ) from None
    address = f"tcp://{where}"
    try:
        client = distributed.Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers ({type(error).__name__})",
            where=f"--executor dask://{where}",
            expected="dask://host:port of a running scheduler",
            do="start one with `dask scheduler`, and workers with `dask worker host:port`",
        ) from None
    try:
        if not client.scheduler_info()["workers"]:
            raise InputError(
                "the Dask scheduler has no worker",
                where=f"--executor dask://{where}",
                do=f"start some with `dask worker {where} --nthreads 1`",
            )
        numbers = range(len(calls))
        made = [client.submit(_numbered, function, n, calls[n], pure=False, retries=0) for n in numbers]
        for future in distributed.as_completed(made, loop=client.loop):
            try:
                yield future.result()
            except distributed.KilledWorker as error:
                raise InputError(
                    f"workers died of the same call again and again ({error.task})",
                    where=f"--executor dask://{where}",
                    do="look at their logs; they may need more memory",
                ) from None
    except RuntimeError as error:
        if "deserialization" not in str(error):
            raise
        raise InputError(
            "the scheduler cannot read the work that it is sent",
            where=f"--executor dask://{where}",
            expected="the same version of this project and of its packages on scheduler and workers",
            do="install it there from the same requirements.lock",
        ) from None
    finally:
        client.close()


#: Executors by the name before ``://``.
EXECUTORS: dict[str, Executor] = {"local": local, "dask": dask}


def run(function: Callable[..., Any], calls: Calls, executor: str = "local") -> Iterator[tuple[int, Any]]:
    """Call a function with each of some arguments, somewhere; give number and result of each call that has ended.

    Parameters
    ----------
    function : callable
        Of a module, so that other processes find it.
    calls : sequence of tuple
        Arguments of each call; they must be possible to pickle.
    executor : str
        ``local``, ``local://4`` (so many processes) or ``dask://host:port``.

    Raises
    ------
    InputError
        On an unknown executor, or from it; whatever a call raises.
    """
    name, _, where = executor.partition("://")
    if name not in EXECUTORS:
        raise unknown_name("executor", name, EXECUTORS, where="--executor")
    return EXECUTORS[name](function, calls, where) if calls else iter(())


class Counter:
    """A number that one worker writes and the caller reads, through a file.

    Parameters
    ----------
    folder : Path
        On a file system that both see.
    number : int
        Of the call.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._path = folder, folder / str(number)

    def check(self) -> None:
        """Raise unless the worker that calls this sees the caller's folder."""
        if not self._folder.is_dir():
            raise InputError(
                f"the worker on {socket.gethostname()} does not see this folder",
                where=self._folder.parent,
                expected="the same folder under the same path on all workers (a shared file system)",
                do="set MSSTGCN_DATA to a folder that all of them see",
            )

    def __call__(self, done: int) -> None:
        """Write how many steps are done; a folder that is gone already (the caller was stopped) is no error."""
        try:
            self._path.write_text(str(done))
        except FileNotFoundError:
            return

    def read(self) -> int:
        """The last number written; 0 before the first."""
        try:
            return int(self._path.read_text() or 0)
        except (OSError, ValueError):
            return 0


@contextmanager
def counted(root: Path, what: str, steps: Sequence[int], unit: str) -> Iterator[list[Counter]]:
    """One progress bar over some calls, moved on by what each of them writes to its counter.

    Parameters
    ----------
    root : Path
        Folder that all workers see; the counters lie in one of their own in it, while the block runs.
    steps : sequence of int
        Steps of each call; one that is at its last counts as done whatever its counter says.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root, prefix=unfinished()))
    folder.chmod(0o755)
    counters = [Counter(folder, number) for number in range(len(steps))]
    stop = threading.Event()
    try:
        with bar(what, sum(steps), unit) as advance:
            watcher = threading.Thread(target=_watch, args=(counters, steps, advance, stop), daemon=True)
            watcher.start()
            try:
                yield counters
            finally:
                stop.set()
                watcher.join()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _watch(counters: list[Counter], steps: Sequence[int], advance: Advance, stop: threading.Event) -> None:
    shown = 0
    while True:
        last = stop.wait(_POLL)
        done = sum(min(counter.read(), most) for counter, most in zip(counters, steps, strict=True))
        if done > shown:  # a call that begins again after its worker died counts from where it was
            advance(done - shown)
            shown = done
        if last:
            return
