"""What an auditor is handed: `tollgate verify` and tools/verify/verify.py must agree, on good input and on tampered."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.process import binary
from support.sdk import by_name, through
from support.tollgate import run

VERIFY = Path(__file__).parents[1] / "verify" / "verify.py"
sys.path.insert(0, str(VERIFY.parent))
import verify as independent  # noqa: E402

CHANGED, NOT_SIGNED, CUT_OFF, MALFORMED = 1, 2, 3, 65


@pytest.fixture
def ledger(make_gateway):
    """A stopped gateway with some requests in its ledger, and its public key in a file."""
    gateway = make_gateway().start()
    for name in ("openai-chat", "openai-chat-stream", "anthropic-message") * 2:
        through(gateway, by_name[name])
    gateway.completed(6)
    gateway.stop()
    gateway.key = gateway.folder / "ledger.key"
    gateway.key.write_text(gateway.command("key"))
    return gateway


def ours(*arguments):
    return run("verify", *arguments, check=False)


def theirs(*arguments):
    return subprocess.run([sys.executable, "-B", str(VERIFY), *map(str, arguments)], capture_output=True, timeout=60)


def both(file, key, *more):
    """The exit status that both verifiers give."""
    first, second = ours(file, "--key", key, *more), theirs(file, "--key", key, *more)
    assert first.returncode == second.returncode, (first.stderr, second.stderr)
    assert first.returncode == 0 or first.stderr.startswith(b"tollgate: "), first.stderr
    assert b"Traceback" not in second.stderr
    return first.returncode


def test_a_proof_needs_nothing_but_the_key(ledger, tmp_path):
    events = ledger.events()
    for name in (1, len(events), ledger.completed()[2]["id"]):
        proof = tmp_path / "event.tlog-proof"
        proof.write_text(ledger.command("proof", name))
        assert both(proof, ledger.key) == 0
        result = json.loads(ours(proof, "--key", ledger.key, "--json").stdout)
        found = next(event for event in events if name in (event["seq"], event.get("id")))
        assert result["verified"] and result["sequence"] == found["seq"]
    bare = ledger.command("proof", 2, "--bare")
    assert len(bare) < 1200 and "extra" not in bare


def test_growth_is_proved(ledger, tmp_path):
    head = len(ledger.events())
    kept = tmp_path / "kept"
    shutil.copy(ledger.data / "checkpoint", kept)
    ledger.start()
    through(ledger, by_name["openai-chat"])
    ledger.completed(7)
    proof = tmp_path / "consistency"
    proof.write_text(ledger.command("proof", "--from", head))
    assert both(proof, ledger.key, "--checkpoint", kept) == 0
    proof.write_text(ledger.command("proof", "--from", 3, "--to", head - 1))
    assert both(proof, ledger.key) == 0
    assert both(proof, ledger.key, "--checkpoint", kept) == MALFORMED
    assert both(kept, ledger.key) == 0


def test_tampered_proofs_are_refused(ledger, tmp_path):
    proof = tmp_path / "proof"
    for good in (ledger.command("proof", 3, "--size", 5), ledger.command("proof", "--from", 3, "--to", 5)):
        lines = good.split("\n")
        for index, line in enumerate(lines):
            for changed in ([], [line[:-1] + ("A" if line[-1:] != "A" else "B")], [line, line]):
                if changed == [line] or (len(changed) == 2 and line.startswith("\N{EM DASH}")):
                    continue  # A signature may stand there twice.
                proof.write_text("\n".join(lines[:index] + changed + lines[index + 1 :]))
                assert proof.read_text() == good or both_refuse(proof, ledger.key), (index, changed)
        for length in range(0, len(good), 37):
            proof.write_text(good[:length])
            assert both_refuse(proof, ledger.key), length
    proof.write_bytes(b"\xff\xfe")
    assert both(proof, ledger.key) == MALFORMED


def test_another_ledgers_key_is_refused(ledger, make_gateway, tmp_path):
    other = make_gateway(name="other").start()
    key = tmp_path / "other.key"
    key.write_text(other.command("key"))
    proof = tmp_path / "proof"
    proof.write_text(ledger.command("proof", 1))
    assert both(proof, key) == NOT_SIGNED
    assert both(ledger.data / "checkpoint", key) == NOT_SIGNED
    assert ours("--data-dir", ledger.data, "--key", key).returncode == NOT_SIGNED


# --- Exports


def auditable(ledger, path, *options):
    """Writes an export; gives its lines but the last, and the signed checkpoint that stands there."""
    path.write_text(ledger.command("export", *options))
    lines = path.read_text().splitlines()
    return lines[:-1], json.loads(lines[-1])["checkpoint"]


def write(path, lines, note):
    """Writes lines with a last one that fits them, as somebody can who has no key."""
    body = "".join(line + "\n" for line in lines).encode()
    runs = [json.loads(line) for line in lines if line.startswith('{"type":"export.omitted"')]
    trailer = {
        "type": "export.trailer", "events": sum(line.startswith('{"seq"') for line in lines),
        "omitted": sum(run["through"] - run["from"] + 1 for run in runs), "sha256": hashlib.sha256(body).hexdigest(),
        "root": note.split("\n")[2], "checkpoint": note,
    }  # fmt: skip
    path.write_bytes(body + json.dumps(trailer, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")


FILTERS = (
    (), ("--from", 5), ("--from", 2, "--through", 9), ("--type", "request.completed"), ("--client", "nobody"),
    ("--model", "gpt-4o", "--from", 3), ("--group", "anthropic", "--since", "2020-01-01"), ("--until", "2020-01-01"),
)  # fmt: skip


def test_an_export_needs_nothing_but_the_key(ledger, tmp_path):
    path = tmp_path / "events.ndjson"
    head = len(ledger.events())
    for options in FILTERS:
        lines, _ = auditable(ledger, path, *options)
        assert both(path, ledger.key) == 0, options
        whole = "--through" not in options
        assert both(path, ledger.key, "--checkpoint", ledger.data / "checkpoint") == (0 if whole else MALFORMED)
        result = json.loads(ours(path, "--key", ledger.key, "--json").stdout)
        events = sum(line.startswith('{"seq"') for line in lines)
        assert result["verified"] and result["events"] == events
        assert result["events"] + result["omitted"] == (head if whole else 9) - result["from"] + 1
        assert path.read_text() == ledger.command("export", *options)
    auditable(ledger, path)
    piped = subprocess.run(
        [binary(), "verify", "-", "--key", ledger.key], stdin=path.open("rb"), capture_output=True, timeout=60
    )
    assert piped.returncode == 0, piped.stderr


def test_tampered_exports_are_refused(ledger, tmp_path):
    path = tmp_path / "events.ndjson"
    lines, note = auditable(ledger, path)
    good = path.read_bytes()
    head = len(lines) - 1

    def expect(status, first=None):
        assert both(path, ledger.key) == status
        failure = json.loads(ours(path, "--key", ledger.key, "--json").stdout)["failure"]
        assert first is None or failure["first"] == first, failure

    write(path, lines, note)
    assert path.read_bytes() == good
    for sequence in range(1, head + 1):
        write(path, lines[:sequence] + lines[sequence + 1 :], note)  # dropped
        expect(CHANGED, sequence)
        if sequence < head:
            swapped = [lines[sequence + 1], lines[sequence]]
            write(path, lines[:sequence] + swapped + lines[sequence + 2 :], note)
            assert both_refuse(path, ledger.key)
            assert json.loads(ours(path, "--key", ledger.key, "--json").stdout)["failure"]["first"] == sequence
        write(path, lines[: sequence + 1] + lines[sequence:], note)  # there twice
        assert both_refuse(path, ledger.key)
    forged = json.loads(lines[5])
    forged["stored"] = base64.b64encode(base64.b64decode(forged["stored"])[:-1] + b"\x7f").decode()
    write(path, lines[:5] + [json.dumps(forged, separators=(",", ":"))] + lines[6:], note)
    expect(CHANGED)
    adopted = next(line for line in lines if '"type":"pricebook.adopted"' in line)
    hidden = lines[0].replace(json.loads(adopted)["hash"], "00" * 32)
    assert hidden != lines[0]
    write(path, [hidden] + lines[1:], note)
    expect(CHANGED, json.loads(adopted)["seq"])
    path.write_bytes(good[: len(good) // 2])
    expect(CUT_OFF)
    path.write_bytes(good + b"more")
    expect(CHANGED)
    path.write_bytes(good[:-200])
    expect(CUT_OFF)


def test_an_export_signed_by_another_key_is_refused(ledger, tmp_path):
    path = tmp_path / "events.ndjson"
    lines, note = auditable(ledger, path)
    theirs = Ed25519PrivateKey.generate()
    public = b"\x01" + theirs.public_key().public_bytes_raw()
    origin, body = note.split("\n")[0], note.partition("\n\n")[0] + "\n"
    identity = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
    signature = base64.b64encode(identity + theirs.sign(body.encode())).decode()
    forged = f"{body}\n\N{EM DASH} {origin} {signature}\n"
    write(path, lines, forged)
    assert both(path, ledger.key) == NOT_SIGNED
    # With the key in the manifest as well it is an export of another ledger, and the auditor's key tells.
    key = f"{origin}+{identity.hex()}+{base64.b64encode(public).decode()}"
    write(path, [lines[0].replace(ledger.key.read_text().strip(), key)] + lines[1:], forged)
    assert both(path, ledger.key) == NOT_SIGNED
    assert both(path, key) == 0


def both_refuse(path, key):
    """Of what was changed in several respects each may tell another one first."""
    try:
        independent.verify(path, independent.Key(key.read_text().strip()))
    except independent.Refused:
        return ours(path, "--key", key).returncode in (CHANGED, NOT_SIGNED, CUT_OFF, MALFORMED)
    return False


def test_fields_that_are_not_in_the_stored_bytes_are_named(ledger, tmp_path):
    path = tmp_path / "events.ndjson"
    lines, note = auditable(ledger, path)
    index = next(index for index, line in enumerate(lines) if '"client":"c_' in line)
    lines[index] = lines[index].replace('"client":"c_', '"client":"d_')
    write(path, lines, note)
    failed = ours(path, "--key", ledger.key, "--json")
    failure = json.loads(failed.stdout)["failure"]
    assert failed.returncode == CHANGED and failure["kind"] == "field" and failure["first"] == index
    assert "`client`" in failure["message"]


# --- Ledgers


def test_running_and_stopped_ledgers_verify(gateway):
    through(gateway, by_name["openai-chat"])
    gateway.completed(1)
    running = json.loads(gateway.command("verify", "--json"))
    assert running["verified"] and running["records"] == len(gateway.events())
    gateway.stop()
    stopped = json.loads(gateway.command("verify", "--json"))
    assert stopped["verified"] and stopped["records"] == len(gateway.events())
    assert stopped["key"] == gateway.command("verify", "--show-key").strip()


def test_a_shortened_ledger_is_refused_and_a_loss_is_recorded(ledger):
    """The newest log file is deleted: nothing but the checkpoint can tell."""
    before = len(ledger.events())
    ledger.start()
    through(ledger, by_name["openai-chat"])
    ledger.completed(7)
    last = len(ledger.events()) + 1  # node.stopped
    ledger.stop()
    # A start moves what older logs hold into tables.
    sorted((ledger.data / "ledger").glob("*.log"))[-1].unlink()
    verified = run("verify", "--data-dir", ledger.data, "--json", check=False)
    assert verified.returncode == CHANGED
    assert json.loads(verified.stdout)["failure"]["kind"] == "missing"
    refused_then_accepted(ledger, last, first=before + 1)


def test_a_restored_backup_is_refused(ledger):
    backup = ledger.folder / "backup"
    shutil.copytree(ledger.data / "ledger", backup)
    before = len(ledger.events())
    ledger.start()
    through(ledger, by_name["openai-chat"])
    ledger.completed(7)
    ledger.stop()
    after = len(ledger.events())
    shutil.rmtree(ledger.data / "ledger")
    shutil.copytree(backup, ledger.data / "ledger")
    refused_then_accepted(ledger, after, first=before + 1)


def refused_then_accepted(ledger, last, first=None):
    """A start is refused with the missing range; with --accept-loss it is recorded, and the next start is clean."""
    refused = run("serve", "--config", ledger.config, check=False)
    message = refused.stderr.decode()
    assert refused.returncode == MALFORMED, message
    assert f"to {last} are gone" in message and "--accept-loss" in message
    if first:
        assert f"{first} to {last}" in message
    ledger.start(arguments=["--accept-loss"])
    recorded = ledger.events("history.truncated")
    assert len(recorded) == 1 and recorded[0]["last"] == last
    assert first is None or recorded[0]["first"] == first
    ledger.stop()
    ledger.start()
    assert len(ledger.events("history.truncated")) == 1
    ledger.stop()
    assert run("verify", "--data-dir", ledger.data, check=False).returncode == 0


def test_a_swapped_directory_is_refused(ledger, make_gateway):
    other = make_gateway(name="other").start()
    through(other, by_name["openai-chat"])
    other.stop()
    shutil.rmtree(ledger.data / "ledger")
    shutil.copytree(other.data / "ledger", ledger.data / "ledger")
    refused = run("serve", "--config", ledger.config, check=False)
    assert refused.returncode == MALFORMED and b"mixed up" in refused.stderr, refused.stderr
    assert run("verify", "--data-dir", ledger.data, check=False).returncode in (CHANGED, NOT_SIGNED)


def test_kept_checkpoints_catch_a_restored_data_directory(make_gateway, tmp_path):
    """The whole directory goes back to an old state, checkpoint and all: only a copy kept elsewhere tells."""
    copy = tmp_path / "checkpoints"
    gateway = make_gateway(checkpoint_copy=str(copy)).start()
    through(gateway, by_name["openai-chat"])
    gateway.stop()
    backup = tmp_path / "backup"
    shutil.copytree(gateway.data, backup, ignore=shutil.ignore_patterns("*.sock"))
    gateway.start()
    through(gateway, by_name["openai-chat"])
    gateway.completed(2)
    gateway.stop()
    last = len(gateway.events())
    assert copy.read_text().count("\N{EM DASH} ") >= 2
    assert run("verify", "--data-dir", gateway.data, "--checkpoint", copy).returncode == 0
    shutil.rmtree(gateway.data)
    shutil.copytree(backup, gateway.data)
    assert run("verify", "--data-dir", gateway.data, check=False).returncode == 0
    caught = run("verify", "--data-dir", gateway.data, "--checkpoint", copy, "--json", check=False)
    assert caught.returncode == CHANGED and json.loads(caught.stdout)["failure"]["last"] == last
    gateway.key = None
    refused_then_accepted(gateway, last)
