"""A small page about a person, for the frame in which a client shows a candidate."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

WIDTH: Final = 420
HEIGHT: Final = 240
_SPELLINGS: Final = 6
_STYLE: Final = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:12px;color:#1c1c1c;background:#fff}"
    "h1{font-size:18px;margin:0 0 4px}p{margin:0 0 8px;color:#555}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:0}dt{color:#555}dd{margin:0}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# Any page may frame it; it loads nothing and runs nothing.
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors *"


def page(person: Mapping[str, Any]) -> bytes:
    """Write the page of a person as they are answered."""
    first, *others = [name["full"] for name in person["names"]]
    spellings = ", ".join(list(dict.fromkeys(others))[:_SPELLINGS])
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _rows(person))
    written = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(first)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(first)}</h1>"
        f"<p>{escape(spellings)}</p><dl>{rows}</dl></body></html>\n"
    )
    return written.encode()


def _rows(person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    said = person["situation"]
    place = said.get("facility_name") or {}
    rows = (
        ("Born", person.get("birth_date")),
        ("Status", said["status"]),
        ("Since", said["since"]),
        ("Place", place.get("en") or next(iter(place.values()), None)),
        ("Articles", ", ".join(said["articles"])),
        ("Term", said["term"]),
        ("As of", said["as_of"]),
    )
    return ((name, text) for name, text in rows if text)
