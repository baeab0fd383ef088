"""Features on disk: one file a video, whole or not there, with settings and the digest of its own content inside.

The file is NumPy's ``.npz`` without compression, its arrays aligned, so that they can be mapped instead of read.

Flow is kept in half precision. That rounds a displacement by at most 2^-11 of the power of two below it: .00012 %
of the IOD for the faintest expressions (.4 %), .004 % for a jerk of the head (10 %). The noise of the measurement is
some hundreds of times that; `msstgcn bench path` prints the error. In leave-one-subject-out networks it changed no
probability by more than .0004, and none of the intervals that they spotted (8 synthetic videos of 4 people). `extract`
rounds its result the same way, so that features are the same whether they were stored in between or not.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Finding
from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.motion.features import VideoFeatures
from msstgcn.timeline import Expression

_AGAIN = "make the features again"
_ALIGNMENT = 64  # bytes
_ROWS = 4096  # windows that are converted and written together


def save_features(features: VideoFeatures, path: str | Path, digest: str = "") -> None:
    """Write features to a file (NumPy's ``.npz``); flow as float16.

    Parameters
    ----------
    path : str or Path
        Ends in ``.npz``.
    digest : str
        Whatever identifies what the features were made from and how; kept in the file.

    Raises
    ------
    InputError
        If the disk is full.
    """
    arrays: dict[str, tuple[NDArray[Any], Any]] = {
        "flow": (features.flow, np.float16),
        "iod": (features.iod, np.float32) if features.iod is not None else (np.zeros(0), np.float32),
        "mask": (features.mask, np.bool_),
        "quality": (features.quality, np.float16)
        if features.quality is not None
        else (np.zeros(0), np.float16),
    }
    about = {
        "video": features.video,
        "subject": features.subject,
        "fps": features.fps,
        "predictor": features.predictor,
        "made_from": digest,
        "expressions": [[e.onset, e.apex, e.offset, e.label, e.action_units] for e in features.expressions],
        "regions": features.regions,
        "settings": features.settings,
        "notes": [[note.level, note.where, note.what, note.done] for note in features.notes],
    }
    text = np.array(json.dumps(about, sort_keys=True))
    state = hashlib.sha256()
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _write(archive, "about", text, text.dtype, state)
        for name, (array, kind) in arrays.items():
            if array.ndim > 1 or len(array):
                _write(archive, name, array, np.dtype(kind), state)
        content = np.array(state.hexdigest())
        _write(archive, "content", content, content.dtype, state)


def _write(archive: zipfile.ZipFile, name: str, array: NDArray[Any], kind: np.dtype, state: Any) -> None:
    """Write one array as an aligned member, in another type, part by part; take it into the digest."""
    head = io.BytesIO()
    form = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(head, form)
    member = zipfile.ZipInfo(f"{name}.npy")
    member.file_size = head.tell() + array.size * kind.itemsize
    start = (archive.fp.tell() if archive.fp else 0) + 30 + len(member.filename) + 4
    padding = -start % _ALIGNMENT
    member.extra = (0xD935).to_bytes(2, "little") + padding.to_bytes(2, "little") + bytes(padding)
    state.update(f"{name} {kind.str} {array.shape}".encode())
    with archive.open(member, "w") as stream:
        stream.write(head.getvalue())
        for part in _parts(array):
            raw = np.ascontiguousarray(part, kind).tobytes()
            state.update(raw)
            stream.write(raw)


def _parts(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The rows of an array, some at a time."""
    if array.ndim == 0:
        yield array
    else:
        yield from (array[start : start + _ROWS] for start in range(0, len(array), _ROWS))


def load_features(path: str | Path, digest: str | None = None, *, mapped: bool = False) -> VideoFeatures:
    """Read features from a file.

    Parameters
    ----------
    digest : str, optional
        If given, what `save_features` was given must be the same.
    mapped : bool
        Map the file instead of reading it: the arrays are read-only, flow is float16, and what is not looked at
        takes no memory. Keeps the file open as long as the arrays live.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, or it was made from something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no features there", where=path, do="make them with `msstgcn features`")
    try:
        arrays = _mapped(path)
        content = str(arrays.pop("content"))
        whole = content == _content(arrays)
        about = json.loads(str(arrays.pop("about")))
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"the file is damaged ({error})", where=path, do=_AGAIN) from None
    if not whole:
        raise InputError("the file is damaged: its content has another digest", where=path, do=_AGAIN)
    if digest is not None and digest != about["made_from"]:
        raise InputError(
            "the features were made from another video or with other settings", where=path, do=_AGAIN
        )
    if not mapped:
        arrays = {
            name: array.astype(np.float32 if name == "flow" else array.dtype)
            for name, array in arrays.items()
        }
    return VideoFeatures(
        about["video"],
        about["subject"],
        about["fps"],
        arrays["flow"],
        arrays["mask"],
        tuple(Expression(a, b, c, label, tuple(units)) for a, b, c, label, units in about["expressions"]),
        arrays.get("quality"),
        arrays.get("iod"),
        about["predictor"],
        tuple(about["regions"]),
        about["settings"],
        tuple(Finding(*note) for note in about["notes"]),
    )


def content_digest(path: str | Path) -> dict[str, str]:
    """Digest of a file's content, and what its features were made from; `load_features` checks the former."""
    arrays = _mapped(Path(path))
    return {"content": str(arrays["content"]), "made_from": json.loads(str(arrays["about"]))["made_from"]}


def _mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an archive that is not compressed, as views of its mapped bytes."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    raw = np.memmap(path, np.uint8, mode="r")
    found = {}
    for member in members:
        head = raw[member.header_offset : member.header_offset + 30]
        start = member.header_offset + 30 + int(head[26:30].view("<u2").sum())
        stream = io.BytesIO(raw[start : start + 4096].tobytes())
        np.lib.format.read_magic(stream)
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        start += stream.tell()
        stop = start + int(np.prod(shape)) * kind.itemsize
        if stop > len(raw):
            raise ValueError("it is cut short")
        found[member.filename.removesuffix(".npy")] = np.asarray(raw[start:stop]).view(kind).reshape(shape)
    return found


def _content(arrays: dict[str, NDArray[Any]]) -> str:
    state = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        state.update(f"{name} {array.dtype.str} {array.shape}".encode())
        for part in _parts(array):
            state.update(part.tobytes())
    return state.hexdigest()
