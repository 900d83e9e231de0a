"""The main job: official SDKs through the gateway; events, metrics and report agree with the provider exactly."""

import json
from decimal import Decimal

import pytest

from support.book import FIRST
from support.compare import assert_cost, assert_usage, sums, usd
from support.sdk import CALLS, by_name, through
from support.tollgate import CLIENT_KEY, Gateway

CONTROLS = [
    "",
    "cached=4;cache-write=2;cache-write-1h=1;reasoning=6;searches=2",
    "chunks=30;size=900;pace=1",
    "input=250000;cached=100000",
    "utf8-split",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory, simulator):
    """One gateway for all calls of this module, and the answers that went through it."""
    folder = tmp_path_factory.mktemp("story")
    gateway = Gateway(folder, simulator.url, FIRST.write(folder / "prices.yaml"))
    try:
        gateway.start()
        answers = [(call, control, through(gateway, call, control)) for call in CALLS for control in CONTROLS]
        gateway.level()
        yield gateway, answers
    finally:
        gateway.close()


def test_every_event_says_what_the_provider_used(served):
    gateway, answers = served
    events = {event["id"]: event for event in gateway.completed(len(answers))}
    for call, control, answer in answers:
        event, truth = events[answer.request_id], answer.truth
        context = f"{call.name} with {control!r}"
        assert (event["outcome"], event["status"]) == ("completed", 200), context
        assert (event["group"], event["client_name"]) == (call.group, "alice"), context
        assert (event["operation"], event["stream"]) == (call.operation, call.stream), context
        assert event["model"]["requested"] == truth["model"], context
        assert event["usage"]["source"] == ("stream" if call.stream else "body"), context
        assert_usage(event, truth)
        assert_cost(event, truth, FIRST)
        if answer.totals:
            assert answer.totals == (truth["input_total"], truth["output_total"]), context


def test_started_records_are_settled(served):
    gateway, _ = served
    started = {event["id"] for event in gateway.events("request.started")}
    completed = {event["id"] for event in gateway.completed()}
    assert started <= completed
    assert not gateway.events("request.interrupted")


def test_sequence_numbers_have_no_gap(served):
    gateway, _ = served
    events = gateway.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events[:2]].count("schema.adopted") == 1
    assert any(event["type"] == "pricebook.adopted" for event in events)
    assert any(event["type"] == "node.started" for event in events)


def test_metrics_are_the_same_sums(served):
    gateway, answers = served
    requests, tokens, cost = sums(answers)
    metrics = gateway.metrics()
    for group, model in requests:
        label = {"group": group, "model": model}
        assert metrics.sum("tollgate_requests_total", **label) == requests[group, model]
        assert metrics.sum("tollgate_tokens_total", **label) == tokens[group, model]
        # The text format is the one place for floating point: 17 digits.
        measured = metrics.sum("tollgate_cost_usd_total", **label)
        assert abs(measured - cost[group, model]) <= cost[group, model] * Decimal("1e-15")
    assert metrics.sum("tollgate_requests_total") == len(answers)
    assert metrics.sum("tollgate_requests_total", outcome="completed", status="200") == len(answers)


def test_report_is_the_same_sums_to_the_picodollar(served):
    gateway, answers = served
    requests, tokens, cost = sums(answers)
    rows = {row["model"]: row for row in gateway.report("model")}
    for (_, model), count in requests.items():
        row = rows[model]
        assert row["requests"] == count
        assert row["tokens"]["input"] + row["tokens"]["output"] == tokens[next(key for key in tokens if key[1] == model)]
        assert usd(row["charged_usd"]) == cost[next(key for key in cost if key[1] == model)]
    everything = gateway.report("client")
    assert [row["client"] for row in everything] == ["alice"]
    assert usd(everything[0]["charged_usd"]) == sum(cost.values())


def test_report_over_http_is_the_report_of_the_command(served):
    gateway, _ = served
    status_headers, body = gateway.management("/api/report?by=model&format=json")
    assert "json" in status_headers["content-type"]
    assert json.loads(body)["rows"] == gateway.report("model")


def test_inspect_and_tail_show_an_event(served):
    gateway, answers = served
    events = gateway.completed()
    shown = gateway.command("inspect", events[0]["seq"])
    assert events[0]["id"] in shown
    assert events[0]["id"] in gateway.command("inspect", events[0]["id"])
    tail = gateway.command("tail", "--lines", "5").splitlines()
    assert [json.loads(line)["seq"] for line in tail] == [event["seq"] for event in gateway.events()[-5:]]


def test_nothing_secret_is_in_the_ledger(served):
    gateway, _ = served
    exported = gateway.command("export", "--format", "ndjson")
    log = gateway.process.output
    for secret in (CLIENT_KEY, "sk-upstream-", "größere prompt", "The gate counts"):
        assert secret not in exported
        assert secret not in log
        for path in (gateway.data / "ledger").rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), f"{secret} is in {path.name}"


def test_a_refused_key_gives_way_to_the_next(make_gateway):
    gateway = make_gateway(group={"keys": ["sk-status-401-a", "sk-working-0123456789"], "retries": 3}).start()
    names = ("openai-chat", "anthropic-message", "gemini-generate")
    for _ in range(4):
        for name in names:
            event = gateway.event(through(gateway, by_name[name]).request_id)
            assert event["attempts"][-1]["status"] == 200
            assert all(attempt["failure"] == "key_fault" for attempt in event["attempts"][:-1])
    # Each group meets the refused key at most once: from then on it is out.
    for group in ("openai", "anthropic", "gemini"):
        retried = [event for event in gateway.completed() if event["group"] == group and len(event["attempts"]) == 2]
        assert len(retried) == 1, group
    assert gateway.metrics().sum("tollgate_attempts_total", result="key_fault") == 3
