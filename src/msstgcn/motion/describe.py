"""What lies in a file of features, in numbers and in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.patches import DOUBT
from msstgcn.motion.store import content_digest, load_features

PERCENTILES = (50, 95, 99)  #: of the motion of each region
_STEP = 4096  # windows looked at together


def describe(features: VideoFeatures) -> dict[str, Any]:
    """Sum up one video's features.

    Parameters
    ----------
    features : VideoFeatures
        Read or mapped.

    Returns
    -------
    dict
        ``video, subject, fps, frames, seconds, shape, unit, settings, predictor``; ``usable``, share of windows;
        ``iod``, median, pixels; ``quality``: median, share below `patches.DOUBT` and share lost, over usable windows;
        ``motion``: of each region by name, percentiles of the displacement in usable windows, percent of the IOD;
        ``expressions``: how many of each class; ``notes``, lines of text.
    """
    mask = np.asarray(features.mask)
    names = features.regions or tuple(f"region {r}" for r in range(features.flow.shape[2]))
    sizes = np.asarray(features.iod) if features.iod is not None else np.array([])
    seen = sizes[~np.isnan(sizes)]
    return {
        "video": features.video,
        "subject": features.subject,
        "fps": features.fps,
        "frames": len(features),
        "seconds": round(len(features) / features.fps, 2),
        "shape": list(features.flow.shape),
        "unit": "percent of the inter-ocular distance",
        "settings": features.settings,
        "predictor": features.predictor,
        "usable": float(mask.mean()) if len(mask) else 0.0,
        "iod": float(np.median(seen)) if len(seen) else None,
        "quality": _quality(features, mask),
        "motion": {name: _motion(features, mask, r) for r, name in enumerate(names)},
        "expressions": {c: sum(e.label == c for e in features.expressions) for c in ("me", "mae")},
        "notes": [str(note) for note in features.notes],
    }


def _quality(features: VideoFeatures, mask: NDArray[np.bool_]) -> dict[str, float] | None:
    if features.quality is None or not mask.any():
        return None
    found = np.asarray(features.quality)[mask]
    return {
        "median": float(np.median(found)),
        f"below {DOUBT:g}": float((found < DOUBT).mean()),
        "lost": float((found == 0).mean()),
    }


def _motion(features: VideoFeatures, mask: NDArray[np.bool_], region: int) -> dict[str, float]:
    """Percentiles of one region's displacement; window by window in parts, because a mapped file may be large."""
    if not mask.any():
        return {f"p{p}": 0.0 for p in PERCENTILES}
    sizes = []
    for start in range(0, len(mask), _STEP):
        part = slice(start, start + _STEP)
        flow = np.asarray(features.flow[part, 1:, region], np.float32)[mask[part]]
        sizes.append(np.hypot(flow[..., 0], flow[..., 1]).ravel())
    found = np.percentile(np.concatenate(sizes), PERCENTILES)
    return {f"p{p}": float(value) for p, value in zip(PERCENTILES, found, strict=True)}


def describe_file(path: str | Path) -> dict[str, Any]:
    """Sum up a file of features, with the digest of its content and what it was made from.

    Raises
    ------
    InputError
        If there is no such file or it is damaged.
    """
    found = describe(load_features(path, mapped=True))
    return {"file": str(path), **content_digest(path), **found}


def as_text(found: dict[str, Any]) -> str:
    """A description as lines for a reader."""
    lines = [
        f"{found['video']} (subject {found['subject']}): {found['frames']} frames, {found['seconds']:g} s "
        f"at {found['fps']:g} a second",
        f"flow {tuple(found['shape'])}: windows, frames, regions, (u, v); {found['unit']}",
        f"usable windows {found['usable']:.1%}"
        + (f", IOD {found['iod']:.0f} pixels" if found["iod"] else ""),
        "labels: " + ", ".join(f"{count} {name}" for name, count in found["expressions"].items()),
    ]
    if found["quality"]:
        lines.append("quality: " + ", ".join(f"{k} {v:.3f}" for k, v in found["quality"].items()))
    lines.append("settings: " + (", ".join(f"{k} {v}" for k, v in found["settings"].items()) or "not known"))
    lines += [f"{key}: {found[key]}" for key in ("content", "made_from", "predictor") if found.get(key)]
    width = max(len(name) for name in found["motion"])
    lines.append(f"{'motion':{width}}  " + "  ".join(f"{f'p{p}':>7}" for p in PERCENTILES))
    lines += [
        f"{name:{width}}  " + "  ".join(f"{value:7.3f}" for value in values.values())
        for name, values in found["motion"].items()
    ]
    return "\n".join([*lines, *(found["notes"] or ["notes: none"])])
