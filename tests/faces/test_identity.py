import numpy as np
import pytest

from msstgcn.faces import HAIR_STYLES, identity
from msstgcn.faces.hair import STYLES
from msstgcn.faces.identity import SKIN_TONES

PEOPLE = [identity(0, subject) for subject in range(200)]


def test_a_person_depends_on_seed_and_number_alone():
    assert identity(3, 5) == identity(3, 5)
    assert identity(3, 5) != identity(4, 5)
    assert identity(3, 5) != identity(3, 6)


def test_the_unit_of_length_is_the_distance_of_the_outer_eye_corners():
    for who in PEOPLE[:20]:
        points = who.landmarks()
        assert points.shape == (68, 2)
        assert np.linalg.norm(points[45] - points[36]) == pytest.approx(1.0)


def test_proportions_stay_human():
    """Ranges of our own choice, as the average face's lengths are (`anatomy.MILLIMETRES`), in IOD."""
    for who in PEOPLE:
        p = who.landmarks()
        width = p[16, 0] - p[0, 0]
        assert 1.3 < width < 1.75
        assert 1.1 < p[8, 1] < 1.5  # the chin
        assert p[27, 1] < p[30, 1] < p[33, 1] < p[51, 1] < p[57, 1] < p[8, 1]
        assert (p[17:27, 1] < p[36:48, 1].min()).all()  # brows above the eyes
        assert (np.diff(p[:17, 0]) > 0).all()  # the jaw's outline runs from left to right


def test_people_differ_in_everything_that_makes_a_face():
    assert {who.hair_style for who in PEOPLE} == set(HAIR_STYLES) == set(STYLES)
    tones = [who.tone for who in PEOPLE]
    assert min(tones) < 0.05
    assert max(tones) > 0.95
    assert 0.1 < np.mean([who.glasses for who in PEOPLE]) < 0.35
    assert np.std([who.age for who in PEOPLE]) > 0.25
    assert all(np.diff([sum(tone) for tone in SKIN_TONES]) < 0)
