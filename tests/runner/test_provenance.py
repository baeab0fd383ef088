"""What the box at the foot of a chapter says."""

import datetime
import importlib.metadata
import platform
import subprocess
from types import SimpleNamespace

from msstgcn.runner import feature_stages, provenance, stages, study_parts, study_runs, training_stages
from msstgcn.studies import Study


def _git(root, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", str(root), *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_commit_is_named_and_changes_are_told(bare_project):
    assert provenance.commit() == "none"
    _git(bare_project, "init", "-q")
    (bare_project / "file").write_text("1")
    _git(bare_project, "add", "file")
    _git(bare_project, "commit", "-qm", "first")
    head = _git(bare_project, "rev-parse", "--short=12", "HEAD")
    assert provenance.commit() == head
    (bare_project / "file").write_text("2")
    assert provenance.commit() == f"{head} + changes"


def test_versions_are_those_installed(monkeypatch):
    found = provenance.versions()
    assert found["python"] == platform.python_version()
    assert found["torch"] == importlib.metadata.version("torch")
    monkeypatch.setattr(provenance, "PACKAGES", ("nosuchpackage",))
    assert provenance.versions()["nosuchpackage"] == "missing"
    assert {*provenance.MEASURING, *provenance.LEARNING} < {*found}


def test_a_new_version_of_a_package_makes_anew_what_it_decides(monkeypatch):
    chosen = stages.profile("smoke")
    (part,) = study_parts.parts_of(Study("one", 9, "What?", "That.", {"a": {}}), "smoke")

    def keys():
        source = stages.dataset(chosen)
        features = stages.feature_places(source, chosen.motion)[0]
        return (
            features,
            training_stages._run_key(["s001_1"], chosen, "cpu", "", None),
            study_runs._place(part, 0, "cpu"),
        )

    before, real = keys(), provenance.version
    for package, same in (("torch", [True, False, False]), ("opencv-python-headless", [False, False, False])):
        for module in (feature_stages, training_stages, study_runs):
            monkeypatch.setattr(
                module, "version", lambda name, new=package: "9" if name == new else real(name)
            )
        assert [one == other for one, other in zip(keys(), before, strict=True)] == same


def test_the_box_holds_parameters_seed_and_time_and_escapes_them(bare_project, monkeypatch):
    ended = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return ended  # however long it takes to ask for commit and versions

    monkeypatch.setattr(provenance, "datetime", SimpleNamespace(datetime=Clock, UTC=datetime.UTC))
    started = (ended - datetime.timedelta(seconds=42)).isoformat()
    html = provenance.box("08_x", {"profile": "<smoke>", "seed": 3}, started=started).data
    assert 'class="provenance"' in html
    assert "profile = &lt;smoke&gt;, seed = 3" in html and "<smoke>" not in html
    assert ", 42 s" in html and "commit" in html


def test_what_warnings_put_in_backticks_stands_as_code_in_the_box(bare_project, monkeypatch):
    monkeypatch.setattr(provenance, "warnings", lambda: ["`data check <a>` lists each"])
    started = datetime.datetime.now(datetime.UTC).isoformat()
    html = provenance.box("08_x", {}, started=started).data
    assert "<td><code>data check &lt;a&gt;</code> lists each</td>" in html
