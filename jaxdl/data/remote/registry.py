"""The table of data sets: where each file lies, its checksum, and how large it may be."""

from dataclasses import dataclass

MB = 10**6


@dataclass(frozen=True)
class File:
    """A file to download.

    Attributes:
        name: of the file, here and on a mirror.
        sha256: its checksum.
        size: bytes of the file; more than these are never taken from a server.
        unpacked: the most bytes that it may hold, unpacked.
        urls: where its makers, and those who copied it, publish it.
        members: the most files that it may hold, where it is an archive.
    """

    name: str
    sha256: str
    size: int
    unpacked: int
    urls: tuple[str, ...]
    members: int = 1


def _idx(bases: tuple[str, ...], *published: tuple[str, int]) -> tuple[File, ...]:
    """The four files of MNIST and of those made in its likeness: checksum and size of each."""
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    unpacked = (47_040_016, 60_008, 7_840_016, 10_008)
    return tuple(
        File(f"{name}.gz", sha256, size, most, tuple(f"{base}{name}.gz" for base in bases))
        for name, most, (sha256, size) in zip(names, unpacked, published, strict=True)
    )


FILES: dict[str, tuple[File, ...]] = {
    "mnist": _idx(
        (
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
        ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28_881),
        ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
        ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4_542),
    ),
    "fashion_mnist": _idx(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
        ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515),
        ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
        ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148),
    ),
    "kmnist": _idx(
        (
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", 18_165_135),
        ("e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17", 29_497),
        ("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", 3_041_136),
        ("20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c", 5_120),
    ),
    "cifar10": (
        File(
            "cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            170_498_071,
            unpacked=250 * MB,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
            members=20,
        ),
    ),
    "cifar100": (
        File(
            "cifar-100-python.tar.gz",
            "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
            169_001_437,
            unpacked=250 * MB,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
            members=20,
        ),
    ),
    "tiny_shakespeare": (
        File(
            "input.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            1_115_394,
            unpacked=1_115_394,
            urls=(
                "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
            ),
        ),
    ),
    "movielens_100k": (
        File(
            "ml-100k.zip",
            "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            4_924_029,
            unpacked=50 * MB,
            urls=("https://files.grouplens.org/datasets/movielens/ml-100k.zip",),
            members=100,
        ),
    ),
    "speech_commands": (
        File(
            "speech_commands_v0.02.tar.gz",
            "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            2_428_923_189,
            unpacked=5_000 * MB,
            urls=(
                "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
                "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
            ),
            members=120_000,
        ),
    ),
    "imdb": (
        File(
            "aclImdb_v1.tar.gz",
            "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            84_125_825,
            unpacked=1_000 * MB,
            urls=("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
            members=120_000,
        ),
    ),
}
