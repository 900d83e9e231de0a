"""Who called is not in the ledger: opaque ids stand there, and a name beside it can be forgotten."""

import base64
import http.client
import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from support.book import FIRST
from support.raw import BODIES
from support.tollgate import ADMIN_TOKEN, CLIENT_KEY, run

NAME = "Zerlina-Quuxley"
ADDRESS = "127.0.0.77"
PROMPT = "the secret recipe of größere Zitronentorte"


@pytest.fixture
def private(make_gateway):
    """A gateway with a client whose name and key are nowhere else."""
    return make_gateway(clients=[{"name": NAME, "key": CLIENT_KEY}], log_level="trace").start()


def ask(gateway, headers=(), prompt=PROMPT, key=CLIENT_KEY):
    """One request from an address of its own."""
    path, body = BODIES["openai"]
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30, source_address=(ADDRESS, 0))
    body = {**body, "messages": [{"role": "user", "content": prompt}]}
    connection.request(
        "POST", f"/proxy/openai/{path}", json.dumps(body),
        {"authorization": f"Bearer {key}", "content-type": "application/json", **dict(headers)},
    )
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer


def stored(gateway) -> list[bytes]:
    """The stored bytes of every event, from its proof."""
    records = []
    for event in gateway.events():
        proof = gateway.command("proof", event["seq"])
        extra = next(line for line in proof.splitlines() if line.startswith("extra "))
        records.append(base64.b64decode(extra.split(" ", 1)[1]))
    return records


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not stat.S_ISSOCK(path.stat().st_mode)
    }


def test_nothing_secret_or_personal_is_kept(private):
    status, answer = ask(private)
    assert status == 200
    assert ask(private, key="tg-wrong-key-987654321")[0] == 401
    completion = json.loads(answer)["choices"][0]["message"]["content"]
    assert len(completion) > 10
    private.level()
    private.command("report", "--by", "client")
    records = b"\0".join(stored(private))
    export = private.command("export", "--format", "ndjson").encode()
    csv = private.command("export", "--format", "csv").encode()
    logs = private.process.log.read_bytes()
    assert private.stop() == 0
    kept = {**files(private.data), "records": records, "export": export, "csv": csv, "log": logs}
    secrets = {
        "the client's key": CLIENT_KEY, "a wrong key": "tg-wrong-key-987654321", "the admin token": ADMIN_TOKEN,
        "the provider's key": "sk-upstream-openai-0123456789", "the prompt": PROMPT, "a piece of it": "Zitronentorte",
        "its JSON": json.dumps(PROMPT)[1:-1], "the completion": completion, "the address": ADDRESS,
    }
    for name, content in kept.items():
        for what, text in secrets.items():
            assert text.encode() not in content, f"{what} stands in {name}"
        assert bytes(map(int, ADDRESS.split("."))) not in content, f"the address stands in {name}"
        if name != "identities":
            assert NAME.encode() not in content, f"the client's name stands in {name}"
    assert NAME.encode() in kept["identities"]
    assert stat.S_IMODE(os.stat(private.data / "identities").st_mode) == 0o600


def clients(gateway) -> dict[str, str]:
    return {client["name"]: client["id"] for client in json.loads(gateway.command("clients", "--json"))["clients"]}


def test_names_stand_where_somebody_asks(private):
    ask(private)
    private.level()
    identity = clients(private)[NAME]
    event = private.completed(1)[0]
    assert event["client"] == identity
    assert [row["client"] for row in private.report("client")] == [NAME]
    for asked in (NAME, identity):
        assert [row["requests"] for row in private.report("model", "--where", f"client={asked}")] == [1]
    assert private.report("model", "--where", "client=somebody") == []
    shown = json.loads(private.command("inspect", event["seq"]))
    assert (shown["client"], shown["client_name"]) == (identity, NAME)
    last = json.loads(private.command("tail", "-n", 1).splitlines()[-1])
    assert last["client_name"] == NAME
    assert NAME in private.command("clients")


@pytest.mark.parametrize("running", [True, False])
def test_a_client_is_forgotten_and_proofs_hold(private, tmp_path, running):
    ask(private)
    private.level()
    before = private.completed(1)[0]
    proof = tmp_path / "proof"
    proof.write_text(private.command("proof", before["seq"]))
    key = private.command("key").strip()
    if not running:
        assert private.stop() == 0
    answer = json.loads(private.command("forget", NAME, "--json"))
    assert (answer["id"], answer["requests"], answer["requests_with_name"]) == (before["client"], 1, 0)
    assert answer["configured"] is running
    assert run("verify", "--proof", proof, "--key", key).returncode == 0
    if not running:
        assert NAME.encode() not in b"".join(files(private.data).values())
        private.start()
    assert run("verify", "--data-dir", private.data).returncode == 0
    ask(private)
    private.level()
    first, second = private.completed(2)
    assert first["client"] == before["client"] != second["client"]
    assert clients(private) == {NAME: second["client"]}
    assert {row["client"] for row in private.report("client")} == {before["client"], NAME}
    refused = run("forget", "nobody", "--data-dir", private.data, check=False)
    assert refused.returncode == 66 and b"nobody" in refused.stderr


def test_a_factor_on_a_client_survives_its_forgetting(make_gateway):
    gateway = make_gateway(clients=[{"name": NAME, "key": CLIENT_KEY}])
    book = Path(gateway.settings["price_book"])
    plain = book.read_text()
    book.write_text(plain + f'multipliers:\n  clients:\n    "{NAME}": "0.5"\n')
    gateway.start()
    ask(gateway)
    gateway.level()
    halved = Decimal(gateway.completed(1)[0]["cost"]["usd"])
    assert halved > 0
    assert NAME in gateway.command("prices", "show")
    row = gateway.report("client")[0]
    assert Decimal(row["restated_usd"]) == Decimal(row["charged_usd"]) == halved
    unchanged = json.loads(gateway.command("prices", "diff", book, "--json"))
    assert unchanged["rows"]["settings_changed"] is False
    assert Decimal(unchanged["history"]["total"]["change_usd"]) == 0
    gateway.command("forget", NAME)
    ask(gateway)
    gateway.level()
    assert Decimal(gateway.completed(2)[1]["cost"]["usd"]) == halved
    assert [Decimal(row["restated_usd"]) for row in gateway.report("client")] == [halved, halved]
    assert NAME.encode() not in b"\0".join(stored(gateway))
    books = len(gateway.events("pricebook.adopted"))
    assert gateway.stop() == 0
    gateway.start()
    assert len(gateway.events("pricebook.adopted")) == books, "the same book was adopted again"
    assert FIRST.rows


def test_ids_of_provider_keys_are_the_nodes_own(make_gateway, simulator):
    seen = []
    for name in ("one", "two"):
        gateway = make_gateway(name=name).start()
        ask(gateway)
        first = gateway.completed(1)[0]["attempts"][0]["key"]
        assert gateway.stop() == 0
        gateway.start()
        ask(gateway)
        assert gateway.completed(2)[1]["attempts"][0]["key"] == first, "the id changed over a restart"
        seen.append(first)
    assert seen[0] != seen[1], "the same key has the same id on two nodes"


def test_a_damaged_table_is_told_and_costs_no_event(private):
    ask(private)
    private.level()
    assert private.stop() == 0
    table = private.data / "identities"
    table.write_bytes(table.read_bytes()[:-9])
    failed = run("serve", "--config", private.config, check=False)
    assert failed.returncode == 65 and b"identities" in failed.stderr and b"ledger is not affected" in failed.stderr
    assert [event["type"] for event in private.events()].count("request.completed") == 1
    assert run("verify", "--data-dir", private.data).returncode == 0
    table.unlink()
    private.start()
    assert len(private.completed(1)) == 1
