"""Flow methods against slow, plain re-statements of what they compute."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from clips import moved
from scipy import ndimage

from msstgcn.errors import InputError
from msstgcn.motion.dense import region_side
from msstgcn.motion.flow import FLOWS, truth
from msstgcn.motion.patches import DAMPING, patch_lk, patch_weights
from msstgcn.motion.working import Chunk, Grid

PLACES = np.array([[80.0, 90.3], [120.6, 100.0], [150.2, 150.7], [100.0, 170.0], [175.0, 95.0]])


@pytest.fixture(scope="module")
def chunk(astronaut) -> Chunk:
    """Three windows of five frames; the second one starts where no face is."""
    steps = [(0, 0), (0.7, -0.4), (1.9, -1.3), (3.2, 0.6), (4.5, 2.2), (4.1, 3.0)]
    images = np.stack([moved(astronaut, step, about=(0, 0), size=(448, 256))[:, 192:] for step in steps])
    points = np.repeat(PLACES[None], 3, axis=0)
    points[1] = np.nan
    centres = np.array([[128.0, 128.0], [np.nan, np.nan], [130.0, 127.0]])
    return Chunk(images, points, centres, 5, Grid((0, 0), 1.0, (256, 256), 192), anchor=2)


def plain_patch(template, picture, place, weights, start):
    """Weighted Gauss-Newton on one level in double precision, small steps until nothing moves any more."""
    n = len(weights)
    corner = np.floor(place - n / 2 + 1).astype(int)
    y, x = np.mgrid[corner[1] : corner[1] + n, corner[0] : corner[0] + n].astype(float)

    def cut(image, dx=0.0, dy=0.0):
        return ndimage.map_coordinates(image.astype(float), [y + dy, x + dx], order=1).ravel()

    w = weights.astype(float).ravel()
    t = cut(template)
    g = np.stack(
        [(cut(template, 1) - cut(template, -1)) / 2, (cut(template, 0, 1) - cut(template, 0, -1)) / 2], 1
    )
    basis = np.stack([np.ones_like(t), t], axis=1)
    left = g - basis @ np.linalg.lstsq(basis * np.sqrt(w)[:, None], g * np.sqrt(w)[:, None], rcond=None)[0]
    h = (left * w[:, None]).T @ left
    h += DAMPING * np.trace(h) / 2 * np.eye(2)
    shift = {"x": np.array([1, 0]), "y": np.array([0, 1])}
    second = {a: cut(template, *e) - 2 * t + cut(template, *-e) for a, e in shift.items()}
    third = {
        a: (cut(template, *2 * e) - cut(template, *-2 * e)) / 2 - cut(template, *e) + cut(template, *-e)
        for a, e in shift.items()
    }
    d = np.array(start, float)
    for _ in range(300):
        f = d - np.floor(d)
        over = sum(
            q * (1 - q) / 2 * second[a] + q * (1 - q) * (1 - 2 * q) / 6 * third[a]
            for a, q in zip("xy", f, strict=True)
        )
        d -= 0.5 * np.linalg.solve(h, (left * w[:, None]).T @ (cut(picture, *d) - over))
    return d


def test_patch_flow_is_the_zero_of_its_formula(chunk):
    found, quality, _ = patch_lk(chunk)
    weights = patch_weights(192)
    small = [cv2.pyrDown(image) for image in chunk.images]
    for b in (0, 2):
        for p, place in enumerate(PLACES):
            d = np.zeros(2)
            for k in range(1, min(5, 6 - b)):
                d = 2 * plain_patch(small[b], small[b + k], place / 2, weights, d / 2)
                d = plain_patch(chunk.images[b], chunk.images[b + k], place, weights, d)
                # it stops when a damped step is below .002 pixels, so a few of those may be left
                np.testing.assert_allclose(
                    found[b, k, p], d, atol=0.01, err_msg=f"window {b}, frame {k}, patch {p}"
                )
    assert (quality[[0, 2], 1:4] > 0.9).all()


def test_windows_without_a_face_or_past_the_end_stay_zero(chunk):
    for name in ("patch-lk", "farneback"):
        found, quality, _ = FLOWS[name](chunk)
        assert not found[1].any(), name
        assert not quality[1].any(), name
        assert not found[2, 4:].any(), name  # the chunk ends with frame 5, the third window's fourth


def test_patch_weights_are_a_gaussian_that_sums_to_one():
    for crop, side in ((192, 32), (128, 24), (96, 16)):
        weights = patch_weights(crop)
        assert weights.shape == (side, side)
        assert weights.sum() == pytest.approx(1, abs=1e-5)
        wide = 7 * crop / 192
        row = weights[side // 2]
        # two pixels at distances d and d + 1 from the middle of the Gaussian
        assert row[side // 2 + 1] / row[side // 2] == pytest.approx(
            np.exp((0.5**2 - 1.5**2) / (2 * wide**2)), rel=1e-4
        )


def test_patch_without_texture_or_out_of_the_picture_is_lost_not_invented(chunk):
    flat = Chunk(np.full((3, 128, 128), 90, np.uint8), np.array([[[64.0, 64.0], [3.0, 64.0]]]),
                 np.array([[64.0, 64.0]]), 3, Grid((0, 0), 1.0, (128, 128), 96))  # fmt: skip
    found, quality, _ = patch_lk(flat)
    assert not found.any()
    assert not quality.any()


def test_patch_that_vanishes_gets_a_low_quality(chunk):
    rng = np.random.default_rng(0)
    images = chunk.images.copy()
    images[2] = rng.integers(0, 255, images[2].shape)
    found, quality, _ = patch_lk(Chunk(images, chunk.points[:1], chunk.centres[:1], 5, chunk.grid))
    assert (quality[0, 2] < 0.5).all()
    assert (quality[0, 1] > 0.9).all()
    assert np.abs(found).max() < 20


def farneback_of(first, later):
    return cv2.calcOpticalFlowFarneback(first, later, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def dis_of(first, later):
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, later, None)


@pytest.mark.parametrize(("name", "dense_of"), [("farneback", farneback_of), ("dis", dis_of)])
@pytest.mark.parametrize("anchored", [True, False])
def test_dense_methods_are_the_mean_of_the_dense_flow_in_the_region(chunk, anchored, name, dense_of):
    chunk = Chunk(chunk.images, chunk.points, chunk.centres, 5, chunk.grid, anchor=2 if anchored else None)
    found, quality, response = FLOWS[name](chunk)
    assert quality[[0, 2]].all()
    assert not response.any()
    side = region_side(192)
    assert side == 21  # .24 of 87 pixels, odd
    base = chunk.images[0][32:224, 32:224].copy()
    shift = np.zeros(2, int)
    for k in range(1, 5):
        if anchored:
            shift = np.round(found[0, k - 1, 2]).astype(int)
        x, y = 32 + shift
        dense = dense_of(base, np.ascontiguousarray(chunk.images[k][y : y + 192, x : x + 192]))
        for p, place in enumerate(np.round(PLACES - 32).astype(int)):
            region = dense[place[1] - 10 : place[1] + 11, place[0] - 10 : place[0] + 11]
            np.testing.assert_allclose(found[0, k, p], region.mean(axis=(0, 1)) + shift, atol=1e-5)
    assert np.abs(shift).max() == (3 if anchored else 0)  # the crop did move


def test_total_variation_needs_an_opencv_that_has_it(chunk, monkeypatch):
    monkeypatch.delattr(cv2, "optflow", raising=False)
    with pytest.raises(InputError, match=r"not in the installed OpenCV.*opencv-contrib-python-headless"):
        FLOWS["tvl1"](chunk)

    class Dual:
        def calc(self, first, later, flow):
            assert first.shape == later.shape == (192, 192)
            return np.full((192, 192, 2), (0.25, -0.5), np.float32)

    monkeypatch.setattr(cv2, "optflow", SimpleNamespace(DualTVL1OpticalFlow_create=Dual), raising=False)
    still = Chunk(chunk.images, chunk.points, chunk.centres, 5, chunk.grid)
    np.testing.assert_array_equal(FLOWS["tvl1"](still).moved[0, 1:], np.full((4, 5, 2), (0.25, -0.5)))


@pytest.mark.parametrize("name", ["patch-lk", "farneback"])
def test_a_stride_looks_at_every_second_frame(chunk, name):
    every = FLOWS[name](Chunk(chunk.images[::2], chunk.points[:1], chunk.centres[:1], 3, chunk.grid))
    second = FLOWS[name](Chunk(chunk.images, chunk.points[:1], chunk.centres[:1], 3, chunk.grid, stride=2))
    for one, other in zip(every, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_response_is_the_shift_that_a_patch_sees_when_it_turns_or_grows(astronaut):
    """Turn and enlarge the picture about each patch's centre: its centre stays, so what is seen is the response."""
    first = moved(astronaut, about=(0, 0), size=(448, 256))[:, 192:].astype(float)
    for place in PLACES:
        for column, change in enumerate((0.01, 0.01)):  # one percent of growth, a hundredth of a radian
            back = np.linalg.inv(np.eye(2) + change * np.array([[[1, 0], [0, 1]], [[0, -1], [1, 0]]][column]))
            offset = place - back @ place
            image = ndimage.affine_transform(first, back[::-1, ::-1], offset[::-1], order=3, mode="nearest")
            images = np.stack([first, np.clip(np.round(image), 0, 255)]).astype(np.uint8)
            one = Chunk(
                images, place[None, None], np.array([[128.0, 128.0]]), 2, Grid((0, 0), 1.0, (256, 256), 192)
            )
            found, _, response = patch_lk(one)
            # of the second order in the change, and rounding: a few hundredths of a pixel of up to a tenth
            np.testing.assert_allclose(found[0, 1, 0], change * response[0, 0, :, column], atol=0.02)


def test_a_patch_that_turns_and_grows_a_lot_is_followed_unless_it_is_rigid(bending):
    place, centre = np.array([[[120.0, 100.0]]]), np.array([[128.0, 128.0]])
    one = Chunk(bending, place, centre, 7, Grid((0, 0), 1.0, (256, 256), 192))
    true = np.linspace(0, 1, 7)[:, None] * [3.0, -2.0]
    found, quality, _ = patch_lk(one)
    error = np.linalg.norm(found[0, :, 0] - true, axis=1)
    # The first steps are still taken for a shift, which sees some tenths of a pixel of a turn of a few degrees.
    assert error.max() < 1
    assert error[-1] < 0.1
    assert quality.min() > 0.9
    stiff = patch_lk(replace(one, rigid=1))
    assert np.linalg.norm(stiff.moved[0, -1, 0] - true[-1]) > 1.5
    assert stiff.quality[0, -1, 0] < quality[0, -1, 0]


def test_interpolation_between_pixels_leaves_no_trace(astronaut):
    """Shift by fractions of a pixel; without the correction up to .05 pixels would be left."""
    for step in ((0.5, 0.5), (0.25, 0.75), (0.3, 0.0)):
        images = np.stack(
            [moved(astronaut, s, about=(0, 0), size=(448, 256))[:, 192:] for s in ((0, 0), step)]
        )
        one = Chunk(images, PLACES[None], np.array([[128.0, 128.0]]), 2, Grid((0, 0), 1.0, (256, 256), 192))
        error = np.linalg.norm(patch_lk(one).moved[0, 1] - step, axis=-1)
        assert error.max() < 0.015, step  # rounding to whole grey levels


def test_truth_is_the_difference_of_true_places(chunk):
    places = np.random.default_rng(0).normal(size=(6, 5, 2))
    known = Chunk(chunk.images, chunk.points, chunk.centres, 5, chunk.grid, truth=places)
    found, quality, _ = truth(known)
    np.testing.assert_allclose(found[0, 3], places[3] - places[0], rtol=1e-6)
    np.testing.assert_allclose(found[2, 3], places[5] - places[2], rtol=1e-6)
    assert not found[1].any()
    assert quality[0].all()
    with pytest.raises(InputError, match="needs a synthetic video"):
        truth(chunk)
