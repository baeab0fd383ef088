"""The predictor's file: found, checked, refused."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from msstgcn.errors import InputError
from msstgcn.files import digest_file
from msstgcn.motion import PREDICTOR_SHA256, predictor_path
from msstgcn.motion.detector import load_detector, load_predictor


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv("MSSTGCN_PREDICTOR", raising=False)


def test_the_carried_file_is_found_without_importing_its_package():
    path = predictor_path()
    assert path.name == "shape_predictor_68_face_landmarks.dat"
    assert digest_file(path) == PREDICTOR_SHA256
    assert "face_recognition_models" not in sys.modules


def test_a_file_of_the_users_own_goes_first(tmp_path, monkeypatch):
    mine, other = tmp_path / "mine.dat", tmp_path / "other.dat"
    mine.write_bytes(b"1")
    other.write_bytes(b"2")
    monkeypatch.setenv("MSSTGCN_PREDICTOR", str(other))
    assert predictor_path() == other
    assert predictor_path(mine) == mine


def test_missing_file_says_where_and_what_to_do(tmp_path):
    with pytest.raises(
        InputError, match=r"gone\.dat: no landmark predictor there; expected .*; correct the path"
    ):
        predictor_path(tmp_path / "gone.dat")


def test_missing_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="not installed; install it with"):
        predictor_path()


def test_another_file_in_its_place_is_refused(monkeypatch, tmp_path):
    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: Spec)
    with pytest.raises(InputError, match=r"SHA-256 no file.*expected SHA-256 fbdc"):
        predictor_path()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "shape_predictor_68_face_landmarks.dat").write_bytes(b"another")
    with pytest.raises(InputError, match="not the known one"):
        predictor_path()


def test_the_detector_is_loaded_once_a_process():
    assert load_detector() is load_detector()


def test_file_that_is_no_predictor(tmp_path):
    path = tmp_path / "words.dat"
    path.write_text("not a predictor")
    with pytest.raises(InputError, match="dlib cannot read"):
        load_predictor(path)
