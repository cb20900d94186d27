"""Archives that mean harm, or were cut short."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile
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


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE])
def test_a_name_of_gigabytes(tmp_path, kind):
    """Refused by its header: tarfile reads the name as a whole before it gives a member."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, 2**27
    with pytest.raises(ValueError, match="is refused: the name of a member is longer than a megabyte"):
        contents(tmp_path, "set.tar.gz", gzip.compress(info.tobuf(tarfile.GNU_FORMAT)))


def test_names_without_end(tmp_path):
    """The limit holds for all that is unpacked, whatever it is."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**19
    packed = gzip.compress((info.tobuf(tarfile.GNU_FORMAT) + bytes(2**19)) * 20, 1)
    with pytest.raises(ValueError, match="is refused: it unpacks to more than this data set may have"):
        contents(tmp_path, "set.tar.gz", packed)


def test_a_size_below_0(tmp_path):
    sound = gzip.decompress(forms.tar(MEMBERS))
    head = bytearray(sound[:512])
    head[124:136] = bytes([255] * 12)
    head[148:156] = b"%06o\0 " % sum(head[:148] + b" " * 8 + head[156:])
    with pytest.raises(ValueError, match=r"is refused: its member './set/a.txt' has a size of -1 bytes"):
        contents(tmp_path, "set.tar.gz", gzip.compress(bytes(head) + sound[512:]))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda tar: tar[:1024], "it holds no member where one belongs: empty header"),
        (lambda tar: tar[:1124], "it holds no member where one belongs: truncated header"),
        (lambda tar: tar[:1024] + b"?" + tar[1025:], "it holds no member where one belongs: bad checksum"),
        (lambda tar: tar[:1024] + bytes(512) + tar[1536:], "something follows its end"),
    ],
    ids=["no end", "half a header", "damaged header", "end in the middle"],
)
def test_members_are_not_lost_without_a_word(tmp_path, damage, sentence):
    """tarfile takes all of these for the archive's end."""
    packed = gzip.compress(damage(gzip.decompress(forms.tar(MEMBERS))))
    with pytest.raises(ValueError, match=f"set.tar.gz is a damaged archive: {sentence}"):
        contents(tmp_path, "set.tar.gz", packed)


def test_a_zip_file_that_understates_its_sizes(tmp_path):
    """No more is unpacked than was announced: what limits and memory were counted with."""
    packed = bytearray(forms.zipped({"set/a.txt": bytes(2**26)}))
    for place in (packed.find(b"PK\x03\x04") + 22, packed.find(b"PK\x01\x02") + 24):
        packed[place : place + 4] = (10).to_bytes(4, "little")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"set.zip is a damaged archive: Bad CRC-32 for file 'set/a.txt'"):
            contents(tmp_path, "set.zip", bytes(packed))
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_file_packed_in_another_way(tmp_path, method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        packed.writestr("set/a.txt", b"first")
    with pytest.raises(
        ValueError, match=r"is refused: its member 'set/a.txt' is compressed in an unusual way, and def"
    ):
        contents(tmp_path, "set.zip", stream.getvalue())


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
