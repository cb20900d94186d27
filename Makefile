# The commands of this checkout; `make help` lists them. They need GNU make and Python: all else is installed into .venv.

# As requires-python in pyproject.toml.
OLDEST := 3.11
PYTHON ?= python3
ORIGIN := $(origin PYTHON)
ARGS ?=
FRAMEWORKS ?= jax,torch
comma := ,
# Most of a test's time is compiling, on one core each.
PARALLEL ?= -n auto --maxprocesses=8

.PHONY: help compare test coverage docs lint types layers clean with-frameworks with-dev
# There is one .venv: one thing at a time.
.NOTPARALLEL:

help:
	@printf '%s\n' \
	  'make compare   compare JAX with PyTorch: first the numbers, then the times; ARGS=--quick for a short one' \
	  '               FRAMEWORKS=jax,torch,tensorflow for TensorFlow beside them' \
	  'make test      run the tests; ARGS="-k optim" for some of them' \
	  'make coverage  measure what has changed against PyTorch, and write docs/coverage.md' \
	  'make docs      the same, and the pages in docs/ that are written by running what they show' \
	  'make lint      check style and format' \
	  'make types     check types' \
	  'make layers    check that each part imports only from those below it' \
	  'make clean     remove .venv and the caches; what experiments wrote stays' \
	  '' \
	  'The first call installs into .venv, which needs the network once. PYTHON=python3.12 names the Python ($(OLDEST) or newer).'

compare: with-frameworks
	.venv/bin/python -m experiments.compare_frameworks --frameworks $(FRAMEWORKS) $(ARGS)

test: with-dev
	.venv/bin/python -m pytest $(PARALLEL) $(ARGS)

# What has changed since docs/coverage.json was measured, against PyTorch; and the pages that run what they show.
coverage: with-dev
	.venv/bin/python -m jaxdl.parity.coverage $(ARGS)

docs: coverage
	.venv/bin/python -m docs.pytorch_to_jax
	.venv/bin/python -m docs.porting

lint: with-dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .

types: with-dev
	.venv/bin/python -m mypy

# import-linter has no `python -m`, and its script's first line would not survive a directory with a space in its name.
layers: with-dev
	.venv/bin/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

clean:
	rm -rf .venv .venv-newest .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find jaxdl experiments tests -name __pycache__ -prune -exec rm -rf {} +

# .venv/installed says what .venv holds: the directory and extras it was made for, and the pyproject.toml of that time. It is
# written last. Meanwhile it says `unfinished`, and the next call makes .venv anew. A .venv without one is the user's own: it is
# used, if it works.
define PREPARE
set -eu
probe="import sys; print('%d.%d.%d' % sys.version_info[:3]); sys.exit(sys.version_info < (${OLDEST%.*}, ${OLDEST#*.}))"
say() { printf 'jaxdl: %s\n' "$1"; }
fail() { say "$1" >&2; exit 1; }
example='as in: make test PYTHON=python3.12'

look_at_python() {
    command -v "$PYTHON" >/dev/null ||
        fail "there is no '$PYTHON' here; install Python $OLDEST or newer, or name yours, $example"
    given=$("$PYTHON" -c "$probe") && return
    [ -n "$given" ] || fail "'$PYTHON' does not run (its own reason stands above); name a Python $OLDEST or newer, $example"
    fail "'$PYTHON' is Python $given, and jaxdl needs $OLDEST or newer; name one, $example"
}

found=$(.venv/bin/python -c "$probe" 2>/dev/null) || found=
made=$(head -n 1 .venv/installed 2>/dev/null) || made=
case $made in
    "$(pwd -P)") ;;
    '') .venv/bin/python -m pip --version >/dev/null 2>&1 || found= ;;
    *) found= ;; # unfinished, or moved here
esac
given=
if [ "$ORIGIN" != file ]; then # a Python that was named is the one that is used
    look_at_python
    [ "$found" = "$given" ] || found=
fi

if [ -z "$found" ]; then
    [ -n "$given" ] || look_at_python
    # The activated .venv is no Python to make .venv anew with: the one behind it is.
    base=$("$PYTHON" -c 'import sys; from ensurepip import version; print(sys._base_executable)' 2>/dev/null) ||
        fail "'$PYTHON' (Python $given) cannot make virtual environments; on Debian and Ubuntu: apt install python${given%.*}-venv"
    say "making .venv with $PYTHON (Python $given)"
    rm -rf .venv
    mkdir .venv
    echo unfinished >.venv/installed
    "$base" -m venv .venv || fail "'$PYTHON' could not make .venv; its own reason stands above"
fi

state() { pwd -P; echo "$1"; cat pyproject.toml; }
before=$(cat .venv/installed 2>/dev/null) || before=
held=$(printf '%s\n' "$before" | sed -n 2p)
all= # what was installed stays
for extra in torch tensorflow dev; do
    case ",$held,$EXTRAS," in *",$extra,"*) all=$all${all:+,}$extra ;; esac
done
[ "$before" != "$(state "$all")" ] || exit 0

install() {
    .venv/bin/python -m pip install --disable-pip-version-check -e ".[$all]" && state "$all" >.venv/installed
}
say "installing jaxdl[$all] into .venv; the first time takes minutes"
export PIP_RETRIES="${PIP_RETRIES:-2}"
echo unfinished >.venv/installed
case $before in
    unfinished) install || : ;; # straight to the terminal: pip draws its progress there
    *) install | grep -v '^Requirement already satisfied' || : ;;
esac
[ "$(cat .venv/installed)" = unfinished ] || exit 0
if [ -n "$before" ]; then printf '%s\n' "$before" >.venv/installed; else rm .venv/installed; fi
fail "installing failed; it needs the network once, and pip's own reason stands above"
endef

with-frameworks: export EXTRAS := torch$(if $(findstring tensorflow,$(FRAMEWORKS)),$(comma)tensorflow)
with-dev: export EXTRAS := torch,dev
with-frameworks with-dev: export SCRIPT := $(value PREPARE)
with-frameworks with-dev: export OLDEST := $(OLDEST)
with-frameworks with-dev: export PYTHON := $(PYTHON)
with-frameworks with-dev: export ORIGIN := $(ORIGIN)
with-frameworks with-dev:
	@sh -c "$$SCRIPT"
