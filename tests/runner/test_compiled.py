"""What the set-up compiles is what the work calls, in every type."""

import subprocess
import sys

from msstgcn import paths

SCRIPT = """
from numba.core.registry import CPUDispatcher
from msstgcn.datasets import synthetic
from msstgcn.faces import kernel
from msstgcn.motion import head, patches
from msstgcn.motion.extract import extract
from msstgcn.network import kernels
from msstgcn.runner import compiled
from msstgcn.settings import SyntheticSettings

def known():
    loops = [one for module in (kernel, head, patches) for one in vars(module).values()]
    return {one.py_func: one.signatures for one in loops if isinstance(one, CPUDispatcher)}

compiled.draw()
compiled.follow()
compiled.train()
before = {loop: list(types) for loop, types in known().items()}
video = synthetic(SyntheticSettings(subjects=2, videos=1, seconds=3.0, size=240, iod=60.0)).videos[0]
assert len(extract(video).flow) == len(video)
more = [loop.__name__ for loop, types in known().items() if types != before[loop]]
assert not more, more
assert before[kernel.paint.py_func] and before[patches._track.py_func] and before[head._fit.py_func]
made = kernels.patch_loops.cache_info().currsize, kernels.norm_loops.cache_info().currsize
assert all(made), made
"""


def test_real_work_needs_no_loop_that_the_set_up_has_not_compiled():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_set_up_ends_with_it():
    recipe = (paths.project_root() / "Makefile").read_text().split("$(VENV)/.ready:")[1].split("\n\n")[0]
    assert recipe.splitlines()[-2].endswith("-m msstgcn.runner.compiled")
