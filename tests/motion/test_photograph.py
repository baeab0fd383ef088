"""A real photograph: scikit-image's astronaut, a portrait of Eileen Collins by NASA, in the public domain."""

import numpy as np
import pytest

from msstgcn.motion import FaceTracker, iod, predictor_path

#: Landmarks whose mean a part of the face is, and where a person sees it: read off the enlarged photograph (512 x 512)
#: by eye, to about 2 pixels.
SEEN = {
    "pupil, left in the picture": ([36, 37, 38, 39, 40, 41], (203.5, 102.0)),
    "pupil, right": ([42, 43, 44, 45, 46, 47], (246.7, 104.0)),
    "outer eye corner, left": ([36], (193.5, 101.3)),
    "outer eye corner, right": ([45], (258.9, 103.5)),
    "inner eye corner, left": ([39], (211.9, 103.1)),
    "inner eye corner, right": ([42], (237.1, 104.8)),
    "inner end of the brow, left": ([21], (213.2, 92.4)),
    "inner end of the brow, right": ([22], (238.0, 93.6)),
    "tip of the nose": ([30], (224.0, 126.5)),
    "under the nose": ([33], (223.6, 134.0)),
    "mouth corner, left": ([48], (203.0, 140.0)),
    "mouth corner, right": ([54], (247.4, 138.6)),
    "top of the upper lip": ([51], (224.3, 140.9)),
    "bottom of the lower lip": ([57], (223.6, 154.6)),
    "chin": ([8], (224.8, 178.1)),
}


@pytest.fixture(scope="module")
def landmarks(astronaut):
    face = FaceTracker(predictor_path()).step(astronaut)
    assert face is not None
    return face.landmarks


def test_one_face_of_the_right_size_is_found(landmarks):
    """The eyes' outer corners are 65 pixels apart; the predictor sets each within .05 of that."""
    assert landmarks.shape == (68, 2)
    assert iod(landmarks) == pytest.approx(65.4, rel=0.1)


@pytest.mark.parametrize("part", SEEN)
def test_landmarks_lie_where_a_person_sees_the_parts(landmarks, part):
    """To .07 of the inter-ocular distance, 4.6 pixels: .03 for the reading, .04 as the predictor's usual error."""
    numbers, place = SEEN[part]
    off = np.linalg.norm(landmarks[numbers].mean(axis=0) - place)
    assert off < 0.07 * 65.4, f"{off:.1f} pixels"


def test_landmarks_are_in_anatomical_order(landmarks):
    x, y = landmarks.T
    assert x[36] < x[39] < x[27] < x[42] < x[45]
    assert y[[19, 24]].max() < y[[37, 44]].min() < y[30] < y[33] < y[51] < y[57] < y[8]
    assert (np.diff(x[:17]) >= 0).all()  # the jaw from ear to ear
