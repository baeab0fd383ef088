"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from msstgcn import paths
from msstgcn.runner.environment import environment_yml, locked, torch_pin


@pytest.fixture(scope="module")
def root():
    return paths.PACKAGE.parents[1]


@pytest.fixture(scope="module")
def ranges(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["dev"]]


def test_the_lock_satisfies_every_range(root, ranges):
    pins = {}
    for name, version, _ in locked(root):
        pins.setdefault(canonicalize_name(name), []).append(version)
    for requirement in ranges:
        if requirement.name == "torch":
            continue
        versions = pins[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), (
            requirement
        )


def test_every_locked_package_has_hashes_and_no_address(root):
    text = (root / "requirements.lock").read_text()
    assert "://" not in text and "-url" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_torch_is_pinned_and_no_cuda_package_is_locked(root):
    assert torch_pin(root) == "torch==2.13.0"
    assert f"TORCH := {torch_pin(root)}" in (root / "Makefile").read_text()
    assert not [name for name, _, _ in locked(root) if re.match(r"torch$|nvidia|cuda|triton", name)]


def test_the_environment_file_is_the_one_made_from_the_lock(root):
    text = (root / "environment.yml").read_text()
    assert text == environment_yml(root), "run python -m msstgcn.runner.environment"
    pip = yaml.safe_load(text)["dependencies"][-1]["pip"]
    assert pip[0] == "torch==2.13.0" and pip[-1] == "-e ."
    assert len(pip) == len(locked(root)) + 2


def test_the_registry_is_named_in_no_file_of_the_environment(root):
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "environment.yml"):
        assert not re.search(r"https?://\S*(simple|pypi|whl)", (root / name).read_text())
