"""Compressed request bodies: passed as they are, and looked into where that is possible."""

import gzip
import json
import zlib

import pytest

from support.book import FIRST
from support.compare import assert_cost, assert_usage
from support.provider import CHAT_USAGE, Provider
from support.raw import BODIES, send
from support.tollgate import CLIENT_KEY

CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}


def ask(gateway, coding, body: bytes, group="openai"):
    path, _ = BODIES[group]
    headers = {
        "content-type": "application/json",
        "content-encoding": coding,
        "authorization": f"Bearer {CLIENT_KEY}",
    }
    return send(gateway.port, "POST", f"/proxy/{group}/{path}", body, headers)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_model_is_read(gateway, coding):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "count me"}]}
    compressed = CODINGS[coding](json.dumps(body).encode())
    reply = ask(gateway, coding, compressed)
    event = gateway.event(reply.request_id)
    # The simulator does not read compressed bodies, so that it is the gateway alone that has looked.
    assert event["model"]["requested"] == "gpt-4o"
    assert event["bytes"]["request"] == len(compressed)


def test_the_body_passes_as_it_is(make_gateway):
    provider = Provider()
    try:
        gateway = make_gateway(provider.url).start()
        body = gzip.compress(json.dumps({"model": "gpt-4o", "messages": [], "stream": False}).encode())
        reply = ask(gateway, "gzip", body)
        assert reply.status == 200
        _, headers, received = provider.requests[-1]
        assert received == body
        assert {name.lower(): value for name, value in headers.items()}["content-encoding"] == "gzip"
        event = gateway.event(reply.request_id)
        assert event["usage"]["reported_total"] == CHAT_USAGE["total_tokens"]
        assert event["cost"]["state"] == "priced"
    finally:
        provider.close()


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_other_codings_pass_unread(gateway, coding):
    reply = ask(gateway, coding, b"\x00\x01\x02" * 50)
    assert reply.status == 200
    event = gateway.event(reply.request_id)
    assert event["model"]["requested"] is None
    assert event["usage"]["source"] == "body"


def test_a_broken_body_passes(gateway):
    reply = ask(gateway, "gzip", b"\x1f\x8b\x08" + b"\xff" * 40)
    assert reply.status == 200
    assert gateway.event(reply.request_id)["model"]["requested"] is None


def test_a_bomb_costs_little(gateway):
    bomb = gzip.compress(b'{"messages":"' + b"a" * 200_000_000 + b'","model":"gpt-4o"}')
    reply = ask(gateway, "gzip", bomb)
    assert reply.status == 200
    assert gateway.event(reply.request_id)["model"]["requested"] is None


@pytest.mark.parametrize("coding", CODINGS)
def test_a_redirect_that_is_impossible_is_refused(make_gateway, coding):
    gateway = make_gateway(group={"model_redirects": {"gpt-4o": "o4-mini"}}).start()
    body = json.dumps({"model": "gpt-4o", "messages": []}).encode()
    reply = ask(gateway, coding, CODINGS[coding](body))
    assert reply.status == 415
    assert reply.headers["x-tollgate-error"] == "redirect_impossible"
    assert "o4-mini" in json.loads(reply.body)["error"]["message"]
    event = gateway.event(reply.request_id)
    assert (event["outcome"], event["attempts"]) == ("rejected", [])
    other = json.dumps({"model": "gpt-3.5-turbo", "messages": []}).encode()
    assert ask(gateway, coding, CODINGS[coding](other)).status == 200


def test_a_plain_body_is_redirected(make_gateway):
    gateway = make_gateway(group={"model_redirects": {"gpt-4o": "o4-mini"}}).start()
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "count me"}]}).encode()
    reply = ask(gateway, "identity", body)
    event = gateway.event(reply.request_id)
    assert reply.truth["model"] == "o4-mini"
    assert event["model"] == {"requested": "gpt-4o", "sent": "o4-mini", "reported": "o4-mini"}
    assert_usage(event, reply.truth)
    assert_cost(event, reply.truth, FIRST)
