"""Answers that the provider keeps are billed once, however often they are read; what cannot be read is counted."""

import json

import pytest

from support.process import http
from support.replay import Recorded, ReplayUpstream
from support.tollgate import CLIENT_KEY, Gateway

USAGE = {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}


def answer(headers=None, **body) -> Recorded:
    line = {
        "response_status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": json.dumps(body),
        "streaming": False,
    }
    recorded = Recorded(line, 1)
    recorded.headers.update(headers or {})
    return recorded


QUEUED = answer(id="resp_1", object="response", status="queued", model="gpt-x", usage=None)
RUNNING = answer(id="resp_1", object="response", status="in_progress", model="gpt-x", usage=None)
DONE = answer(id="resp_1", object="response", status="completed", model="gpt-x", usage=USAGE)
SECOND = answer(id="resp_2", object="response", status="completed", model="gpt-x", usage=USAGE)

OVERFULL = {"prompt_tokens": 29, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 157}}
CLAMPED = answer(id="c1", model="gpt-x", usage=OVERFULL)
BROTLI = answer({"content-encoding": "br"}, id="c2", model="gpt-x", usage=OVERFULL)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    upstream = ReplayUpstream([QUEUED, RUNNING, DONE, SECOND, CLAMPED, BROTLI])
    gateway = Gateway(tmp_path_factory.mktemp("stored"), f"http://127.0.0.1:{upstream.port}")
    try:
        yield gateway.start()
    finally:
        gateway.close()
        upstream.close()


def tokens(gateway, method: str, path: str, number: int):
    """The input tokens and the state of the cost that the event of one request says."""
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "content-type": "application/json", "x-replay": str(number)}
    body = b'{"model":"gpt-x","background":true}' if method == "POST" else None
    status, answer_headers, _ = http(method, f"{gateway.url}/proxy/openai{path}", body=body, headers=headers)
    assert status == 200
    event = gateway.event(answer_headers["x-tollgate-request-id"])
    return event["usage"]["input"].get("total"), event["cost"]["state"]


def test_work_in_the_background_is_billed_when_its_usage_arrives(gateway):
    # Nothing is known to have been used yet, so that nothing is unpriced either.
    assert tokens(gateway, "POST", "/v1/responses", 0) == (None, "none")
    assert tokens(gateway, "GET", "/v1/responses/resp_1", 1)[0] is None
    assert tokens(gateway, "GET", "/v1/responses/resp_1", 2)[0] == 12
    assert tokens(gateway, "GET", "/v1/responses/resp_1", 2) == (None, "none")
    assert tokens(gateway, "POST", "/v1/responses/resp_1/cancel", 2) == (None, "none")


def test_an_answer_billed_at_once_is_not_billed_when_it_is_read(gateway):
    assert tokens(gateway, "POST", "/v1/responses", 3)[0] == 12
    assert tokens(gateway, "GET", "/v1/responses/resp_2", 3) == (None, "none")


def test_a_restart_forgets_nothing_of_what_was_billed(gateway):
    gateway.kill()
    gateway.start()
    assert tokens(gateway, "GET", "/v1/responses/resp_2", 3) == (None, "none")
    assert tokens(gateway, "GET", "/v1/responses/resp_1", 2) == (None, "none")


def test_parts_are_clamped_and_what_cannot_be_read_is_unknown(gateway):
    assert tokens(gateway, "POST", "/v1/chat/completions", 4)[0] == 29
    assert tokens(gateway, "POST", "/v1/chat/completions", 5) == (None, "unpriced")
    metrics = gateway.metrics()
    assert metrics.sum("tollgate_usage_anomalies_total") == 1
    assert metrics.sum("tollgate_unreadable_answers_total") == 1
