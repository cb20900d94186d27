"""Archives that mean harm, or were cut short."""

import gzip
import io
import tarfile
from contextlib import suppress

import numpy as np
import pytest

from jaxdl.data import remote
from jaxdl.data.remote import archive
from jaxdl.data.remote.download import Fetched
from jaxdl.data.remote.registry import File
from tests.data.remote import forms

LIMITS = {"sha256": "", "size": 10**6, "urls": (), "unpacked": 10**5, "members": 5}
MEMBERS = {"./set/a.txt": b"first", "set/b.txt": b"second", "set/c.txt": bytes(3000)}


def contents(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return dict(archive.contents(Fetched(path, File(name, **LIMITS)), {"set/a.txt", "set/b.txt"}.__contains__))


PACKED = {"set.tar.gz": forms.tar, "set.zip": forms.zipped}
both = pytest.mark.parametrize("name", PACKED)


@both
def test_members(tmp_path, name):
    packed = PACKED[name](MEMBERS)
    assert contents(tmp_path, name, packed) == {"set/a.txt": b"first", "set/b.txt": b"second"}
    assert [path.name for path in tmp_path.iterdir()] == [name]


@both
@pytest.mark.parametrize("member", ["/etc/passwd", "../up", "set/../../up", r"..\up", r"C:\up", r"\up", "c:up"])
def test_outside(tmp_path, name, member):
    with pytest.raises(ValueError, match=r"set\.\S+ is refused: its member .* would land outside of its folder"):
        contents(tmp_path, name, PACKED[name]({"set/a.txt": b"first", member: b"root"}))


KINDS = {
    "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "disk": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE, "sparse": tarfile.GNUTYPE_SPARSE,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_plain_file(tmp_path, kind):
    def change(info):
        if info.name == "set/b.txt":
            info.type, info.linkname, info.size = KINDS[kind], "/etc/passwd", 0

    with pytest.raises(ValueError, match=r"its member 'set/b.txt' is a link or a device, and only plain files"):
        contents(tmp_path, "set.tar.gz", forms.tar(MEMBERS, change))


def test_a_link_in_a_zip_file(tmp_path):
    with pytest.raises(ValueError, match=r"its member './set/a.txt' is a link or a device"):
        contents(tmp_path, "set.zip", forms.zipped(MEMBERS, mode=0o120777))


@both
@pytest.mark.parametrize("bomb", [{"set/large": bytes(10**5 + 1)}, {f"set/{n}": b"" for n in range(6)}])
def test_too_much(tmp_path, name, bomb):
    with pytest.raises(ValueError, match="is refused: it holds more than the 5 files and 0 MB that this data set may"):
        contents(tmp_path, name, PACKED[name](bomb))


def test_a_size_of_terabytes(tmp_path):
    info = tarfile.TarInfo("set/a.txt")
    info.size = 2**45
    with pytest.raises(ValueError, match="is refused: it holds more than"):
        contents(tmp_path, "set.tar.gz", gzip.compress(info.tobuf(tarfile.GNU_FORMAT)))


def test_a_name_of_gigabytes(tmp_path):
    """The name is read before tarfile gives a member: the limit holds for all that is unpacked."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**27
    stream = io.BytesIO()
    with gzip.open(stream, "wb", 1) as packed:
        packed.write(info.tobuf(tarfile.GNU_FORMAT) + bytes(2**27))
    with pytest.raises(ValueError, match="is refused: it unpacks to more than this data set may have"):
        contents(tmp_path, "set.tar.gz", stream.getvalue())


@both
@pytest.mark.parametrize("cut", [0, 10, 100, -30, -1], ids=str)
def test_cut_short(tmp_path, name, cut):
    members = MEMBERS | {"set/c.txt": np.random.default_rng(0).bytes(3000)}
    with pytest.raises(ValueError, match=r"set\.\S+ is a damaged archive: "):
        contents(tmp_path, name, PACKED[name](members)[:cut])


@both
def test_any_damage_is_one_kind_of_error(tmp_path, name):
    draw = np.random.default_rng(0)
    sound = np.frombuffer(PACKED[name](MEMBERS), np.uint8)
    plain = name.endswith(".zip")
    inner = sound if plain else np.frombuffer(gzip.decompress(sound.tobytes()), np.uint8)
    for _ in range(500):
        content = inner.copy()
        content[draw.integers(0, len(content), 4)] = draw.integers(0, 256, 4)
        with suppress(ValueError):
            contents(tmp_path, name, content.tobytes() if plain else gzip.compress(content.tobytes(), 1))


def test_a_data_set_refuses_too(place):
    """Through the front door: a link among MovieLens' files."""
    files = {"ml-100k.zip": forms.zipped({"ml-100k/u1.base": b"/etc/passwd"}, mode=0o120777)}
    with pytest.raises(ValueError, match=r"ml-100k.zip is refused: its member 'ml-100k/u1.base' is a link"):
        remote.movielens_100k(**place("movielens_100k", files))
