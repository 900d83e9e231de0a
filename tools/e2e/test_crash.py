"""kill -9 in the middle: what was finished stays counted, what was not is told, nothing is lost or counted twice."""

import http.client
import threading

import pytest

from support.compare import assert_usage
from support.process import Process, accepts, binary, wait_until
from support.raw import ask
from support.sdk import CALLS, by_name, through
from support.tollgate import run


def test_counters_survive_and_interrupted_requests_are_told(gateway, key):
    answers = [through(gateway, call) for call in CALLS for _ in range(2)]
    gateway.level()
    before = gateway.metrics().counters()
    events_before = gateway.completed(len(answers))

    def slow():
        try:
            through(gateway, by_name["openai-chat-stream"], "pace=200;chunks=600;size=9000")
        except Exception:
            pass  # The gateway is killed under it.

    threads = [threading.Thread(target=slow, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: gateway.metrics().sum("tollgate_requests_in_flight") == 3, "three streams are running")
    wait_until(
        lambda: len(gateway.events("request.started")) >= 3, "the started requests are in the ledger before their end"
    )
    gateway.kill()
    for thread in threads:
        thread.join(30)

    gateway.start()
    gateway.level()
    interrupted = gateway.events("request.interrupted")
    assert len(interrupted) == 3
    assert {event["outcome"] for event in interrupted} == {"interrupted"}
    after = gateway.metrics().counters()
    gone = {key: value for key, value in before.items() if after.get(key) != value}
    assert not gone, f"counters changed over the restart: {gone}"
    added = {key for key in after if key not in before and key[0] == "tollgate_requests_total"}
    assert {dict(labels)["outcome"] for _, labels in added} <= {"interrupted"}
    assert gateway.completed(len(answers)) == events_before

    # A second restart tells nothing twice.
    gateway.kill()
    gateway.start()
    assert len(gateway.events("request.interrupted")) == 3


def test_what_a_client_saw_finished_is_in_the_ledger(gateway):
    """Requests run all the time; at the kill, each answer that was complete must be there after the restart."""
    seen, stop = [], threading.Event()
    names = ["openai-chat", "openai-chat-stream", "anthropic-message-stream", "gemini-generate-stream"]

    def hammer(name):
        while not stop.is_set():
            try:
                answer = through(gateway, by_name[name])
            except Exception:
                return  # Cut by the kill: no promise was made.
            seen.append(answer)

    threads = [threading.Thread(target=hammer, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(seen) >= 100, "100 answers")
    gateway.kill()
    stop.set()
    for thread in threads:
        thread.join(60)
    gateway.start()
    events = {event["id"]: event for event in gateway.completed()}
    for answer in seen:
        assert answer.request_id in events, f"request {answer.request_id} was finished for its client and is lost"
        assert_usage(events[answer.request_id], answer.truth)
    assert len(events) - len(seen) <= len(names), "more events than requests"


# Places between two steps, and how often they are passed first: `tollgate torture-serve` has the process killed there.
PLACES = {
    "beforeWrite": 5, "afterWrite": 5, "afterHead": 5, "afterRelease": 5, "beforeCheckpoint": 2, "beforeRename": 2,
    "afterCheckpoint": 2, "append": 8, "torn": 8, "sync": 8,
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_between_two_steps(gateway, place):
    gateway.kill()
    command = [binary(), "torture-serve", "--config", gateway.config, "--at", place, "--nth", str(PLACES[place])]
    gateway.process = Process(command, gateway.folder / "torture.log")
    wait_until(lambda: accepts(gateway.port) or not gateway.process.running, "it serves, or is killed already")
    seen = []
    for _ in range(500):
        try:
            seen.append(ask(gateway, "openai"))
        except (OSError, http.client.HTTPException):
            break
        if not gateway.process.running:
            break
    wait_until(lambda: not gateway.process.running, f"it is killed at {place}")
    assert gateway.process.wait() == -9
    gateway.start()
    events = gateway.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    ended = [event["id"] for event in events if event["type"] in ("request.completed", "request.interrupted")]
    assert len(ended) == len(set(ended))
    complete = {event["id"] for event in events if event["type"] == "request.completed"}
    assert {reply.request_id for reply in seen if reply.status == 200 and not reply.broken} <= complete
    assert run("verify", "--data-dir", gateway.data).returncode == 0
    before = gateway.report("model")
    gateway.command("rebuild")
    assert gateway.report("model") == before


@pytest.mark.parametrize("damage", ["views", "none"])
def test_views_can_be_deleted(gateway, damage):
    for call in CALLS:
        through(gateway, call)
    gateway.level()
    before = gateway.metrics().counters()
    assert gateway.stop() == 0
    if damage == "views":
        for path in sorted((gateway.data / "views").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (gateway.data / "views").rmdir()
    gateway.start()
    gateway.level()
    assert gateway.metrics().counters() == before
    kinds = [event["type"] for event in gateway.events()]
    assert kinds.count("node.stopped") == 1 and kinds.count("node.started") == 2


def test_rebuild_gives_the_same_report(gateway):
    for call in CALLS:
        through(gateway, call)
    gateway.level()
    before = gateway.report("model")
    gateway.command("rebuild")
    assert gateway.report("model") == before
    assert gateway.stop() == 0
    assert gateway.report("model") == before
    gateway.command("rebuild")
    assert gateway.report("model") == before
