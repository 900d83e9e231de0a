"""Schema versions: what clients say about their requests, and what a ledger holds."""

import hashlib
import json

from support.raw import BODIES, send
from support.tollgate import CLIENT_KEY, run


def ask(gateway, headers):
    path, body = BODIES["openai"]
    return send(
        gateway.port, "POST", f"/proxy/openai/{path}", json.dumps(body).encode(),
        {"authorization": f"Bearer {CLIENT_KEY}", "content-type": "application/json", **headers},
    )


def test_tags_and_session_are_in_the_event(gateway):
    reply = ask(gateway, {
        "X-Tollgate-Tag-Team": "search", "x-tollgate-tag-cost.center": "42", "x-tollgate-session": "s-1",
        "x-tollgate-tag-too-long": "x" * 257, "x-tollgate-tag-odd!": "dropped", "x-tollgate-other": "ignored",
    })
    assert reply.status == 200
    event = gateway.event(reply.request_id)
    assert event["schema"] == 2
    assert event["tags"] == {"cost.center": "42", "team": "search"}
    assert event["session"] == "s-1"
    assert event["usage"]["normaliser"] >= 1


def test_too_many_tags_never_fail_a_request(gateway):
    reply = ask(gateway, {f"x-tollgate-tag-n{number:02}": "v" for number in range(40)} | {
        "x-tollgate-session": "s" * 129,
    })
    assert reply.status == 200
    event = gateway.event(reply.request_id)
    assert event["tags"] == {f"n{number:02}": "v" for number in range(16)}
    assert event["session"] is None


def test_the_ledger_says_what_it_holds(gateway):
    ask(gateway, {})
    gateway.completed(1)
    running = json.loads(gateway.command("schema", "--json"))
    assert gateway.stop() == 0
    stopped = json.loads(gateway.command("schema", "--json"))
    for survey in (running, stopped):
        (version,) = survey["versions"]
        assert (version["version"], version["adopted"], version["first"]) == (2, 1, 1)
        assert version["known"] is True and survey["current"] == 2
        assert version["records"] == version["last"] == survey["records"] == sum(version["kinds"].values())
        assert version["kinds"]["request.completed"] == 1
        assert survey["contradictions"] == 0
        text = run("schema", "--text", 2).stdout
        assert hashlib.sha256(text).hexdigest() == version["hash"]
    assert "request.completed" in gateway.command("schema")
    assert run("schema", "--text", 99, check=False).returncode == 66
