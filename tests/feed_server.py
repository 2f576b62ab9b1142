"""A local HTTP server that answers as the publishers do, errors and encodings included."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, bytes]
Route = Callable[[dict[str, str], dict[str, str]], Reply]

MOF_HISTORY = (
    "国債金利情報,,,,(単位 : %)\n"
    "基準日,1年,2年,10年,40年\n"
    "S49.9.24,10.327,9.362,-,-\n"
    "H31.4.26,-0.152,-0.149,-0.045,0.6\n"
    "R1.5.7,-0.155,-0.150,-0.051,0.59\n"
    "R7.12.30,0.8,1.17,2.06,3.6\n"
).encode("cp932")
MOF_CURRENT = (
    "国債金利情報,,,,(単位 : %)\n"
    "基準日,1年,2年,10年,40年\n"
    "R8.1.29,1.014,1.264,2.252,3.657\n"
    "R8.1.30,0.996,1.251,2.247,3.681\n"
    "※ 本表の金利は半年複利です。,,,,\n"
).encode("cp932")


def boj(body: dict[str, object]) -> bytes:
    envelope = {"STATUS": 200, "MESSAGEID": "M181000I", "MESSAGE": "ok", "NEXTPOSITION": None}
    return json.dumps({**envelope, **body}).encode()


def boj_series(code: str, frequency: str, days: list[int], values: list[float | None]) -> dict[str, object]:
    return {"SERIES_CODE": code, "FREQUENCY": frequency, "VALUES": {"SURVEY_DATES": days, "VALUES": values}}


def estat(values: list[dict[str, str]], status: int = 0, message: str = "", following: int | None = None) -> bytes:
    result = {"STATUS": status, "ERROR_MSG": message}
    if status:
        return json.dumps({"GET_STATS_DATA": {"RESULT": result}}).encode()
    inf: dict[str, object] = {"TOTAL_NUMBER": len(values)}
    if following is not None:
        inf["NEXT_KEY"] = following
    table = {"RESULT_INF": inf, "DATA_INF": {"VALUE": values}}
    return json.dumps({"GET_STATS_DATA": {"RESULT": result, "STATISTICAL_DATA": table}}).encode()


def french_zip(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Japan_5_Factors.csv", text)
    return buffer.getvalue()


@contextmanager
def serve(routes: dict[str, Route]) -> Iterator[tuple[str, list[str]]]:
    """Serve `routes` by path; yields the address and the list of requests as they come."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            seen.append(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            route = routes.get(parts.path)
            status, body = route(query, dict(self.headers)) if route else (404, b"<html>not found</html>")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", "Fri, 30 Jan 2026 08:50:00 GMT")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
