"""The collector works less, and still works."""

import subprocess
import sys
import textwrap


def printed(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_it_looks_less_often_and_leaves_the_end_alone():
    program = """
        import atexit, gc
        from msstgcn.runner.garbage import collect_rarely
        before = gc.get_threshold()[0]
        atexit.register(lambda: print(gc.get_freeze_count() > 0))  # runs last
        collect_rarely()
        print(gc.isenabled(), gc.get_threshold()[0] > before, gc.get_freeze_count() > 0)
    """
    assert printed(program) == ["True", "True", "False", "True"]


def test_what_refers_to_itself_is_still_collected():
    program = """
        import weakref
        from msstgcn.runner.garbage import collect_rarely
        collect_rarely()
        class Ring:
            def __init__(self):
                self.me = self
        first = weakref.ref(Ring())
        for _ in range(100_000):
            Ring()
        print(first() is None)
    """
    assert printed(program) == ["True"]
