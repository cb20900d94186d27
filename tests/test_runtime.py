"""The guard against jaxlib 0.10.2's wrong numbers, in processes of their own: jax reads its flags once."""

import os
import subprocess
import sys

import pytest

import jaxdl
from jaxdl import _runtime

ERROR = "from jaxdl import _runtime; print(_runtime.largest_error())"
ROUNDING = 1e-3


def python(code, **environment):
    """What `python -c code` prints, with XLA_FLAGS as given and otherwise unset."""
    kept = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env={**kept, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


affected = pytest.mark.skipif(
    _runtime.jaxlib_version() not in _runtime.AFFECTED, reason="this jaxlib computes the case right by itself"
)


def test_with_the_guard_the_known_case_is_right():
    printed, _ = python(f"import jaxdl; {ERROR}")
    assert float(printed) < ROUNDING


@affected
def test_without_the_guard_it_is_wrong():
    """Holds the reason for the guard: where this fails, the guard has become superfluous."""
    unguarded = (
        "import sys, types; import jax; jax.devices(); import warnings; warnings.simplefilter('ignore'); " + ERROR
    )
    printed, _ = python(unguarded)
    assert float(printed) > 1


@affected
def test_the_guard_is_appended_to_the_users_flags():
    printed, _ = python("import jaxdl, os; print(os.environ['XLA_FLAGS'])", XLA_FLAGS="--xla_dump_max_hlo_modules=1")
    assert printed == f"--xla_dump_max_hlo_modules=1 {_runtime.GUARD}"


@affected
def test_a_flag_that_the_user_named_stays_hers():
    hers = f"{_runtime.GUARD_NAME}=individual_dot"
    printed, errors = python(
        "import jaxdl, os; from jaxdl import _runtime; print(os.environ['XLA_FLAGS'], _runtime.guard_state())",
        XLA_FLAGS=hers,
    )
    assert printed == f"{hers} set by you"
    assert "RuntimeWarning" not in errors


@affected
def test_it_says_once_that_jax_was_already_running():
    _, errors = python("import jax; jax.devices(); import jaxdl; from jaxdl import nn, optim")
    assert errors.count("import jaxdl before the first jax computation") == 1


def test_importing_jax_before_jaxdl_is_early_enough():
    printed, errors = python(f"import jax, jax.numpy; import jaxdl; {ERROR}")
    assert float(printed) < ROUNDING
    assert "RuntimeWarning" not in errors


def test_import_jaxdl_brings_nothing_optional():
    loaded, _ = python("import sys; import jaxdl; print(*sys.modules)")
    heavy = {"torch", "matplotlib", "sklearn", "pandas", "jinja2", "rich", "click", "scipy.stats", "orbax"}
    assert not heavy & set(loaded.split())


def test_every_room_imports_without_anything_optional():
    rooms = list(jaxdl.__all__)
    loaded, _ = python(f"import sys; import jaxdl; [getattr(jaxdl, room) for room in {rooms}]; print(*sys.modules)")
    assert not {"torch", "matplotlib", "sklearn"} & set(loaded.split())


def test_doctor_reports_a_sound_machine():
    printed, _ = python("import sys; sys.argv = ['jaxdl', 'doctor']; import jaxdl.__main__")
    assert "right: largest error" in printed
    assert "jaxlib" in printed
