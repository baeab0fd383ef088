"""What the tests of data sets share."""

import pytest


@pytest.fixture
def calls(monkeypatch):
    """Let a function of a module be called through a list that keeps the arguments of each call."""

    def counted(module, name):
        real, made = getattr(module, name), []

        def noted(*args, **kwargs):
            made.append(args)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, noted)
        return made

    return counted
