"""The check video shows each frame of any video, with its features, whatever is odd about it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from msstgcn import motion
from msstgcn.datasets import open_video
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, FaceState, identity
from msstgcn.report import check_video
from msstgcn.report.check_video import SIZE, film
from msstgcn.timeline import Expression

GREEN, RED = (0, 158, 115), (213, 94, 0)  # well followed, lost


@pytest.fixture(scope="module", params=[False, True], ids=["grey", "colour"])
def folder(request, tmp_path_factory):
    """Pictures of a face that smiles, of no face at all, and a damaged one."""
    path = tmp_path_factory.mktemp("smile")
    face = Face(identity(1), Camera(size=240, iod=70.0, colour=request.param))
    for i in range(30):
        shot = face.render(FaceState({"12": 0.5 * i}), frame=i)
        cv2.imwrite(str(path / f"{i:02d}.png"), shot[..., ::-1] if request.param else shot)
    cv2.imwrite(str(path / "27.png"), np.full_like(shot, 90))
    (path / "28.png").write_bytes(b"")
    return path


def frames(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    found = []
    while True:
        good, picture = capture.read()
        if not good:
            return found
        found.append(picture[..., ::-1].astype(int))


def near(picture: np.ndarray, colour: tuple[int, int, int], tolerance: int = 25) -> np.ndarray:
    """Pixels of about a colour; the film is compressed."""
    return (np.abs(picture - colour) < tolerance).all(axis=-1)


def test_film_has_every_frame_and_shows_motion_quality_and_what_is_not_used(folder, tmp_path):
    video = open_video(folder)
    found = motion.extract(video)
    lost = np.array(found.quality)
    lost[5, :, 0] = 0
    labelled = replace(
        found, quality=lost, expressions=(Expression(3, 6, 9, "me"), Expression(10, 15, 25, "mae"))
    )
    told = []
    assert film(video, labelled, tmp_path / "look.mp4", progress=told.append) == tmp_path / "look.mp4"
    shown = frames(tmp_path / "look.mp4")
    assert len(shown) == sum(told) == 30
    assert shown[0].shape == (SIZE[1], SIZE[0], 3)
    bars = (slice(96, 512), slice(990, 1250))
    used = np.flatnonzero(found.mask)
    assert used.tolist() == list(range(19))
    motion_shown = [near(shown[t][bars], GREEN).sum() for t in used]
    first, last = (np.hypot(*found.flow[t, -1].T).sum() for t in (used[0], used[-1]))
    assert (motion_shown[-1] > motion_shown[0]) == (last > first)
    assert near(shown[5][:512, :480], RED).sum() > 100 > near(shown[4][:512, :480], RED).sum()
    for t in (22, 27, 28):  # its window holds a frame without a face; no face; damaged
        assert not near(shown[t][bars], GREEN).any()
        assert near(shown[t][480:512, 100:400], (0, 0, 0), 90).any(), "it says why"
    timeline = shown[0][654:674]
    assert near(timeline, (213, 94, 0)).sum() > 500 and near(timeline, (0, 114, 178)).sum() > 500
    cursors = [np.flatnonzero((shown[t][575:600, 100:].max(axis=-1) < 90).all(axis=0)) for t in (5, 15)]
    assert cursors[1].mean() - cursors[0].mean() == pytest.approx(10 * (1256 - 96) / 30, abs=2)


def test_arrow_points_where_the_skin_went(folder, tmp_path):
    """The mouth corner at the picture's left is pulled up and outwards by a smile."""
    found = motion.extract(open_video(folder))
    easel = check_video._Easel(found, motion.NODES)
    easel.view = np.array([120.0, 113.0, 70.0])
    left, right = easel._arrows(15)[6:8]
    assert left[0] < -3 and right[0] > 3
    assert left[1] < -3 and right[1] < -3


def test_long_videos_are_shown_page_by_page(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(check_video, "PAGE", 0.5)  # seconds: 15 frames
    drawn = []
    inner = check_video._page
    monkeypatch.setattr(check_video, "_page", lambda *given: drawn.append(given[1:]) or inner(*given))
    film(open_video(folder), motion.extract(open_video(folder)), tmp_path / "pages.mp4")
    assert drawn == [(0, 15), (15, 30)]


def test_wrong_name_and_wrong_features_are_refused(folder, tmp_path):
    video = open_video(folder)
    few = motion.VideoFeatures("v", "s", 30.0, np.zeros((3, 17, 4, 2), np.float32), np.ones(3, bool), ())
    with pytest.raises(InputError, match="ends in .mp4"):
        film(video, few, tmp_path / "look.avi")
    with pytest.raises(InputError, match="features of 4 regions; expected 10"):
        film(video, few, tmp_path / "look.mp4")
    assert not list(tmp_path.iterdir())
