"""Write docs/pytorch-to-jax.md from the snippets beside this file.

    python -m docs.pytorch_to_jax            # runs them all and writes the page
    python -m docs.pytorch_to_jax --json     # runs them all and prints what was measured

Each file begins with its imports; then come the snippets, `# %% title`, a comment, and code that leaves `theirs`
(PyTorch), `stock` (Flax, optax or jax.numpy) and `ours` (jaxdl). Whoever refuses leaves the error's name.
"""

import json
import platform
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "pytorch-to-jax.md"
FILES = ("layers", "normalisation", "activations", "losses", "recurrence", "numerics", "optimisation")
ALLOWED = 1e-10
HEAD = """# From PyTorch to JAX: what differs and does not say so

Every place that we know of where stock Flax, optax or jax.numpy silently does something else than PyTorch 2.13: the
difference, measured, and what jaxdl does. All in float64 unless said otherwise. Each snippet runs after the imports of
its section, and all after `docs/pytorch_to_jax/prelude.py`:

```python
{prelude}
```

`Δ stock` is the largest difference between `theirs` and `stock`, `Δ jaxdl` between `theirs` and `ours`; below 1e-10 it
is called rounding. The page is generated (`make docs`), and a test runs every snippet.
"""
PRELUDE = (HERE / "prelude.py").read_text(encoding="utf-8").partition("\n\n")[2]


@dataclass(frozen=True)
class Snippet:
    """One difference."""

    section: str
    title: str
    text: str
    code: str


@dataclass(frozen=True)
class Section:
    """A file of them."""

    title: str
    imports: str
    snippets: tuple[Snippet, ...]


def section(name: str) -> Section:
    """A file's docstring, imports and snippets."""
    head, *parts = re.split(r"^# %% ", (HERE / f"{name}.py").read_text(encoding="utf-8"), flags=re.MULTILINE)
    title, _, imports = head.partition("\n")
    snippets = []
    for part in parts:
        heading, _, body = part.partition("\n")
        comment = re.match(r"(?:# .*\n)+", body)
        assert comment, f"{name}: {heading} has no comment"
        text = " ".join(line.removeprefix("# ") for line in comment[0].splitlines())
        snippets.append(Snippet(name, heading, text, body[comment.end() :].strip("\n")))
    return Section(title.strip('"').rstrip("."), imports.strip("\n"), tuple(snippets))


def measure() -> dict[str, dict[str, Any]]:
    """By title: how far stock and ours are from theirs, in words, and whether that is as it should be."""
    found = {}
    for name in FILES:
        part = section(name)
        scope: dict[str, Any] = {}
        exec(compile(part.imports, f"{name}.py", "exec"), scope)
        for snippet in part.snippets:
            for left in ("allowed", "only_on"):
                scope.pop(left, None)
            exec(compile(snippet.code, f"{name}.py, {snippet.title}", "exec"), scope)
            stock, _ = _difference(scope["theirs"], scope["stock"])
            ours, agrees = _difference(scope["theirs"], scope["ours"], scope.get("allowed", ALLOWED))
            differs = not _difference(scope["theirs"], scope["stock"], scope.get("allowed", ALLOWED))[1]
            here = scope.get("only_on", platform.machine()) == platform.machine()
            found[snippet.title] = {"stock": stock, "ours": ours, "holds": (agrees and differs) or not here}
    return found


def _difference(theirs: Any, found: Any, allowed: float = ALLOWED) -> tuple[str, bool]:
    """In words, and whether it is rounding."""
    import numpy as np

    if isinstance(theirs, str) or isinstance(found, str):
        both = isinstance(theirs, str) and isinstance(found, str)
        return ("refuses as well" if both else f"PyTorch refuses ({theirs})"), both
    a, b = (np.asarray(t.detach() if hasattr(t, "detach") else t) for t in (theirs, found))
    if a.shape != b.shape:
        return f"shape {a.shape} against {b.shape}", False
    if np.isnan(b).any() and not np.isnan(a).any():
        return "NaN", False
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if not np.isfinite(a[~same]).all():
        return "inf against a number", False
    wide = np.result_type(a, b, np.float64)  # integers would wrap
    gap = float(np.abs(np.where(same, 0, a).astype(wide) - np.where(same, 0, b).astype(wide)).max(initial=0.0))
    return ("rounding" if gap <= min(allowed, ALLOWED) else f"{gap:.1e}"), gap <= allowed


def render(measured: dict[str, dict[str, Any]]) -> str:
    """The page."""
    lines = [HEAD.format(prelude=PRELUDE.strip())]
    lines += ["| difference | Δ stock | Δ jaxdl |", "|---|---|---|"]
    for name in FILES:
        for s in section(name).snippets:
            link = re.sub(r"[^\w\- ]", "", s.title.lower()).replace(" ", "-")
            one = measured[s.title]
            lines.append(f"| [{s.title.replace('|', chr(92) + '|')}](#{link}) | {one['stock']} | {one['ours']} |")
    for name in FILES:
        part = section(name)
        lines += ["", f"## {part.title}", "", "```python", part.imports, "```"]
        for s in part.snippets:
            one = measured[s.title]
            lines += ["", f"### {s.title}", "", *textwrap.wrap(s.text, 119), "", "```python", s.code, "```", ""]
            lines.append(f"Δ stock: **{one['stock']}** · Δ jaxdl: **{one['ours']}**")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run every snippet; write the page, or print what was measured."""
    import jaxdl  # noqa: F401  the runtime guard comes before jax
    from docs.pytorch_to_jax import prelude  # noqa: F401  float64, before any array is made

    measured = measure()
    if "--json" in sys.argv:
        print(json.dumps({"measured": measured, "page": render(measured)}))
        return
    wrong = [f"{title}: {one}" for title, one in measured.items() if not one["holds"]]
    if wrong:
        sys.exit("not as the page says:\n" + "\n".join(wrong))
    PAGE.write_text(render(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
