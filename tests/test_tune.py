"""`runtime.tune`: what it sets, what it refuses, and that a second start reads what the first compiled."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from jaxdl import runtime

# Prints how many programs were read and compiled, and the bits that they computed.
COUNT = """
import jax, numpy as np
from jaxdl import runtime
assert runtime.tune().cache == "on"
counts = {}
jax.monitoring.register_event_listener(lambda event, **_: counts.update({event: counts.get(event, 0) + 1}))
"""
PRINT = """
read, compiled = (counts.get(f"/jax/compilation_cache/cache_{what}", 0) for what in ("hits", "misses"))
print(read, compiled, *[np.asarray(value).tobytes().hex() for value in values])
"""
FUNCTIONS = """
x = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
def powers(a):
    return jax.lax.fori_loop(0, 9, lambda _, b: b @ a, a)
values = [jax.jit(function)(x) for function in (powers, lambda a: jax.numpy.tanh(a @ a), lambda a: a.sum(0))]
"""
TRAINING = """
from jaxdl import data, functional, nn, optim, train
x = np.random.RandomState(0).randn(16, 1, 8, 8).astype(np.float32)
model = lambda rngs: nn.Sequential(nn.Conv2d(1, 2, 3, rngs=rngs), nn.Flatten(), nn.Linear(72, 3, rngs=rngs))
program = train.supervised(model, functional.cross_entropy, optim.adam(0.1))
state, _ = train.fit(program, data.ArraySource((x, np.arange(16) % 3), 8), 2, progress=False)
values = jax.tree.leaves((state.params, state.opt_state))
"""


def python(code, *flags, **environment):
    """What `python -c code` prints, on stdout and on stderr, with no cache named but here."""
    names = ("JAX_COMPILATION_CACHE_DIR", runtime.SWITCH, runtime.FOLDER, "XDG_CACHE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**kept, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def entries(folder):
    return sorted(folder.rglob("*-cache"))


@pytest.mark.parametrize("work", [FUNCTIONS, pytest.param(TRAINING, marks=pytest.mark.slow)])
def test_a_second_start_reads_what_the_first_compiled_and_computes_the_same_bits(tmp_path, work):
    def start():
        printed, errors = python(COUNT + work + PRINT, "-W", "error", XDG_CACHE_HOME=str(tmp_path))
        if "cpu_aot_loader" in errors:
            pytest.xfail("on some Intel processors jax refuses all that it kept: jax issue 38445")
        assert errors == ""
        read, compiled, *bits = printed[0].split()
        return int(read), int(compiled), bits

    read, compiled, bits = start()
    folder = tmp_path / "jaxdl" / "xla"
    assert (read, compiled) == (0, len(entries(folder)))
    assert [place.stat().st_mode & 0o777 for place in (folder.parent, folder, *folder.iterdir())] == [0o700] * 3

    cut, changed = entries(folder)[:2]
    cut.write_bytes(cut.read_bytes()[:100])  # as by a process that was killed while it wrote: the sweep finds it
    content = bytearray(changed.read_bytes())
    content[50] ^= 255  # after the sweep has seen it, as by a failing disk: jax finds it, says nothing and compiles
    changed.write_bytes(content)
    changed.chmod(0o400)
    assert start() == (compiled - 2, 2, bits)
    assert zlib.decompress(cut.read_bytes())


def test_import_jaxdl_tunes_nothing():
    rooms = "autodiff, bridge, compare, data, experiment, functional, metrics, nn, optim, parity, random, report, train"
    code = (
        f"from jaxdl import {rooms}; import experiments.__main__, jax; from jaxdl import runtime\n"
        "print(runtime.keep_freed_memory.cache_info().misses, jax.config.jax_compilation_cache_dir,"
        "jax.config.jax_persistent_cache_min_compile_time_secs)"
    )
    printed, _ = python(code)
    assert printed == ["0 None 1.0"]


START = """
import sys
from jaxdl.experiment import find
import jax
from jaxdl import train
programs = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, _, **about: programs.append(about) if event.endswith("backend_compile_duration") else None
)
class Stop(train.Callback):
    def call_ended(self, run):
        run.stopped = "one is enough"
found = find("supervised/mlp")
train.fit(found.program(found.config()), found.source(found.config()), 1, progress=False, callbacks=[Stop()])
others = [name for name in sys.modules if name.count(".") == 2 and name.startswith("experiments.")]
print(len(programs), "sklearn" in sys.modules, *others)
"""


def test_a_first_step_compiles_little_and_imports_only_what_it_needs():
    """A program for each small array, and every other experiment, were most of a start."""
    printed, _ = python(START)
    compiled, sklearn, *experiments = printed[0].split()
    assert int(compiled) <= 4  # two make the key, one the optimiser's state, and the step
    assert (sklearn, experiments) == ("False", ["experiments.supervised.mlp"])


def test_the_environment_turns_it_off_and_jaxs_own_folder_stays(tmp_path):
    code = "from jaxdl import runtime; print(runtime.tune()); import jax; print(jax.config.jax_compilation_cache_dir)"
    printed, _ = python(code, XDG_CACHE_HOME=str(tmp_path), JAXDL_TUNE="0")
    assert printed == ["Tuned(allocator='JAXDL_TUNE=0', cache='JAXDL_TUNE=0', folder=None)", "None"]
    printed, _ = python(code, XDG_CACHE_HOME=str(tmp_path), JAX_COMPILATION_CACHE_DIR=str(tmp_path / "hers"))
    assert printed[1] == str(tmp_path / "hers")
    assert not (tmp_path / "jaxdl").exists()


def test_a_folder_of_others_is_refused_in_one_sentence_and_the_program_goes_on(tmp_path):
    tmp_path.chmod(0o777)
    printed, errors = python("from jaxdl import runtime; print(runtime.tune())", JAXDL_CACHE_DIR=str(tmp_path / "mine"))
    assert "folder=None" in printed[0]
    assert errors.splitlines() == [
        f"compiled programs are not kept for the next start: others may write to {tmp_path}, and could put programs "
        f"there for you to run; chmod go-w {tmp_path} cures it"
    ]
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(("mode", "allowed"), [(0o755, True), (0o777, False), (0o1777, True), (0o772, False)])
def test_what_lies_above_must_not_be_writable_by_others(tmp_path, mode, allowed):
    folder = tmp_path / "above" / "cache"
    folder.mkdir(parents=True)
    folder.parent.chmod(mode)
    if allowed:
        runtime.require_own(folder)
    else:
        with pytest.raises(PermissionError, match=f"others may write to {folder.parent}, .*chmod go-w"):
            runtime.require_own(folder)


def test_a_group_may_write_where_the_user_is_alone_in_it(tmp_path, monkeypatch):
    tmp_path.chmod(0o770)
    monkeypatch.setattr(runtime, "users_own", lambda group: True)
    runtime.require_own(tmp_path)
    monkeypatch.setattr(runtime, "users_own", lambda group: False)
    with pytest.raises(PermissionError, match="others may write"):
        runtime.require_own(tmp_path)


def test_a_sticky_folder_is_no_cache_itself(tmp_path):
    tmp_path.chmod(0o1777)
    with pytest.raises(PermissionError, match="others may write"):
        runtime.require_own(tmp_path)


def test_folders_and_links_of_another_user_are_refused(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    runtime.require_own(tmp_path / "link" / "xla")
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    if tmp_path.stat().st_uid:
        with pytest.raises(PermissionError, match="belongs to another user"):
            runtime.require_own(tmp_path / "link" / "xla")
    else:
        runtime.require_own(tmp_path / "link" / "xla")  # root may do anything anyway


def test_where_programs_are_kept(monkeypatch):
    monkeypatch.setenv("JAXDL_CACHE_DIR", "/a")
    assert runtime.cache_folder() == Path("/a/xla")
    monkeypatch.delenv("JAXDL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert runtime.cache_folder() == Path("/b/jaxdl/xla")


@pytest.mark.usefixtures("uncached")
def test_without_a_home_there_is_no_cache(monkeypatch, caplog):
    for name in ("JAXDL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where HOME is unset, and the user unknown
    assert "home" in runtime.tune(allocator=False).cache
    assert "home" in caplog.text


def test_beyond_the_limit_what_was_not_used_for_longest_goes(tmp_path):
    for age, name in enumerate(("new", "older", "oldest")):
        file = tmp_path / f"{name}-cache"
        file.write_bytes(zlib.compress(bytes(1000), level=0))
        os.utime(file, (1e9 - age, 1e9 - age))
    (tmp_path / "another").write_bytes(bytes(5000))
    runtime.sweep(tmp_path, largest=2500)
    assert [file.name for file in entries(tmp_path)] == ["new-cache", "older-cache"]
    assert (tmp_path / "another").exists()


def test_doctor_says_where_they_are_and_how_to_be_rid_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXDL_CACHE_DIR", str(tmp_path))
    assert runtime.cache_state() == f"{tmp_path}/xla: empty"
    (tmp_path / "xla").mkdir()
    (tmp_path / "xla" / "jit_f-cache").write_bytes(bytes(10**6))
    assert runtime.cache_state() == f"{tmp_path}/xla: 1 programs, 1.0 MB; rm -r {tmp_path}/xla empties it"
    tmp_path.chmod(0o777)
    assert runtime.cache_state().startswith(f"refused: others may write to {tmp_path}")
