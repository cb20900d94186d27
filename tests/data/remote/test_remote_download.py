"""Downloads: checked, continued, from mirrors, one process at a time, and never half."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxdl.data import remote
from jaxdl.data.remote.registry import FILES
from tests.data.remote import forms

IMAGES = forms.IDX_NAMES[0]
LARGE = forms.digits(train=1000)  # some 780 kB, a dozen pieces


def kept(folder):
    """The files in a data set's folder, without the locks."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("data_set", FILES)
def test_the_table(data_set):
    assert callable(getattr(remote, data_set))
    for file in FILES[data_set]:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert 0 < file.size <= file.unpacked
        assert all(re.fullmatch(r"https?://\S+\.(gz|zip|txt)", url) for url in file.urls)


def test_downloaded_once(server, publish, capsys):
    arguments = publish("mnist", forms.digits())
    first = remote.mnist(**arguments)
    assert len(server.asked) == 4
    assert capsys.readouterr().err.splitlines()[0].startswith(f"jaxdl: downloads {server.address}/mnist/{IMAGES}, 0.0")
    same(first, remote.mnist(**arguments))
    same(first, remote.mnist(**arguments | {"mirrors": []}))
    assert len(server.asked) == 4
    assert capsys.readouterr().err == ""
    assert kept(arguments["folder"] / "mnist") == sorted(forms.IDX_NAMES)


def test_a_bar_on_a_terminal(publish, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich's word for a terminal
    remote.mnist(**publish("mnist", forms.digits()))
    assert "downloads" not in (shown := capsys.readouterr().err)
    assert IMAGES[:20] in shown


def test_environment(server, publish, tmp_path, monkeypatch):
    arguments = publish("kmnist", forms.digits())
    monkeypatch.setenv("JAXDL_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("JAXDL_MIRRORS", f"{server.address}/none {server.address}/")
    remote.kmnist(checksums=arguments["checksums"])
    assert kept(tmp_path / "elsewhere" / "kmnist") == sorted(forms.IDX_NAMES)
    assert [path for path, _ in server.asked[:2]] == [f"/none/kmnist/{IMAGES}", f"/kmnist/{IMAGES}"]


def test_md5(publish):
    import hashlib

    files = forms.digits()
    sums = {name: f"md5:{hashlib.md5(content).hexdigest()}" for name, content in files.items()}
    remote.mnist(**publish("mnist", files) | {"checksums": sums})


def test_a_damaged_file_in_the_cache_is_replaced(publish):
    arguments = publish("mnist", forms.digits())
    first = remote.mnist(**arguments)
    (arguments["folder"] / "mnist" / IMAGES).write_bytes(b"damage")
    same(first, remote.mnist(**arguments))


@pytest.mark.parametrize("ranges", [True, False], ids=["continued", "begun again"])
def test_a_dropped_connection(server, publish, ranges):
    arguments = publish("mnist", LARGE)
    server.ranges, server.drops = ranges, [200_000]
    remote.mnist(**arguments)
    assert server.asked[:2] == [(f"/mnist/{IMAGES}", None), (f"/mnist/{IMAGES}", "bytes=200000-")]
    assert kept(arguments["folder"] / "mnist") == sorted(forms.IDX_NAMES)


def test_a_connection_that_always_drops(server, publish):
    arguments = publish("mnist", LARGE)
    server.drops = [1000] * 8 + [0] * 100
    with pytest.raises(ConnectionError, match=r"\(the connection broke"):
        remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == [f".{IMAGES}.part"]
    assert (arguments["folder"] / "mnist" / f".{IMAGES}.part").stat().st_size == 8000
    server.drops = []
    remote.mnist(**arguments)
    assert server.asked[8][1] == "bytes=8000-"


@pytest.mark.parametrize("part", [b"x" * 5000, b"x" * 20_000_000], ids=["shorter", "longer"])
def test_a_part_of_something_else(server, publish, part):
    """It is continued, fails its checksum, and the file is then taken from its beginning."""
    arguments = publish("mnist", LARGE)
    folder = arguments["folder"] / "mnist"
    folder.mkdir(parents=True)
    (folder / f".{IMAGES}.part").write_bytes(part)
    remote.mnist(**arguments)
    assert [asked for path, asked in server.asked if path.endswith(IMAGES)] == [f"bytes={len(part)}-", None]
    assert kept(folder) == sorted(forms.IDX_NAMES)


def test_a_part_that_is_whole(server, publish):
    arguments = publish("mnist", LARGE)
    folder = arguments["folder"] / "mnist"
    folder.mkdir(parents=True)
    (folder / f".{IMAGES}.part").write_bytes(LARGE[IMAGES])
    remote.mnist(**arguments)
    assert sum(path.endswith(IMAGES) for path, _ in server.asked) == 1


def test_another_part_than_was_asked_for(server, publish):
    arguments = publish("mnist", LARGE)
    server.drops, server.shift = [1000], 1
    with pytest.raises(ConnectionError, match="the server sent another part of the file than was asked for"):
        remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == []


def test_wrong_content(server, publish):
    arguments = publish("mnist", forms.digits())
    server.files[f"/mnist/{IMAGES}"] = b"<html>Please log in.</html>"
    with pytest.raises(ConnectionError, match="its checksum is not "):
        remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == []


def test_a_server_that_sends_without_end(server, publish):
    arguments = publish("tiny_shakespeare", {"input.txt": b"To be"})
    server.files["/tiny_shakespeare/input.txt"] = bytes(3_000_000)
    with pytest.raises(ConnectionError, match=r"it sends more than the file's 1,115,394 bytes"):
        remote.tiny_shakespeare(**arguments)
    assert len(server.asked) == 1
    assert kept(arguments["folder"] / "tiny_shakespeare") == []


def test_every_address_is_tried_and_named(server, publish):
    arguments = publish("mnist", forms.digits())
    server.files[f"/mnist/{IMAGES}"] = b"other"
    arguments["mirrors"] = [f"{server.address}/none", server.address, "http://127.0.0.1:9"]
    with pytest.raises(ConnectionError) as caught:
        remote.mnist(**arguments)
    text = str(caught.value)
    assert text.startswith(f"{arguments['folder'] / 'mnist' / IMAGES} is not here, and could not be downloaded; tried ")
    assert f"{server.address}/none/mnist/{IMAGES} (HTTP 404 Not Found), {server.address}/mnist/{IMAGES} (its" in text
    assert f"http://127.0.0.1:9/mnist/{IMAGES} (no connection); put the file there by hand" in text
    assert "\n" not in text


def test_the_next_mirror_continues(server, publish):
    arguments = publish("mnist", LARGE)
    arguments["mirrors"] = [server.address, f"{server.address}/second"]
    server.files |= {f"/second/mnist/{name}": content for name, content in LARGE.items()}
    server.drops = [100_000, 0, None]
    remote.mnist(**arguments)
    assert server.asked[:3] == [
        (f"/mnist/{IMAGES}", None), (f"/mnist/{IMAGES}", "bytes=100000-"), (f"/second/mnist/{IMAGES}", "bytes=100000-")
    ]  # fmt: skip


def test_without_mirrors_nothing_is_asked(tmp_path):
    with pytest.raises(
        ConnectionError, match=r"tried no address, as none was given; put the file there by hand \(from"
    ):
        remote.cifar10(folder=tmp_path, mirrors=[])


def test_a_full_disk(server, publish, small_disk):
    arguments = publish("mnist", LARGE)
    with (
        small_disk(50_000),
        pytest.raises(
            OSError, match=rf"{IMAGES} cannot be written \(File too large\); name a folder with room for it:"
        ),
    ):
        remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == [f".{IMAGES}.part"]
    remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == sorted(forms.IDX_NAMES)


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be(tmp_path, folder):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=rf"{IMAGES} cannot be written \(Not a directory\); name a folder with room"):
        remote.mnist(folder=tmp_path / folder, mirrors=[])


def test_a_folder_in_the_files_place(publish):
    arguments = publish("mnist", forms.digits())
    (arguments["folder"] / "mnist" / IMAGES).mkdir(parents=True)
    with pytest.raises(OSError, match=rf"{IMAGES} cannot be written \(Is a directory\)"):
        remote.mnist(**arguments)
    assert kept(arguments["folder"] / "mnist") == [IMAGES]


def test_arguments(tmp_path):
    with pytest.raises(TypeError, match=r"`folder` \(=3\) must be a path, or None"):
        remote.mnist(folder=3)
    with pytest.raises(TypeError, match=r"`mirrors` \(=5\) must be a list of addresses, or None"):
        remote.mnist(folder=tmp_path, mirrors=5)
    with pytest.raises(TypeError, match=r"`checksums` \(=\['a'\]\) must be a dict, from file names to checksums"):
        remote.mnist(folder=tmp_path, mirrors=[], checksums=["a"])
    for wrong in (5, "md5:" + "0" * 64, "shake_128:" + "0" * 64):
        with pytest.raises(ValueError, match=r"must be a SHA-256, or such as 'md5:...', given "):
            remote.mnist(folder=tmp_path, mirrors=[], checksums={IMAGES: wrong})
    with pytest.raises(TypeError, match=r"must be a list of addresses; \['https://example.org'\] would do"):
        remote.mnist(folder=tmp_path, mirrors="https://example.org")
    with pytest.raises(ValueError, match=r"begins with https:// or http://, given 'ftp://example.org'"):
        remote.mnist(folder=tmp_path, mirrors=["ftp://example.org"])
    with pytest.raises(ValueError, match=r"`checksums` names train; mnist has train-images-idx3-ubyte.gz, "):
        remote.mnist(folder=tmp_path, mirrors=[], checksums={"train": "0" * 64})
    with pytest.raises(ValueError, match=r"must be a SHA-256, or such as 'md5:...', given 'sum'"):
        remote.mnist(folder=tmp_path, mirrors=[], checksums={IMAGES: "sum"})


def started(arguments):
    """Another process that downloads."""
    call = f"""
from pathlib import PosixPath
from jaxdl.data import remote
print(remote.mnist(**{arguments!r})[0].shape)
"""
    return subprocess.Popen([sys.executable, "-c", call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_download_once(server, publish):
    arguments = publish("mnist", LARGE)
    server.pause = 0.2
    processes = [started(arguments) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (out, process.returncode) == ("(1000, 1, 28, 28)\n", 0), err
    assert [asked for _, asked in server.asked] == [None] * 4
    assert kept(arguments["folder"] / "mnist") == sorted(forms.IDX_NAMES)


def test_what_a_killed_process_began_is_continued(server, publish):
    arguments = publish("mnist", LARGE)
    server.pause = 0.2
    part = arguments["folder"] / "mnist" / f".{IMAGES}.part"
    with started(arguments) as process:
        while not part.exists() or part.stat().st_size < 2**17:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    server.pause = 0.0
    assert remote.mnist(**arguments)[0].shape == (1000, 1, 28, 28)
    assert server.asked[1][1] is not None
    assert kept(arguments["folder"] / "mnist") == sorted(forms.IDX_NAMES)
