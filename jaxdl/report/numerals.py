"""Numbers as people read them."""

import math
from collections.abc import Sequence
from datetime import datetime

# Not strftime's, which speaks the language of the process.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(value: float | None, digits: int = 3) -> str:
    """A number with three significant digits; very small ones as a power of ten.

    >>> significant(1234.5), significant(9.996), significant(0.01234), significant(3.2e-7), significant(None)
    ('1,230', '10.0', '0.0123', '3.20 × 10⁻⁷', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    magnitude = math.floor(math.log10(abs(rounded)))
    if not -4 <= magnitude < 9:
        return scientific(value, digits)
    return f"{rounded:,.{max(0, digits - 1 - magnitude)}f}".replace("-", "−")


def scientific(value: float | None, digits: int = 2) -> str:
    """A difference: its power of ten is what counts.

    >>> scientific(3.14e-13), scientific(1e-10, 1), scientific(0.0), scientific(float("inf"))
    ('3.1 × 10⁻¹³', '10⁻¹⁰', '0', '∞')
    """
    if value is None or math.isnan(value):
        return "–"
    if value == 0 or math.isinf(value):
        return significant(value)
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    ten = power(int(exponent))
    return ten if mantissa == "1" else f"{mantissa.replace('-', '−')} × {ten}"


def power(exponent: int) -> str:
    """A power of ten: 10⁻³."""
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def duration(seconds: float) -> str:
    """A time with its unit.

    >>> duration(0.0123), duration(1.5), duration(200)
    ('12.3 ms', '1.50 s', '3 min 20 s')
    """
    if seconds < 1:
        return f"{significant(1e3 * seconds)} ms"
    if seconds < 120:
        return f"{significant(seconds)} s"
    return f"{round(seconds) // 60:,} min {round(seconds) % 60} s"


def times(ratio: float) -> str:
    """A factor of at least 1, whichever way the ratio stands.

    >>> times(1.874), times(0.5), times(1.04), times(123)
    ('1.9×', '2.0×', '1.04×', '123×')
    """
    factor = max(ratio, 1 / ratio)
    return f"{factor:.2f}×" if factor < 1.095 else f"{factor:.1f}×" if factor < 9.95 else f"{factor:,.0f}×"


def count(number: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "tensor"), count(1234, "tensor")
    ('1 tensor', '1,234 tensors')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def moment(created: str) -> str:
    """A time of the JSON for people; as it stands, if it cannot be read.

    >>> moment("2025-11-20T22:10:00+00:00"), moment("yesterday")
    ('20 November 2025, 22:10 UTC', 'yesterday')
    """
    try:
        when = datetime.fromisoformat(created)
    except ValueError:
        return created
    zone = f" {when.tzname()}" if when.tzinfo else ""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M}{zone}"
