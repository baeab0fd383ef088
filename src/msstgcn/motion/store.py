"""Features on disk: one file a video, whole or not there, with the digest of its own content inside."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, written_whole
from msstgcn.motion.features import VideoFeatures
from msstgcn.timeline import Expression

_AGAIN = "delete it and make the features again"


def save_features(features: VideoFeatures, path: str | Path, digest: str = "") -> None:
    """Write features to a file (NumPy's ``.npz``).

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
    arrays: dict[str, Any] = {"flow": features.flow, "mask": features.mask}
    if features.quality is not None:
        arrays["quality"] = features.quality
    if features.iod is not None:
        arrays["iod"] = features.iod
    about = {
        "video": features.video,
        "subject": features.subject,
        "fps": features.fps,
        "predictor": features.predictor,
        "regions": list(features.regions),
        "made_from": digest,
        "expressions": [[e.onset, e.apex, e.offset, e.label, e.action_units] for e in features.expressions],
    }
    text = json.dumps(about, sort_keys=True)
    with written_whole(path) as temporary:
        np.savez(temporary, about=text, content=_content(text, arrays), **arrays)


def load_features(path: str | Path, digest: str | None = None) -> VideoFeatures:
    """Read features from a file.

    Parameters
    ----------
    digest : str, optional
        If given, what `save_features` was given must be the same.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, or it was made from something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no features there", where=path, do="make them with `msstgcn features`")
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        text, content = str(arrays.pop("about")), str(arrays.pop("content"))
        whole = content == _content(text, arrays)
        about = json.loads(text)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"the file is damaged ({error})", where=path, do=_AGAIN) from None
    if not whole:
        raise InputError("the file is damaged: its content has another digest", where=path, do=_AGAIN)
    if digest is not None and digest != about["made_from"]:
        raise InputError(
            "the features were made from another video or with other settings", where=path, do=_AGAIN
        )
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
    )


def _content(text: str, arrays: dict[str, np.ndarray]) -> str:
    parts = [text.encode()]
    for name, array in sorted(arrays.items()):
        parts += [f"{name} {array.dtype.str} {array.shape}".encode(), np.ascontiguousarray(array).tobytes()]
    return digest_bytes(*parts)
