"""The first page's picture comes from a run."""

import cv2

from msstgcn.runner import overview


def test_the_picture_is_drawn_from_the_stored_run(smoke, monkeypatch):
    monkeypatch.setenv("MSSTGCN_ROOT", str(smoke))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    path = overview.main(["smoke"])
    assert path == smoke / "book" / "_static" / "overview.png"
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 1200 and picture.std() > 20
