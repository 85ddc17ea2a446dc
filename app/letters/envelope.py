"""An envelope, ready to print: the addressee where sorting machines of most posts look for it.

Sizes: ISO 269 (C6, DL, C5, C4); US no. 10 is 9½ by 4⅛ inches. Zones, in millimetres from the top left corner:

- Deutsche Post for letters that machines read (help.octoflex.de/geschaeftspartner/richtig_adressieren and
  burscheid-medien.de/faq-items/briefumschlaege-bedrucken): the address at least 15 from the left, right and lower
  edge and 40 from the upper one; nothing below it or to its right; other print at least 20 to its left; stamps in
  the upper right corner (74 by 40), the lowest 15 for the machine's own code.
- USPS Domestic Mail Manual 202.2.1 (pe.usps.com): the address between ⅝ inch (15.9) and 2¾ inches (69.9) above
  the lower edge, half an inch from the sides. Here that holds for the sizes that are letters there (C6, DL, US10).
- UPU sheets (that of Belarus: expydoc.com/doc/4031826): bottom right-hand corner, lines aligned left. The Russian
  and Azerbaijani posts ask for the same; the sender stands in the upper left corner.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal, get_args

from app.letters.press import code, ready, refuse_gaps, typeset

Size = Literal["C6", "DL", "C5", "C4", "US10"]
SIZES: Final[tuple[Size, ...]] = get_args(Size)
_MEASURES: Final[dict[Size, tuple[float, float]]] = {
    "C6": (162, 114),
    "DL": (220, 110),
    "C5": (229, 162),
    "C4": (324, 229),
    "US10": (241.3, 104.775),
}
_EDGE, _BELOW, _ABOVE, _HIGHEST = 15.0, 16.0, 40.0, 69.8
_STAMP, _MARGIN, _CLEAR, _QR = 74.0, 10.0, 20.0, 18.0
_WIDEST, _TALLEST_FLAT = 100.0, 70.0
_FLAT: Final = 150.0  # higher envelopes are flats for the USPS, to which its band for letters does not apply


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle on the envelope, in millimetres from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


def zones(size: Size) -> dict[str, Zone]:
    """Give the places for addressee, sender, the address's age and the QR code; they never touch."""
    width, height = _MEASURES[size]
    across = min(_WIDEST, width / 2 + 2)
    tallest = _TALLEST_FLAT if height > _FLAT else _HIGHEST - _BELOW
    down = min(tallest, height - _ABOVE - _BELOW)
    left = width - _EDGE - across
    aside = left - _CLEAR - _MARGIN
    age_top = height - _BELOW - _QR
    return {
        "addressee": Zone(left, height - _BELOW - down, across, down),
        "sender": Zone(_MARGIN, _MARGIN, min(_WIDEST, width - _STAMP - _MARGIN - 5), _ABOVE - _MARGIN - 5),
        "age": Zone(_MARGIN, age_top, aside, _QR),
        "qr": Zone(_MARGIN - 2, age_top - _QR - 2, _QR, _QR),
    }


def envelope(
    lines: Sequence[str],
    size: Size = "C6",
    *,
    sender: Sequence[str] = (),
    age_line: str | None = None,
    qr: str | None = None,
    fonts: str | None = None,
) -> bytes:
    """Print one envelope as a PDF of its size.

    Long lines shrink and then go on below; nothing leaves its zone. ``qr`` is the text of a QR code, ``fonts`` an
    operator's directory of fonts. Raises ``UnprintableError`` for characters that no font has and ``ValueError``
    for an unknown size or no lines. Sender lines go nowhere but into these bytes.
    """
    if size not in _MEASURES:
        raise ValueError(f"print one of {', '.join(SIZES)}")
    addressee, age = ready(lines, fonts), ready([age_line or ""], fonts)
    if not addressee:
        raise ValueError("an envelope needs an address")
    refuse_gaps([*lines, *sender, age_line or ""], fonts)
    width, height = _MEASURES[size]
    data = {
        "width": width,
        "height": height,
        "zones": {name: asdict(zone) for name, zone in zones(size).items()},
        "lines": addressee,
        "sender": ready(sender, fonts),
        "age": age,
        "qr": code(qr),
    }
    return typeset("envelope", data, fonts)
