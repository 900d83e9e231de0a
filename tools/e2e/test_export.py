"""Exports: complete, in order, resumable, and valid by the published schemas."""

import csv
import io
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from decimal import Decimal, getcontext
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource

from support.process import binary, wait_until
from support.sdk import CALLS, by_name, through
from support.tollgate import ADMIN_TOKEN, run

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
VERIFY = Path(__file__).resolve().parents[1] / "verify" / "verify.py"


def schemas() -> dict[str, dict]:
    found = {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.rglob("*.schema.json"))}
    assert found, f"there is no schema in {SCHEMAS}"
    return found


def registry() -> Registry:
    """The schemas by their names, so that they may refer to each other."""
    return Registry().with_resources(
        [(schema.get("$id", name), Resource.from_contents(schema)) for name, schema in schemas().items()]
        + [(name, Resource.from_contents(schema)) for name, schema in schemas().items()]
    )


def event_validators() -> dict[tuple[str, int], Draft202012Validator]:
    """A validator for each event type and schema version that a schema pins down by constants."""
    validators = {}
    for schema in schemas().values():
        validator_for(schema).check_schema(schema)
        kind = schema.get("properties", {}).get("type", {}).get("const")
        version = schema.get("properties", {}).get("schema", {})
        # The lines of an export that are no events have no schema version.
        for number in version.get("enum", [version.get("const")]) if kind else ():
            validators[kind, number] = Draft202012Validator(schema, registry=registry())
    return validators


def test_every_schema_is_a_valid_schema_of_2020_12():
    for name, schema in schemas().items():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema", name
        Draft202012Validator.check_schema(schema)


@pytest.fixture
def busy(gateway):
    """A gateway with every kind of outcome in its ledger, an interrupted request included."""
    for call in CALLS:
        through(gateway, call, "cached=2;reasoning=3")
    for control in ("status=500", "status=429;retry-after=1", "cut", "malformed", "error-event", "usage=none"):
        for name in ("openai-chat", "openai-chat-stream", "anthropic-message-stream", "gemini-generate-stream"):
            try:
                through(gateway, by_name[name], control)
            except Exception:
                pass  # The SDK's error is the subject of other tests.
    for key in ("wrong-key-0123456789",):
        with pytest.raises(Exception):
            through(gateway, CALLS[0], key=key)
    gateway.level()
    return gateway


def test_exported_events_are_valid(busy):
    validators = event_validators()
    events = busy.events()
    kinds = {event["type"] for event in events}
    assert {"schema.adopted", "pricebook.adopted", "node.started", "request.completed"} <= kinds
    for event in events:
        described = event["type"], event["schema"]
        assert described in validators, f"no schema describes {described}"
        errors = sorted(validators[described].iter_errors(event), key=str)
        assert not errors, f"{event['type']} {event['seq']}: {errors[0].message} at {list(errors[0].path)}"
    outcomes = {event["outcome"] for event in events if event["type"] == "request.completed"}
    assert {"completed", "upstream_error", "upstream_cut"} <= outcomes


def test_every_line_of_an_export_is_valid(busy):
    validators = event_validators()
    kinds = {"export.manifest", "export.trailer"}
    for options in ((), ("--client", "alice", "--through", 40), ("--type", "node.started"), ("--from", 3, "--model", "gpt-4o")):
        lines = [json.loads(line) for line in busy.command("export", *options).splitlines()]
        for line in lines:
            errors = sorted(validators[line["type"], line.get("schema")].iter_errors(line), key=str)
            assert not errors, f"{line['type']}: {errors[0].message} at {list(errors[0].path)}"
            assert line["type"].startswith("export.") or line["stored"]
        kinds |= {line["type"] for line in lines}
        assert lines[0]["type"] == "export.manifest" and lines[-1]["type"] == "export.trailer"
    assert "export.omitted" in kinds


def test_export_starts_where_it_is_told(busy):
    lines = busy.command("export", "--format", "ndjson").splitlines()
    middle = len(lines) // 2
    first = json.loads(lines[middle])["seq"]
    assert busy.command("export", "--from", first, "--format", "ndjson").splitlines()[1:-1] == lines[middle:-1]
    headers, body = busy.management(f"/api/export?from={first}&format=ndjson")
    assert "ndjson" in headers["content-type"]
    assert body.decode().splitlines()[1:-1] == lines[middle:-1]
    refused = run("export", "--from", 9999, "--data-dir", busy.data, check=False)
    assert refused.returncode == 66 and b"ends at event" in refused.stderr


def test_an_export_made_again_has_the_same_bytes(busy):
    """Later, when there is more; over HTTP; from the stopped directory."""
    head = len(busy.events())
    options = ("--through", head, "--client", "alice")
    first = busy.command("export", *options)
    through(busy, CALLS[0])
    assert busy.command("export", *options) == first
    assert busy.management(f"/api/export?through={head}&client=alice")[1].decode() == first
    assert busy.stop() == 0
    assert busy.command("export", *options) == first


def test_filters_let_pass_what_they_say(busy):
    events = busy.events()
    times = sorted(event["time"] for event in events)
    middle = times[len(times) // 2]
    cases = {
        ("--type", "node.started", "--type", "pricebook.adopted"): lambda e: e["type"] in ("node.started", "pricebook.adopted"),
        ("--group", "anthropic"): lambda e: e.get("group") == "anthropic",
        ("--client", "alice", "--group", "openai"): lambda e: e.get("client_name") == "alice" and e["group"] == "openai",
        ("--since", middle): lambda e: e["time"] >= middle,
        ("--until", middle): lambda e: e["time"] < middle,
        ("--model", "gpt-4o"): lambda e: "gpt-4o" in (
            list(e["model"].values()) if isinstance(e.get("model"), dict) else [e.get("model")]
        ),
    }  # fmt: skip
    for options, passes in cases.items():
        lines = [json.loads(line) for line in busy.command("export", *options).splitlines()]
        found = [line["seq"] for line in lines if "seq" in line]
        assert found == [event["seq"] for event in events if passes(event)], options
        rows = csv.DictReader(io.StringIO(busy.command("export", "--format", "csv", *options), newline=""))
        expected = [event["seq"] for event in events if passes(event) and event["type"] == "request.completed"]
        assert [int(row["seq"]) for row in rows] == expected, options
    for wrong in (("--type", "nothing"), ("--since", "yesterday")):
        assert run("export", *wrong, "--data-dir", busy.data, check=False).returncode == 64


def test_a_cut_export_is_made_to_its_end(busy, tmp_path):
    head = len(busy.events())
    options = ("--through", head, "--model", "gpt-4o")
    whole = busy.command("export", *options).encode()
    path = tmp_path / "events.ndjson"
    generator = random.Random(15)
    lengths = [0, 10, whole.index(b"\n"), whole.index(b"\n") + 1, len(whole) - 1, len(whole)]
    for length in lengths + [generator.randrange(len(whole)) for _ in range(20)]:
        path.write_bytes(whole[:length])
        busy.command("export", "--resume", path, *options)
        assert path.read_bytes() == whole, f"cut at {length}"
    # The file knows what it was asked for; another ledger, another question or another file are refused.
    path.write_bytes(whole[: len(whole) - 900])
    busy.command("export", "--resume", path)
    assert path.read_bytes() == whole
    assert busy.stop() == 0
    part = whole[: len(whole) - 900]
    assert part.count(b"\n") > 2
    path.write_bytes(part)
    refused = run("export", "--resume", path, "--model", "o4-mini", "--data-dir", busy.data, check=False)
    assert refused.returncode == 64 and b"another --model" in refused.stderr
    assert path.read_bytes() == part
    changed = part.replace(b'"client":"c_', b'"client":"d_', 1)
    path.write_bytes(changed)
    refused = run("export", "--resume", path, "--data-dir", busy.data, check=False)
    assert refused.returncode == 1 and path.read_bytes() == changed
    path.write_bytes(part)
    busy.command("export", "--resume", path)
    assert path.read_bytes() == whole


def test_another_ledgers_export_is_not_gone_on_with(busy, make_gateway, tmp_path):
    other = make_gateway(name="other").start()
    path = tmp_path / "events.ndjson"
    path.write_bytes(busy.command("export").encode()[:5000])
    refused = run("export", "--resume", path, "--data-dir", other.data, check=False)
    assert refused.returncode == 64 and b"another ledger" in refused.stderr
    assert len(path.read_bytes()) == 5000


def follow(gateway, path, *options):
    command = [binary(), "export", "--follow", "--data-dir", str(gateway.data), *options]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=path.open("wb"), stderr=subprocess.PIPE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_follows_ends_well(gateway, tmp_path, number):
    path, key = tmp_path / "events.ndjson", tmp_path / "key"
    key.write_text(gateway.command("key"))
    through(gateway, by_name["openai-chat"])
    following = follow(gateway, path)
    rows = tmp_path / "rows.csv"
    tabular = follow(gateway, rows, "--format", "csv")
    for count in range(1, 4):
        through(gateway, by_name["openai-chat"])
        events = gateway.completed(count + 1)
        wait_until(lambda: f'"id":"{events[-1]["id"]}"'.encode() in path.read_bytes(), "the new event is in the export")
        wait_until(lambda: events[-1]["id"].encode() in rows.read_bytes(), "the new event is a row")
    tabular.send_signal(number)
    following.send_signal(number)
    assert following.wait(20) == 0, following.stderr.read()
    assert tabular.wait(20) == 0, tabular.stderr.read()
    assert rows.read_bytes().endswith(b"\r\n")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["through"] is None and lines[-1]["type"] == "export.trailer"
    run("verify", path, "--key", key)
    assert subprocess.run([sys.executable, "-B", VERIFY, path, "--key", key], timeout=60).returncode == 0
    # Cut off, as by kill -9, it is gone on with to where the ledger is now.
    path.write_bytes(path.read_bytes()[:-700])
    gateway.command("export", "--resume", path)
    run("verify", path, "--key", key)


def test_a_server_that_stops_ends_what_follows(gateway, tmp_path):
    path, key = tmp_path / "events.ndjson", tmp_path / "key"
    key.write_text(gateway.command("key"))
    following = follow(gateway, path)
    through(gateway, by_name["openai-chat"])
    event = gateway.completed(1)[0]
    wait_until(lambda: event["id"].encode() in path.read_bytes(), "the new event is in the export")
    assert gateway.stop() == 0
    assert following.wait(20) == 0, following.stderr.read()
    run("verify", path, "--key", key)
    assert run("export", "--follow", "--data-dir", gateway.data, check=False).returncode == 69


def resident(pid: int) -> int:
    """The memory of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def test_readers_that_do_not_read_hinder_nobody(make_gateway):
    gateway = make_gateway()
    run("bench-fill", "--data-dir", gateway.data, "--events", 60_000)
    gateway.start()
    gateway.level()
    pid = gateway.process.pid
    before = resident(pid)
    request = f"GET /api/export HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\r\n".encode()
    readers = [socket.create_connection(("127.0.0.1", gateway.admin_port)) for _ in range(8)]
    try:
        for reader in readers:
            reader.sendall(request)
            assert reader.recv(64).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            through(gateway, by_name["openai-chat"])
        assert len(gateway.command("export", "--from", 60_000, "--type", "request.completed").splitlines()) > 20
        assert resident(pid) - before < 64 << 20
        started = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - started < 40
    finally:
        for reader in readers:
            reader.close()


def test_more_exports_than_can_be_made_are_refused(gateway):
    paths = [f"http://127.0.0.1:{gateway.admin_port}/api/export?follow=true"] * 16
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    following = [urllib.request.urlopen(urllib.request.Request(path, headers=headers), timeout=20) for path in paths]
    try:
        assert all(answer.readline().startswith(b'{"type":"export.manifest"') for answer in following)
        refused = run("export", "--data-dir", gateway.data, check=False)
        assert refused.returncode == 75 and b"exports are under way" in refused.stderr
    finally:
        for answer in following:
            answer.close()
    wait_until(lambda: run("export", "--data-dir", gateway.data, check=False).returncode == 0, "an export is made again")


def test_whoever_followed_and_left_holds_nothing(gateway):
    """Also where all was read, so that the end of the connection is all that tells."""
    head = gateway.events()[-1]["seq"]
    target = f"GET /api/export?follow=true&from={head + 1} HTTP/1.1\r\nhost: x\r\n"
    request = (target + f"authorization: Bearer {ADMIN_TOKEN}\r\n\r\n").encode()
    for _ in range(3):
        following = [socket.create_connection(("127.0.0.1", gateway.admin_port), timeout=20) for _ in range(16)]
        for sock in following:
            sock.sendall(request)
        for sock in following:
            while b"export.manifest" not in sock.recv(65_536):
                pass
            sock.close()
        wait_until(lambda: run("export", "--data-dir", gateway.data, check=False).returncode == 0, "an export is made")


def test_segments_are_made_once(tmp_path):
    data, folder, key = tmp_path / "data", tmp_path / "segments", tmp_path / "key"
    run("bench-fill", "--data-dir", data, "--events", 70_000)
    key.write_bytes(run("key", "--data-dir", data).stdout)
    run("export", "--segments", folder, "--data-dir", data)
    names = ["000000000001-000000065536.ndjson", "000000065537-partial.ndjson"]
    assert sorted(path.name for path in folder.iterdir()) == names
    first = (folder / names[0]).stat().st_mtime_ns
    run("bench-fill", "--data-dir", data, "--events", 70_000, "--seed", 2)
    run("export", "--segments", folder, "--data-dir", data)
    names[1:] = ["000000065537-000000131072.ndjson", "000000131073-partial.ndjson"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / names[0]).stat().st_mtime_ns == first
    for name in names:
        run("verify", folder / name, "--key", key)
    assert subprocess.run([sys.executable, "-B", VERIFY, folder / names[2], "--key", key], timeout=120).returncode == 0
    again = run("export", "--from", 65_537, "--through", 131_072, "--data-dir", data).stdout
    assert again == (folder / names[1]).read_bytes()
    whole = json.loads(run("verify", folder, "--key", key, "--json").stdout)
    assert whole["verified"] and (whole["files"], whole["from"], whole["events"]) == (3, 1, whole["through"])
    assert independently(folder, key) == (0, b"")


def independently(path, key):
    verifier = subprocess.run([sys.executable, "-B", VERIFY, path, "--key", key], capture_output=True, timeout=120)
    return verifier.returncode, verifier.stderr


def test_segments_that_do_not_go_on_from_one_another_are_told(tmp_path):
    """Each file verifies by itself in all of these; only beside the others something is wrong."""
    data, folder, key = tmp_path / "data", tmp_path / "segments", tmp_path / "key"
    run("bench-fill", "--data-dir", data, "--events", 100)
    shutil.copytree(data, tmp_path / "other")
    for directory, seed in ((data, 2), (tmp_path / "other", 3)):
        run("bench-fill", "--data-dir", directory, "--events", 100, "--seed", seed)
    key.write_bytes(run("key", "--data-dir", data).stdout)
    folder.mkdir()
    parts = [(1, 100), (101, 150), (151, 180)]

    def write(name, directory, first, last):
        export = run("export", "--from", first, "--through", last, "--data-dir", directory).stdout
        (folder / name).write_bytes(export)
        run("verify", folder / name, "--key", key)

    def outcome():
        result = run("verify", folder, "--key", key, "--json", check=False)
        assert independently(folder, key)[0] == result.returncode
        return result.returncode, json.loads(result.stdout)

    for number, (first, last) in enumerate(parts):
        write(f"{number}.ndjson", data, first, last)
    assert outcome()[0] == 0

    # The same ledger, but written on in another way behind event 100: its key signs that as well.
    write("1.ndjson", tmp_path / "other", 101, 150)
    code, report = outcome()
    assert code == 1 and "2.ndjson" in report["failure"]["message"] and "rewritten" in report["failure"]["message"]
    write("1.ndjson", data, 101, 150)

    (folder / "1.ndjson").rename(folder / "1.kept")
    code, report = outcome()
    assert code == 1 and "2.ndjson" in report["failure"]["message"] and report["failure"]["first"] == 101
    (folder / "1.kept").rename(folder / "3.ndjson")
    assert outcome()[0] == 1

    shutil.rmtree(folder)
    folder.mkdir()
    nothing = run("verify", folder, "--key", key, check=False)
    assert nothing.returncode == 66 and b"export --segments" in nothing.stderr


def test_a_segment_is_not_known_by_its_name_alone(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "segments"
    run("bench-fill", "--data-dir", data, "--events", 70_000)
    run("export", "--segments", folder, "--data-dir", data)
    segment = folder / "000000000001-000000065536.ndjson"
    whole = segment.read_bytes()
    for content in (b"", whole[:-1], whole[:9_999], whole.replace(b'"from":1,', b'"from":2,', 1)):
        segment.write_bytes(content)
        refused = run("export", "--segments", folder, "--data-dir", data, check=False)
        assert refused.returncode == 65 and segment.name.encode() in refused.stderr
        assert segment.read_bytes() == content
    segment.write_bytes(whole)
    assert run("export", "--segments", folder, "--group", "openai", "--data-dir", data, check=False).returncode == 65
    run("export", "--segments", folder, "--data-dir", data)


def test_what_a_cut_export_says_of_itself_is_checked(busy, tmp_path):
    path = tmp_path / "cut.ndjson"
    whole = run("export", "--data-dir", busy.data, "--through", 10).stdout
    first, rest = whole.split(b"\n", 1)
    said = b'"through":10,"tree_size":10'
    assert said in first
    for instead in (b'"through":9999,"tree_size":9999', said + b',"more":1'):
        changed = first.replace(said, instead)
        path.write_bytes(changed + b"\n" + rest.split(b"\n", 1)[0] + b"\n")
        before = path.read_bytes()
        refused = run("export", "--resume", path, "--data-dir", busy.data, check=False)
        assert refused.returncode == 65 and b"first line" in refused.stderr
        assert path.read_bytes() == before


@pytest.mark.parametrize("command", [["export"], ["export", "--format", "csv"], ["report"], ["key"], ["proof", "1"]])
def test_output_that_cannot_be_written_is_told(busy, command):
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [binary(), *command, "--data-dir", busy.data], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert result.returncode == 74 and b"No space left" in result.stderr
    # Whoever only wants the beginning gets it, and no complaint.
    line = f"'{binary()}' export --data-dir '{busy.data}' | head -1"
    head = subprocess.run(line, shell=True, capture_output=True, timeout=60)
    assert head.stdout.startswith(b'{"type":"export.manifest"') and not head.stderr


def test_csv_says_the_same(busy):
    text = busy.command("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    events = busy.completed()
    assert len(rows) == len(events)
    for row, event in zip(rows, events):
        assert int(row["seq"]) == event["seq"] and row["id"] == event["id"]
        assert row["outcome"] == event["outcome"] and int(row["status"]) == event["status"]
        assert (row["input_total"] or None) == (
            None if event["usage"]["input"]["total"] is None else str(event["usage"]["input"]["total"])
        )
        if event["cost"]["usd"] is None:
            assert row["cost_usd"] == ""
        else:
            assert Decimal(row["cost_usd"]) == Decimal(event["cost"]["usd"])


def test_a_stopped_directory_exports_the_same(busy):
    before = busy.events()
    assert busy.stop() == 0
    after = busy.events()
    assert after[: len(before)] == before
    assert after[-1]["type"] == "node.stopped"


def test_cloudevents_carry_every_event(busy):
    lines = [json.loads(line) for line in busy.command("export", "--format", "cloudevents").splitlines()]
    events = busy.events()
    validator = Draft202012Validator(schemas()["cloudevent.schema.json"], registry=registry())
    validators = event_validators()
    origin = json.loads(busy.command("export", "--through", 1).splitlines()[0])["origin"]
    assert len(lines) == len(events)
    for line, event in zip(lines, events):
        errors = sorted(validator.iter_errors(line), key=str)
        assert not errors, f"{event['seq']}: {errors[0].message} at {list(errors[0].path)}"
        assert line["source"] == origin and line["id"] == str(event["seq"]) and int(line["sequence"]) == event["seq"]
        assert line["data"] == {name: value for name, value in event.items() if name not in ("stored", "client_name")}
        assert line["dataschema"].endswith(f"/{event['type']}.schema.json") and f".{event['type']}.v" in line["type"]
        assert line["time"] == event["time"] and line.get("subject", "") == event.get("client", "")
        assert validators[event["type"], event["schema"]].is_valid(line["data"])
    assert [line["sequence"] for line in lines] == sorted(line["sequence"] for line in lines)


NOT_NULL = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
    "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "SkuId",
    "x_RequestId", "x_Sequence",
)  # fmt: skip


def test_focus_rows_add_up_to_what_was_charged(busy):
    getcontext().prec = 60
    text = busy.command("export", "--format", "focus")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = list(reader)
    standard = [name for name in reader.fieldnames if not name.startswith("x_")]
    assert len(standard) == 57 and standard == sorted(standard)
    sums, counted = defaultdict(Decimal), defaultdict(int)
    for row in rows:
        for name in NOT_NULL:
            assert row[name] != "", name
        for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
            if row[price]:
                assert Decimal(row[price]) * Decimal(row["PricingQuantity"]) == Decimal(row[cost]), row
                assert row["SkuPriceId"]
            else:
                assert row[cost] == row["BilledCost"]
        assert row["EffectiveCost"] == row["BilledCost"]
        assert json.loads(row["Tags"])["group"]
        sums[int(row["x_Sequence"])] += Decimal(row["BilledCost"])
        counted[int(row["x_Sequence"])] += int(row["ConsumedQuantity"]) if row["PricingUnit"] == "Tokens" else 0
    priced = 0
    for event in busy.completed():
        usage = event["usage"]
        if event["cost"]["state"] == "none":
            assert event["seq"] not in sums
        else:
            assert sums[event["seq"]] == Decimal(event["cost"]["usd"] or 0)
            assert counted[event["seq"]] == (usage["input"]["total"] or 0) + (usage["output"]["total"] or 0)
            priced += event["cost"]["state"] == "priced"
    assert priced > 5
    report = sum(Decimal(row["charged_usd"]) for row in busy.report("model"))
    assert sum(sums.values()) == report
