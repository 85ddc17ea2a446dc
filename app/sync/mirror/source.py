"""The register that is copied, over HTTP: JSON pages and streams of lines, and what each refusal means.

Of the standard library, because what runs for years over bad lines should not hang on a client's taste: it heeds the
proxies of the environment, and sends a key nowhere but where it was given for.
"""

import http.client
import json
import ssl
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import zstandard

from app.sync.mirror.stops import UNREADABLE, Again, Refused, Stopped, Unknown, reading, shown, strange

_SECONDS: Final = 60
_DAY_SECONDS: Final = 86_400.0
_LONGEST_LINE: Final = 64_000_000
_PIECE: Final = 1 << 16
_PACKED: Final = 1 << 10  # unpacked together: four bytes of zstd may be 128 KB
_GZIP: Final = 16 + zlib.MAX_WBITS
_PATIENCE_STATUS: Final = {408, 425, 429, 500, 502, 503, 504}


class _NoRedirects(HTTPRedirectHandler):
    """Follows nobody, nor reads where it would lead: a redirect could carry the key elsewhere."""

    def http_error_302(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as in the class that it changes
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class Source:
    """One register, asked with one key."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = base_of(url)
        self._key = key
        self._opener = build_opener(_NoRedirects)

    def json(self, path: str, wait: int = 0, **query: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever is asked
        """Ask for a JSON object; ``wait`` is how long the source may hold the request, in seconds."""
        if wait:
            query["wait"] = wait
        with self._opened(path, query, _SECONDS + wait) as pieces:
            answer = b"".join(pieces)
        with reading(self.url):
            said = json.loads(answer)
        if not isinstance(said, dict):
            raise strange(self.url)
        return said

    @contextmanager
    def arriving(self, path: str, **query: Any) -> Iterator["Arriving"]:  # noqa: ANN401 - whatever is asked
        """Ask for lines; they come while the source reads them."""
        with self._opened(path, query, _SECONDS) as pieces:
            yield Arriving(pieces, self.url)

    @contextmanager
    def lines(self, path: str, **query: Any) -> Iterator[Iterator[bytes]]:  # noqa: ANN401 - whatever is asked
        """Ask for lines, to be read one by one."""
        with self.arriving(path, **query) as arriving:
            yield iter(arriving.line, b"")

    def _each(self, answer: Any) -> Iterator[bytes]:  # noqa: ANN401 - a response
        with self._told():
            yield from _plain(answer)

    @contextmanager
    def _opened(self, path: str, query: dict[str, Any], seconds: float) -> Iterator[Iterator[bytes]]:
        request = Request(f"{self.url}{path}?{urlencode(query, doseq=True)}")  # noqa: S310 - `base_of` has looked at it
        request.add_header("Accept-Encoding", "zstd, gzip")
        request.add_header("User-Agent", "vestka-mirror")
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        with self._told(), self._opener.open(request, timeout=seconds) as answer:
            if "json" not in answer.headers.get_content_type():
                raise strange(self.url)
            yield self._each(answer)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what went wrong in our own words."""
        try:
            yield
        except HTTPError as error:
            with error:
                self._refuse(error)
        except ssl.SSLCertVerificationError as error:
            raise Stopped(f"{self.url} cannot prove that it is what it says ({shown(error.verify_message)}).") from None
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                words = f"{self.url} cannot prove that it is what it says ({shown(error.reason.verify_message)})."
                raise Stopped(words) from None
            raise Again(f"{self.url} cannot be reached ({_reason(error.reason)}).") from None
        except (OSError, EOFError, http.client.HTTPException, zlib.error, zstandard.ZstdError) as error:
            raise Again(f"The line to {self.url} was cut ({_reason(error)}).") from None

    def _refuse(self, error: HTTPError) -> None:
        said = _problem(error)
        if said.get("type") == "/problems/foreign-cursor" or "/query/after" in str(said.get("errors")):
            raise Refused
        if "/query/action" in str(said.get("errors")):
            raise Unknown
        if error.code in _PATIENCE_STATUS:
            raise Again(f"{self.url} asks for patience ({error.code}).", _seconds(error.headers.get("Retry-After")))
        if error.code in {401, 403}:
            raise Stopped(f"{self.url} refuses the key ({error.code}): it may have ended. Ask for a new one there.")
        if error.code in {301, 302, 303, 307, 308}:
            raise Stopped(f"{self.url} has moved to {shown(error.headers.get('Location'))}. Give its new address.")
        if "type" not in said:
            raise strange(self.url)
        raise Stopped(f"{self.url} does not understand us ({error.code}: {shown(said.get('detail', ''))})")


class Arriving:
    """What has arrived of an answer, to be taken off in whole lines. What came before a cut is there after it."""

    def __init__(self, pieces: Iterator[bytes], url: str) -> None:
        self._pieces = pieces
        self._url = url
        self._rest = bytearray()

    def line(self) -> bytes:
        """Take off a line; nothing at the end."""
        seen = 0
        while (end := self._rest.find(b"\n", seen) + 1) == 0:
            seen = len(self._rest)
            if not self._more():
                if self._rest:
                    raise self._cut()
                return b""
        return self._off(end)

    def portions(self, size: int) -> Iterator[bytes]:
        """Take off portions of whole lines; what is less, and the line that is the last so far, stays."""
        while self._more():
            while end := self._portion(size):
                yield self._off(end)

    def rest(self) -> tuple[bytes, bytes, bool]:
        """Take off what is left of whole lines, and the last of these; tell whether nothing is behind it."""
        whole = self._rest.rfind(b"\n") + 1
        last = self._rest.rfind(b"\n", 0, max(0, whole - 1)) + 1
        clean = whole == len(self._rest)
        return self._off(last), self._off(whole - last), clean

    def _portion(self, size: int) -> int:
        """Give where the next portion ends; 0 without."""
        if len(self._rest) < size:
            return 0
        end = self._rest.rfind(b"\n", 0, size) + 1 or self._rest.find(b"\n", size) + 1
        return end if end <= self._rest.rfind(b"\n") else 0

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._rest += piece
        if len(self._rest) > _LONGEST_LINE:
            raise self._cut()
        return bool(piece)

    def _off(self, end: int) -> bytes:
        taken = bytes(self._rest[:end])
        del self._rest[:end]
        return taken

    def _cut(self) -> Again:
        return Again(f"The copy from {self._url} was cut.")


def base_of(url: str) -> str:
    """Give a register's base address, in ASCII; what cannot be one is ``Stopped``."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        authority = _authority(parts)
    except ValueError:  # brackets, a port or a name that cannot be
        parts, authority = SplitResult("", "", "", "", ""), ""
    sound = url.isprintable() and " " not in url and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not authority or not sound:
        raise Stopped(f"{shown(url)} is no address of a register. Give it as in https://register.example.")
    if parts.username or parts.password:
        raise Stopped("Give the key in a file (--key-file), not in the address.")
    path = quote(parts.path.rstrip("/").removesuffix("/v1"), safe="/%:@!$&'()*+,;=~")
    return f"{parts.scheme}://{authority}{path}"


def _authority(parts: SplitResult) -> str:
    """Give host and port as they are sent; nothing without a host, ``ValueError`` for what can be none."""
    host = unicodedata.normalize("NFC", parts.hostname or "")
    port = "" if parts.port is None else f":{parts.port}"
    name = host if ":" in host else host.encode("idna").decode()
    if not host or host.isascii():
        return parts.netloc if host else ""
    # What Python's IDNA 2003 makes another name of (`ß` into `ss`) may be somebody else's, and the key would go there.
    if name.encode().decode("idna") != host:
        raise ValueError(host)
    return name + port


def _plain(answer: Any) -> Iterator[bytes]:  # noqa: ANN401 - a response
    """Give an answer in pieces as it comes: what came before a cut is given before the cut is told."""
    stream = _unpacking(answer.headers.get("Content-Encoding", "identity").strip().lower())
    while piece := answer.read1(_PIECE):
        if stream is None:
            yield piece
            continue
        for at in range(0, len(piece), _PACKED):
            if unpacked := stream.decompress(piece[at : at + _PACKED]):
                yield unpacked
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)


def _unpacking(encoding: str) -> Any:  # noqa: ANN401 - either library's
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
    return zlib.decompressobj(_GZIP) if encoding == "gzip" else None


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        said = json.loads(error.read(_LONGEST_LINE))
    except (*UNREADABLE, OSError, http.client.HTTPException):
        return {}
    return said if isinstance(said, dict) else {}


def _reason(error: object) -> str:
    return shown(getattr(error, "strerror", None) or error or type(error).__name__)


def _seconds(said: str | None) -> float:
    """Give the seconds of ``Retry-After``, which is a number or a date (RFC 9110, section 10.2.3)."""
    if said is None:
        return 0
    if said.strip().isdecimal():
        return min(_DAY_SECONDS, float(said))
    try:
        at = parsedate_to_datetime(said)
    except UNREADABLE:
        return 0
    # `-0000` is UTC too, of which nobody says where it was written (RFC 5322, section 3.3).
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(_DAY_SECONDS, max(0.0, (at - datetime.now(UTC)).total_seconds()))
