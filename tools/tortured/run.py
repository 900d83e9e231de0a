"""Round after round: serve, end it somehow, start again, compare."""

import json
import random
import shutil
import subprocess
import time

from .clients import Clients
from .gateway import Gateway
from .upstream import Upstream

# Places between two steps, by how often they are passed in a second of load.
OFTEN = ["beforeWrite", "afterWrite", "afterHead", "afterRelease", "append", "torn", "sync"]
SELDOM = ["beforeCheckpoint", "beforeRename", "afterCheckpoint"]
ONCE = ["open", "rename", "remove", "directory", "read", "beforeClear", "beforeSnapshot", "afterSnapshot"]
REBUILD = ["beforeSwap", "afterSwap"]
ROUNDS_PER_DIRECTORY = 30


class Run:
    def __init__(self, binary, folder, seed, seconds):
        self.binary, self.folder, self.seed, self.seconds = binary, folder, seed, seconds
        self.random = random.Random(seed)
        self.problems = []
        self.kills = self.power_cuts = self.faults = self.damages = 0
        self.lost = self.duplicated = self.unnoticed = self.answers = self.interrupted = 0
        self.upstream = Upstream()
        self.gateway = None
        self.simulation = None
        self.simulated = seed * 1_000_000

    @property
    def failed(self):
        return bool(self.problems or self.lost or self.duplicated or self.unnoticed)

    def summary(self):
        return (
            f"{self.answers:,} complete answers, {self.interrupted:,} interrupted, {self.damages} damages\n"
            f"{self.kills} kills, {self.power_cuts} power cuts, {self.faults} faults: "
            f"{self.lost} lost, {self.duplicated} duplicated, {self.unnoticed} unnoticed"
        )

    def go(self):
        end = time.monotonic() + self.seconds
        number = 0
        while time.monotonic() < end:
            place = self.folder / f"directory-{number}"
            place.mkdir()
            before = len(self.problems)
            Directory(self, place, number).torture(end)
            if len(self.problems) == before:
                shutil.rmtree(place, ignore_errors=True)
            number += 1
        self.end_simulation(wait=True)

    def problem(self, text):
        self.problems.append(text)
        print(text, flush=True)

    # The simulation in memory runs beside the rounds, one process after the other.

    def simulate(self):
        if self.simulation and self.simulation.poll() is None:
            return
        self.end_simulation()
        self.simulated += 40
        command = [self.binary, "torture-ledger", "--seed", str(self.simulated), "--runs", "40"]
        command += ["--folder", str(self.folder)]
        self.simulation = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def end_simulation(self, wait=False):
        if not self.simulation:
            return
        try:
            output, _ = self.simulation.communicate(timeout=300 if wait else 60)
        except subprocess.TimeoutExpired:
            self.simulation.kill()
            self.problem(f"the simulation of the seeds from {self.simulated} did not end")
            return
        finally:
            process, self.simulation = self.simulation, None
        try:
            result = json.loads(output)
        except ValueError:
            self.problem(f"the simulation of the seeds from {self.simulated} ended with {process.returncode}")
            return
        self.kills += result["kills"]
        self.power_cuts += result["power_cuts"]
        self.faults += result["faults"]
        self.lost += result["lost"]
        self.duplicated += result["duplicated"]
        if result["problems"]:
            self.problem(result["problems"])

    def close(self):
        if self.gateway:
            self.gateway.close()
        if self.simulation and self.simulation.poll() is None:
            self.simulation.kill()
            self.simulation.wait()
        self.upstream.shutdown()
        self.upstream.server_close()


class Directory:
    """The lives of one data directory."""

    def __init__(self, run, folder, number):
        self.run, self.folder, self.number = run, folder, number
        self.random = run.random
        self.gateway = run.gateway = Gateway(run.binary, folder, run.upstream.port)
        self.complete = {}
        self.arrived = set()
        # By model, which is another one for each request: how each ended in the ledger.
        self.ends = {}
        self.next = 1

    def torture(self, end):
        self.run.upstream.take()
        for round_number in range(ROUNDS_PER_DIRECTORY):
            if time.monotonic() > end:
                break
            self.run.simulate()
            self.life(round_number)
            self.gateway.start()
            if not self.gateway.wait_ready():
                self.run.problem(f"{self.name(round_number)}: does not start again; see {self.folder}/log")
                break
            self.compare(round_number)
            if round_number % 5 == 4:
                self.counters(round_number)
            self.gateway.kill()
            self.run.kills += 1
            if round_number % 6 == 5:
                self.damage(round_number)
        self.gateway.close()

    def name(self, round_number):
        return f"seed {self.run.seed}, directory {self.number}, round {round_number}"

    def life(self, round_number):
        """Serves under load until it is killed, one way or another."""
        place, nth = self.choose()
        self.gateway.start(place, nth)
        if self.random.random() < 0.15:
            # Killed while it starts.
            self.gateway.wait_end(self.random.random() * 0.1)
        elif self.gateway.wait_ready():
            clients = Clients(self.gateway.port, f"{self.run.seed}-{self.number}-{round_number}")
            if place in REBUILD:
                self.gateway.run("rebuild")
            self.gateway.wait_end(self.random.uniform(0.05, 1.2) if place is None else self.random.uniform(0.3, 2.5))
            self.gateway.kill()
            self.complete.update(clients.end())
        self.gateway.kill()
        self.run.kills += 1
        self.arrived |= self.run.upstream.take()

    def choose(self):
        chosen = self.random.random()
        if chosen < 0.5:
            return None, 1
        if chosen < 0.8:
            return self.random.choice(OFTEN), self.random.randint(1, 120)
        if chosen < 0.87:
            return self.random.choice(SELDOM), self.random.randint(1, 3)
        if chosen < 0.97:
            return self.random.choice(ONCE), self.random.randint(1, 4)
        return self.random.choice(REBUILD), 1

    def compare(self, round_number):
        """What the ledger holds must be what was seen."""
        run, name = self.run, self.name(round_number)
        for event in self.gateway.events(self.next):
            if event["seq"] != self.next:
                run.lost += 1
                run.problem(f"{name}: event {event['seq']} instead of {self.next}")
            self.next = event["seq"] + 1
            if event["type"] not in ("request.completed", "request.interrupted"):
                continue
            model = event["model"]["requested"] if event["type"] == "request.completed" else event["model"]
            if isinstance(model, dict):
                model = model["requested"]
            if model in self.ends:
                run.duplicated += 1
                run.problem(f"{name}: the request {model} ended twice, as {self.ends[model]} and {event['type']}")
            self.ends[model] = (event["type"], event["id"], event.get("outcome"))
            run.interrupted += event["type"] == "request.interrupted"
        for model, identity in self.complete.items():
            kind, found, outcome = self.ends.get(model, (None, None, None))
            if (kind, found, outcome) != ("request.completed", identity, "completed"):
                run.lost += 1
                run.problem(f"{name}: {model} ({identity}) was complete for its client and is {kind} {outcome}")
        for model in self.arrived - self.ends.keys():
            run.unnoticed += 1
            run.problem(f"{name}: {model} went upstream and does not appear")
        run.answers += len(self.complete)
        self.complete, self.arrived = {}, set()
        verified = self.gateway.run("verify")
        if verified.returncode != 0:
            run.unnoticed += 1
            run.problem(f"{name}: verify ended with {verified.returncode}: {verified.stderr.decode()[-300:]}")

    def counters(self, round_number):
        """The counters must be those that are folded anew."""
        before = self.report()
        rebuilt = self.gateway.run("rebuild")
        after = self.report()
        if rebuilt.returncode != 0 or before != after:
            self.run.unnoticed += 1
            self.run.problem(f"{self.name(round_number)}: the counters are not those of a rebuild")

    def report(self):
        return json.loads(self.gateway.run("report", "--by", "client,group", "--format", "json").stdout or b"null")

    def damage(self, round_number):
        """One bit or one end of a copy is spoilt: that is noticed, or nothing is lost by it."""
        run, copy, saved = self.run, self.folder / "copy", self.folder / "saved"
        for old in (copy, saved):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(self.gateway.data, copy, ignore=shutil.ignore_patterns("*.sock", "LOCK"))
        files = [path for path in (copy / "ledger").iterdir() if path.name != "LOG" and path.stat().st_size > 0]
        files = [path for path in files if path.suffix != ".old"]
        victim = self.random.choice(sorted(files))
        data = bytearray(victim.read_bytes())
        place = self.random.randrange(len(data))
        if self.random.random() < 0.3:
            what = f"{victim.name} cut to {place} of {len(data)} bytes"
            del data[place:]
        else:
            what = f"bit flipped at {place} of {len(data)} in {victim.name}"
            data[place] ^= 1 << self.random.randrange(8)
        victim.write_bytes(data)
        run.damages += 1
        noticed = self.gateway.run("verify", data=copy).returncode != 0
        command = [run.binary, "salvage", "--json", str(copy), str(saved)]
        salvaged = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        if salvaged.returncode not in (0, 1):
            run.problem(f"{self.name(round_number)}: {what}: salvage ended with {salvaged.returncode}: "
                        f"{salvaged.stderr.decode()[-300:]}")
            return
        lost = json.loads(salvaged.stdout)["lost"]
        if lost and not noticed:
            run.unnoticed += 1
            run.problem(f"{self.name(round_number)}: {what}: {lost} cannot be read, and verify does not say so")
        checked = self.gateway.run("verify", data=saved)
        if checked.returncode != 0:
            run.problem(f"{self.name(round_number)}: {what}: what was salvaged does not verify: "
                        f"{checked.stderr.decode()[-300:]}")
        for old in (copy, saved):
            shutil.rmtree(old, ignore_errors=True)
