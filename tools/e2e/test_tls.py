"""Upstreams over TLS: the right certificate is accepted, every wrong one is refused before a byte of the request."""

import json
import socket
import ssl
import threading

import pytest

from support.raw import ask
from support.tls import Authority, Upstream


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def upstream():
    made = []

    def make(certificate, key) -> Upstream:
        made.append(Upstream(certificate, key))
        return made[-1]

    yield make
    for server in made:
        server.close()


def serve(make_gateway, authority, server, host="localhost", trusted=True):
    entry = {"url": f"https://{host}:{server.port}"}
    if trusted:
        entry["ca_file"] = str(authority.certificate)
    return make_gateway(group={"upstreams": [entry]}).start()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_right_certificate(make_gateway, authority, upstream, host):
    server = upstream(*authority.issue(f"right-{host}"))
    gateway = serve(make_gateway, authority, server, host)
    for _ in range(3):
        reply = ask(gateway, "openai")
        assert reply.status == 200
        assert json.loads(reply.body)["choices"][0]["message"]["content"] == "over TLS"
    event = gateway.event(reply.request_id)
    assert (event["usage"]["input"]["total"], event["usage"]["output"]["total"]) == (11, 3)


WRONG = {
    "expired": {"start": "20200101000000Z", "end": "20200201000000Z"},
    "not yet valid": {"start": "20450101000000Z", "end": "20460101000000Z"},
    "wrong host": {"names": "DNS:elsewhere.example"},
    "self-signed": {"self_signed": True},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate(make_gateway, authority, upstream, name):
    server = upstream(*authority.issue(name.replace(" ", "-"), **WRONG[name]))
    gateway = serve(make_gateway, authority, server)
    reply = ask(gateway, "openai")
    assert reply.status == 502
    assert reply.headers["x-tollgate-error"] == "upstream_tls"
    assert server.seen == 0, "the request went to a server that is not trusted"
    event = gateway.event(reply.request_id)
    assert (event["outcome"], event["attempts"][-1]["failure"]) == ("upstream_error", "tls")


def test_an_authority_that_is_not_trusted(make_gateway, authority, upstream):
    server = upstream(*authority.issue("unknown-authority"))
    gateway = serve(make_gateway, authority, server, trusted=False)
    reply = ask(gateway, "openai")
    assert (reply.status, reply.headers["x-tollgate-error"]) == (502, "upstream_tls")
    assert server.seen == 0


def test_a_server_that_speaks_no_tls(make_gateway, authority, simulator):
    entry = {"url": simulator.url.replace("http://", "https://"), "ca_file": str(authority.certificate)}
    gateway = make_gateway(group={"upstreams": [entry]}).start()
    reply = ask(gateway, "openai")
    assert reply.status == 502
    assert gateway.event(reply.request_id)["attempts"][-1]["failure"] in ("tls", "connect")


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_an_answer_that_only_its_end_delimits_has_to_be_ended_by_the_peer(make_gateway, authority, says_goodbye):
    """Without TLS's own farewell anyone on the way may have cut it (RFC 9112 section 9.8)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("goodbye"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            plain, _ = listener.accept()
            sock = context.wrap_socket(plain, server_side=True)
            sock.recv(65_536)
            sock.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"model":"gpt-4o"')
            if says_goodbye:
                sock.unwrap()
            else:
                socket.socket(fileno=sock.detach()).close()

        threading.Thread(target=answer, daemon=True).start()
        entry = {"url": f"https://localhost:{listener.getsockname()[1]}", "ca_file": str(authority.certificate)}
        gateway = make_gateway(group={"upstreams": [entry]}).start()
        reply = ask(gateway, "openai")
        event = gateway.event(reply.request_id)
        assert event["outcome"] == ("completed" if says_goodbye else "upstream_cut")
