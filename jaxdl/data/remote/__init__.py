"""The field's own data sets: downloaded once, checked against their published checksums, and kept.

| function | data | download |
|---|---|---|
| `mnist`, `fashion_mnist`, `kmnist` | 70,000 small grey images of ten kinds | 12, 31, 21 MB |
| `cifar10`, `cifar100` | 60,000 small photographs of ten or a hundred kinds | 170 MB |
| `tiny_shakespeare` | a million characters of plays | 1 MB |
| `imdb` | 50,000 reviews of films, for and against | 84 MB |
| `movielens_100k` | 100,000 ratings of films | 5 MB |
| `speech_commands` | 105,829 spoken words | 2.4 GB |

Each gives NumPy arrays in the published split, and takes three arguments:

- `folder`: of the cache. None: the environment's JAXDL_DATA, or else the user's cache folder (`pooch.os_cache`). A file
  that was put at `folder/<data set>/<file>` by hand is taken as it is, where its checksum is right.
- `mirrors`: addresses to try in this order instead of the official ones. Each is a copy of the cache folder: the file
  is at `<mirror>/<data set>/<file>`. None: those in the environment's JAXDL_MIRRORS, separated by spaces, or else the
  official ones. An empty list: nothing is downloaded.
- `checksums`: by file name, of your own files of the same form that stand in for the official ones: SHA-256, or another
  with its name before it, "md5:...". Limits of size stay those of the official file.

What was interrupted is continued by the next call. A file never has its name before its checksum was found right.
Where a file is not here and no address gives it, a `ConnectionError` names each address and what was wrong there.
Nothing is unpacked to where an archive says, and nothing that a file holds is ever run.
"""

from jaxdl.data.remote.images import cifar10, cifar100, fashion_mnist, kmnist, mnist
from jaxdl.data.remote.ratings import movielens_100k
from jaxdl.data.remote.speech import speech_commands
from jaxdl.data.remote.texts import imdb, tiny_shakespeare

__all__ = [
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "kmnist",
    "mnist",
    "movielens_100k",
    "speech_commands",
    "tiny_shakespeare",
]
