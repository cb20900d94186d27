"""A server on this machine alone, which can be told to fail."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class Server(ThreadingHTTPServer):
    """Serves bytes by path.

    Attributes:
        files: what there is.
        ranges: whether a part of a file may be asked for.
        shift: bytes by which it misses the part that is asked for.
        drops: for each coming request, the bytes after which the connection breaks; None is never.
        pause: seconds between two pieces.
        asked: path and Range of each request so far.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges, self.shift = True, 0
        self.drops: list[int | None] = []
        self.pause = 0.0
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + self.server.shift}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = self.server.drops.pop(0) if self.server.drops else None
        self._send(content[start:] if end is None else content[start : start + end])

    def _send(self, content: bytes) -> None:
        for place in range(0, len(content), 2**16):
            try:
                self.wfile.write(content[place : place + 2**16])
            except OSError:  # the other side is gone
                return
            time.sleep(self.server.pause)

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def checksums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.fixture
def small_disk() -> Callable[[int], AbstractContextManager[None]]:
    """No file can grow beyond so many bytes meanwhile."""
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def publish(server: Server, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Puts a data set's files on the server; gives the arguments with which its function finds them there."""

    def put(data_set: str, files: Mapping[str, bytes]) -> dict[str, Any]:
        server.files |= {f"/{data_set}/{name}": content for name, content in files.items()}
        return {"folder": tmp_path / "cache", "mirrors": [server.address], "checksums": checksums(files)}

    return put


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Puts a data set's files into the cache by hand; gives the arguments with which its function finds them there."""

    def put(data_set: str, files: Mapping[str, bytes]) -> dict[str, Any]:
        folder = tmp_path / "by hand" / data_set
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return {"folder": folder.parent, "mirrors": [], "checksums": checksums(files)}

    return put
