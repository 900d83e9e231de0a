"""Real recorded traffic through the whole proxy: the events say what is expected of each line."""

import base64
import http.client
import json
from collections import defaultdict

import pytest

from support.replay import SAMPLE, Recorded, ReplayUpstream, dialect, load
from support.tollgate import CLIENT_KEY, Gateway

SEED = 20261123
REQUIRED = 0.98

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason=f"there is no recorded traffic at {SAMPLE}")


def request(port: int, line: dict, index: int):
    path = f"/proxy/{dialect(line)}" + (line["path"] if line["path"].startswith("/") else "/" + line["path"])
    if line["query"]:
        path += "?" + line["query"].lstrip("?")
    path = path.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
    if "request_body_b64" in line:
        body = base64.b64decode(line["request_body_b64"])
    else:
        body = (line.get("request_body") or "").encode() or None
    headers = {**line["request_headers"], "authorization": f"Bearer {CLIENT_KEY}", "x-replay": str(index)}
    headers["accept-encoding"] = "gzip, deflate"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(line["method"], path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("x-tollgate-request-id"), response.read()
    finally:
        connection.close()


def measured(event: dict) -> dict:
    usage = event["usage"]
    inputs, outputs = usage["input"], usage["output"]
    return {
        "input_total": inputs.get("total"),
        "output_total": outputs.get("total"),
        "cache_read": sum(value for name, value in inputs.items() if name.startswith("cache_read")),
        "cache_write": sum(value for name, value in inputs.items() if name.startswith("cache_write")),
        "reasoning": outputs.get("reasoning", 0),
    }


def differences(event: dict, expected: dict) -> list[str]:
    """What of the expected counts the event does not say; a count that is left out is zero."""
    found = measured(event)
    if not expected["usage_present"]:
        invented = {name: value for name, value in found.items() if value}
        return [f"invented {name} {value}" for name, value in invented.items()]
    wrong = [
        f"{name} {found[name]} instead of {expected[name]}"
        for name in found
        if (found[name] or 0) != (expected.get(name) or 0)
    ]
    for name in ("cache_write_1h",):
        wanted = (expected.get("extra") or {}).get(name)
        if wanted is not None and event["usage"]["input"].get(name, 0) != wanted:
            wrong.append(f"{name} {event['usage']['input'].get(name, 0)} instead of {wanted}")
    return wrong


def hides_a_chunk(line: dict) -> bool:
    """The gateway asked for usage that the client did not ask for, and takes the extra chunk out of the stream."""
    try:
        body = json.loads(line.get("request_body") or "{}")
    except ValueError:
        return False
    asked = (body.get("stream_options") or {}).get("include_usage")
    return line["path"].endswith("/completions") and bool(body.get("stream")) and not asked


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    lines = load()
    answers = [Recorded(line, SEED + index) for index, line in enumerate(lines)]
    upstream = ReplayUpstream(answers)
    folder = tmp_path_factory.mktemp("replay")
    gateway = Gateway(folder, f"http://127.0.0.1:{upstream.port}")
    group = {"upstreams": [{"url": f"http://127.0.0.1:{upstream.port}"}], "credentials": "passthrough", "retries": 0}
    gateway.settings["groups"] = {
        name: {"dialect": "auto" if name == "other" else name, "provider": name, **group}
        for name in ("openai", "anthropic", "gemini", "other")
    }
    # Without clients a caller's own credential passes, so that no recorded refusal puts a key out of use.
    del gateway.settings["clients"]
    gateway.write()
    try:
        gateway.start()
        replies = [request(gateway.port, line, index) for index, line in enumerate(lines)]
        events = {event["id"]: event for event in gateway.completed(len(lines))}
        yield lines, answers, replies, events
    finally:
        gateway.close()
        upstream.close()


def test_bytes_pass_unchanged(replayed):
    lines, answers, replies, _ = replayed
    changed = [
        f"{line['provider']} {line['path']} ({line['id']})"
        for line, answer, (status, _, body) in zip(lines, answers, replies)
        if not hides_a_chunk(line) and (status != answer.status or body != answer.body)
    ]
    assert not changed, "\n".join(changed[:20])


def test_at_least_98_percent_of_the_recorded_usage_is_right(replayed, capsys):
    lines, _, replies, events = replayed
    table = defaultdict(lambda: [0, 0])
    wrong = []
    for line, (_, identity, _) in zip(lines, replies):
        if line["expected"]["class"] != "inference":
            continue
        found = differences(events[identity], line["expected"])
        required = dialect(line) != "other"
        cell = table[required, line["provider"]]
        cell[0] += 1
        cell[1] += not found
        if found:
            wrong.append((required, f"{line['provider']} {line['path']}: {'; '.join(found)} ({line['id'][-90:]})"))
    total = sum(count for (required, _), (count, _) in table.items() if required)
    right = sum(good for (required, _), (_, good) in table.items() if required)
    with capsys.disabled():
        print(f"\n  recorded usage, dialects OpenAI, Anthropic and Gemini: {right} of {total} lines right")
        for required in (True, False):
            print(f"  {'provider':24}{'lines':>7}{'right':>7}   " + ("" if required else "(other dialects, not required)"))
            for (cell, provider), (count, good) in sorted(table.items()):
                if cell == required:
                    print(f"  {provider:24}{count:7}{good:7}")
        for required, text in wrong:
            if required:
                print(f"  wrong: {text}")
    assert right >= REQUIRED * total, f"{right} of {total} lines are right; at least {REQUIRED:.0%} must be"


def test_what_is_no_inference_is_not_billed(replayed):
    lines, _, replies, events = replayed
    for line, (_, identity, _) in zip(lines, replies):
        if line["expected"]["class"] in ("error", "count") and dialect(line) != "other":
            event = events[identity]
            assert event["usage"]["input"].get("total") is None, f"{line['path']} ({line['id']})"
            assert event["cost"]["state"] == "none"
