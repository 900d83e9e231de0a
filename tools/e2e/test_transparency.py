"""What passes is not touched: bodies, headers, queries; only credentials and hop-by-hop fields change."""

import json
import socket
import threading
from urllib.parse import unquote

import pytest

from support.raw import send
from support.tollgate import CLIENT_KEY

# White space, key order, big numbers and escapes that a JSON library would not write again like this.
BODY = '{ "n":1.0e+2,"model" : "gpt-4o" ,\t"big":123456789012345678901234567890,"u":"\\u00fc\\/ü", "messages":[]}'.encode()
ANSWER = b'{ "id" : "x",  "usage":{"prompt_tokens":1.0,"completion_tokens":2 } }\n\n '


class Recorder:
    """Keeps each request's bytes and gives one fixed answer."""

    def __init__(self):
        self.requests: list[tuple[str, list[tuple[str, str]], bytes]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock, sock.makefile("rb") as reader:
            while line := reader.readline():
                headers = []
                while field := reader.readline().strip():
                    name, _, value = field.decode("latin-1").partition(":")
                    headers.append((name, value.strip()))
                body = reader.read(int(dict((n.lower(), v) for n, v in headers).get("content-length", 0)))
                self.requests.append((line.decode().strip(), headers, body))
                sock.sendall(
                    b"HTTP/1.1 200 Fine By Me\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Odd: \xe9\r\n"
                    b"Connection: x-hop\r\nX-Hop: secret\r\nKeep-Alive: timeout=5\r\n"
                    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
                )

    def close(self):
        self.listener.close()


@pytest.fixture
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.close()


PLACES = {
    "openai": ("v1/chat/completions", ("authorization", "Bearer sk-upstream-openai-0123456789")),
    "anthropic": ("v1/messages", ("x-api-key", "sk-upstream-anthropic-0123456789")),
    "gemini": ("v1beta/models/g:generateContent", ("x-goog-api-key", "sk-upstream-gemini-0123456789")),
}


@pytest.mark.parametrize("place", ["authorization", "x-api-key", "x-goog-api-key", "query"])
@pytest.mark.parametrize("group", PLACES)
def test_the_provider_gets_the_request_with_its_own_key(make_gateway, recorder, group, place):
    gateway = make_gateway(upstreams=recorder.url).start()
    path, (name, value) = PLACES[group]
    query = "b=2&a=%20x&a=1"
    headers = {
        "content-type": "application/json",
        "X-Twice": "kept",
        "connection": "keep-alive, x-mine",
        "x-mine": "hop",
        "te": "trailers",
        "proxy-authorization": "Basic abc",
    }
    if place == "query":
        query += f"&key={CLIENT_KEY}"
    else:
        headers[place] = f"Bearer {CLIENT_KEY}" if place == "authorization" else CLIENT_KEY
    reply = send(gateway.port, "POST", f"/proxy/{group}/{path}?{query}", BODY, headers)
    assert reply.status == 200

    line, fields, body = recorder.requests[-1]
    assert line == f"POST /{path}?b=2&a=%20x&a=1 HTTP/1.1"
    assert body == BODY
    sent = {field.lower(): value for field, value in fields}
    assert sent[name] == value
    assert CLIENT_KEY not in repr(recorder.requests)
    credentials = {"authorization", "x-api-key", "x-goog-api-key"} & set(sent)
    assert credentials == {name}
    assert sent["x-twice"] == "kept"
    assert sent["host"] == recorder.url.removeprefix("http://")
    assert not {"x-mine", "te", "proxy-authorization"} & set(sent)


def test_the_client_gets_the_answer_as_it_was(make_gateway, recorder):
    gateway = make_gateway(upstreams=recorder.url).start()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as sock:
        sock.sendall(
            b"POST /proxy/openai/v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
            b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s" % (CLIENT_KEY.encode(), len(BODY), BODY)
        )
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == ANSWER
    lines = head.split(b"\r\n")
    assert b"Set-Cookie: a=1" in lines and b"set-cookie: b=2" in lines
    assert b"X-Odd: \xe9" in lines
    assert b"X-Hop" not in head and b"timeout=5" not in head
    assert any(line.lower().startswith(b"x-tollgate-request-id: ") for line in lines)


def test_a_model_is_redirected_in_place(make_gateway, recorder):
    gateway = make_gateway(upstreams=recorder.url, group={"model_redirects": {"gpt-4o": "gpt-4o-2024-08-06"}}).start()
    reply = send(
        gateway.port, "POST", "/proxy/openai/v1/chat/completions", BODY, {"authorization": f"Bearer {CLIENT_KEY}"}
    )
    assert reply.status == 200
    assert recorder.requests[-1][2] == BODY.replace(b'"gpt-4o"', b'"gpt-4o-2024-08-06"')
    event = gateway.event(reply.request_id)
    assert (event["model"]["requested"], event["model"]["sent"]) == ("gpt-4o", "gpt-4o-2024-08-06")


@pytest.mark.parametrize("target", ['new"x\\', "q/r s?x", "new HTTP/1.1\r\nx-injected: 1\r\nx:"])
def test_a_redirect_is_written_as_its_place_asks(make_gateway, recorder, target):
    redirects = {"gpt-4o": target, "gemini-2.5-pro": target}
    gateway = make_gateway(upstreams=recorder.url, group={"model_redirects": redirects}).start()
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    for body in (BODY, BODY.replace(b'"model"', b'"mod\\u0065l"')):
        send(gateway.port, "POST", "/proxy/openai/v1/chat/completions", body, headers)
        assert json.loads(recorder.requests[-1][2])["model"] == target
    send(gateway.port, "POST", "/proxy/openai/v1beta/models/gemini-2.5-pro:generateContent", b"{}", headers)
    line, sent, _ = recorder.requests[-1]
    path = line.split(" ")[1]
    assert unquote(path) == f"/v1beta/models/{target}:generateContent" and path.count("/") == 3
    assert line.endswith(" HTTP/1.1") and "x-injected" not in {name.lower() for name, _ in sent}


def test_a_model_that_cannot_be_read_is_not_let_past_a_redirect(make_gateway, recorder):
    gateway = make_gateway(upstreams=recorder.url, group={"model_redirects": {"gpt-4o": "gpt-4o-mini"}}).start()
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    path = "/proxy/openai/v1/chat/completions"
    for body, more in (
        (BODY, {"content-encoding": "br"}),
        (BODY, {"content-encoding": "gzip"}),
        (BODY.decode().encode("utf-16"), {}),
    ):
        reply = send(gateway.port, "POST", path, body, headers | more)
        assert reply.status == 415 and not recorder.requests
    assert send(gateway.port, "POST", "/proxy/openai/v1/files", b"\x00\x01", headers).status == 200


def test_a_target_that_is_no_text_is_refused(make_gateway, recorder):
    gateway = make_gateway(upstreams=recorder.url).start()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sock:
        key = f"authorization: Bearer {CLIENT_KEY}\r\n".encode()
        sock.sendall(b"GET /proxy/openai/\xff\xfe HTTP/1.1\r\nhost: x\r\n" + key + b"\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 400")
    assert not recorder.requests


def test_usage_is_asked_by_one_insertion(make_gateway, recorder):
    gateway = make_gateway(upstreams=recorder.url).start()
    body = BODY[:-1] + b', "stream" :true}'
    send(gateway.port, "POST", "/proxy/openai/v1/chat/completions", body, {"authorization": f"Bearer {CLIENT_KEY}"})
    sent = recorder.requests[-1][2]
    assert sent != body and b"include_usage" in sent
    # Everything that the client wrote is still there, in order, around one insertion.
    common = next(index for index in range(len(body)) if sent[index] != body[index])
    assert sent.endswith(body[common:])
