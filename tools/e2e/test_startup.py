"""Starts that cannot succeed: a clear message, the documented exit code, nothing changed, nobody else harmed."""

import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from support.process import binary, free_port
from support.raw import ask
from support.sdk import by_name, through
from support.tollgate import run

BAD_DATA, NO_INPUT, IO, IN_USE, NO_PERMISSION, CANNOT_CREATE = 65, 66, 74, 75, 77, 73


def serve(gateway, code, *words, **more):
    """Runs `serve`, which must end with the code and say the words."""
    result = subprocess.run(
        [more.pop("program", binary()), "serve", "--config", str(gateway.config)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        **more,
    )
    message = result.stderr.decode()
    assert result.returncode == code, message
    assert "tollgate: " in message
    for word in words:
        assert str(word) in message, message
    return message


@pytest.fixture
def stopped(make_gateway):
    """A stopped gateway with some requests in its ledger."""
    gateway = make_gateway().start()
    for name in ("openai-chat", "openai-chat-stream") * 10:
        through(gateway, by_name[name])
    gateway.completed(20)
    assert gateway.stop() == 0
    return gateway


def test_in_use(gateway):
    settings = dict(gateway.settings)
    settings["listen"] = f"127.0.0.1:{free_port()}"
    settings["admin"] = {"listen": f"127.0.0.1:{free_port()}", "token": "another-token-0123456789"}
    second = gateway.folder / "second.yaml"
    second.write_text(yaml.safe_dump(settings))
    result = run("serve", "--config", second, check=False)
    assert result.returncode == IN_USE
    assert str(gateway.data) in result.stderr.decode() and "another process" in result.stderr.decode()
    saved = run("salvage", gateway.data, gateway.folder / "saved", check=False)
    assert saved.returncode == IN_USE
    assert ask(gateway, "openai").status == 200, "the first process must not notice"


def test_read_only(stopped):
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", stopped.data, stopped.data], capture_output=True, text=True)
    if mounted.returncode == 0:
        mounted = subprocess.run(
            ["mount", "-o", "remount,bind,ro", stopped.data], capture_output=True, text=True
        )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    try:
        serve(stopped, NO_PERMISSION, stopped.data, "ead-only")
        assert run("salvage", stopped.data, stopped.folder / "saved").returncode == 0
    finally:
        subprocess.run(["umount", stopped.data], check=True)


def test_without_permission(stopped):
    if os.getuid() != 0:
        pytest.skip("only root can run it as somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(binary(), folder)
        config = Path(folder, "tollgate.yaml")
        data = Path(folder, "data")
        shutil.copytree(stopped.data, data)
        settings = {key: value for key, value in stopped.settings.items() if key != "price_book"}
        config.write_text(yaml.safe_dump({**settings, "data_dir": str(data)}))
        for path, mode in ((data, 0o700), (data / "node.key", 0o600), (data / "ledger", 0o500)):
            os.chmod(data, 0o777)
            os.chmod(path, mode)
            result = subprocess.run(
                [program, "serve", "--config", str(config)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                user=65534,
                group=65534,
                extra_groups=[],
            )
            message = result.stderr.decode()
            assert result.returncode == NO_PERMISSION, message
            assert str(data) in message


@pytest.mark.parametrize("limit", [8, 12, 16, 24, 40])
def test_without_descriptors(stopped, limit):
    """It says why it does not start; it never hangs or crashes."""
    serve(
        stopped,
        IO,
        "ulimit -n",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
    )
    stopped.start()
    assert len(stopped.completed()) == 20


def test_full_disk(make_gateway):
    gateway = make_gateway()
    gateway.data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", gateway.data], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    try:
        serve(gateway, IO, gateway.data, "space")
    finally:
        subprocess.run(["umount", gateway.data], check=True)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_newer_format(make_gateway):
    gateway = make_gateway().start()
    assert gateway.stop() == 0
    changed = 0
    for log in (gateway.data / "ledger").glob("*.log"):
        data = bytearray(log.read_bytes())
        place = data.find(b"tollgate-ledger 1")
        # The first record of the file holds the format; its checksum covers type and content.
        if 0 < place < 100:
            data[place + 16] = ord("9")
            length = int.from_bytes(data[4:6], "little")
            data[0:4] = crc32c(data[6 : 7 + length]).to_bytes(4, "little")
            log.write_bytes(data)
            changed += 1
    assert changed == 1
    serve(gateway, BAD_DATA, "tollgate-ledger 9", "newer")


def largest(gateway, suffix):
    return max((gateway.data / "ledger").glob("*" + suffix), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("victim", ["log", "manifest", "current", "cut log"])
def test_damage_is_told_and_the_rest_is_saved(stopped, victim):
    # To open a ledger turns its log into a table, so a copy is read.
    copy = shutil.copytree(stopped.data, stopped.folder / "copy", ignore=shutil.ignore_patterns("*.sock"))
    exported = run("export", "--format", "ndjson", "--data-dir", copy).stdout.splitlines()
    events = [event for event in map(json.loads, exported) if "seq" in event]
    path = {
        "manifest": lambda: next((stopped.data / "ledger").glob("MANIFEST-*")),
        "current": lambda: stopped.data / "ledger" / "CURRENT",
    }.get(victim, lambda: largest(stopped, ".log"))()
    data = bytearray(path.read_bytes())
    if victim == "cut log":
        del data[len(data) * 2 // 3 :]
    else:
        data[len(data) // 2] ^= 0x10
    path.write_bytes(data)

    message = serve(stopped, BAD_DATA, stopped.data)
    if victim != "cut log":
        assert "tollgate salvage" in message
    verified = run("verify", "--data-dir", stopped.data, check=False)
    assert verified.returncode == 1, verified.stderr.decode()

    saved = stopped.folder / "saved"
    result = run("salvage", "--json", stopped.data, saved, check=False)
    assert result.returncode == (1 if "log" in victim else 0), result.stderr.decode()
    told = yaml.safe_load(result.stdout)
    lost = {number for first, last in told["lost"] for number in range(first, last + 1)}
    assert told["head"] == len(events) and told["records"] == len(events) - len(lost)
    assert bool(lost) == ("log" in victim)
    if lost:
        assert str(min(lost)) in verified.stderr.decode() and str(min(lost)) in result.stderr.decode()
    assert run("salvage", stopped.data, saved, check=False).returncode == CANNOT_CREATE

    stopped.settings["data_dir"] = str(saved)
    stopped.data = saved
    stopped.write()
    assert run("verify", "--data-dir", saved).returncode == 0
    kept = stopped.events()
    for before, after in zip(events, kept, strict=True):
        if after["seq"] in lost:
            assert (after["type"], after["first"], after["last"]) == ("history.truncated", after["seq"], after["seq"])
        else:
            # The name beside an id is no part of the event.
            assert {**after, "client_name": None} == {**before, "client_name": None}
    if 1 not in lost:
        stopped.start()
        assert ask(stopped, "openai").status == 200


def test_nothing_to_salvage(tmp_path):
    assert run("salvage", tmp_path, tmp_path / "new", check=False).returncode == NO_INPUT
    (tmp_path / "data" / "ledger").mkdir(parents=True)
    (tmp_path / "data" / "ledger" / "000003.log").write_bytes(b"nothing of use")
    assert run("salvage", tmp_path / "data", tmp_path / "new", check=False).returncode == BAD_DATA
    assert not (tmp_path / "new").exists()
