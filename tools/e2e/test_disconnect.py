"""The client leaves: the upstream is cancelled or drained within bounds, and the event says exactly which."""

import json
import socket
import time

import pytest

from support.book import FIRST
from support.compare import assert_cost, assert_usage
from support.process import wait_until
from support.raw import BODIES
from support.tollgate import CLIENT_KEY

PACED = "pace=20;chunks=12;size=400"
SLOW = "delay=400"


@pytest.fixture(params=["cancel", "drain"])
def policy(request):
    return request.param


def leave(gateway, group, control, stream, after: bytes = b""):
    """Sends a request and leaves when `after` has come; without it, as soon as the provider has the request."""
    path, body = BODIES[group]
    if stream:
        body = {**body, "stream": True}
        if group == "openai":
            body["stream_options"] = {"include_usage": True}
    text = json.dumps(body)
    with socket.create_connection(("127.0.0.1", gateway.port)) as sock:
        sock.sendall(
            f"POST /proxy/{group}/{path} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {CLIENT_KEY}\r\nx-sim: {control}\r\n"
            f"content-length: {len(text.encode())}\r\n\r\n{text}".encode()
        )
        seen = b""
        if not after:
            wait_until(lambda: gateway.metrics().sum("tollgate_requests_in_flight") >= 1, "the request is under way")
        while after and after not in seen:
            piece = sock.recv(4096)
            assert piece, f"the answer ended without {after!r}: {seen[-300:]!r}"
            seen += piece
        return seen


def truth(seen: bytes) -> dict:
    head = seen.split(b"\r\n\r\n")[0].decode()
    return json.loads(next(line[13:] for line in head.split("\r\n") if line.lower().startswith("x-sim-usage: ")))


def test_an_openai_stream(make_gateway, policy):
    gateway = make_gateway(group={"on_disconnect": policy}).start()
    used = truth(leave(gateway, "openai", PACED, True, after=b'"content":'))
    event = gateway.completed(1)[0]
    assert (event["outcome"], event["status"], event["stream"]) == ("client_gone", 200, True)
    if policy == "drain":
        assert_usage(event, used)
        assert_cost(event, used, FIRST)
        assert event["attempts"][0]["failure"] is None
        assert event["usage"]["source"] == "stream"
    else:
        # The provider states the usage at the end only: unknown, which is not zero.
        assert event["usage"]["source"] == "none"
        assert event["usage"]["complete"] is False
        assert event["cost"]["state"] == "unpriced"
        assert event["attempts"][0]["failure"] == "client_gone"


def test_an_anthropic_stream(make_gateway, policy):
    gateway = make_gateway(group={"on_disconnect": policy}).start()
    used = truth(leave(gateway, "anthropic", PACED + ";cached=2", True, after=b"content_block_delta"))
    event = gateway.completed(1)[0]
    assert (event["outcome"], event["status"], event["stream"]) == ("client_gone", 200, True)
    if policy == "drain":
        assert_usage(event, used)
        assert_cost(event, used, FIRST)
        assert event["attempts"][0]["failure"] is None
    else:
        # The beginning of the stream has stated the input; the output is a lower bound.
        assert event["usage"]["source"] == "stream_partial"
        assert event["usage"]["complete"] is False
        assert event["usage"]["input"]["total"] == used["input_total"]
        assert event["usage"]["input"]["cache_read"] == used["cache_read"]
        assert (event["usage"]["output"]["total"] or 0) < used["output_total"]
        assert event["cost"]["state"] == "priced"
        assert event["attempts"][0]["failure"] == "client_gone"


@pytest.mark.parametrize("group", ["openai", "anthropic"])
def test_a_plain_answer(make_gateway, policy, group):
    gateway = make_gateway(group={"on_disconnect": policy}).start()
    leave(gateway, group, SLOW, False)
    event = gateway.completed(1)[0]
    # Nothing has gone to the client, so there is no status that it has seen.
    assert (event["outcome"], event["status"], event["stream"]) == ("client_gone", 0, False)
    attempt = event["attempts"][0]
    if policy == "drain":
        usage = event["usage"]
        assert usage["source"] == "body"
        assert usage["complete"] is True
        assert usage["input"]["total"] == 5
        assert usage["output"]["total"] == 12
        assert event["cost"]["state"] == "priced"
        assert (attempt["status"], attempt["failure"]) == (200, None)
    else:
        assert event["usage"]["source"] == "none"
        assert event["cost"]["state"] == "unpriced"
        assert (attempt["status"], attempt["failure"]) == (None, "client_gone")


@pytest.mark.parametrize("bound", [{"bytes": 2000}, {"time": "300ms"}], ids=["bytes", "time"])
def test_the_drain_of_a_stream_is_bounded(make_gateway, bound):
    gateway = make_gateway(group={"on_disconnect": "drain", "drain": bound}).start()
    started = time.monotonic()
    leave(gateway, "anthropic", "pace=30;chunks=1000;size=60000", True, after=b"content_block_delta")
    event = gateway.completed(1)[0]
    assert time.monotonic() - started < 15
    assert event["outcome"] == "client_gone"
    assert event["usage"]["source"] == "stream_partial"
    assert event["usage"]["complete"] is False
    assert event["attempts"][0]["failure"] == "client_gone"
    if "bytes" in bound:
        assert 2000 < event["bytes"]["response"] < 20_000


def test_the_drain_of_a_plain_answer_is_bounded(make_gateway):
    gateway = make_gateway(group={"on_disconnect": "drain", "drain": {"time": "300ms"}}).start()
    leave(gateway, "openai", "delay=60000", False)
    event = gateway.completed(1)[0]
    assert event["outcome"] == "client_gone"
    assert event["usage"]["source"] == "none"
    assert event["attempts"][0]["failure"] == "client_gone"
    assert event["timing"]["total_us"] < 15_000_000


def test_an_upstream_that_fails_while_draining_is_not_asked_again(make_gateway, simulator):
    gateway = make_gateway(
        [simulator.url, simulator.url], group={"on_disconnect": "drain", "retries": 3, "keys": ["sk-a", "sk-b"]}
    ).start()
    leave(gateway, "openai", "delay=300;status=500", False)
    event = gateway.completed(1)[0]
    assert event["outcome"] == "client_gone"
    assert [(attempt["status"], attempt["failure"]) for attempt in event["attempts"]] == [(500, "upstream_status")]


def test_a_stop_does_not_wait_for_a_drain_without_client(make_gateway):
    gateway = make_gateway(group={"on_disconnect": "drain", "drain": {"time": "1h"}}, drain_timeout="300ms").start()
    leave(gateway, "anthropic", "pace=500;chunks=1000;size=60000", True, after=b"content_block_delta")
    started = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - started < 15
    event = gateway.completed(1)[0]
    assert event["outcome"] == "client_gone"
    assert event["usage"]["complete"] is False
