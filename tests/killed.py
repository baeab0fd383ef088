"""A training that is killed in the middle, and what is run when it goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msstgcn.learning import batched


def killed_in_epoch(number: int, train: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Kill a training as an epoch of that number begins; the list gets the number of every epoch that is run later."""
    whole = batched._epoch
    ran: list[int] = []

    def dies(*args):
        if args[4] == number:
            raise KeyboardInterrupt
        return whole(*args)

    monkeypatch.setattr(batched, "_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        train()
    monkeypatch.setattr(batched, "_epoch", lambda *args: ran.append(args[4]) or whole(*args))
    return ran
