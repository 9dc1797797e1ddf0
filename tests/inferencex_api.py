"""InferenceX as a server on this machine: its API's shapes, its rows, and the ways it can fail."""

import contextlib
import copy
import gzip
import hashlib
import http.server
import json
import threading
import time
from urllib.parse import parse_qs, urlsplit

NAMES = {"dsr1": "DeepSeek-R1-0528", "gptoss120b": "gpt-oss-120b"}


def row(conc=64, *, model="dsr1", hardware="h200", date="2026-09-01", speed=1.0, isl=1024, **more):
    """Return a row as the API gives it, of a closed loop that agrees with its own latencies.

    ``speed`` is a factor on everything that is fast. Eight GPUs on one node.
    """
    osl, gpus = 1024, 8
    tpot = (0.01 + 0.0001 * conc) / speed
    ttft = 0.2 / speed
    total = ttft + tpot * (0.9 * osl - 1)
    rate = 0.97 * conc * 0.9 * (isl + osl) / total / gpus
    metrics = {
        "tput_per_gpu": rate,
        "output_tput_per_gpu": rate * osl / (isl + osl),
        "input_tput_per_gpu": rate * isl / (isl + osl),
        **{"median_ttft": ttft, "p99_ttft": 2 * ttft, "median_tpot": tpot, "p99_tpot": tpot},
        **{"median_e2el": total, "median_intvty": 1 / tpot, "median_itl": tpot},
    }
    made = {
        **{"hardware": hardware, "framework": "sglang", "model": model, "precision": "fp8"},
        **{"spec_method": "none", "disagg": False, "is_multinode": False},
        **{"prefill_tp": gpus, "prefill_ep": 1, "prefill_dp_attention": False},
        **{"prefill_num_workers": 0, "decode_tp": gpus, "decode_ep": 1},
        **{"decode_dp_attention": False, "decode_num_workers": 0, "num_prefill_gpu": gpus},
        **{"num_decode_gpu": gpus, "isl": isl, "osl": osl, "conc": conc, "image": "sglang:v1"},
        **{"metrics": metrics, "date": date, "run_url": f"https://example.org/runs/{date}"},
    }
    for key, value in more.items():
        (metrics if key in metrics or key.startswith("m_") else made)[key.removeprefix("m_")] = (
            value
        )
    return made


def sweep(concurrencies=(4, 8, 16, 32, 64, 128), **about):
    """Return a row at each concurrency."""
    return [row(conc, **about) for conc in concurrencies]


class Server:
    """The API on a port of this machine; ``fault`` is what the next answers do instead.

    A fault is (path, how, times): an answer at a path that starts so fails in this way so often.
    """

    def __init__(self, rows):
        self.rows = rows
        self.faults = []
        self.asked = []
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        # A client that hangs up is what some tests want: no traceback of it into others' stderr.
        self._server.handle_error = lambda *_: None

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/api/v1/"

    def fail(self, how, path="", times=10**6):
        self.faults.append([path, how, times])

    def fault(self, path):
        for fault in self.faults:
            if path.startswith(fault[0]) and fault[2] > 0:
                fault[2] -= 1
                return fault[1]
        return None

    def answer(self, path, query):
        rows = copy.deepcopy(self.rows)
        if path == "availability":
            keys = ("model", "isl", "osl", "precision", "hardware", "framework", "date")
            seen = {str(offer): offer for offer in ({k: r[k] for k in keys} for r in rows)}
            return [seen[text] for text in sorted(seen)]
        mine = [r for r in rows if NAMES.get(r["model"], r["model"]) == query.get("model")]
        if not mine:
            return None
        if path == "benchmarks/history":
            shape = [int(query["isl"]), int(query["osl"])]
            kept = [r for r in mine if [r["isl"], r["osl"]] == shape]
            return [{k: v for k, v in r.items() if k != "image"} for r in kept]
        last = max(r["date"] for r in mine)
        return [r for r in mine if r["date"] == last]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v1/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.api.asked.append((path, query, dict(self.headers)))
        how = self.api.fault(path)
        with contextlib.suppress(OSError):
            if how is None:
                self._sound(path, query)
            else:
                getattr(self, f"_{how}")(path, query)

    def _sound(self, path, query, change=lambda value: value):
        value = self.api.answer(path, query)
        if value is None:
            return self._send(400, {"error": "Unknown model"})
        body = json.dumps(change(value)).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return None
        packed = gzip.compress(body)
        self._head(200, len(packed), ETag=tag, **{"Content-Encoding": "gzip"})
        self.wfile.write(packed)
        return None

    def _head(self, code, length, kind="application/json", **headers):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, code, value, kind="application/json", **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self._head(code, len(body), kind, **headers)
        self.wfile.write(body)

    # --- the ways to fail -----------------------------------------------------------------

    def _busy(self, *_):
        self._send(429, {"error": "slow down"}, **{"Retry-After": "3"})

    def _busy_for_an_hour(self, *_):
        self._send(429, {"error": "slow down"}, **{"Retry-After": "3600"})

    def _broken(self, *_):
        self._send(500, {"error": "Internal server error"})

    def _not_found(self, *_):
        self._send(404, {"error": "not found"})

    def _half(self, path, query):
        body = json.dumps(self.api.answer(path, query)).encode()
        self._head(200, len(body))
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _half_of_chunks(self, path, query):
        body = json.dumps(self.api.answer(path, query)).encode()[:100]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
        self.close_connection = True

    def _cut_json(self, path, query):
        body = json.dumps(self.api.answer(path, query)).encode()
        self._send(200, body[: len(body) // 2])

    def _page(self, *_):
        self._send(200, b"<!doctype html><h1>Checking your browser</h1>", "text/html")

    def _page_called_json(self, *_):
        self._send(200, b"<!doctype html><h1>Checking your browser</h1>")

    def _as_text(self, path, query):
        body = json.dumps(self.api.answer(path, query)).encode()
        self._send(200, body, "text/plain")

    def _wrapped(self, path, query):
        self._sound(path, query, lambda value: {"data": value})

    def _renamed(self, path, query):
        def change(rows):
            for one in rows:
                if "metrics" in one:
                    one["metrics"]["throughput"] = one["metrics"].pop("tput_per_gpu")
                else:
                    one["model_key"] = one.pop("model")
            return rows

        self._sound(path, query, change)

    def _trickle(self, *_):
        self._head(200, 10**6)
        for _ in range(300):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.02)
        self.close_connection = True

    def _trickling_headers(self, *_):
        for piece in "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + "X-Y: z" * 200:
            self.wfile.write(piece.encode())
            self.wfile.flush()
            time.sleep(0.02)
        self.close_connection = True

    def _always_to_be_continued(self, *_):
        for _ in range(10**5):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            time.sleep(0.001)
        self.close_connection = True

    def _endless(self, *_):
        self._head(200, 10**9)
        for _ in range(10**4):
            self.wfile.write(b" " * 10**5)

    def _closed(self, *_):
        self.close_connection = True
        self.connection.close()

    def _elsewhere(self, *_):
        self._send(302, {}, Location="https://example.org/api/v1/availability")

    def _to_no_host(self, *_):
        self._send(302, {}, Location="http://[bad/")

    def _to_no_port(self, *_):
        self._send(302, {}, Location="http://127.0.0.1:99999/")

    def _deep(self, *_):
        self._send(200, b"[" * 10**5 + b"]" * 10**5)

    def _bomb(self, *_):
        packed = gzip.compress(b"[" + b" " * 10**7 + b"]")
        self._head(200, len(packed), **{"Content-Encoding": "gzip"})
        self.wfile.write(packed)

    def _in_circles(self, *_):
        self._send(302, {}, Location=self.path)


# A fault, and what one line says about it; those that may pass are tried again.
PASSING = {
    "busy": "429 Too Many Requests, 5 times",
    "broken": "500 Internal Server Error, 5 times",
    "half": "no complete answer",
    "half_of_chunks": "no complete answer",
    "closed": "no complete answer",
    "trickle": "not complete after 0.5 s",
    "trickling_headers": "not complete after 0.5 s",
    "always_to_be_continued": "not complete after 0.5 s",
}
FINAL = {
    "busy_for_an_hour": "429 Too Many Requests and asks to wait 3600 s",
    "not_found": "404 Not Found",
    "cut_json": "is not JSON",
    "page": "expected JSON, got text/html",
    "page_called_json": "is not JSON",
    "as_text": "expected JSON, got text/plain",
    "wrapped": "expected a list",
    "renamed": "row 1",
    "elsewhere": "leads to another host, example.org",
    "in_circles": "leads on more than 3 times",
    "to_no_host": "leads to an address that is none",
    "to_no_port": "leads to an address that is none",
    "deep": "nested more than 32 deep",
    "bomb": "is over 2,000,000 bytes",
    "endless": "is over 2,000,000 bytes",
}
