"""One file over HTTP, which goes on where an earlier attempt broke off: the downloader that pooch is given."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TIMEOUT = (30, 30)  # seconds, to a connection and between two pieces
PIECE = 2**16


class TransferError(Exception):
    """A transfer that did not reach its end; the text says why."""


class Transfer:
    """Downloads to a part file, and from there to where pooch wants it once all is here.

    A part file that is there already is continued (HTTP's Range), or begun again where the server cannot do that.

    Attributes:
        received: bytes that this transfer brought, and from which another may go on.
        resumed: whether the file began with bytes of an earlier one.
    """

    def __init__(self, part: Path, limit: int) -> None:
        self.part, self.limit = part, limit
        self.received, self.resumed = 0, False

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download; `TransferError` where that fails, and what came until then stays in the part file."""
        import requests
        from urllib3.exceptions import HTTPError

        try:
            self._take(url)
        except (requests.RequestException, HTTPError) as error:
            raise TransferError(_reason(error)) from error
        os.replace(self.part, output_file)

    def _take(self, url: str) -> None:
        import requests

        held = self.part.stat().st_size if self.part.is_file() else 0
        # identity: a server that calls a .gz file an encoding would have it unpacked on the way.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={held}-"} if held else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            self.resumed = held > 0 and answer.status_code in (206, 416)
            if held and answer.status_code == 416:
                return  # nothing follows what is here: whole, or wrong, as the checksum will say
            answer.raise_for_status()
            if self.resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
                self.part.unlink()
                raise TransferError("the server sent another part of the file than was asked for")
            self._write(answer, url, held if self.resumed else 0)

    def _write(self, answer: Any, url: str, start: int) -> None:
        announced = answer.headers.get("Content-Length", "")
        total = start + int(announced) if announced.isdecimal() else None
        with open(self.part, "ab" if start else "wb") as stream, _bar(url, start, total) as tell:
            for piece in answer.raw.stream(PIECE, decode_content=False):
                stream.write(piece)
                self.received += len(piece)
                if stream.tell() > self.limit:
                    break
                tell(len(piece))
            size = stream.tell()
        if size > self.limit:
            self.part.unlink()
            self.received = 0
            raise TransferError(f"it sends more than the file's {self.limit:,} bytes")
        if total is not None and size < total:
            raise TransferError(f"the connection broke after {size:,} of {total:,} bytes")


def _reason(error: Exception) -> str:
    """Why a transfer broke, in a few words."""
    import requests
    from urllib3.exceptions import ProtocolError, ReadTimeoutError

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}".strip()
    if isinstance(error, requests.exceptions.SSLError):
        return "no connection that can be trusted: its certificate was refused"
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return f"no answer in {TIMEOUT[1]} seconds"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the connection broke" if isinstance(error, ProtocolError) else str(error)


@contextmanager
def _bar(url: str, start: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar of progress on stderr where that is a terminal, and a line where it is not."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        size = "" if total is None else f", {total / 1e6:,.1f} MB"
        print(f"jaxdl: downloads {url}{size}", file=sys.stderr)
        yield lambda received: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(url.rpartition("/")[2], total=total, completed=start)
        yield lambda received: progress.update(task, advance=received)
