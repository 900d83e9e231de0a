#!/usr/bin/env python3
"""Verifies what `tollgate` hands to an auditor, without `tollgate`: exports, proofs and checkpoints.

    verify.py --key KEY FILE [--checkpoint KEPT]

KEY is the ledger's public key, or a file with it. FILE is an NDJSON export, an inclusion proof (C2SP tlog-proof), a
consistency proof, or a signed checkpoint; `-` is standard input. KEPT is a checkpoint that was kept from earlier.

Nothing here is shared with the program: standard library, and `cryptography` for Ed25519. It follows RFC 6962 and 9162
(trees), C2SP signed-note and tlog-checkpoint (signatures). It hashes the stored bytes of each event. Whether the fields
beside them say the same only `tollgate verify` tells, which knows the binary form.

Ends with 0 when everything holds, 1 when something was changed or is missing, 2 when a signature is not one of the key,
3 when the file was cut off, 65 when it is no such file.
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CHANGED, NOT_SIGNED, CUT_OFF, MALFORMED = 1, 2, 3, 65
NOTE_LIMIT = 1 << 16


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def check(condition, code, message):
    if not condition:
        raise Refused(code, message)


def decode(text, length=None):
    """Canonical base64 with padding."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(MALFORMED, f"{text[:60]!r} is not base64") from error
    check(base64.b64encode(data).decode() == text, MALFORMED, f"{text[:60]!r} is not canonical base64")
    check(length in (None, len(data)), MALFORMED, f"{text[:60]!r} has {len(data)} bytes, not {length}")
    return data


def number(text):
    check(text.isascii() and text.isdigit() and len(text) <= 20 and str(int(text)) == text, MALFORMED, f"{text[:40]!r} is no number")
    return int(text)


# --- The tree: RFC 6962, section 2.1.


def leaf_hash(record):
    return hashlib.sha256(b"\0" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def subtrees(begin, end):
    """The perfect subtrees that cover the leaves begin to end (not included): their sizes, from left to right."""
    sizes = []
    while begin < end:
        size = begin & -begin or 1 << 64
        while size > end - begin:
            size >>= 1
        sizes.append(size)
        begin += size
    return sizes


class Tree:
    """The subtrees that cover the leaves from 0 on, the biggest first."""

    def __init__(self):
        self.size = 0
        self.nodes = []  # (number of leaves, hash)

    def add(self, size, digest):
        check(self.size % size == 0, CHANGED, "a subtree stands where none of its size can begin")
        self.size += size
        while self.nodes and self.nodes[-1][0] == size:
            digest = node_hash(self.nodes.pop()[1], digest)
            size *= 2
        self.nodes.append((size, digest))

    def add_range(self, end, digests):
        sizes = subtrees(self.size, end)
        check(len(sizes) == len(digests), MALFORMED, f"a range of {end - self.size} events needs {len(sizes)} hashes")
        for size, digest in zip(sizes, digests):
            self.add(size, digest)

    @property
    def root(self):
        if not self.nodes:
            return hashlib.sha256(b"").digest()
        digest = self.nodes[-1][1]
        for _, left in reversed(self.nodes[:-1]):
            digest = node_hash(left, digest)
        return digest


def root_of_inclusion(index, size, leaf, path):
    """RFC 9162, section 2.1.3.2."""
    check(index < size, CHANGED, f"a tree of {size} events has no event {index + 1}")
    position, last, digest = index, size - 1, leaf
    for sibling in path:
        check(last > 0, CHANGED, "the proof has too many hashes")
        if position & 1 or position == last:
            digest = node_hash(sibling, digest)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        position, last = position >> 1, last >> 1
    check(last == 0, CHANGED, "the proof has too few hashes")
    return digest


def check_consistency(old_size, old_root, new_size, new_root, path):
    """RFC 9162, section 2.1.4.2; the empty tree is the beginning of every tree."""
    wrong = f"the tree of {new_size} events does not begin with the one of {old_size}"
    check(old_size <= new_size, CHANGED, wrong)
    if old_size in (0, new_size):
        same = old_root == new_root if old_size == new_size else old_root == hashlib.sha256(b"").digest()
        check(same and not path, CHANGED, wrong)
        return
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    check(path, CHANGED, wrong)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        check(last > 0, CHANGED, wrong)
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    check((old, new, last) == (old_root, new_root, 0), CHANGED, wrong)


# --- Signatures: C2SP signed-note.


class Key:
    def __init__(self, text):
        parts = text.split("+", 2)
        check(len(parts) == 3 and parts[0], MALFORMED, f"{text[:80]!r} is no public key")
        data = decode(parts[2], 33)
        check(data[0] == 1, MALFORMED, "the public key is not one for Ed25519")
        self.text, self.name = text, parts[0]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        check(parts[1] == self.id.hex(), MALFORMED, "the public key was not copied whole: its id does not fit")
        self.key = Ed25519PublicKey.from_public_bytes(data[1:])

    def checkpoint(self, note):
        """Size and root of a signed checkpoint of this ledger."""
        check(len(note) <= NOTE_LIMIT, MALFORMED, "a checkpoint is too long")
        body, separator, signatures = note.partition("\n\n")
        lines = body.split("\n")
        check(separator and len(lines) == 3 and signatures.endswith("\n"), MALFORMED, "this is no signed checkpoint")
        found = [line.split(" ") for line in signatures[:-1].split("\n")]
        well_formed = all(len(parts) == 3 and parts[0] == "\N{EM DASH}" for parts in found)
        check(well_formed, MALFORMED, "a checkpoint's signature is malformed")
        for parts in found:
            if parts[1] != self.name:
                continue
            data = decode(parts[2])
            if data[:4] != self.id:
                continue
            try:
                self.key.verify(data[4:], (body + "\n").encode())
            except InvalidSignature:
                continue
            check(lines[0] == self.name, NOT_SIGNED, f"the checkpoint is of {lines[0]}, not of {self.name}")
            return number(lines[1]), decode(lines[2], 32)
        raise Refused(NOT_SIGNED, f"a checkpoint has no valid signature of the key of {self.name}")


# --- What can be verified. Each function gives a line for a person, and the (size, root) that it rests on.


def verify_inclusion(lines, key):
    record = decode(lines.pop(0)[len("extra ") :]) if lines and lines[0].startswith("extra ") else None
    check(record is not None, MALFORMED, "the proof does not carry the event's stored bytes (`extra`)")
    check(lines and lines[0].startswith("index "), MALFORMED, "the proof has no index")
    index = number(lines.pop(0)[len("index ") :])
    path = take_path(lines)
    size, root = key.checkpoint("\n".join(lines))
    found = root_of_inclusion(index, size, leaf_hash(record), path)
    check(found == root, CHANGED, f"event {index + 1} does not lead to the signed root of {size} events")
    return f"event {index + 1} ({len(record)} stored bytes) is one of {size} in {key.name}", [(size, root)]


def verify_consistency(lines, key):
    path = take_path(lines)
    rest = "\n".join(lines).split("\n\n")
    check(len(rest) == 4, MALFORMED, "the proof does not end with two checkpoints")
    old = key.checkpoint(rest[0] + "\n\n" + rest[1] + "\n")
    new = key.checkpoint(rest[2] + "\n\n" + rest[3])
    check_consistency(*old, *new, path)
    return f"the first {old[0]} of {new[0]} events in {key.name} are unchanged", [old, new]


def take_path(lines):
    path = []
    while lines:
        line = lines.pop(0)
        if not line:
            return path
        path.append(decode(line, 32))
    raise Refused(CUT_OFF, "the proof ends before its checkpoint")


def verify_export(stream, first, key, before=None):
    """`before` is size and root of the tree that the export has to go on from."""
    manifest = control(first, "export.manifest")
    check(manifest.get("version") == 1, MALFORMED, "the export has a form that is not known here")
    ours = (text(manifest, "origin"), text(manifest, "key")) == (key.name, key.text)
    check(ours, NOT_SIGNED, "the export names another key")
    start = whole(manifest, "from")
    # One that goes on with what comes says only at its end how far it goes.
    through = None if manifest.get("through", "") is None else whole(manifest, "through")
    fits = start >= 1 and manifest.get("tree_size", "") == through and (through is None or through >= start - 1)
    check(fits, MALFORMED, "the manifest's numbers do not fit together")
    tree, digest, events, omitted, adopted, gaps, line = Tree(), hashlib.sha256(first), 0, 0, {}, [], b""
    tree.add_range(start - 1, hashes(manifest, "left"))
    if before is not None:
        check(start == before[0] + 1, CHANGED, f"it begins with event {start}, but the one before it ends with {before[0]}")
        check(tree.root == before[1], CHANGED, f"it goes on from another tree of {before[0]} events: history was rewritten")
    for line in stream:
        check(not line.endswith(b"\r\n"), MALFORMED, f"the line behind event {tree.size} ends in CRLF")
        check(line.endswith(b"\n"), CUT_OFF, f"the export was cut off behind event {tree.size}")
        if line.startswith(b'{"type":"export.trailer"'):
            break
        if line.startswith(b'{"type":"export.'):
            gap = control(line, "export.omitted")
            check(whole(gap, "from") == tree.size + 1, CHANGED, f"event {tree.size + 1} is missing")
            check(whole(gap, "through") > tree.size, MALFORMED, f"events are left out behind {tree.size}, but none is")
            omitted += whole(gap, "through") - tree.size
            gaps.append((tree.size + 1, whole(gap, "through")))
            tree.add_range(whole(gap, "through"), hashes(gap, "nodes"))
        else:
            event = parse(line, f"the line behind event {tree.size} is no event")
            check(event.get("seq") == tree.size + 1, CHANGED, f"event {tree.size + 1} is missing or out of order")
            check(isinstance(event.get("stored"), str), MALFORMED, f"event {tree.size + 1} has no stored bytes")
            tree.add(1, leaf_hash(decode(event["stored"])))
            events += 1
            if event.get("type") in ADOPTIONS:
                adopted[tree.size] = event
        digest.update(line)
    else:
        raise Refused(CUT_OFF, f"the export was cut off behind event {tree.size}: it has no trailer")
    check(not stream.read(1), CHANGED, "there is something behind the export's trailer")
    trailer = control(line, "export.trailer")
    size, root = key.checkpoint(text(trailer, "checkpoint"))
    check_epochs(manifest, adopted, gaps, start, tree.size)
    through = size if through is None else through
    check(tree.size >= through, CHANGED, f"event {tree.size + 1} to {through} are missing")
    check(tree.size == through, MALFORMED, f"the export has events behind {through}, its last one")
    check(size == through, CHANGED, f"the checkpoint is of {size} events, not of {through}")
    check(tree.root == root == decode(text(trailer, "root"), 32), CHANGED, f"the events do not lead to the signed root of {size}")
    counted = (whole(trailer, "events"), whole(trailer, "omitted"))
    check(omitted == 0 or manifest.get("filter"), CHANGED, f"no filter is named, but {omitted} events are left out")
    check(counted == (events, omitted), CHANGED, f"the trailer does not count {events} events and {omitted} omitted ones")
    check(trailer.get("sha256") == digest.hexdigest(), CHANGED, "the trailer's SHA-256 is not that of the file")
    return f"{events} events and {omitted} omitted ones, {start} to {through}, of {key.name}", [(size, root)]


ADOPTIONS = {"schema.adopted": ("schemas", "version"), "pricebook.adopted": ("price_books", "revision")}


def check_epochs(manifest, adopted, gaps, start, through):
    """The manifest names every adoption that is in the file, none otherwise than the event does, and nothing else."""
    is_open = manifest["through"] is None
    for kind, (name, number_name) in ADOPTIONS.items():
        epochs = manifest.get(name)
        check(isinstance(epochs, list) and all(isinstance(epoch, dict) for epoch in epochs), MALFORMED, f"`{name}` is no list")
        stated = {whole(epoch, "first"): (whole(epoch, number_name), text(epoch, "hash")) for epoch in epochs}
        check([whole(epoch, "first") for epoch in epochs] == sorted(stated), MALFORMED, f"`{name}` is out of order")
        for first in stated:
            is_there = adopted.get(first, {}).get("type") == kind or any(begin <= first <= end for begin, end in gaps)
            outside = first < start or (is_open and first > through)
            check(is_there or outside, CHANGED, f"`{name}` names event {first}, which is no {kind}")
        for sequence, event in adopted.items():
            found = (event.get(number_name), event.get("hash"))
            if event["type"] == kind and not (is_open and sequence not in stated):
                check(stated.get(sequence) == found, CHANGED, f"`{name}` does not say what event {sequence} says")


def unique(pairs):
    """Readers differ in which of two members of one name counts."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member is there twice")
    return dict(pairs)


def parse(line, complaint):
    try:
        value = json.loads(line, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Refused(MALFORMED, complaint) from error
    check(isinstance(value, dict), MALFORMED, complaint)
    return value


def control(line, kind):
    value = parse(line, f"a line is no {kind}")
    check(value.get("type") == kind, MALFORMED, f"a line is no {kind}")
    return value


def whole(value, name):
    found = value.get(name)
    check(type(found) is int and 0 <= found < 1 << 64, MALFORMED, f"`{name}` is no whole number")
    return found


def text(value, name):
    check(isinstance(value.get(name), str), MALFORMED, f"`{name}` is no text")
    return value[name]


def hashes(value, name):
    found = value.get(name)
    check(isinstance(found, list) and all(isinstance(item, str) for item in found), MALFORMED, f"`{name}` is no list of hashes")
    return [decode(item, 32) for item in found]


def verify_segments(folder, key):
    """Exports that go on from one another, in the order of their names."""
    files, trees = sorted(folder.glob("*.ndjson")), []
    check(files, MALFORMED, f"{folder} has no export (*.ndjson)")
    for file in files:
        with open(file, "rb") as stream:
            first = stream.readline()
            check(first.endswith(b"\n"), CUT_OFF, f"{file.name}: the export was cut off in its first line")
            try:
                trees += verify_export(stream, first, key, trees[-1] if trees else None)[1]
            except Refused as refusal:
                raise Refused(refusal.code, f"{file.name}: {refusal}") from refusal
    return f"{len(files)} exports that go on from one another, through event {trees[-1][0]}, of {key.name}", trees


def verify(path, key):
    if Path(path).is_dir():
        return verify_segments(Path(path), key)
    with sys.stdin.buffer if path == "-" else open(path, "rb") as stream:
        first = stream.readline()
        if first.startswith(b"{"):
            check(first.endswith(b"\n"), CUT_OFF, "the export was cut off in its first line")
            return verify_export(stream, first, key)
        try:
            lines = (first + stream.read()).decode().split("\n")
        except UnicodeDecodeError as error:
            raise Refused(MALFORMED, "this is neither an export nor a proof nor a checkpoint") from error
    if lines[0] == "c2sp.org/tlog-proof@v1":
        return verify_inclusion(lines[1:], key)
    if lines[0] == "tollgate/consistency-proof@v1":
        return verify_consistency(lines[1:], key)
    size, root = key.checkpoint("\n".join(lines))
    return f"the checkpoint of {size} events is signed by {key.name}", [(size, root)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", help="an export, a folder of them (`export --segments`), a proof or a checkpoint")
    parser.add_argument("--key", required=True, help="the public key, or a file with it")
    parser.add_argument("--checkpoint", help="a signed checkpoint that was kept")
    options = parser.parse_args()
    try:
        given = options.key if "+" in options.key else Path(options.key).read_text().strip()
        key = Key(given)
        words, trees = verify(options.file, key)
        if options.checkpoint:
            kept = key.checkpoint(Path(options.checkpoint).read_text())
            check(any(size == kept[0] for size, _ in trees), MALFORMED, "the kept checkpoint is of a tree of another size")
            check(kept in trees, CHANGED, f"two different trees of {kept[0]} events were signed: history was rewritten")
    except Refused as refusal:
        print(f"verify: {refusal}", file=sys.stderr)
        return refusal.code
    except UnicodeError as error:
        print(f"verify: a text is not Unicode: {error.reason}", file=sys.stderr)
        return MALFORMED
    except OSError as error:
        print(f"verify: {error.filename}: {error.strerror}", file=sys.stderr)
        return 66
    print(f"verified: {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
