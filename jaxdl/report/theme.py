"""The colours, once for the page and once for the figures, by day and by night.

JAX is blue and PyTorch orange wherever they stand: a pair that every kind of colour vision tells apart.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Theme:
    """Colours by what they mean; `*_pale` is for broad lines and lesser bars, `*_wash` lies behind text."""

    name: str
    page: str
    card: str
    ink: str
    muted: str
    line: str
    jax: str
    jax_pale: str
    torch: str
    torch_pale: str
    good: str
    good_wash: str
    bad: str
    bad_wash: str
    paper: str  # of a grey picture, where it is 0
    pencil: str  # and where it is 255

    def variables(self) -> str:
        """The theme as CSS custom properties."""
        colours = {name: colour for name, colour in asdict(self).items() if name != "name"}
        return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in colours.items())


LIGHT = Theme(
    name="light",
    page="#f6f6f3",
    card="#ffffff",
    ink="#1b1e23",
    muted="#5b626c",
    line="#dfe1e4",
    jax="#1d5fbf",
    jax_pale="#b9d0f0",
    torch="#c2500f",
    torch_pale="#f3c3a0",
    good="#17704a",
    good_wash="#e4f3ea",
    bad="#b0103f",
    bad_wash="#fce8ed",
    paper="#ffffff",
    pencil="#15181c",
)
DARK = Theme(
    name="dark",
    page="#111316",
    card="#1a1d22",
    ink="#e9eaec",
    muted="#a3a9b2",
    line="#343940",
    jax="#7cb0ff",
    jax_pale="#34507c",
    torch="#ff9c5b",
    torch_pale="#7d4a27",
    good="#63cf9a",
    good_wash="#173427",
    bad="#ff809b",
    bad_wash="#42202a",
    paper="#14161a",
    pencil="#f4f5f6",
)
