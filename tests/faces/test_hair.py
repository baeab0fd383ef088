import numpy as np
import pytest

from msstgcn.faces import Camera, Face, FaceState, Pose, identity
from msstgcn.faces.anatomy import depth
from msstgcn.faces.hair import hair
from msstgcn.faces.skin import canvas, grid

PEOPLE = [identity(0, subject) for subject in range(200)]


def wearing(*styles):
    return [next(who for who in PEOPLE if who.hair_style == style) for style in styles]


@pytest.mark.parametrize("who", wearing("bob", "long", "fringe"), ids=lambda who: who.hair_style)
def test_hair_that_hangs_has_no_step_at_the_ears(who):
    """From one row to the next, .005 IOD below, the outline moves by a strand's breadth at most."""
    c = canvas(who)
    opacity, _ = hair(c, who)
    rows = (c.y[:, 0] > -0.9) & (c.y[:, 0] < 0.25)
    outline = np.array([c.x[0, row > 0.5].max() for row in opacity[rows]])
    assert np.abs(np.diff(outline)).max() < 0.02
    assert outline.min() > 0.7


def test_hair_below_the_chin_hangs_as_deep_as_the_head_is():
    """Under the head there is no surface to go round: depth levels off instead of falling ever faster."""
    x, y = grid(10)
    points = PEOPLE[0].landmarks()
    z = depth(x, y, points, PEOPLE[0].nose_height)
    assert z.min() > -0.2
    assert z[np.abs(x) < 0.3].max() > 0.9


def test_hair_turns_with_the_head():
    """The tips of long hair stay within .6 IOD beside the head in a turned pose, instead of swinging under it."""
    (who,) = wearing("long")
    face = Face(who, Camera(noise=0.0))
    tip = np.array([[-0.8, 1.8], [0.8, 1.8], [-0.8, 0.4], [0.8, 0.4]])
    shift = face.displacement(FaceState(), FaceState(pose=Pose(yaw=15)), tip) / face.camera.iod
    assert np.abs(shift[0] - shift[2]).max() < 0.2
    assert np.abs(shift[1] - shift[3]).max() < 0.2


@pytest.mark.parametrize("seed", range(5))
def test_thirty_people_look_like_different_people(seed):
    people = [identity(seed, subject) for subject in range(30)]
    assert len({who.hair_style for who in people}) >= 6
    assert len({who.hair_colour for who in people}) >= 6
    tones, ages = (np.array([getattr(who, name) for who in people]) for name in ("tone", "age"))
    for values in (tones, ages):
        assert values.min() < 0.2 and values.max() > 0.8
        assert np.histogram(values, 4, (0, 1))[0].min() >= 2  # no quarter of the range is missing
    assert any(who.glasses for who in people) and not all(who.glasses for who in people)
    shapes = np.array([who.landmarks() for who in people])
    apart = np.linalg.norm(shapes[:, None] - shapes[None], axis=-1).mean(-1)[np.triu_indices(30, 1)]
    assert (
        apart.min() > 0.004
    )  # mean distance of the landmarks of any two, IOD; .4 % is a faint micro-expression
    assert np.median(apart) > 0.025
