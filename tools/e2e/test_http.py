"""HTTP to the letter: where two parsers could disagree, what may be reused, who waits for whom."""

import re
import resource
import socket
import threading
import time

import pytest

from support.tollgate import CLIENT_KEY, binary

PATH = "/proxy/openai/v1/chat/completions"
ANSWER = b'{"model":"gpt-4o","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


class Upstream:
    """Answers each request with the bytes that its `x-answer` names; keeps what came, by connection."""

    def __init__(self, answers: dict[str, bytes]):
        self.answers = {"plain": PLAIN, **answers}
        self.requests: list[tuple[int, bytes, bytes]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        number = 0
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()
            number += 1

    def _serve(self, sock, number):
        with sock, sock.makefile("rb") as reader:
            while line := reader.readline():
                head = line
                while (field := reader.readline()).strip():
                    head += field
                length = re.search(rb"content-length: (\d+)", head.lower())
                body = reader.read(int(length[1])) if length else b""
                self.requests.append((number, head, body))
                name = re.search(rb"x-answer: (\S+)", head.lower())
                answer = self.answers[name[1].decode() if name else "plain"]
                sock.sendall(answer)
                if answer.endswith(b"CLOSE"):
                    return

    def close(self):
        self.listener.close()


ANSWERS = {
    "trailers": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n"
    + b"%x;a=b;c=\"d\"\r\n%s\r\n0\r\nx-t: secret\r\n\r\n" % (len(ANSWER), ANSWER),
    "both": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(ANSWER), ANSWER),
    "early": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    "204": b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n",
    "head": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12345\r\n\r\n",
    "extra": PLAIN + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
    "obs-fold": b"HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
    "bare-lf": b"HTTP/1.1 200 OK\nx-a: b\ncontent-length: 0\n\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "bad-chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n",
    "close": PLAIN.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
}


@pytest.fixture(scope="module")
def upstream():
    upstream = Upstream(ANSWERS)
    yield upstream
    upstream.close()


@pytest.fixture
def served(make_gateway, upstream):
    upstream.requests.clear()
    return make_gateway(
        upstreams=upstream.url,
        threads=1,
        limits={"client_idle": "2s", "client_body": "2s", "headers": "16KiB"},
        group={"timeouts": {"connect": "2s", "first_byte": "3s", "idle": "3s"}, "retries": 1},
    ).start()


def request(body=b"{}", *fields, method="POST", path=PATH, close=False, length=True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: t", f"authorization: Bearer {CLIENT_KEY}", *fields]
    if close:
        lines.append("connection: close")
    if length:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def talk(port, *pieces, pause=0.0) -> bytes:
    """Sends pieces and reads to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        answer = b""
        for index, piece in enumerate(pieces):
            if index and pause:
                time.sleep(pause)
            try:
                sock.sendall(piece)
            except OSError:
                break
        try:
            while more := sock.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


SMUGGLED = request(b"", "x-answer: plain", method="GET", path="/proxy/openai/v1/models", length=False)


@pytest.mark.parametrize(
    "fields",
    [
        ["content-length: 0", "transfer-encoding: chunked"],
        ["transfer-encoding: chunked", "transfer-encoding: chunked"],
        ["transfer-encoding: gzip, chunked"],
        ["transfer-encoding: xchunked"],
        ["transfer-encoding: identity"],
        ["transfer-encoding : chunked"],
        ["transfer-encoding:\x0bchunked"],
        ["content-length: 0", "content-length: 5"],
        ["content-length: 0, 0"],
        ["content-length: +0"],
        ["content-length: 0x0"],
        ["content-length:"],
        ["x: y\r\n folded"],
        ["x: a\rb"],
        ["x: a\ncontent-length: 0"],
        ["host: other", "content-length: 0"],
    ],
    ids=lambda fields: " | ".join(fields).replace("\r", "CR").replace("\n", "LF"),
)
def test_no_request_hides_behind_another(served, upstream, fields):
    """One answer, 400, and the connection ends: what stands behind is never read as a request."""
    answer = talk(served.port, request(b"", *fields, length=False) + b"0\r\n\r\n" + SMUGGLED)
    assert answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 400"), answer
    assert b"connection: close" in answer
    assert not upstream.requests


def test_a_missing_host_is_refused_and_a_whole_url_is_taken(served, upstream):
    assert talk(served.port, request().replace(b"host: t\r\n", b"")).startswith(b"HTTP/1.1 400")
    assert talk(served.port, request(close=True, path=f"http://elsewhere{PATH}")).startswith(b"HTTP/1.1 200")
    assert upstream.requests[-1][1].startswith(b"POST /v1/chat/completions HTTP/1.1")


def test_chunks_with_extensions_and_trailers(served, upstream):
    head = request(b"", "transfer-encoding: chunked", close=True, length=False)
    body = b'5;name=value\r\n{"mod\r\n3 ; a\r\nel"\r\nB\r\n:"gpt-4o" }\r\n0000\r\nx-trailer: 1\r\n\r\n'
    for pieces in ([head + body], [head, *(body[index : index + 1] for index in range(len(body)))]):
        answer = talk(served.port, *pieces)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        _, sent, content = upstream.requests[-1]
        assert content == b'{"model":"gpt-4o" }'
        assert b"content-length: 19\r\n" in sent and b"chunked" not in sent and b"x-trailer" not in sent


@pytest.mark.parametrize("body", [b"5\r\nhello0\r\n\r\n", b"5\nhello\n0\n\n", b"-5\r\n", b"fffffffffffffffff\r\n", b"0\r\nA: b\n\r\n"])
def test_broken_chunks_are_refused(served, upstream, body):
    head = request(b"", "transfer-encoding: chunked", length=False)
    answer = talk(served.port, head + body + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1 ") == 1
    assert not upstream.requests


def test_many_pipelined_requests_are_answered_in_order(served, upstream):
    requests = [request(b'{"n":%d}' % index) for index in range(100)]
    answer = talk(served.port, b"".join(requests[:-1]) + request(b'{"n":99}', close=True))
    assert answer.count(b"HTTP/1.1 200 OK") == 100
    assert [body for _, _, body in upstream.requests] == [b'{"n":%d}' % index for index in range(100)]
    assert len({number for number, _, _ in upstream.requests}) == 1, "one connection serves them all"


def test_a_client_that_waits_for_100_continue(served, upstream):
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as sock:
        sock.sendall(request(b"{}", "expect: 100-continue")[:-2])
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert not upstream.requests
        sock.sendall(b"{}")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    assert b"expect" not in upstream.requests[-1][1].lower()


def test_a_client_that_waits_is_refused_without_its_body(served, upstream):
    head = request(b"{}", "expect: 100-continue").replace(CLIENT_KEY.encode(), b"wrong")[:-2]
    answer = talk(served.port, head)
    assert answer.startswith(b"HTTP/1.1 401") and b"100 Continue" not in answer
    assert not upstream.requests


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head:
        return body
    out = b""
    while (size := int(body.split(b"\r\n", 1)[0].split(b";")[0], 16)) > 0:
        start = body.index(b"\r\n") + 2
        out += body[start : start + size]
        body = body[start + size + 2 :]
    return out


@pytest.mark.parametrize("name", ["plain", "trailers", "both", "early", "close", "extra"])
def test_answers_are_framed_anew_where_needed(served, upstream, name):
    answer = talk(served.port, request(b"{}", f"x-answer: {name}", close=True))
    assert answer.startswith(b"HTTP/1.1 200") and answer.count(b"HTTP/1.1 ") == 1, answer
    assert body_of(answer) == ANSWER
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert (b"content-length" in head) != (b"transfer-encoding" in head)
    assert b"x-t:" not in head and b"trailer" not in head and b"link" not in head
    # What follows goes over another connection where the first one is not to be trusted.
    assert talk(served.port, request(close=True)).startswith(b"HTTP/1.1 200")
    reused = upstream.requests[-1][0] == upstream.requests[-2][0]
    assert reused == (name in ("plain", "trailers", "early"))


@pytest.mark.parametrize("method, name, status", [("HEAD", "head", 200), ("POST", "204", 204), ("POST", "304", 304)])
def test_answers_without_a_body(served, upstream, method, name, status):
    answer = talk(
        served.port, request(b"", f"x-answer: {name}", method=method, length=False) + request(b"{}", close=True)
    )
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 %d" % status)
    assert rest.startswith(b"HTTP/1.1 200"), "the second answer follows the first one's head at once"
    assert (b"content-length: 12345" in first) == (name == "head")
    assert len({number for number, _, _ in upstream.requests}) == 1, "the connection goes on"


@pytest.mark.parametrize("name", ["obs-fold", "bare-lf", "two-lengths", "switch"])
def test_answers_that_break_the_rules_are_a_502(served, name):
    answer = talk(served.port, request(b"{}", f"x-answer: {name}", close=True))
    assert answer.startswith(b"HTTP/1.1 502") and b"x-tollgate-error: upstream_malformed" in answer


def test_an_answer_whose_chunks_break_is_cut(served):
    answer = talk(served.port, request(b"{}", "x-answer: bad-chunk", close=True))
    assert answer.startswith(b"HTTP/1.1 502") or not answer.endswith(b"0\r\n\r\n")


def test_time_outs_of_slow_clients(served, upstream):
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as sock:
        assert sock.recv(100) == b"", "an idle connection is closed in silence"
    assert talk(served.port, b"POST /pro").startswith(b"HTTP/1.1 408")
    # A head that trickles in is not given more time by each byte.
    started = time.monotonic()
    trickled = talk(served.port, *(bytes([byte]) for byte in request()[:40]), pause=0.1)
    assert trickled.startswith(b"HTTP/1.1 408") and time.monotonic() - started < 6
    assert talk(served.port, request(b"{}")[:-1]).startswith(b"HTTP/1.1 408")
    assert not upstream.requests


def test_heads_over_the_limit(served, upstream):
    assert talk(served.port, request(b"{}", "x: " + "y" * 17_000)).startswith(b"HTTP/1.1 431")
    assert talk(served.port, request(b"{}", *(f"x{index}: y" for index in range(300)))).startswith(b"HTTP/1.1 431")
    assert talk(served.port, b"GET /" + b"x" * 20_000).startswith(b"HTTP/1.1 431")
    assert not upstream.requests


class Stale(Upstream):
    """Closes each connection as soon as a second request arrives on it, unanswered: it had gone stale."""

    def _serve(self, sock, number):
        seen = 0
        with sock, sock.makefile("rb") as reader:
            while line := reader.readline():
                head = line
                while (field := reader.readline()).strip():
                    head += field
                body = reader.read(int(re.search(rb"content-length: (\d+)", head.lower())[1]))
                self.requests.append((number, head, body))
                seen += 1
                if seen == 2:
                    return
                sock.sendall(PLAIN)


def test_a_connection_that_went_stale_costs_nobody_an_answer(make_gateway):
    upstream = Stale({})
    gateway = make_gateway(upstreams=upstream.url, threads=1).start()
    for _ in range(6):
        assert talk(gateway.port, request(close=True)).startswith(b"HTTP/1.1 200")
    events = gateway.completed(6)
    assert {event["outcome"] for event in events} == {"completed"}
    # The first attempt of each second request failed before it was looked at, and the event says so.
    assert sorted(len(event["attempts"]) for event in events) == [1, 2, 2, 2, 2, 2]
    upstream.close()


def crowd_before(gateway, count):
    crowd = []
    for _ in range(count):
        sock = socket.socket()
        sock.settimeout(5)
        sock.connect(("127.0.0.1", gateway.port))
        crowd.append(sock)
    return crowd


def recovers(gateway):
    deadline = time.monotonic() + 20
    answer = b""
    while not answer.startswith(b"HTTP/1.1 200"):
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)
        answer = talk(gateway.port, request(close=True))


def test_more_clients_than_the_limit_of_files_allows(make_gateway, upstream, tmp_path, monkeypatch):
    """Those within the limit are served while the others are turned away, and the ledger keeps its files."""
    wrapper = tmp_path / "few-files"
    wrapper.write_text(f'#!/bin/sh\nulimit -n 256\nexec "{binary()}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("TOLLGATE_BIN", str(wrapper))
    gateway = make_gateway(upstreams=upstream.url, threads=1).start()
    crowd = crowd_before(gateway, 400)
    try:
        crowd[0].sendall(request())
        assert crowd[0].recv(4096).startswith(b"HTTP/1.1 200")
        assert crowd[399].recv(4096) == b""
        before = cpu(gateway)
        time.sleep(1)
        assert cpu(gateway) - before < 0.5
    finally:
        for sock in crowd:
            sock.close()
    recovers(gateway)
    assert {event["outcome"] for event in gateway.completed()} == {"completed"}


def test_no_file_left_to_accept_with(make_gateway, upstream):
    """It waits for one instead of spinning, and recovers."""
    gateway = make_gateway(upstreams=upstream.url, threads=1).start()
    # Below what the gateway has counted on when it started.
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (128, 128))
    crowd = crowd_before(gateway, 200)
    try:
        before = cpu(gateway)
        time.sleep(2)
        assert cpu(gateway) - before < 0.5, "it spins on a listener that it cannot accept from"
    finally:
        for sock in crowd:
            sock.close()
    recovers(gateway)


def cpu(gateway) -> float:
    """Seconds of processor time that the gateway has used."""
    with open(f"/proc/{gateway.process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
