"""`jpsim serve` as a process: children that die or are interrupted, several clients, and its end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A workbench that was started, and a client with a session."""

    def __init__(self, folder: Path, *options: str) -> None:
        words = [sys.executable, "-m", "jpsim", "serve", "--no-browser", "--port", "0", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.out = folder / "outputs"
        self.process = subprocess.Popen(
            words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.origin = re.match(r"(http://127\.0\.0\.1:\d+)/\?token=\S+\n", line)[1]  # type: ignore[index]
        self.client = httpx.Client(base_url=self.origin, headers={"origin": self.origin}, timeout=120.0)
        assert self.client.get(line.strip()).status_code == 303

    def children(self) -> set[int]:
        """Numbers of the processes that the server started."""
        return {
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        }

    def start_run(self, paths: int = 2048, **keys: Any) -> str:
        body = {"scenarios": ["baseline", "boj_hike"], "paths": paths, **keys}
        return str(self.client.post("/api/runs", json=body).json()["job"])

    def wait(self, job: str, *states: str) -> dict[str, Any]:
        """The job, as soon as it is in one of these states."""
        for _ in range(1200):
            told: dict[str, Any] = self.client.get(f"/api/jobs/{job}").json()
            if told["state"] in states or told["stage"] in states:
                return told
            time.sleep(0.05)
        raise AssertionError(told)

    def runner(self) -> int:
        """The child that is working hardest: the one that carries a run out."""
        return max(self.children(), key=ticks)

    def hidden(self) -> list[str]:
        """What is left in the folder of runs beside whole runs."""
        return [path.name for path in self.out.glob(".*")] if self.out.is_dir() else []


def ticks(pid: int) -> int:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, *options)
    try:
        yield server
    finally:
        server.client.close()
        with suppress(ProcessLookupError):
            server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not Path("/proc/self/task").is_dir():
        pytest.skip("looks into /proc")
    with serving(tmp_path_factory.mktemp("workbench")) as started:
        yield started


LONG = 40_000_000  # paths that take minutes


def test_explaining_does_not_wait_for_a_run(server: Server) -> None:
    server.client.post("/api/scenarios/explain", json={"id": "boj_hike"}).raise_for_status()
    job = server.start_run(LONG)
    server.wait(job, "drawing")
    begun = time.monotonic()
    assert server.client.post("/api/scenarios/explain", json={"id": "yen_slide"}).json()["id"] == "yen_slide"
    assert time.monotonic() - begun < 10.0
    assert server.client.get(f"/api/jobs/{job}").json()["state"] == "running"
    begun = time.monotonic()
    assert server.client.delete(f"/api/jobs/{job}").json()["state"] == "cancelled"
    assert time.monotonic() - begun < 2.0  # within a second on an idle machine
    runner = server.runner()
    worked = ticks(runner)
    time.sleep(0.5)
    assert ticks(runner) - worked < 10  # hundredths of a second: no thread goes on drawing
    assert server.hidden() == []
    assert server.client.get("/api/runs").json() == []


def test_runs_wait_in_their_order_for_two_clients(server: Server) -> None:
    first, second, third = (server.start_run(paths) for paths in (LONG, 2048, 1024))
    server.wait(first, "drawing")
    states = {
        row["job"]: row["state"] for row in httpx.get(f"{server.origin}/api/jobs", cookies=server.client.cookies).json()
    }
    assert [states[job] for job in (first, second, third)] == ["running", "queued", "queued"]
    assert server.client.delete(f"/api/jobs/{second}").json()["state"] == "cancelled"
    server.client.delete(f"/api/jobs/{first}")
    done = server.wait(third, "done", "failed")
    assert done["error"] is None
    [entry] = server.client.get("/api/runs").json()
    assert (entry["run_id"], entry["paths"]) == (done["run_id"], 1024)
    assert server.wait(second, "cancelled")["run_id"] is None


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=pytest.mark.slow)])
def test_a_child_that_dies_fails_its_run_and_nothing_else(server: Server, number: int) -> None:
    stored = len(server.client.get("/api/runs").json())
    job = server.start_run(LONG)
    server.wait(job, "drawing")
    time.sleep(0.5)
    os.kill(server.runner(), number)
    failed = server.wait(job, "failed")
    assert signal.Signals(number).name in failed["error"]["message"]
    assert "nothing was stored" in failed["error"]["message"]
    after = server.wait(server.start_run(1024), "done", "failed")
    assert after["error"] is None
    assert server.hidden() == []
    assert len(server.client.get("/api/runs").json()) == stored + 1


@pytest.mark.slow
def test_runs_cancelled_at_any_moment_are_whole_or_absent(server: Server) -> None:
    """Seeded moments over the whole of a run: preparing, drawing, decomposing, storing."""
    moments = np.random.default_rng(8).uniform(0.0, 8.0, 30)
    server.wait(server.start_run(1024), "done")
    for moment in moments:
        before = {row["run_id"] for row in server.client.get("/api/runs").json()}
        job = server.start_run(20_000)
        time.sleep(moment)
        ended = server.client.delete(f"/api/jobs/{job}").json()
        after = {row["run_id"] for row in server.client.get("/api/runs").json()}
        assert ended["state"] in ("cancelled", "done")
        assert after - before == ({ended["run_id"]} if ended["state"] == "done" else set())
        assert [name for name in server.hidden() if not name.endswith(".journal")] == []
    for row in server.client.get("/api/runs").json():
        assert server.client.post(f"/api/runs/{row['run_id']}/verify", json={}).json()["ok"]


def test_a_child_that_dies_while_it_explains_is_replaced(server: Server) -> None:
    for child in server.children():
        os.kill(child, signal.SIGKILL)
    time.sleep(0.2)
    answer = server.client.post("/api/scenarios/explain", json={"id": "boj_hike"})
    assert answer.status_code == 200


def test_a_run_that_does_not_fit_says_what_fits(server: Server) -> None:
    job = server.start_run(10**12)
    failed = server.wait(job, "failed", "done")
    assert re.search(r"at most about [\d,]+ paths fit", failed["error"]["message"])
    planned = server.client.post("/api/plan", json={"scenarios": ["baseline"], "paths": 10**12}).json()
    assert not planned["fits"]
    assert "paths fit" in planned["refused"]


def test_paths_that_are_not_made_plain_by_a_client_lead_nowhere(server: Server) -> None:
    """Clients tidy addresses up before they ask; a socket does not."""
    cookie = "; ".join(f"{name}={value}" for name, value in server.client.cookies.items())
    host, port = server.origin.removeprefix("http://").split(":")
    for path in ("/static/../guard.py", "/static/%2e%2e/guard.py", "//etc/passwd", "/static//etc/passwd", "/static/.."):
        with socket.create_connection((host, int(port))) as line:
            request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
            line.sendall(request.encode())
            answer = b"".join(iter(lambda: line.recv(65536), b"")).decode()
        assert answer.startswith("HTTP/1.1 404 "), path
        assert json.loads(answer.partition("\r\n\r\n")[2])["error"]["message"] == "Not Found"


ATTACK = """<!doctype html><title>elsewhere</title><script>
const target = TARGET, told = {};
const json = {method: "POST", headers: {"content-type": "application/json"}, body: '{"scenarios": ["baseline"]}'};
const attempts = {
  read: () => fetch(target + "/api/jobs", {credentials: "include"}).then(answer => answer.text()),
  write: () => fetch(target + "/api/runs", {...json, credentials: "include"}).then(answer => answer.text()),
  simple: () => fetch(target + "/api/runs", {method: "POST", body: json.body, mode: "no-cors", credentials: "include"})
    .then(answer => answer.type),
  script: () => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.onload = () => done("loaded"); script.onerror = () => failed(new Error("no script"));
    script.src = target + "/api/schema/run"; document.head.append(script);
  }),
  image: () => new Promise((done, failed) => {
    const image = new Image(); image.onload = () => done("loaded"); image.onerror = () => failed(new Error("no image"));
    image.src = target + "/static/index.html"; document.body.append(image);
  }),
  socket: () => new Promise((done, failed) => {
    const socket = new WebSocket(target.replace("http", "ws") + "/api/jobs");
    socket.onopen = () => done("open"); socket.onerror = () => failed(new Error("no socket"));
  }),
  frame: () => new Promise(done => {
    const frame = document.createElement("iframe"); frame.name = "inside"; frame.onload = () => done("framed");
    frame.src = target + "/"; document.body.append(frame);
  }),
};
async function attack() {
  for (const [name, attempt] of Object.entries(attempts)) {
    try { told[name] = await attempt(); } catch (error) { told[name] = "refused"; }
  }
  return told;
}
</script><body></body>"""


@pytest.mark.parametrize("site", ["127.0.0.1", "localhost"])  # another port of the same site, and another site
def test_pages_from_elsewhere_cannot_use_a_session_of_the_same_browser(
    server: Server, browser: Any, tmp_path: Path, site: str
) -> None:
    """A browser that has a session opens a hostile page."""
    (tmp_path / "index.html").write_text(ATTACK.replace("TARGET", json.dumps(server.origin)))
    jobs = len(server.client.get("/api/jobs").json())
    context = browser.new_context()
    host = server.origin.removeprefix("http://").split(":")[0]
    kept = {"domain": host, "path": "/", "sameSite": "Strict", "httpOnly": True}
    context.add_cookies([{"name": name, "value": value, **kept} for name, value in server.client.cookies.items()])
    page = context.new_page()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path))) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        page.goto(f"{server.origin}/")
        assert page.evaluate("fetch('/api/jobs').then(answer => answer.status)") == 200
        page.goto(f"http://{site}:{elsewhere.server_address[1]}/")
        told = page.evaluate("attack()")
        framed = place_of_frame(page)
        context.close()
        elsewhere.shutdown()
    assert told.pop("frame") == "framed"
    assert framed.startswith("chrome-error:")
    assert told.pop("simple") in ("opaque", "refused")  # it was sent, and did nothing, as the jobs show
    assert told == dict.fromkeys(("read", "write", "script", "image", "socket"), "refused")
    assert len(server.client.get("/api/jobs").json()) == jobs


def place_of_frame(page: Any) -> str:
    """Where the page's frame has come to; that of another process is told a little later."""
    for _ in range(60):
        [frame] = page.frames[1:]
        if frame.url:
            break
        page.wait_for_timeout(50)
    return str(frame.url)


class QuietHandler(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_it_ends_within_a_second_and_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    with serving(tmp_path) as server:
        job = server.start_run(LONG)
        server.wait(job, "drawing")
        children = server.children()
        assert len(children) >= 2
        with server.client.stream("GET", f"/api/jobs/{job}/events") as watched:
            next(watched.iter_lines())
            begun = time.monotonic()
            server.process.send_signal(number)
            _, said = server.process.communicate(timeout=10)
            assert time.monotonic() - begun < 2.0  # within a second on an idle machine
        assert server.process.returncode == code
        assert "Traceback" not in said
        assert [pid for pid in children if alive(pid)] == []
        assert server.hidden() == []


def test_children_do_not_outlive_a_server_that_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.client.post("/api/scenarios/explain", json={"id": "boj_hike"})
        children = server.children()
        server.process.kill()
        server.process.wait()
        for _ in range(60):
            if not any(alive(pid) for pid in children):
                return
            time.sleep(0.1)
        raise AssertionError([pid for pid in children if alive(pid)])


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from jpsim.cli import main

    monkeypatch.setattr("jpsim.cli.serve.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == 2
    assert 'pip install "jpsim[serve]"' in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(capsys: Any) -> None:
    from jpsim.cli import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--no-browser", "--port", str(port)])
    assert ended.value.code == 2
    assert f"port {port} of this machine is taken" in capsys.readouterr().err


def test_other_commands_do_not_load_the_server() -> None:
    words = "import sys; from jpsim.cli import main; main(['validate', '--help'])"
    program = f"import atexit, sys; atexit.register(lambda: print('starlette' in sys.modules)); {words}"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert told.stdout.endswith("False\n")
