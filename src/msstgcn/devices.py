"""Where PyTorch computes."""

from __future__ import annotations

import torch

from msstgcn.errors import InputError, unknown_name

#: The names a user may give.
DEVICES: tuple[str, ...] = ("auto", "cpu", "cuda")


def device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` is a GPU where there is one and the CPU elsewhere.

    Raises
    ------
    InputError
        If the name is unknown, or it is ``cuda`` and PyTorch sees no GPU.
    """
    if name not in DEVICES:
        raise unknown_name("device", name, DEVICES)
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError(
            "PyTorch sees no GPU", where="device cuda", do="use device auto or cpu, or check `msstgcn doctor`"
        )
    return torch.device("cuda" if there and name != "cpu" else "cpu")
