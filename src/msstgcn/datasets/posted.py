"""The motion features that the method's authors have posted, as plain arrays.

Whoever has them can train and score on real motion without the videos. Two kinds of file:

- one ``.npy`` a video, shape (T, 17, n, 2) with n at least 13 regions; ten of these are the nodes of the facial graph;
- one ``.npz`` a training segment of 16 frames: ``feature`` (16, 17, n, 2), whose first ten regions are the nodes, and
  ``label`` (16, 8): start, apex, end and action of a micro-expression, then those of a macro-expression.

Nothing public tells their unit: do not mix them with features made here, which are in percent of the inter-ocular
distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.files import natural
from msstgcn.datasets.workbooks import DAMAGED
from msstgcn.errors import InputError
from msstgcn.timeline import CLASSES

#: Frames of a window and of a training segment.
WINDOW, SEGMENT = 17, 16
#: Where the ten nodes stand among the regions of a video's file.
NODES = (1, 2, 3, 5, 6, 7, 9, 10, 11, 12)
#: Columns of the labels of a segment.
LABELS: tuple[str, ...] = tuple(
    f"{name} {part}" for name in CLASSES for part in ("start", "apex", "end", "action")
)


@dataclass(frozen=True)
class PostedVideo:
    """Features of one whole video.

    Parameters
    ----------
    name : str
        The file's name without its ending.
    flow : ndarray of float32, shape (T, 17, 10, 2)
        Motion of each node from the first frame of a window; u to the right, v down.
    """

    name: str
    flow: NDArray[np.float32]


@dataclass(frozen=True)
class PostedSegment:
    """Features and targets of one training segment.

    Parameters
    ----------
    name : str
        The file's name without its ending.
    flow : ndarray of float32, shape (16, 17, 10, 2)
    labels : ndarray of float32, shape (16, 8)
        Columns as `LABELS`.
    """

    name: str
    flow: NDArray[np.float32]
    labels: NDArray[np.float32]


def read_posted_video(path: str | Path) -> PostedVideo:
    """Read the features of a video.

    Raises
    ------
    InputError
        Missing or damaged file, another shape, or a value that is no number.
    """
    path = Path(path)
    array = _loaded(path)
    if not isinstance(array, np.ndarray):
        raise InputError("several arrays", where=path, expected="one array, a .npy file")
    return PostedVideo(path.stem, _flow(array, path, None, max(NODES) + 1)[:, :, list(NODES)])


def read_posted_segment(path: str | Path) -> PostedSegment:
    """Read a training segment.

    Raises
    ------
    InputError
        Missing or damaged file, a missing array, another shape, or a value that is no number.
    """
    path = Path(path)
    arrays = _loaded(path)
    if isinstance(arrays, np.ndarray) or not {"feature", "label"} <= set(arrays):
        raise InputError("no arrays feature and label", where=path, expected="a .npz file with both")
    labels = _numbers(arrays["label"], path)
    if labels.shape != (SEGMENT, len(LABELS)):
        raise InputError(f"label of shape {labels.shape}", where=path, expected=f"({SEGMENT}, {len(LABELS)})")
    flow = _flow(arrays["feature"], path, SEGMENT, len(NODES))[:, :, : len(NODES)]
    return PostedSegment(path.stem, flow, labels)


def read_posted_segments(
    folder: str | Path, progress: Callable[[int], None] | None = None
) -> tuple[PostedSegment, ...]:
    """Read all training segments in a folder and the folders below it, in the natural order of their paths.

    Parameters
    ----------
    folder : path
    progress : callable, optional
        Called with the number of segments read since the last call.

    Returns
    -------
    tuple of PostedSegment
        The name of each is its path from the folder, without its ending, so that subfolders (subjects, say) show.

    Raises
    ------
    InputError
        No such folder, none with a segment, or the first file that is none, by name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder", where=folder, do="check the path")
    paths = sorted(folder.rglob("*.npz"), key=lambda path: natural(path.relative_to(folder).as_posix()))
    if not paths:
        raise InputError("no training segments", where=folder, expected=".npz files, one a segment")
    found = []
    for path in paths:
        name = path.relative_to(folder).with_suffix("").as_posix()
        found.append(replace(read_posted_segment(path), name=name))
        if progress:
            progress(1)
    return tuple(found)


def _loaded(path: Path) -> NDArray[np.generic] | dict[str, NDArray[np.generic]]:
    """The array or arrays of a file; one that holds Python objects is refused, since reading it could run code."""
    if not path.is_file():
        raise InputError("no such file", where=path, do="check the path")
    try:
        held = np.load(path, allow_pickle=False)
        if isinstance(held, np.ndarray):
            return held
        with held:
            return {name: held[name] for name in held.files}
    except DAMAGED as error:
        raise InputError(
            f"the file cannot be read ({error})",
            where=path,
            expected=".npy or .npz",
            do="copy the file again",
        ) from None


def _numbers(array: NDArray[np.generic], path: Path) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiub":
        raise InputError(f"an array of {array.dtype}", where=path, expected="numbers")
    found = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(found).all():
        first = int(np.argwhere(~np.isfinite(found))[0][0])
        raise InputError(f"no number in frame {first}", where=path, do="copy the file again")
    return found


def _flow(array: NDArray[np.generic], path: Path, frames: int | None, regions: int) -> NDArray[np.float32]:
    shape = array.shape
    good = len(shape) == 4 and shape[1] == WINDOW and shape[2] >= regions and shape[3] == 2 and shape[0] > 0
    if not good or (frames is not None and shape[0] != frames):
        wanted = f"({frames or 'T'}, {WINDOW}, {regions} or more, 2)"
        raise InputError(f"features of shape {shape}", where=path, expected=wanted)
    return _numbers(array, path)
