"""SIGTERM: what runs is finished, nothing new is taken, the ledger is closed in good order."""

import signal
import threading
import time

from support.compare import assert_usage
from support.process import accepts, wait_until
from support.raw import ask
from support.sdk import by_name, through


def start_stream(gateway, control):
    result = {}

    def run():
        try:
            result["answer"] = through(gateway, by_name["openai-chat-stream"], control)
        except Exception as error:
            result["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    wait_until(lambda: gateway.metrics().sum("tollgate_requests_in_flight") >= 1, "the stream is running")
    return thread, result


def test_a_running_stream_is_finished(gateway):
    thread, result = start_stream(gateway, "pace=50;chunks=60;size=2000")
    gateway.process.signal(signal.SIGTERM)
    wait_until(lambda: not accepts(gateway.port), "no new connection is taken")
    assert gateway.process.running
    assert gateway.process.wait(60) == 0
    thread.join(30)
    assert "error" not in result, f"the stream was cut: {result.get('error')!r}"
    answer = result["answer"]
    event = gateway.event(answer.request_id)
    assert event["outcome"] == "completed"
    assert_usage(event, answer.truth)
    kinds = [event["type"] for event in gateway.events()]
    assert kinds[-1] == "node.stopped"


def test_the_drain_is_bounded(make_gateway):
    gateway = make_gateway(drain_timeout="1s").start()
    thread, result = start_stream(gateway, "pace=1000;chunks=600;size=9000")
    started = time.monotonic()
    gateway.process.signal(signal.SIGTERM)
    assert gateway.process.wait(30) == 0
    assert time.monotonic() - started < 20
    thread.join(30)
    assert "error" in result, "a cut stream must not look whole"
    # However it is told, the request is settled and nothing else is lost.
    kinds = [event["type"] for event in gateway.events()]
    assert kinds[-1] == "node.stopped"
    settled = gateway.events("request.completed") + gateway.events("request.interrupted")
    if not settled:
        gateway.start()
        settled = gateway.events("request.completed") + gateway.events("request.interrupted")
    assert len(settled) == 1
    assert settled[0]["outcome"] != "completed"


def test_idle_connections_do_not_hold_the_stop(gateway):
    assert ask(gateway, "openai").status == 200
    started = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - started < 10
