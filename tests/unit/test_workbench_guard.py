"""Who gets through to the workbench, with what, and what its refusals tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from jpsim.errors import InputError, Place, Problem, ResourceError
from jpsim.web.application import build_application
from jpsim.web.bodies import MAX_BYTES
from jpsim.web.desk import Desk
from jpsim.web.refusals import plain_error, plain_problem, without_paths
from jpsim.web.sessions import Sessions
from tests.workbench import ORIGIN, PORT, asked, carried_out, opened, settings

HOST = f"127.0.0.1:{PORT}"
LISTED = ("/api/about", "/api/dictionary", "/api/jobs", "/api/runs", "/api/scenarios/baseline", "/api/schema/run")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


HEADERS = [
    ({}, 200),
    ({"host": f"localhost:{PORT}"}, 200),
    ({"host": f"localhost:{PORT}", "origin": f"http://localhost:{PORT}"}, 200),
    ({"origin": ORIGIN}, 200),
    ({"sec-fetch-site": "same-origin"}, 200),
    ({"sec-fetch-site": "none"}, 200),
    ({"host": "127.0.0.1"}, 403),  # without its port
    ({"host": f"127.0.0.1:{PORT + 1}"}, 403),
    ({"host": f"jpsim.example:{PORT}"}, 403),  # a name that leads here: DNS rebinding
    ({"host": f"127.0.0.1:{PORT}.example"}, 403),
    ({"host": f"[::1]:{PORT}"}, 403),
    ({"host": ""}, 403),
    ({"origin": "null"}, 403),
    ({"origin": "https://jpsim.example"}, 403),
    ({"origin": f"https://127.0.0.1:{PORT}"}, 403),
    ({"origin": f"http://127.0.0.1:{PORT + 1}"}, 403),
    ({"origin": f"http://localhost:{PORT}"}, 403),  # another origin than that of the name asked for
    ({"origin": ""}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),  # another port of this machine
    ({"upgrade": "websocket", "connection": "upgrade"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), HEADERS)
def test_headers_decide_who_may_read(folder: Path, headers: dict[str, str], status: int) -> None:
    async def once() -> int:
        async with opened(folder) as (client, _):
            cookies = {"cookie": f"jpsim_{PORT}={client.cookies[f'jpsim_{PORT}']}"}
            client.cookies.clear()  # the client would not send them under another name
            return (await client.get("/api/jobs", headers={**cookies, **headers})).status_code

    assert carried_out(once()) == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),  # a write always says where it comes from
        ({"origin": "null"}, 403),
        ({"origin": "https://jpsim.example"}, 403),
        ({"origin": ORIGIN, "sec-fetch-site": "cross-site"}, 403),
        ({"origin": ORIGIN, "content-type": "text/plain"}, 415),  # what a form of another site could send
        ({"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}, 415),
        ({"origin": ORIGIN, "content-type": "multipart/form-data; boundary=x"}, 415),
        ({"origin": ORIGIN, "content-type": "application/json, text/plain"}, 415),
    ],
)
def test_headers_decide_who_may_write(folder: Path, method: str, headers: dict[str, str], status: int) -> None:
    async def once() -> int:
        async with opened(folder) as (client, _):
            return (await client.request(method, "/api/scenarios/mine", content=b"{}", headers=headers)).status_code

    assert carried_out(once()) == status


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND"])
def test_other_methods_are_refused(folder: Path, method: str) -> None:
    assert asked(folder, method, "/api/jobs").status_code == 405


def test_nothing_is_answered_without_a_session(folder: Path) -> None:
    async def once() -> None:
        sessions = Sessions(PORT)
        transport = httpx.ASGITransport(build_application(Desk(settings(folder)), sessions))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            for address in ("/", "/static/index.html", "/favicon.ico", *LISTED, "/api/nothing"):
                assert (await client.get(address)).status_code == 401, address
            write = await client.post("/api/runs", json={}, headers={"origin": ORIGIN})
            assert write.status_code == 401
            assert "open the address that" in (await client.get("/")).text
            for cookie in ("", "x", "\N{SNOWMAN}".encode().decode("latin-1"), sessions.issue()):
                headers = {"cookie": f"jpsim_{PORT}={cookie}".encode("latin-1")}
                assert (await client.get("/api/jobs", headers=headers)).status_code == 401

    carried_out(once())


def test_a_token_is_good_once_and_leaves_the_address(folder: Path) -> None:
    async def once() -> None:
        sessions = Sessions(PORT)
        token = sessions.issue()
        transport = httpx.ASGITransport(build_application(Desk(settings(folder)), sessions))
        one, two = (httpx.AsyncClient(transport=transport, base_url=ORIGIN) for _ in range(2))
        first = await one.get("/", params={"token": token})
        assert (first.status_code, first.headers["location"]) == (303, "/")
        cookie = first.headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
        assert token not in cookie
        assert (await one.get("/")).status_code == 200
        assert (await one.get("/", params={"token": token})).headers["location"] == "/"  # the tab is loaded again
        assert (await two.get("/", params={"token": token})).status_code == 401
        assert (await two.get("/", params=[("token", sessions.issue()), ("token", "x")])).status_code == 401
        assert (await two.post("/", params={"token": sessions.issue()}, json={})).status_code == 403

    carried_out(once())


def test_a_web_socket_is_closed(folder: Path) -> None:
    sent: list[dict[str, Any]] = []

    async def once() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        application = build_application(Desk(settings(folder)), Sessions(PORT))
        scope = {"type": "websocket", "path": "/api/jobs", "headers": [(b"host", HOST.encode())], "query_string": b""}
        await application(scope, receive, send)

    carried_out(once())
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("address", ["/", "/static/index.html", "/api/about", "/api/nothing", "/api/runs/x/report"])
def test_every_answer_has_the_headers_that_keep_pages_apart(folder: Path, address: str) -> None:
    headers = asked(folder, "GET", address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-store" if "api" in address else "no-cache")


HOSTILE = [
    "../x", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "a%00b", "%00", "con", "A", "a b",
    "\N{RIGHT-TO-LEFT OVERRIDE}a", "a" * 65, "a" * 20_000, "http:%2f%2fexample.com", "file:%2f%2f%2fetc%2fpasswd",
    "baseline.yaml", "..%5c..%5cx", "%252e%252e%252fx", "日本", "%ff%fe", "a%0d%0aset-cookie:x=1", "*", "~",
    "20260130T101500Z-1a2b3c4d", "20260130T101500Z-1a2b3c4d%2f..", "0" * 16,
]  # fmt: skip
ROUTES = [
    ("GET", "/api/scenarios/{}"), ("PUT", "/api/scenarios/{}"), ("GET", "/api/jobs/{}"), ("DELETE", "/api/jobs/{}"),
    ("GET", "/api/jobs/{}/events"), ("GET", "/api/runs/{}"), ("GET", "/api/runs/{}/summary"),
    ("GET", "/api/runs/{}/fan"), ("GET", "/api/runs/{}/distribution"), ("GET", "/api/runs/{}/attribution"),
    ("GET", "/api/runs/{}/report"), ("GET", "/api/runs/{}/files/summary.parquet"), ("POST", "/api/runs/{}/verify"),
    ("GET", "/api/runs/20260130T101500Z-1a2b3c4d/files/{}"), ("GET", "/api/schema/{}"), ("GET", "/static/{}"),
    ("GET", "/api/compare?a={}:baseline&b={}:baseline"), ("GET", "/{}"),
]  # fmt: skip


def test_no_route_takes_a_path(folder: Path) -> None:
    """Every id that is a path, too long, or no text at all is refused in JSON, and tells nothing of this machine."""
    (folder / "secret.yaml").write_text("schema: jpsim/scenario@1\nid: secret\n")

    async def all_of_them() -> None:
        async with opened(folder) as (client, _):
            for method, route in ROUTES:
                for hostile in HOSTILE:
                    text = hostile if "%" in hostile or hostile.isascii() else quote(hostile)
                    body = {"json": {"text": "x"} if method == "PUT" else {}} if method != "GET" else {}
                    address = httpx.URL(ORIGIN + route.replace("{}", text.replace(" ", "%20")))
                    answer = await client.request(method, address, headers={"origin": ORIGIN}, **body)
                    assert 400 <= answer.status_code < 500, (method, route, hostile)
                    assert str(folder) not in answer.text, (method, route, hostile)
                    assert set(answer.json()) == {"error"}
                    assert "set-cookie" not in answer.headers

    carried_out(all_of_them())
    assert [path.name for path in folder.rglob("*")] == ["secret.yaml"]


def deep(opening: str, closing: str) -> bytes:
    return (opening * 100_000 + closing * 100_000).encode()


BODIES = [
    (b"", 400), (b"[]", 400), (b'"x"', 400), (b"{", 400), (b'{"text": NaN}', 400), (b'{"text": Infinity}', 400),
    (b'{"text": 1e999}', 400), (b'{"text": ' + b"9" * 100_000 + b"}", 400), (deep("[", "]"), 400),
    (deep('{"a":', "}"), 400), (b'{"text": "a", "text": "b"}', 400), (b"\xff\xfe", 400), (b'{"text": 1}', 400),
    (b'{"text": null}', 400), (b'{"text": "a", "path": "/etc/passwd"}', 400),
    (b'{"text": "' + b"a" * (MAX_BYTES + 1) + b'"}', 413), (b'{"text": "' + b"a" * 200_000 + b'"}', 400),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES, ids=range(len(BODIES)))
def test_bodies_that_are_no_question_are_refused(folder: Path, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    answer = asked(folder, "POST", "/api/scenarios/check", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert len(answer.text) < 500


def test_a_body_of_unannounced_length_ends_at_a_megabyte(folder: Path) -> None:
    sent = 0

    async def pieces() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"a" * 10_000

    headers = {"content-type": "application/json"}
    answer = asked(folder, "POST", "/api/scenarios/check", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert sent < 150


YAML = [
    "a: &a [x]\nb: *a\n", "a: !!python/object:os.system x\n", "[" * 50_000, "{a: " * 20_000, "a: b\na: c\n", "\x00",
    "schema: jpsim/run@1\nscenarios: [baseline]\n", "- 1\n", "", "x", "schema: jpsim/scenario@1\nid: ../x\n",
    "schema: jpsim/scenario@1\nid: con\n", "schema: jpsim/scenario@1\nid: a\nextends: ../../etc/passwd\n",
    "schema: jpsim/scenario@1\nid: a\npremium: /etc/passwd\n", "schema: jpsim/scenario@1\nid: a\nextends: a\n",
    "schema: jpsim/scenario@1\nid: a\nmixture: [{scenario: ../b, weight: 100%}]\n", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", YAML, ids=range(len(YAML)))
def test_texts_that_are_no_scenario_are_told_as_problems(folder: Path, text: str) -> None:
    content = json.dumps({"text": text}).encode()
    headers = {"content-type": "application/json"}
    answer = asked(folder, "POST", "/api/scenarios/check", content=content, headers=headers)
    assert answer.status_code == 200
    told = answer.json()
    assert not told["ok"]
    assert told["problems"]
    assert str(folder) not in answer.text


HOSTILE_TITLE = '</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028\u202e"'


def test_hostile_texts_stay_json(folder: Path) -> None:
    text = f"schema: jpsim/scenario@1\nid: a\ntitle: {{en: {json.dumps(HOSTILE_TITLE)}}}\nnarrative: {'<b>'}\n"
    answer = asked(folder, "POST", "/api/scenarios/check", json={"text": text})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["title"]["en"] == HOSTILE_TITLE
    echoed = asked(folder, "GET", "/api/scenarios?" + quote("<script>\x1b[31m"))
    assert echoed.status_code == 400
    assert echoed.headers["content-type"] == "application/json"
    assert "\x1b" not in echoed.json()["error"]["message"]


RUN_BODIES: list[tuple[dict[str, Any], int]] = [
    ({}, 400),
    ({"scenarios": []}, 400),
    ({"scenarios": "baseline"}, 400),
    ({"scenarios": ["../baseline"]}, 404),
    ({"scenarios": ["scenarios/baseline.yaml"]}, 404),
    ({"scenarios": [{"id": "x"}]}, 404),
    ({"scenarios": ["baseline"], "portfolio": "/etc/passwd"}, 400),
    ({"scenarios": ["baseline"], "executor": {"kind": "dask", "address": "tcp://example.com:1"}}, 400),
    ({"scenarios": ["baseline"], "model": "/tmp"}, 404),
    ({"scenarios": ["baseline"], "model": "japan_monthly@2026.01.4/../x"}, 404),
    ({"scenarios": ["baseline"], "paths": True}, 400),
    ({"scenarios": ["baseline"], "paths": 1.5}, 400),
    ({"scenarios": ["baseline"], "paths": 0}, 422),
    ({"scenarios": ["baseline"], "paths": 10**16}, 422),
    ({"scenarios": ["baseline"], "horizon": "13"}, 422),
    ({"scenarios": ["baseline", "baseline"]}, 422),
    ({"scenarios": ["nothing_of_that_name"]}, 422),
    ({"scenarios": ["a"], "drafts": {"a": "schema: jpsim/scenario@1\nid: b\n"}}, 422),
    ({"scenarios": ["a"], "drafts": {"a": 1}}, 400),
    ({"scenarios": ["a"], "drafts": {"../a": ""}}, 404),
]


@pytest.mark.parametrize(("body", "status"), RUN_BODIES, ids=lambda value: str(value)[:60])
def test_runs_that_cannot_be_are_refused_before_they_wait(folder: Path, body: dict[str, Any], status: int) -> None:
    answer = asked(folder, "POST", "/api/runs", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert asked(folder, "GET", "/api/jobs").json() == []


def test_all_problems_of_a_draft_are_told_at_once(folder: Path) -> None:
    text = "schema: jpsim/scenario@1\nid: mine\nconditions: {usdjpy: {change: {6m: 5}}, jgb_10: {level: {6m: 2%}}}\n"
    answer = asked(folder, "POST", "/api/runs", json={"scenarios": ["mine"], "drafts": {"mine": text}})
    problems = answer.json()["error"]["problems"]
    assert {(problem["line"], problem["column"], problem["source"]) for problem in problems} == {
        (3, 36, "draft mine"), (3, 41, "draft mine"),
    }  # fmt: skip


SAVED = "schema: jpsim/scenario@1\nid: mine\ntitle: {en: One}\n"


def test_a_scenario_is_saved_whole_and_never_over_another_unasked(folder: Path) -> None:
    assert asked(folder, "PUT", "/api/scenarios/mine", json={"text": SAVED}).status_code == 201
    place = folder / "scenarios" / "mine.yaml"
    assert place.read_text() == SAVED
    other = SAVED.replace("One", "Two")
    assert asked(folder, "PUT", "/api/scenarios/mine", json={"text": other}).status_code == 409
    assert place.read_text() == SAVED
    assert asked(folder, "PUT", "/api/scenarios/mine", json={"text": other, "replace": True}).status_code == 201
    assert place.read_text() == other
    assert [path.name for path in place.parent.iterdir()] == ["mine.yaml"]
    row = next(row for row in asked(folder, "GET", "/api/scenarios").json() if row["id"] == "mine")
    assert (row["origin"], row["title"]["en"]) == ("workspace", "Two")


def test_a_scenario_is_saved_where_its_id_leads_to(folder: Path) -> None:
    """A file of the working directory goes before one of its folder `scenarios`."""
    (folder / "mine.yaml").write_text(SAVED)
    body = {"text": SAVED.replace("One", "Two"), "replace": True}
    assert asked(folder, "PUT", "/api/scenarios/mine", json=body).status_code == 201
    assert asked(folder, "GET", "/api/scenarios/mine").json()["title"]["en"] == "Two"


def test_the_library_is_not_changed(folder: Path) -> None:
    library = asked(folder, "GET", "/api/scenarios/boj_hike").json()
    assert library["origin"] == "library"
    text = "schema: jpsim/scenario@1\nid: boj_hike\ntitle: {en: Mine}\n"
    assert asked(folder, "PUT", "/api/scenarios/boj_hike", json={"text": text}).status_code == 201
    mine = asked(folder, "GET", "/api/scenarios/boj_hike").json()
    assert (mine["origin"], mine["title"]["en"]) == ("workspace", "Mine")
    (folder / "scenarios" / "boj_hike.yaml").unlink()
    assert asked(folder, "GET", "/api/scenarios/boj_hike").json() == library


@pytest.mark.parametrize(
    "text", [SAVED.replace("mine", "other"), "x", SAVED + "conditions: {usdjpy: {level: {6m: x}}}"]
)
def test_what_is_no_scenario_of_that_id_is_not_saved(folder: Path, text: str) -> None:
    answer = asked(folder, "PUT", "/api/scenarios/mine", json={"text": text})
    assert answer.status_code == 422
    assert answer.json()["error"]["problems"][0]["line"] is not None
    assert list(folder.rglob("*.yaml")) == []


def test_a_link_that_leads_out_is_not_followed(folder: Path) -> None:
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(SAVED.replace("mine", "secret"))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "secret.yaml").symlink_to(outside / "secret.yaml")
    run = "20260130T101500Z-1a2b3c4d"
    (outside / "manifest.json").write_text("{}")
    (folder / "outputs").mkdir()
    (folder / "outputs" / run).symlink_to(outside)
    assert asked(folder, "GET", f"/api/runs/{run}").status_code == 404
    assert asked(folder, "POST", "/api/scenarios/explain", json={"id": "secret"}).status_code == 422
    assert asked(folder, "GET", "/api/scenarios/secret").status_code == 404


PATHS = [
    ("/var/lib/thing/summary.parquet: damaged", "summary.parquet: damaged"),
    ("see (/opt/x/y.yaml:3:4)", "see (y.yaml:3:4)"),
    ("level in JPY/USD, 3/4 of it; a / b", "level in JPY/USD, 3/4 of it; a / b"),
]


@pytest.mark.parametrize(("text", "told"), PATHS)
def test_of_a_path_its_last_part_is_told(text: str, told: str) -> None:
    assert without_paths(text) == told


def test_folders_with_blanks_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder of mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert without_paths(f"{folder}/outputs/x: damaged") == "outputs/x: damaged"


def errors() -> Iterator[tuple[BaseException, str]]:
    yield MemoryError(), "memory"
    yield InputError([Problem("wrong", Place("draft", 3, 4))]), "input"
    yield ResourceError("too many paths"), "resource"
    yield ZeroDivisionError("division by zero"), "defect"


@pytest.mark.parametrize(("error", "kind"), list(errors()))
def test_every_error_is_plain(error: BaseException, kind: str) -> None:
    told = plain_error(error)
    assert told["kind"] == kind
    assert told["message"]
    assert json.loads(json.dumps(told)) == told


def test_a_problem_elsewhere_has_no_place_in_the_draft() -> None:
    told = plain_problem(Problem("no unit", Place("/usr/lib/jpsim/boj_hike.yaml", 3, 4), "25bp"))
    assert (told["line"], told["source"]) == (None, "boj_hike.yaml")
    assert told["message"] == "boj_hike.yaml:3:4: no unit\n    allowed: 25bp"
