"""The web, politely: one request at a time, a pause between them, and again later when refused.

Answers are asked for with the tags of what is in the cache already, so that nothing is sent
twice; only an answer that was read whole and is JSON gets there. What cannot be what was asked
for (another host, a page instead of JSON, half a body, headers or a body that trickle) is one
line that says so. The user and the password of an address are sent and never told.
"""

import contextlib
import gzip
import hashlib
import json
import socket
import threading
import time
import weakref
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import requests
import tenacity
import urllib3

from frontier import __version__
from frontier.errors import DataError, FrontierError, UsageError
from frontier.sources import reading

AGENT = f"inference-frontier/{__version__} (checks public claims; one request at a time)"
BUSY = {408, 425, 429, 500, 502, 503, 504}  # try again; any other refusal is final
REDIRECTS = 3
LATER = "try again later; the tables are as they were"


class RefusedError(FrontierError):
    """A refusal that is final: the server knows no such thing."""


class _BusyError(Exception):
    """A refusal that may pass: `pause` is what the server asked for, in s, if it did."""

    def __init__(self, problem, pause=None):
        super().__init__(problem)
        self.pause = pause


@dataclass(frozen=True)
class Answer:
    """An answer: the address it came from, its JSON, its bytes, and whether the cache had it."""

    url: str
    value: object
    body: bytes
    cached: bool


@dataclass(frozen=True)
class Patience:
    """How long and how often to wait, in s; `most` is the largest body in bytes, unpacked.

    `whole` is from the first byte of a question to the last one of its answer.
    """

    pause: float = 1.0
    attempts: int = 5
    first: float = 2.0
    longest: float = 60.0
    connect: float = 10.0
    read: float = 60.0
    whole: float = 600.0
    most: int = reading.MOST_BYTES


class Client:
    """Asks one server for JSON. `root` is its address, `cache` the folder of what is known."""

    def __init__(
        self, root: str, *, cache: Path, patience: Patience = Patience(), sleep=time.sleep
    ):
        try:
            parts = urlsplit(root)
            fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            fine = False
        if not fine or parts.query or parts.fragment:
            told = "what was given" if "@" in root else repr(root)
            raise UsageError(f"{told} is not the address of an API; expected https://HOST/PATH/")
        user, _, host = parts.netloc.rpartition("@")
        self.root = parts._replace(netloc=host).geturl().rstrip("/") + "/"
        self.patience = patience
        self.requests = 0
        self._sleep = sleep
        self._cache = cache
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": AGENT, "Accept": "application/json"})
        if user:
            name, _, password = user.partition(":")
            self._session.auth = (unquote(name), unquote(password))
        self._sockets = weakref.WeakSet()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Watched(self._sockets))

    def get(self, path: str, /, **query: str) -> Answer:
        """Return the answer to a question.

        Raises FrontierError when the server cannot be reached or stays busy, and DataError when
        what it says is not JSON, each with the address.
        """
        url = requests.Request("GET", urljoin(self.root, path), params=query).prepare().url
        if self.requests:
            self._sleep(self.patience.pause)
        self.requests += 1
        busy = tenacity.retry_if_exception_type(_BusyError)
        stop = tenacity.stop_after_attempt(self.patience.attempts)
        how = {"wait": self._wait, "sleep": self._sleep, "reraise": True}
        again = tenacity.Retrying(retry=busy, stop=stop, **how)
        try:
            return again(self._once, url)
        except _BusyError as busy:
            told = f"{busy}, {self.patience.attempts} times"
            raise FrontierError(f"{url}: {told}; {LATER}") from None

    def _wait(self, state):
        asked = state.outcome.exception().pause
        backoff = tenacity.wait_exponential(self.patience.first, max=self.patience.longest)(state)
        return backoff if asked is None else max(backoff, asked)

    def _once(self, url) -> Answer:
        place = self._cache / hashlib.sha256(url.encode()).hexdigest()
        (tags, body), late = _kept(place, self.patience.most), threading.Event()
        timer = threading.Timer(self.patience.whole, self._hang_up, (late,))
        timer.daemon = True
        timer.start()
        try:
            with self._follow(url, tags) as response:
                cached = response.status_code == 304
                if cached and not tags:
                    raise DataError(url, "expected an answer, got 304 unasked", remedy=LATER)
                body = body if cached else self._body(response)
            if late.is_set():  # headers that were cut short look like whole ones
                raise requests.ConnectionError
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if late.is_set():
                told = f"the answer was not complete after {self.patience.whole:g} s"
                raise _BusyError(told) from None
            if isinstance(error, _PASSING):
                raise _BusyError(_reason(error)) from None
            raise FrontierError(f"{url}: {_reason(error)}; {LATER}") from None
        except ValueError:
            raise DataError(url, "leads to an address that is none", remedy=LATER) from None
        finally:
            timer.cancel()
        kind = response.headers.get("Content-Type", "no type")
        if not cached and "json" not in kind:
            raise DataError(url, f"expected JSON, got {kind[:60]}", remedy=LATER)
        value = reading.document(reading.decoded(body, file=url), file=url)
        if not cached:
            _keep(place, response.headers, body)
        return Answer(url, value, body, cached)

    def _follow(self, url, tags):
        """Return the answer after redirections, which must stay on the host that was asked."""
        there = url
        for _ in range(REDIRECTS + 1):
            limits = (self.patience.connect, self.patience.read)
            response = self._session.get(
                there, stream=True, timeout=limits, allow_redirects=False, headers=tags
            )
            if not response.is_redirect:
                self._refused(url, response)
                return response
            response.close()
            there = urljoin(there, response.headers["Location"])
            if _origin(there) != _origin(self.root):
                host = str(urlsplit(there).hostname)  # without a user's name and password
                raise DataError(url, f"leads to another host, {host[:60]}", remedy=LATER)
        raise DataError(url, f"leads on more than {REDIRECTS} times", remedy=LATER)

    def _refused(self, url, response):
        if response.status_code in (200, 304):
            return
        told = f"the server answered {response.status_code} {str(response.reason)[:60]}".rstrip()
        pause = _asked_pause(response.headers.get("Retry-After"))
        response.close()
        if response.status_code not in BUSY:
            raise RefusedError(f"{url}: {told}; {LATER}")
        if pause is not None and pause > self.patience.longest:
            raise FrontierError(f"{url}: {told} and asks to wait {pause:.0f} s; {LATER}")
        raise _BusyError(told, pause)

    def _body(self, response) -> bytes:
        """Read the body, but not without end."""
        pieces, size = [], 0
        for piece in response.iter_content(64 * 1024):
            pieces.append(piece)
            size += len(piece)
            if size > self.patience.most:
                most = f"is over {self.patience.most:,} bytes"
                raise DataError(response.url, most, remedy=LATER)
        return b"".join(pieces)

    def _hang_up(self, late):
        """End what trickles: a read waits for its next byte whatever the clock says."""
        late.set()
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)


_PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class _Watched(requests.adapters.HTTPAdapter):
    """Keeps the sockets of its connections where they can be closed from outside."""

    def __init__(self, sockets):
        self._sockets = sockets
        super().__init__()

    def get_connection_with_tls_context(self, *arguments, **options):
        """Return a pool of connections each of which hands over its socket."""
        pool = super().get_connection_with_tls_context(*arguments, **options)
        kind, sockets = type(pool).ConnectionCls, self._sockets

        class Connection(kind):
            def connect(self):
                super().connect()
                sockets.add(self.sock)

        pool.ConnectionCls = Connection
        return pool


def _kept(place: Path, most: int) -> tuple[dict[str, str], bytes]:
    """Return the headers that ask whether what the cache has is still so, and its body.

    Both are empty where it has nothing, or something damaged: gzip holds the sum of what it packs.
    """
    try:
        with gzip.open(place) as file:
            kept = file.read(most + 1)
        tags, _, body = kept.partition(b"\n")
        return (json.loads(tags), body) if len(kept) <= most else ({}, b"")
    except (OSError, ValueError, EOFError, zlib.error):
        return {}, b""


def _keep(place: Path, headers, body: bytes) -> None:
    """Keep an answer that was read whole and understood, if it can be asked for again."""
    told = {"If-None-Match": headers.get("ETag"), "If-Modified-Since": headers.get("Last-Modified")}
    if tags := {name: tag for name, tag in told.items() if tag}:
        place.parent.mkdir(parents=True, exist_ok=True)
        kept = json.dumps(tags).encode() + b"\n" + body
        place.write_bytes(gzip.compress(kept, 6, mtime=0))


def _origin(url):
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _asked_pause(text: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, a number or a date."""
    try:
        return float(urllib3.Retry().parse_retry_after(text)) if text else None
    except (urllib3.exceptions.InvalidHeader, OverflowError, ValueError):
        return None


def _reason(error) -> str:
    """Return what went wrong without the layers of the libraries around it."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    cause = getattr(error, "reason", None)
    text = str(cause if isinstance(cause, Exception) else error)
    return f"no complete answer ({text.rpartition('>: ')[2][:120] or type(error).__name__})"
