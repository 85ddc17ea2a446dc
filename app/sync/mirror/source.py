"""The register that is copied, over HTTP: JSON pages and streams of lines, and what each refusal means.

Of the standard library, because what runs for years over bad lines should not hang on a client's taste: it heeds the
proxies of the environment, and sends a key nowhere but where it was given for.
"""

import gzip
import http.client
import io
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import zstandard

from app.sync.mirror.stops import Again, Refused, Stopped, Unknown

_SECONDS: Final = 60
_LONGEST_LINE: Final = 64_000_000
_PATIENCE_STATUS: Final = {408, 425, 429, 500, 502, 503, 504}


class _NoRedirects(HTTPRedirectHandler):
    """Follows nobody: a redirect could carry the key elsewhere."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - as in the class that it changes
        return None


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
        with self._opened(path, query, _SECONDS + wait) as answer:
            try:
                said = json.loads(answer.read())
            except ValueError:
                said = None
        if not isinstance(said, dict):
            raise Stopped(self._strange())
        return said

    @contextmanager
    def lines(self, path: str, **query: Any) -> Iterator[Iterator[bytes]]:  # noqa: ANN401 - whatever is asked
        """Ask for lines; they come while the source reads them."""
        with self._opened(path, query, _SECONDS) as answer:
            yield self._each(answer)

    def _each(self, answer: IO[bytes]) -> Iterator[bytes]:
        with self._told():
            while line := answer.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise Again(f"The copy from {self.url} was cut.")
                yield line

    @contextmanager
    def _opened(self, path: str, query: dict[str, Any], seconds: float) -> Iterator[IO[bytes]]:
        request = Request(f"{self.url}{path}?{urlencode(query, doseq=True)}")  # noqa: S310 - `base_of` has looked at it
        request.add_header("Accept-Encoding", "zstd, gzip")
        request.add_header("User-Agent", "vestka-mirror")
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        with self._told(), self._opener.open(request, timeout=seconds) as answer:
            if "json" not in answer.headers.get_content_type():
                raise Stopped(self._strange())
            yield _plain(answer)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what went wrong in our own words."""
        try:
            yield
        except HTTPError as error:
            with error:
                self._refuse(error)
        except ssl.SSLCertVerificationError as error:
            raise Stopped(f"{self.url} cannot prove that it is what it says ({error.verify_message}).") from None
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                words = f"{self.url} cannot prove that it is what it says ({error.reason.verify_message})."
                raise Stopped(words) from None
            raise Again(f"{self.url} cannot be reached ({_reason(error.reason)}).") from None
        except (OSError, EOFError, http.client.HTTPException, zstandard.ZstdError) as error:
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
            raise Stopped(f"{self.url} has moved to {error.headers.get('Location')}. Give its new address.")
        if "type" not in said:
            raise Stopped(self._strange())
        raise Stopped(f"{self.url} does not understand us ({error.code}: {said.get('detail', '')})")

    def _strange(self) -> str:
        return f"{self.url} answers, but not as a Vestka register does. Is the address right?"


def base_of(url: str) -> str:
    """Give a register's base address; what cannot be one is ``Stopped``."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise Stopped(f"{url} is no address of a register. Give it as in https://register.example.")
    if parts.username or parts.password:
        raise Stopped("Give the key in a file (--key-file), not in the address.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


def _plain(answer: Any) -> IO[bytes]:  # noqa: ANN401 - a response
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "zstd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(answer, read_across_frames=True))
    if encoding == "gzip":
        return gzip.GzipFile(fileobj=answer)  # type: ignore[return-value]  # reads as one does
    return answer  # type: ignore[no-any-return]  # it is one


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        said = json.loads(error.read(_LONGEST_LINE))
    except (ValueError, OSError, http.client.HTTPException):
        return {}
    return said if isinstance(said, dict) else {}


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _seconds(said: str | None) -> float:
    """Give the seconds of ``Retry-After``, which is a number or a date (RFC 9110, section 10.2.3)."""
    if said is None:
        return 0
    if said.strip().isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return 0
