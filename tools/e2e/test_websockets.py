"""Websocket sessions: bytes pass, turns are metered, every way to end leaves its own event."""

import asyncio
import json
import signal
import time
from decimal import Decimal
from http import HTTPStatus

import pytest
from google import genai
from google.genai import types
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from support.book import Book, Row
from support.process import wait_until
from support.sdk import openai_client
from support.tollgate import CLIENT_KEY
from support.websocket import WebSocketUpstream

PRICES = {"input": "4.000001", "output": "16.000003"}
BOOK = Book(
    [
        Row("openai", "gpt-realtime", PRICES),
        Row("openai", "gpt-5.2", PRICES),
        Row("google", "gemini-live-2.5-flash-preview", PRICES),
    ]
)
REALTIME = "/proxy/openai/v1/realtime?model=gpt-realtime"


@pytest.fixture
def upstream():
    upstream = WebSocketUpstream()
    yield upstream
    upstream.close()


@pytest.fixture
def gateway(make_gateway, upstream):
    return make_gateway(upstream.url, book=BOOK).start()


def socket(gateway, path=REALTIME, headers=None, **options):
    headers = {"authorization": f"Bearer {CLIENT_KEY}"} if headers is None else headers
    return connect(
        f"ws://127.0.0.1:{gateway.port}{path}", additional_headers=headers, proxy=None, max_size=None, **options
    )


def say(websocket, text):
    """Takes one turn and returns what the provider said of it; None where it did not end."""
    websocket.send(
        json.dumps(
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
            }
        )
    )
    # A message in three frames, as clients may send them.
    create = json.dumps({"type": "response.create"})
    websocket.send([create[:5], create[5:11], create[11:]])
    while True:
        event = json.loads(websocket.recv(timeout=20))
        if event["type"] == "response.done" or "hang" in text and event["type"].endswith("delta"):
            return event


def check(event, session, group="openai", outcome="completed"):
    """The event is that of the session, to the token and the picodollar."""
    assert (event["outcome"], event["operation"], event["group"]) == (outcome, "realtime", group)
    assert (event["status"], event["stream"], event["client_name"]) == (101, True, "alice")
    usage = event["usage"]
    assert usage["input"]["total"] == session.input
    assert usage["output"]["total"] == session.output
    expected = session.input * Decimal(PRICES["input"]) + session.output * Decimal(PRICES["output"])
    assert event["cost"]["state"] == "priced"
    assert Decimal(event["cost"]["usd"]) == expected / 1_000_000
    assert event["attempts"][0]["status"] == 101


def only_event(gateway):
    return gateway.completed(1)[0]


def test_realtime_turns_are_summed(gateway, upstream):
    with socket(gateway, ping_interval=0.05) as websocket:
        created = json.loads(websocket.recv(timeout=20))
        assert created["type"] == "session.created"
        first, second = say(websocket, "one two three"), say(websocket, "größer " * 30_000)
        assert second["response"]["usage"]["input_tokens"] == 30_013
        assert websocket.ping().wait(20)
    # The close has been seen, so the event is in the ledger: nothing to wait for.
    assert websocket.close_code == 1000
    events = gateway.completed()
    assert len(events) == 1
    session = upstream.sessions[0]
    assert session.turns == 2
    check(events[0], session)
    assert events[0]["usage"]["complete"] is True
    assert events[0]["model"] == {
        "requested": "gpt-realtime",
        "sent": "gpt-realtime",
        "reported": "gpt-realtime",
    }
    assert events[0]["id"] == websocket.response.headers["x-tollgate-request-id"]
    assert first["response"]["usage"]["input_tokens"] == 6


def test_credentials_are_exchanged(gateway, upstream):
    protocols = ["realtime", f"openai-insecure-api-key.{CLIENT_KEY}", "openai-beta.realtime-v1"]
    with socket(gateway, headers={}, subprotocols=protocols) as websocket:
        assert websocket.subprotocol == "realtime"
        websocket.recv(timeout=20)
    headers = upstream.sessions[0].headers
    assert headers["authorization"] == "Bearer sk-upstream-openai-0123456789"
    assert headers["sec-websocket-protocol"] == "realtime, openai-beta.realtime-v1"
    assert "sec-websocket-extensions" not in headers
    assert CLIENT_KEY not in json.dumps(headers)
    assert only_event(gateway)["client_name"] == "alice"


@pytest.mark.parametrize("place", ["x-api-key", "x-goog-api-key", "?key"])
def test_keys_in_the_other_places(gateway, upstream, place):
    path = f"{REALTIME}&key={CLIENT_KEY}" if place == "?key" else REALTIME
    with socket(gateway, path, headers={} if place == "?key" else {place: CLIENT_KEY}) as websocket:
        websocket.recv(timeout=20)
    assert CLIENT_KEY not in upstream.sessions[0].path + json.dumps(upstream.sessions[0].headers)
    assert upstream.sessions[0].path == "/v1/realtime?model=gpt-realtime"


def test_wrong_keys_are_refused(gateway, upstream):
    with pytest.raises(InvalidStatus) as refused:
        socket(gateway, headers={"authorization": "Bearer nope"})
    assert refused.value.response.status_code == 401
    assert refused.value.response.headers["x-tollgate-error"] == "invalid_key"
    assert not upstream.sessions
    assert only_event(gateway)["outcome"] == "rejected"


def test_a_refused_upgrade_is_an_ordinary_answer(gateway, upstream):
    upstream.refuse = HTTPStatus.BAD_REQUEST
    with pytest.raises(InvalidStatus) as refused:
        socket(gateway)
    assert refused.value.response.status_code == 400
    assert refused.value.response.body == b'{"error":{"message":"no"}}'
    event = only_event(gateway)
    assert (event["outcome"], event["status"], event["cost"]["state"]) == ("upstream_error", 400, "none")


def test_a_refused_key_gives_way_to_the_next(make_gateway, upstream):
    keys = ["sk-status-401-a", "sk-working-0123456789"]
    gateway = make_gateway(upstream.url, book=BOOK, group={"keys": keys, "retries": 1}).start()
    for _ in range(2):
        with socket(gateway) as websocket:
            say(websocket, "one two three")
    first, second = gateway.completed(2)
    assert [attempt["status"] for attempt in first["attempts"]] == [401, 101]
    assert first["attempts"][0]["failure"] == "key_fault"
    assert [attempt["status"] for attempt in second["attempts"]] == [101]
    assert second["outcome"] == "completed"


@pytest.mark.parametrize(
    "text, outcome, failure, code",
    [
        ("please cut here", "upstream_cut", "cut", 1006),
        ("please fail here", "upstream_error", "upstream_status", 1011),
    ],
)
def test_the_upstream_ends_early(gateway, upstream, text, outcome, failure, code):
    websocket = socket(gateway)
    say(websocket, "one two three")
    with pytest.raises(ConnectionClosed):
        say(websocket, text)
    # The client sees the end only after the commit.
    events = gateway.completed()
    assert websocket.close_code == code
    assert len(events) == 1
    check(events[0], upstream.sessions[0], outcome=outcome)
    assert events[0]["attempts"][0]["failure"] == failure
    assert events[0]["usage"]["complete"] is False


def test_the_client_leaves(gateway, upstream):
    websocket = socket(gateway)
    say(websocket, "one two three")
    say(websocket, "hang now")
    websocket.socket.shutdown(2)
    event = only_event(gateway)
    check(event, upstream.sessions[0], outcome="client_gone")
    assert event["usage"]["complete"] is False
    # The upstream is let go at once: nobody listens, and every second may be billed.
    assert upstream.sessions[0].done.wait(10)


def test_a_silent_session_ends(make_gateway, upstream):
    gateway = make_gateway(upstream.url, book=BOOK, group={"timeouts": {"idle": "500ms"}}).start()
    websocket = socket(gateway, ping_interval=None)
    say(websocket, "one two three")
    with pytest.raises(ConnectionClosed):
        websocket.recv(timeout=20)
    event = only_event(gateway)
    check(event, upstream.sessions[0], outcome="upstream_cut")
    assert event["attempts"][0]["failure"] == "idle_timeout"
    assert event["usage"]["complete"] is True


def test_kill_leaves_an_interrupted_session(gateway, upstream):
    websocket = socket(gateway)
    say(websocket, "one two three")
    gateway.kill()
    with pytest.raises(ConnectionClosed):
        websocket.recv(timeout=20)
    gateway.start()
    interrupted = gateway.events("request.interrupted")
    assert len(interrupted) == 1
    assert interrupted[0]["operation"] == "realtime"
    assert interrupted[0]["id"] == websocket.response.headers["x-tollgate-request-id"]
    assert not gateway.completed()


def test_a_session_may_end_while_draining(gateway, upstream):
    with socket(gateway) as websocket:
        say(websocket, "one two three")
        gateway.process.signal(signal.SIGTERM)
        say(websocket, "four five")
    assert gateway.process.wait(60) == 0
    check(only_event(gateway), upstream.sessions[0])


def test_the_drain_of_sessions_is_bounded(make_gateway, upstream):
    gateway = make_gateway(upstream.url, book=BOOK, drain_timeout="500ms").start()
    websocket = socket(gateway)
    say(websocket, "one two three")
    started = time.monotonic()
    gateway.process.signal(signal.SIGTERM)
    with pytest.raises(ConnectionClosed):
        websocket.recv(timeout=20)
    assert gateway.process.wait(30) == 0
    assert time.monotonic() - started < 20
    check(only_event(gateway), upstream.sessions[0], outcome="client_gone")


def test_the_openai_sdk_speaks_realtime(gateway, upstream):
    client = openai_client(f"{gateway.url}/proxy/openai", CLIENT_KEY)
    with client.realtime.connect(model="gpt-realtime") as connection:
        connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        for text in ("one two three", "four five six seven"):
            connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
            )
            connection.response.create()
            for event in connection:
                if event.type == "response.done":
                    assert event.response.usage.total_tokens > 0
                    break
    wait_until(lambda: upstream.sessions[0].done.is_set(), "the session has ended")
    assert upstream.sessions[0].turns == 2
    check(only_event(gateway), upstream.sessions[0])


def test_the_openai_sdk_speaks_responses(gateway, upstream):
    client = openai_client(f"{gateway.url}/proxy/openai", CLIENT_KEY)
    with client.responses.connect() as connection:
        for text in ("one two three", "four five six seven"):
            connection.response.create(model="gpt-5.2", input=text)
            for event in connection:
                if event.type == "response.completed":
                    assert event.response.usage.total_tokens > 0
                    break
    session = upstream.sessions[0]
    assert session.turns == 2
    event = only_event(gateway)
    check(event, session)
    assert event["model"]["requested"] == "gpt-5.2"
    assert event["model"]["reported"] == "gpt-5.2"


def test_the_google_sdk_speaks_live(gateway, upstream, monkeypatch):
    # The SDK always speaks TLS here; the gateway of the test does not.
    monkeypatch.setattr(
        "google.genai.live.ws_connect",
        lambda uri, **options: connect_async(uri.replace("wss://", "ws://"), proxy=None, **{
            name: value for name, value in options.items() if name != "ssl"
        }),
    )
    options = types.HttpOptions(base_url=f"{gateway.url}/proxy/gemini")

    async def talk():
        client = genai.Client(api_key=CLIENT_KEY, http_options=options)
        model = "gemini-live-2.5-flash-preview"
        async with client.aio.live.connect(model=model, config={"response_modalities": ["TEXT"]}) as session:
            for text in ("one two three", "four five six seven"):
                await session.send_client_content(turns={"role": "user", "parts": [{"text": text}]})
                said = ""
                async for message in session.receive():
                    said += message.text or ""
                assert said == "one two"

    asyncio.run(asyncio.wait_for(talk(), 30))
    session = upstream.sessions[0]
    assert session.turns == 2
    assert session.headers["x-goog-api-key"] == "sk-upstream-gemini-0123456789"
    check(only_event(gateway), session, group="gemini")
