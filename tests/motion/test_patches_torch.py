"""Patch flow in PyTorch against the same in numba."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from clips import moved

from msstgcn.errors import InputError
from msstgcn.motion import patches_torch
from msstgcn.motion.flow import FLOWS, STARTS, starts_at_once
from msstgcn.motion.patches import patch_lk
from msstgcn.motion.patches_torch import half, patch_lk_torch
from msstgcn.motion.working import Chunk, Grid
from msstgcn.settings import MotionSettings

PLACES = np.array([[80.0, 90.3], [120.6, 100.0], [150.2, 150.7], [100.0, 170.0], [175.0, 95.0], [5.0, 100.0]])


@pytest.fixture(scope="module")
def chunk(astronaut) -> Chunk:
    """Eight windows: drift, a sudden jump, a frame of nothing but noise, a turn, and a start without a face."""
    t = np.arange(14)
    steps = [(0.7 * i + (5 if i > 8 else 0), 0.4 * np.sin(i)) for i in t]
    images = [
        moved(astronaut, step, 0.3 * max(0, i - 6), about=(0, 0), size=(448, 256))[:, 192:]
        for i, step in enumerate(steps)
    ]
    images[12] = np.random.default_rng(0).integers(0, 255, images[12].shape).astype(np.uint8)
    points = np.repeat(PLACES[None], 8, axis=0)
    points[5] = np.nan
    return Chunk(
        np.stack(images), points, np.full((8, 2), 128.0), 9, Grid((0, 0), 1.0, (256, 256), 192), device="cpu"
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_torch_finds_what_numba_finds(chunk, stride):
    chunk = Chunk(chunk.images, chunk.points, chunk.centres, 6, chunk.grid, stride=stride, device="cpu")
    ours, theirs = patch_lk(chunk), FLOWS["patch-lk-torch"](chunk)
    apart = np.abs(ours.moved - theirs.moved)
    assert np.abs(ours.moved).max() > 5  # there was something to follow
    # Single precision rounds differently in another order of summation; on a threshold a patch may take another way,
    # and in the noise nothing but thresholds decides.
    found = ours.quality > 0.5
    assert 0.3 < found.mean() < 0.9
    assert np.median(apart[found]) < 2e-5
    assert (apart[found] < 2e-3).mean() > 0.99
    assert (np.abs(ours.quality - theirs.quality) < 1e-3).mean() > 0.97
    assert 0.02 < (ours.quality == 0).mean() < 0.8  # some were lost, past the end, or had no face
    np.testing.assert_array_equal(ours.quality[:, 0], theirs.quality[:, 0])
    np.testing.assert_allclose(ours.response, theirs.response, atol=2e-3)


def test_torch_bends_patches_as_numba_does(bending):
    points = np.repeat(PLACES[None, :5], 2, axis=0)
    bent = Chunk(
        bending, points, np.full((2, 2), 128.0), 7, Grid((0, 0), 1.0, (256, 256), 192), rigid=1, device="cpu"
    )
    ours, theirs = patch_lk(bent), patch_lk_torch(bent)
    apart = np.abs(ours.moved - theirs.moved)
    assert np.median(apart) < 2e-5
    assert (apart < 2e-3).mean() > 0.99
    stiff = patch_lk(replace(bent, rigid=5))
    assert np.abs(stiff.moved - ours.moved).max() > 1  # there was something to bend


def test_slices_hide_their_seams(chunk, monkeypatch):
    whole = patch_lk_torch(chunk)
    monkeypatch.setattr(patches_torch, "_ON_CPU", 7)
    # another size of the batch may round differently
    np.testing.assert_allclose(patch_lk_torch(chunk).moved, whole.moved, atol=1e-3)


def test_half_the_size_is_what_opencv_makes_of_it():
    rng = np.random.default_rng(1)
    for shape in ((64, 48), (65, 47)):
        image = rng.integers(0, 256, shape).astype(np.uint8)
        found = half(torch.from_numpy(image[None]).float())[0].numpy()
        np.testing.assert_array_equal(found, cv2.pyrDown(image))


def test_a_device_that_is_not_there_is_refused(chunk, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    nowhere = Chunk(chunk.images, chunk.points, chunk.centres, 3, chunk.grid, device="cuda")
    with pytest.raises(InputError, match="sees no GPU"):
        patch_lk_torch(nowhere)


def test_a_gpu_gets_large_chunks(monkeypatch):
    torched = MotionSettings(flow="patch-lk-torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert starts_at_once(torched) == patches_torch.BATCH > STARTS
    assert starts_at_once(MotionSettings()) == STARTS
    assert starts_at_once(torched.but(flow_device="cpu")) == STARTS
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda where: (16 * 2**30, 80 * 2**30))
    rows = patches_torch._slice(torch.device("cuda"), 32 * 32)
    assert rows * 32 * 32 * patches_torch._BYTES <= 4 * 2**30
