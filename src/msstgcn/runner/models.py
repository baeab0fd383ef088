"""Trained networks that leave the project and come back: weights with their card, and spotting in a new video."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from msstgcn import learning, spotting
from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.report.log import warn
from msstgcn.report.spotted import spotted_figure
from msstgcn.runner import sources, stages
from msstgcn.settings import Profile


def export(chosen: Profile, out: Path, scores: pd.DataFrame, *, device: str = "auto") -> Path:
    """Write the network trained on all subjects and its card, with the score of the leave-one-subject-out run.

    The card names who chose epoch and thresholds beside the score, so that an oracle's is not taken for an honest one.

    Parameters
    ----------
    chosen : Profile
    out : Path
        Folder for ``model.safetensors`` and ``model.md``.
    scores : DataFrame
        Of the leave-one-subject-out run, one row a class of expression: `Scores.table`.
    device : str
        auto, cpu or cuda.

    Returns
    -------
    Path
        The weights.
    """
    known = scores.assign(**{"epoch and thresholds": chosen.spotting.selection})
    fold, place = stages.final(chosen, device=device), learning.device(device)
    about = stages.about_weights(chosen, stages.dataset(chosen), fold, place.type, None)
    weights = learning.save_fold(fold, out / "model.safetensors", about)
    with written_whole(out / "model.md") as temporary:
        temporary.write_text(learning.model_card(about, fold.history, known), encoding="utf-8")
    return weights


def open_model(path: Path) -> tuple[learning.Fold, Profile]:
    """Read weights that `export` wrote, and the settings they were trained with.

    Raises
    ------
    InputError
        If the file is missing, damaged, or does not say how it was trained.
    """
    if path.is_dir() or (path.is_file() and path.suffix != ".safetensors"):
        raise InputError(
            "this is a folder" if path.is_dir() else "these are no weights",
            where=path,
            expected="model.safetensors of `msstgcn train --out`",
        )
    about = learning.fold_metadata(path)
    if "settings" not in about:
        raise InputError(
            "the file does not say how it was trained",
            where=path,
            expected="what `msstgcn train --out` writes",
        )
    return learning.load_fold(path), Profile.make(json.loads(about["settings"]), where=str(path))


def spot(
    source: Path,
    model: Path,
    *,
    out: Path | None = None,
    plot: Path | None = None,
    device: str = "auto",
) -> pd.DataFrame:
    """Spot expressions in a video of one's own, or a data set of them, with a network trained before.

    Parameters
    ----------
    source : Path
        A video, a folder of images, or a data set folder; see `sources.open_source`.
    model : Path
        Weights that `export` wrote.
    out : Path, optional
        CSV to write the table to.
    plot : Path, optional
        PNG to draw the first video's probabilities and intervals into.
    device : str
        auto, cpu or cuda.

    Returns
    -------
    DataFrame
        Columns ``video, class, onset, apex, offset, score``.
    """
    fold, chosen = open_model(model)
    trained_at = float(learning.fold_metadata(model)["fps"])
    place, videos = learning.device(device), stages.features_of(sources.open_source(source), chosen.motion)
    tables, asked = [], {}
    for video in videos:
        if abs(video.fps / trained_at - 1) > 0.1:
            warn(
                f"{video.video} has {video.fps:g} frames a second and the network was trained at {trained_at:g}: "
                "what lasts how long decides what is spotted, so bring the video to that rate first"
            )
        asked[video.video] = learning.predict(fold.weights, video, network=chosen.network, device=place)
        tables.append(spotting.spot_video(asked[video.video], chosen.spotting, video=video.video))
    spotted = pd.concat(tables, ignore_index=True)
    if out is not None:
        with written_whole(out) as temporary:
            spotted.to_csv(temporary, index=False)
    if plot is not None:
        first = videos[0]
        with written_whole(plot) as temporary:
            spotted_figure(asked[first.video], tables[0], first.fps).savefig(temporary, format="png")
    return spotted
