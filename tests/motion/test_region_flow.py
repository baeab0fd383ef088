"""True dense flow at the regions of a synthetic video."""

import numpy as np
import pytest

from msstgcn.datasets import synthetic
from msstgcn.motion.regions import NODES, region_points
from msstgcn.motion.truth import region_flow
from msstgcn.settings import SyntheticSettings


@pytest.fixture(scope="module")
def video():
    return synthetic(SyntheticSettings(subjects=2, videos=1, seconds=4)).videos[1]


def test_the_middle_of_a_patch_moves_as_the_landmark_there(video):
    """Within .25 px: the patch is centred on the pixel nearest to the landmark, up to .7 px beside it."""
    flow = region_flow(video, 10, 60, half=5)
    assert flow.shape == (10, 11, 11, 2)
    marks = video.landmarks()
    numbers = [region.landmark for region in NODES]
    true = (marks[60] - marks[10])[numbers]
    assert np.linalg.norm(true, axis=1).max() > 1
    np.testing.assert_allclose(flow[:, 5, 5], true, atol=0.25)


def test_rows_run_down_and_columns_right(video):
    patches = region_flow(video, 10, 60, half=3)
    centre = np.round(region_points(video.truth(10).landmarks, NODES))[6]
    np.testing.assert_allclose(patches[6, 0, 6], video.flow(10, 60, centre + [3, -3]))


def test_nothing_moves_from_a_frame_to_itself(video):
    flow = region_flow(video, 7, 7)
    assert np.nanmax(np.abs(flow)) < 5e-3 * video.settings.iod / 100
    assert np.isnan(flow).mean() < 0.2  # eyes below the brows, backdrop beside the head
