"""The checkpoints in a folder: which are whole, and which are kept."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from jaxdl.train.checkpoint.integrity import checksums, first_damage, read_json, write_whole

FORMAT = 3
FIELDS = {
    **dict.fromkeys(("step", "epoch", "batch"), int),
    **dict.fromkeys(("epochs", "measures"), list),
    **dict.fromkeys(("files", "tensors", "identity", "remembered"), dict),
}


class CheckpointError(ValueError):
    """A checkpoint could not be written, or cannot be resumed from; the message names the last good one."""


class Saved:
    """The checkpoints in a folder: `<step>/` as Orbax writes it, and `<step>.json`, without which it does not count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """The steps of the checkpoints that were written to their end, in order."""
        return sorted(int(file.stem) for file in self.folder.glob("*.json") if re.fullmatch("[0-9]{9,}", file.stem))

    def place(self, step: int) -> Path:
        """Where the arrays of a checkpoint are."""
        return self.folder / f"{step:09d}"

    def choose(self, wanted: int | None) -> tuple[int, dict[str, Any]]:
        """The newest checkpoint, or that of a step, and what it says of itself.

        Raises:
            CheckpointError: there is none, or it is damaged.
        """
        steps = self.steps()
        if not steps or (wanted is not None and wanted not in steps):
            there = f"there are those of steps {', '.join(map(str, steps))}" if steps else "there is none"
            which = "" if wanted is None else f" of step {wanted}"
            raise CheckpointError(f"there is no checkpoint{which} in {self.folder} to go on from; {there}")
        step = steps[-1] if wanted is None else wanted
        record = self.record(step)
        if record.get("format") != FORMAT:
            raise CheckpointError(
                f"the checkpoint of step {step} in {self.folder} has format {record.get('format')}, and this jaxdl "
                f"reads {FORMAT}"
            )
        return step, record

    def record(self, step: int) -> dict[str, Any]:
        """What a checkpoint says of itself, its files seen to be whole.

        Raises:
            CheckpointError: it is damaged; the error names the newest good one before it.
        """
        try:
            record = read_json(self.place(step).with_suffix(".json"))
            own = record.pop("checksum", None)
            if own != digest(record):
                raise ValueError("its .json file is not what was written (truncated or altered)")
            wrong = [name for name, kind in FIELDS.items() if not isinstance(record.get(name), kind)]
            if record.get("format") == FORMAT and wrong:
                raise ValueError(f"its .json file lacks the {wrong[0]}, or holds something else there")
            damage = first_damage(self.place(step), record.get("files", {}))
            if damage is not None:
                raise ValueError(damage)
        except (ValueError, OSError) as error:
            raise CheckpointError(
                f"the checkpoint of step {step} in {self.folder} is damaged: {error}; {self._older(step)}"
            ) from None
        return record

    def _older(self, step: int) -> str:
        for older in reversed([found for found in self.steps() if found < step]):
            try:
                self.record(older)
            except CheckpointError:
                continue
            return f"the one of step {older} is good: resume={older} (--resume {older}) goes on from there"
        return "there is no good one before it"

    def commit(self, step: int, record: dict[str, Any]) -> None:
        """Make a checkpoint of the files that were written for it."""
        record = {**record, "files": checksums(self.place(step))}
        write_whole(self.place(step).with_suffix(".json"), json.dumps({**record, "checksum": digest(record)}))

    def remove(self, step: int) -> None:
        """Remove a checkpoint; what is left if that is cut short does not count."""
        self.place(step).with_suffix(".json").unlink(missing_ok=True)
        shutil.rmtree(self.place(step), ignore_errors=True)

    def clear_unfinished(self) -> None:
        """Remove what killed runs left half-written."""
        known = {self.place(step).name for step in self.steps()}
        for found in self.folder.glob("[0-9]" * 9 + "*"):
            if found.is_dir() and found.name not in known:
                shutil.rmtree(found, ignore_errors=True)

    def set_aside_after(self, step: int) -> None:
        """Put checkpoints of later steps aside: the run goes on from this one."""
        for later in [found for found in self.steps() if found > step]:
            aside = self.folder / f"aside-{later:09d}"
            shutil.rmtree(aside, ignore_errors=True)
            self.place(later).with_suffix(".json").unlink()
            if self.place(later).is_dir():
                self.place(later).rename(aside)


def digest(record: dict[str, Any]) -> str:
    """The checksum of what a checkpoint says of itself."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
