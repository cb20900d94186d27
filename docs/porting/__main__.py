"""Write docs/porting.md: the story of a port, from its first draft to the last agreement.

    python -m docs.porting            # runs every stage and writes the page
    python -m docs.porting --json     # runs every stage and prints the page and what was found

A stage is first_draft.py with the mends of the stages before it; after the last one it is gpt2.py. Each stands in for
gpt2.py while side_by_side.py runs, as if somebody edited the file and ran `jaxdl diff` again.
"""

import difflib
import json
import runpy
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.porting.story import END, HEAD, REFUSED, STAGES, Stage

HERE = Path(__file__).parent
WIDTH = 119
PAGE = HERE.parent / "porting.md"


@dataclass(frozen=True)
class Told:
    """A stage that was run.

    Attributes:
        stage: what was done to the draft.
        before, after: the port's text without its mends and with them.
        printed: what `jaxdl diff` prints of it then.
        found: the causes, in order.
    """

    stage: Stage
    before: str
    after: str
    printed: str
    found: tuple[str, ...]


def text(name: str) -> str:
    """A file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


def mended(source: str, stage: Stage) -> str:
    """A port's text with a stage's mends.

    Raises:
        ValueError: there is nothing to mend.
    """
    for old, new in stage.mends:
        if old not in source:
            raise ValueError(f"{stage.title}: the port has no {old!r}")
        source = source.replace(old, new)
    return source


def port(source: str) -> ModuleType:
    """The module gpt2 with this text."""
    module = ModuleType("gpt2")
    exec(compile(source, str(HERE / "gpt2.py"), "exec"), vars(module))
    return module


def side_by_side(source: str) -> dict[str, Any]:
    """What side_by_side.py defines with this text for gpt2.py."""
    sys.modules["gpt2"] = port(source)
    try:
        return runpy.run_path(str(HERE / "side_by_side.py"))
    finally:
        del sys.modules["gpt2"]


def tell() -> Iterator[Told]:
    """Every stage, run."""
    from jaxdl import parity
    from jaxdl.cli import NEEDED, OPTIONAL

    after = text("first_draft.py")
    for stage in STAGES:
        before, after = after, mended(after, stage)
        both = side_by_side(after)
        found = parity.diff(**{name: both[name] for name in (*NEEDED, *OPTIONAL) if name in both})
        yield Told(stage, before, after, str(found), tuple(first.cause for first in found.firsts))


def refused() -> str:
    """What bridge.load_into says of the draft and the checkpoint as it is."""
    straight = text("first_draft.py").replace("array if array.shape == shapes[name] else array.T", "array")
    try:
        side_by_side(straight)
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("the draft took the checkpoint as it is")


def changes(told: Told) -> str:
    """The mends as lines that go and lines that come."""
    lines = difflib.unified_diff(told.before.splitlines(), told.after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def render(refusal: str, story: list[Told]) -> str:
    """The page."""
    files = {name: text(f"{name}.py").strip() for name in ("side_by_side", "first_draft")}
    wrapped = "\n".join(textwrap.wrap(refusal, WIDTH))
    parts = [HEAD.format(**files), REFUSED.format(refusal=wrapped)]
    for told in story:
        parts.append(f"## {told.stage.title}\n")
        if told.stage.mends:
            parts.append(f"{told.stage.mending}\n\n```diff\n{changes(told)}\n```\n")
        parts.append(f"```text\n{told.printed}\n```\n\n{told.stage.reading}\n")
    return "\n".join([*parts, END])


def main() -> None:
    """Run every stage; write the page, or print it."""
    import jaxdl  # noqa: F401  the runtime guard comes before jax

    refusal, story = refused(), list(tell())
    page = render(refusal, story)
    if "--json" in sys.argv:
        found = {told.stage.title: told.found for told in story}
        print(json.dumps({"found": found, "page": page, "last": story[-1].after}))
        return
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
