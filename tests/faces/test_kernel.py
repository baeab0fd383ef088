import numpy as np

from msstgcn.faces import Camera, Face, FaceState, Pose, identity, kernel

CAMERA = Camera(size=64, iod=16.0)
STATE = FaceState({"26": 15.0, "12": 3.0, "L5": 2.0}, (0.0, 0.3), (5.0, 2.0), Pose(5, 3, 2), 1.01)


def test_compiled_and_interpreted_kernels_agree(monkeypatch):
    """One grey level apart at most: the interpreter keeps some products in single precision."""
    face = Face(next(w for w in (identity(0, s) for s in range(50)) if w.glasses), CAMERA)
    compiled = face.render(STATE, 3, 4).astype(int)
    for name, value in list(vars(kernel).items()):
        if hasattr(value, "py_func"):
            monkeypatch.setattr(kernel, name, value.py_func)
    with np.errstate(over="ignore"):  # 64-bit hashes wrap around on purpose
        plain = face.render(STATE, 3, 4).astype(int)
    assert plain.std() > 20
    np.testing.assert_allclose(plain, compiled, atol=1)


def test_the_hash_is_splitmix64():
    """First outputs of SplitMix64 for seed 0, from the reference implementation's published test values."""
    golden = int(kernel._GOLDEN)
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    with np.errstate(over="ignore"):
        found = [int(kernel.mix.py_func(np.uint64(golden * (i + 1) % 2**64))) for i in range(3)]
    assert found == known
