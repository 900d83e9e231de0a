"""Everything that can go wrong from outside: a clear answer, an honest event, nothing lost."""

import http.client
import json
import os
import socket
import subprocess
import time

import anthropic
import openai
import pytest
import yaml
from google.genai import errors

from support.book import FIRST
from support.compare import assert_usage
from support.process import free_port, wait_until
from support.process import http as fetch
from support.raw import ask, send
from support.sdk import CALLS, by_name, through
from support.tollgate import CLIENT_KEY, Gateway, run

GROUPS = ["openai", "anthropic", "gemini"]


@pytest.fixture(scope="module")
def served(tmp_path_factory, simulator):
    folder = tmp_path_factory.mktemp("bad-input")
    gateway = Gateway(
        folder,
        simulator.url,
        FIRST.write(folder / "prices.yaml"),
        group={"timeouts": {"connect": "2s", "first_byte": "2s", "idle": "2s"}},
        limits={"request_body": 100_000},
    ).start()
    yield gateway
    gateway.close()


# Faults of the upstream

@pytest.mark.parametrize("group", GROUPS)
def test_malformed_json_passes_and_its_usage_is_unknown(served, group):
    reply = ask(served, group, "malformed")
    assert reply.status == 200 and not reply.broken
    assert reply.body.endswith(b'"completion_tokens":'), "the bytes must pass unchanged"
    event = served.event(reply.request_id)
    assert event["usage"]["complete"] is False
    assert event["usage"]["input"]["total"] is None and event["usage"]["output"]["total"] is None
    assert event["cost"]["state"] in ("unpriced", "none"), "unknown is not zero dollars"


@pytest.mark.parametrize("control", ["malformed", "bad-sse", "utf8-split", "utf8-split;size=20000"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_stream_with_rubbish_in_it_is_still_metered(served, group, control):
    reply = ask(served, group, control, stream=True)
    assert reply.status == 200 and not reply.broken
    event = served.event(reply.request_id)
    assert event["outcome"] == "completed"
    assert_usage(event, reply.truth)


@pytest.mark.parametrize("control", ["utf8-split", "utf8-split;size=20000"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_body_cut_inside_characters_is_metered(served, group, control):
    reply = ask(served, group, control)
    json.loads(reply.body)
    assert_usage(served.event(reply.request_id), reply.truth)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_cut_answer_is_a_cut_answer(served, group, stream):
    reply = ask(served, group, "cut", stream=stream)
    assert reply.status == 200
    assert reply.broken, "a client must be able to tell that the answer is not whole"
    event = served.event(reply.request_id)
    assert event["outcome"] == "upstream_cut"
    assert event["usage"]["complete"] is False
    assert event["attempts"][-1]["failure"] == "cut"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_truncated_answer_is_not_passed_off_as_whole(served, group, stream):
    reply = ask(served, group, "truncate", stream=stream)
    assert reply.broken
    event = served.event(reply.request_id)
    if stream:
        # The terminal event came, so the usage is whole; only the framing of the message is not.
        assert_usage(event, reply.truth)
    else:
        assert event["outcome"] == "upstream_cut"


@pytest.mark.parametrize("group", GROUPS)
def test_a_reset_in_the_middle(served, group):
    reply = ask(served, group, "reset;at=3;pace=20", stream=True)
    assert reply.broken
    assert served.event(reply.request_id)["outcome"] == "upstream_cut"


@pytest.mark.parametrize("group", GROUPS)
def test_an_error_event_after_200(served, group):
    reply = ask(served, group, "error-event", stream=True)
    assert reply.status == 200 and b"error" in reply.body
    event = served.event(reply.request_id)
    assert event["outcome"] == "upstream_error"
    assert event["usage"]["complete"] is False


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("control", ["huge-header", "reset", "close"])
def test_no_usable_answer_is_a_502_in_the_dialect(served, group, control):
    reply = ask(served, group, control)
    assert reply.status == 502
    assert reply.headers["x-tollgate-error"]
    assert json.loads(reply.body)["error"]["message"]
    event = served.event(reply.request_id)
    assert (event["outcome"], event["status"]) == ("upstream_error", 502)
    assert event["error"] == reply.headers["x-tollgate-error"]


@pytest.mark.parametrize("group", GROUPS)
def test_an_upstream_that_never_answers_is_a_504(served, group):
    reply = ask(served, group, "hang")
    assert reply.status == 504
    event = served.event(reply.request_id)
    assert event["attempts"][-1]["failure"] == "first_byte_timeout"


@pytest.mark.parametrize("group", GROUPS)
def test_a_stream_that_stalls_is_cut(served, group):
    reply = ask(served, group, "stall", stream=True)
    assert reply.status == 200 and reply.broken
    event = served.event(reply.request_id)
    assert event["outcome"] == "upstream_cut"
    assert event["attempts"][-1]["failure"] == "idle_timeout"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("group", GROUPS)
def test_refusals_of_the_provider_pass(make_gateway, group, status):
    # A gateway of its own: a refused key is put out of use.
    gateway = make_gateway().start()
    reply = ask(gateway, group, f"status={status};retry-after=7")
    assert reply.status == status
    assert reply.headers["retry-after"] == "7"
    assert "The simulator was asked" in json.loads(reply.body)["error"]["message"]
    event = gateway.event(reply.request_id)
    assert (event["outcome"], event["status"]) == ("upstream_error", status)
    assert event["usage"]["source"] == "none"
    assert event["cost"]["state"] == "none"


def test_an_upstream_that_is_not_there(make_gateway):
    gateway = make_gateway(upstreams=f"http://127.0.0.1:{free_port()}").start()
    reply = ask(gateway, "openai")
    assert reply.status == 502
    assert gateway.event(reply.request_id)["attempts"][-1]["failure"] == "connect"


def test_another_upstream_takes_over(make_gateway, simulator):
    gateway = make_gateway(
        upstreams=[f"http://127.0.0.1:{free_port()}", simulator.url], group={"retries": 2}
    ).start()
    for _ in range(4):
        reply = ask(gateway, "openai")
        assert reply.status == 200
        assert_usage(gateway.event(reply.request_id), reply.truth)


# Faults of the client

@pytest.mark.parametrize(
    "name, error",
    [
        ("openai-chat", openai.AuthenticationError),
        ("anthropic-message", anthropic.AuthenticationError),
        ("gemini-generate", errors.ClientError),
    ],
)
def test_a_wrong_key_is_a_401_that_the_sdk_understands(served, name, error):
    with pytest.raises(error) as raised:
        through(served, by_name[name], key="wrong-key-0123456789")
    assert getattr(raised.value, "status_code", None) == 401 or raised.value.code == 401


@pytest.mark.parametrize("place", ["authorization", "x-api-key", "x-goog-api-key", "query"])
def test_the_client_key_in_its_four_places(served, simulator, place):
    target = "/proxy/openai/v1/chat/completions"
    headers = {"content-type": "application/json"}
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}'
    if place == "query":
        target += f"?key={CLIENT_KEY}&other=kept"
    else:
        headers[place] = f"Bearer {CLIENT_KEY}" if place == "authorization" else CLIENT_KEY
    assert send(served.port, "POST", target, body, headers).status == 200
    assert send(served.port, "POST", target.replace(CLIENT_KEY, "x"), body, {}).status == 401


def test_an_unknown_group_is_a_404(served):
    for path in ("/proxy/nobody/v1/chat/completions", "/proxy/", "/elsewhere"):
        reply = send(served.port, "POST", path, b"{}", {"authorization": f"Bearer {CLIENT_KEY}"})
        assert reply.status == 404
        assert reply.headers["x-tollgate-error"]
        assert json.loads(reply.body)["error"]["message"]


def test_a_body_over_the_limit_is_a_413(served):
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "content-type": "application/json"}
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"' + b"x" * 200_000 + b'"}]}'
    reply = send(served.port, "POST", "/proxy/openai/v1/chat/completions", body, headers)
    assert reply.status == 413 and reply.headers["x-tollgate-error"] == "body_too_large"
    event = served.event(reply.request_id)
    assert (event["outcome"], event["status"]) == ("rejected", 413)
    # The same without a stated length.
    chunks = (b"x" * 10_000 for _ in range(20))
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    try:
        try:
            connection.request(
                "POST", "/proxy/openai/v1/chat/completions", body=chunks, headers=headers, encode_chunked=True
            )
        except (BrokenPipeError, ConnectionResetError):
            pass  # The refusal came before the end of the body.
        assert connection.getresponse().status == 413
    finally:
        connection.close()


def test_a_huge_request_header_is_refused(served):
    reply = send(served.port, "GET", "/proxy/openai/v1/models", headers={"x-huge": "h" * 200_000})
    assert reply.status == 431


@pytest.mark.parametrize(
    "text",
    [b"NONSENSE\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nhost: a\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00" * 40],
)
def test_what_is_not_http_harms_nobody(served, text):
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as sock:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    assert not answer or answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.1 505")
    assert ask(served, "openai").status == 200


def test_a_client_that_leaves_is_recorded(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.request(
        "POST",
        "/proxy/openai/v1/chat/completions",
        body=b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"x"}]}',
        headers={"authorization": f"Bearer {CLIENT_KEY}", "x-sim": "pace=50;chunks=200;size=4000"},
    )
    response = connection.getresponse()
    identity = response.getheader("x-tollgate-request-id")
    response.read1(100)
    response.close()
    connection.close()
    event = served.event(identity)
    assert event["outcome"] == "client_gone"
    assert event["usage"]["complete"] is False


def test_a_request_body_that_is_not_json_passes(served):
    reply = send(
        served.port,
        "POST",
        "/proxy/openai/v1/chat/completions",
        b'{"model": "gpt-4o", "messages": [',
        {"authorization": f"Bearer {CLIENT_KEY}", "content-type": "application/json"},
    )
    # What a body means is the provider's business; the simulator answers it.
    assert reply.status == 200
    assert served.event(reply.request_id)["outcome"] == "completed"


# Faults of the operator

BROKEN = {
    "not yaml": ("groups: {openai: [", ":2:"),
    "empty": ("", "empty"),
    "unknown key": ("groups: {}\nlissen: 127.0.0.1:1\n", "listen"),
    "no group": ("listen: 127.0.0.1:0\n", "group"),
    "bad dialect": (
        "groups:\n  a:\n    dialect: opnai\n    credentials: passthrough\n    upstreams: [{url: http://127.0.0.1:1}]\n",
        "openai",
    ),
    "missing secret": (
        "groups:\n  a:\n    dialect: openai\n    keys: [env:TOLLGATE_E2E_NOT_SET]\n    upstreams: [{url: http://127.0.0.1:1}]\n",
        "TOLLGATE_E2E_NOT_SET",
    ),
    "bad url": ("groups:\n  a:\n    credentials: passthrough\n    upstreams: [{url: ftp://x}]\n", "http"),
}


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_told(tmp_path, command, name):
    text, word = BROKEN[name]
    config = tmp_path / "broken.yaml"
    config.write_text(text)
    result = run(command, "--config", config, check=False)
    assert result.returncode == 78, result.stderr.decode()
    message = result.stderr.decode()
    assert "broken.yaml" in message and word in message, message
    assert not (tmp_path / "data").exists(), "nothing is written for a broken configuration"


def test_check_accepts_a_good_configuration(make_gateway):
    gateway = make_gateway()
    assert run("check", "--config", gateway.config).returncode == 0
    assert not gateway.data.exists()


BROKEN_BOOKS = {
    "not yaml": "rows: [",
    "no number": "rows:\n  - {provider: openai, model: m, input: [1]}\n",
    "negative": "rows:\n  - {provider: openai, model: m, input: '-1'}\n",
    "unknown unit": "rows:\n  - {provider: openai, model: m, inptu: '1'}\n",
    "twice": "rows:\n  - {provider: openai, model: m, input: '1'}\n  - {provider: openai, model: m, input: '2'}\n",
    "unknown key": "rows: []\nrowz: []\n",
}


@pytest.mark.parametrize("name", BROKEN_BOOKS)
def test_a_broken_price_book_is_told(make_gateway, name):
    gateway = make_gateway()
    book = gateway.folder / "prices.yaml"
    book.write_text(BROKEN_BOOKS[name])
    for command in ("check", "serve"):
        result = run(command, "--config", gateway.config, check=False)
        assert result.returncode == 65
        assert "prices.yaml" in result.stderr.decode()
    assert not gateway.data.exists(), "nothing is written for a broken price book"


def test_a_broken_price_book_is_not_adopted(gateway, tmp_path):
    book = tmp_path / "broken.yaml"
    book.write_text(BROKEN_BOOKS["unknown unit"])
    for command in ("diff", "adopt"):
        result = run("prices", command, book, "--data-dir", gateway.data, check=False)
        assert result.returncode != 0 and "inptu" in result.stderr.decode()
    assert len(gateway.events("pricebook.adopted")) == 1


def test_a_data_directory_in_use(gateway):
    settings = dict(gateway.settings)
    settings["listen"] = f"127.0.0.1:{free_port()}"
    settings["admin"] = {"listen": f"127.0.0.1:{free_port()}", "token": "another-token-0123456789"}
    config = gateway.folder / "second.yaml"
    config.write_text(yaml.safe_dump(settings))
    result = run("serve", "--config", config, check=False)
    assert result.returncode not in (0, -6, -11)
    assert str(gateway.data) in result.stderr.decode() and "use" in result.stderr.decode()
    assert ask(gateway, "openai").status == 200, "the first process must not notice"


def test_a_port_in_use(gateway, make_gateway):
    other = make_gateway(name="other", listen=f"127.0.0.1:{gateway.port}")
    result = run("serve", "--config", other.config, check=False)
    assert result.returncode not in (0, -6, -11)
    assert str(gateway.port) in result.stderr.decode()


def test_a_data_directory_that_is_a_file(make_gateway):
    gateway = make_gateway()
    gateway.data.write_text("I am a file")
    result = run("serve", "--config", gateway.config, check=False)
    assert result.returncode not in (0, -6, -11)
    assert str(gateway.data) in result.stderr.decode()
    assert gateway.data.read_text() == "I am a file"


def test_a_read_only_data_directory(make_gateway):
    gateway = make_gateway()
    gateway.data.mkdir()
    # Permissions do not bind root; a read-only mount does.
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", gateway.data], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a read-only file system here: {mounted.stderr.strip()}")
    try:
        result = run("serve", "--config", gateway.config, check=False)
        assert result.returncode not in (0, -6, -11)
        assert str(gateway.data) in result.stderr.decode()
    finally:
        subprocess.run(["umount", gateway.data], check=True)


@pytest.fixture
def small_disk(make_gateway):
    """Makes gateways whose data directory is a small file system of its own; gives a gateway and its filler file."""
    mounted = []

    def make(**settings):
        gateway = make_gateway(**{"min_free_space": "0B", **settings})
        gateway.data.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", gateway.data]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
        mounted.append(gateway)
        return gateway.start(), gateway.data / "filler"

    yield make
    for gateway in mounted:
        gateway.close()
        subprocess.run(["umount", gateway.data], check=True)


def fill(filler):
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


# The log has half a megabyte ahead of its end, which no filler takes from it: requests that fill it have large events.
LARGE = {f"mark-{number}": f"{number}" * 125 for number in range(10, 26)}


def test_a_full_disk_refuses_new_requests_and_loses_nothing(small_disk):
    gateway, filler = small_disk()
    finished = [ask(gateway, "openai").request_id for _ in range(20)]
    fill(filler)
    statuses = set()
    for _ in range(2000):
        reply = ask(gateway, "openai", marks=LARGE)
        statuses.add((reply.status, reply.broken))
        if reply.status == 503:
            break
        if not reply.broken:
            finished.append(reply.request_id)
    assert reply.status == 503, f"a ledger that cannot write must refuse; got {statuses}"
    started = time.monotonic()
    assert [ask(gateway, "openai").status for _ in range(20)] == [503] * 20
    assert time.monotonic() - started < 5, "a refusal that is ready must not wait for the ledger"
    filler.unlink()
    gateway.kill()
    gateway.start()
    events = {event["id"] for event in gateway.completed()}
    assert set(finished) <= events
    assert ask(gateway, "openai").status == 200


def fill_all_but(filler, bytes_left):
    file_system = os.statvfs(filler.parent)
    filler.write_bytes(b"x" * (file_system.f_bavail * file_system.f_frsize - bytes_left))


def test_a_disk_that_is_nearly_full_is_told_in_time_and_service_resumes(small_disk):
    gateway, filler = small_disk(min_free_space="4MiB")
    finished = [ask(gateway, "openai").request_id for _ in range(20)]
    assert gateway.metrics().sum("tollgate_ledger_short_of_space") == 0
    fill_all_but(filler, 3 << 20)
    wait_until(lambda: gateway.metrics().sum("tollgate_ledger_short_of_space") == 1, "the guard acts")
    assert not gateway.ready()
    reply = ask(gateway, "openai")
    assert (reply.status, reply.headers["x-tollgate-error"]) == (503, "ledger_unavailable")
    assert gateway.metrics().sum("tollgate_ledger_errors_total") == 0, "the disk was never full"
    filler.unlink()
    wait_until(gateway.ready, "service resumes by itself")
    finished.append(ask(gateway, "openai").request_id)
    assert set(finished) <= {event["id"] for event in gateway.completed()}
    assert "nearly full" in gateway.process.output and "space again" in gateway.process.output


def test_a_disk_that_is_nearly_full_can_be_told_to_forward(small_disk):
    gateway, filler = small_disk(min_free_space="4MiB", on_ledger_failure="forward")
    fill_all_but(filler, 3 << 20)
    wait_until(lambda: gateway.metrics().sum("tollgate_ledger_short_of_space") == 1, "the guard acts")
    head = gateway.metrics().sum("tollgate_ledger_head")
    replies = [ask(gateway, "openai") for _ in range(50)]
    assert {(reply.status, reply.broken) for reply in replies} == {(200, False)}
    assert gateway.metrics().sum("tollgate_ledger_head") == head, "what little space is left is kept"
    filler.unlink()
    wait_until(gateway.ready, "service resumes by itself")
    wait_until(lambda: gateway.events("ledger.gap"), "the gap is recorded")
    assert sum(gap["requests"] for gap in gateway.events("ledger.gap")) == 50


def test_a_full_disk_can_be_told_to_forward_and_the_gap_is_counted(small_disk):
    gateway, filler = small_disk(on_ledger_failure="forward")
    finished = [ask(gateway, "openai").request_id for _ in range(20)]
    fill(filler)
    replies = [ask(gateway, "openai", marks=LARGE) for _ in range(400)]
    assert {(reply.status, reply.broken) for reply in replies} == {(200, False)}
    filler.unlink()

    deadline = time.monotonic() + 20
    while not gateway.ready() and time.monotonic() < deadline:
        time.sleep(0.1)
    while not (gaps := gateway.events("ledger.gap")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ask(gateway, "openai").status == 200
    recorded = {event["id"] for event in gateway.completed()}
    assert set(finished) <= recorded
    unrecorded = [reply for reply in replies if reply.request_id not in recorded]
    assert unrecorded, "the disk was never full"
    assert sum(gap["requests"] for gap in gaps) == len(unrecorded)
    interrupted = [event for event in gateway.events() if event["type"] == "request.interrupted"]
    assert not interrupted


def test_a_management_request_without_the_token(served):
    for path in ("/metrics", "/api/report?by=model", "/api/export?format=ndjson"):
        assert fetch("GET", served.admin + path)[0] == 401
    assert fetch("GET", served.admin + "/healthz")[0] == 200


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_sdks_see_the_errors_of_the_provider(make_gateway, call):
    gateway = make_gateway().start()
    with pytest.raises((openai.RateLimitError, anthropic.RateLimitError, errors.ClientError)):
        through(gateway, call, "status=429;retry-after=1")
