"""Tests of the bench's own arithmetic, without any load."""

import os
import sys
import tempfile
import unittest
from unittest import mock

from . import gateway, load, nginx, rebuild, report, streams
from .processes import BenchError, Server, Servers, free_port


class Figures(unittest.TestCase):
    def test_medians_and_spread(self):
        rounds = [{"x": 1.0}, {"x": 4.0}, {"x": 2.0}]
        self.assertEqual(report.median(rounds, "x"), 2.0)
        self.assertEqual(report.spread(rounds, "x"), 1.5)
        self.assertEqual(report.ratio(rounds, [{"x": 2.0}, {"x": 1.0}, {"x": 2.0}], "x"), 1.0)

    def test_table_is_aligned(self):
        lines = report.table(["", "a"], [["long name", 1], ["b", 1000]]).splitlines()
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})

    def test_percentile_stays_inside(self):
        self.assertEqual(streams.percentile([1, 2, 3], 1.0), 3)
        self.assertEqual(streams.percentile([1], 0.99), 1)

    def test_the_answer_is_about_a_kilobyte_and_safe_in_a_configuration(self):
        self.assertTrue(900 <= len(nginx.ANSWER) <= 1200, len(nginx.ANSWER))
        self.assertFalse(set("'$\\\n") & set(nginx.ANSWER))
        self.assertNotIn("]==]", load.BODY)


class Rebuild(unittest.TestCase):
    RESULT = {
        "events": 1_000_000,
        "rounds": [{"seconds": 0.5, "cpu_seconds": 0.9, "highest_bytes": 1 << 20}],
        "disk_bytes": 200_000_000,
        "shares_ns": {"read": 100_000_000, "decode": 50_000_000, "fold": 250_000_000, "price": 100_000_000},
        "starts": [{"ready_seconds": 0.05, "report_seconds": 0.004}],
        "report_command_seconds": [0.06],
    }

    def test_the_shares_are_parts_of_one_whole(self):
        shares = rebuild.summary(self.RESULT)["shares"]
        self.assertEqual(shares, {"read": 0.2, "decode": 0.1, "fold": 0.5, "price": 0.2})
        self.assertEqual(set(rebuild.shares({"a": 0}).values()), {0})

    def test_the_text_has_the_figures(self):
        text = rebuild.text(self.RESULT)
        for figure in ["2,000,000", "50 %", "start until ready", "4.0"]:
            self.assertIn(figure, text)


class Chunks(unittest.TestCase):
    def test_an_event_counts_once_wherever_it_is_cut(self):
        text = b'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n'
        for cut in range(len(text) + 1):
            stream = streams.Stream(None)
            stream.take(text[:cut], 1.0)
            stream.take(text[cut:], 2.0)
            self.assertEqual((stream.events, stream.finished), (3, True), cut)

    def test_every_byte_alone(self):
        stream = streams.Stream(None)
        for index, byte in enumerate(b"data: 1\n\ndata: 2\n\ndata: [DONE]\n\n"):
            stream.take(bytes([byte]), float(index))
        self.assertEqual((stream.events, len(stream.gaps), stream.finished), (3, 2, True))


class Metrics(unittest.TestCase):
    def test_requests_are_summed_over_the_series(self):
        text = '# HELP tollgate_requests_total x\ntollgate_requests_total{group="a b",status="200"} 41\n'
        text += 'tollgate_requests_total{group="c"} 1\ntollgate_requests_in_flight 7\n'
        response = mock.Mock(status=200, read=lambda: text.encode())
        subject = mock.Mock(admin_port=1)
        with mock.patch("http.client.HTTPConnection") as connection:
            connection.return_value.getresponse.return_value = response
            self.assertEqual(gateway.Gateway.counted_requests(subject), 42)


class Processes(unittest.TestCase):
    def test_a_server_is_measured_and_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            script = f"import socket,time;s=socket.create_server(('127.0.0.1',{port}));time.sleep(60)"
            with Servers() as servers:
                server = servers.add(Server("x", [sys.executable, "-c", script], port, os.path.join(folder, "log")))
                self.assertGreater(server.resident_bytes(), 1_000_000)
                self.assertGreaterEqual(server.cpu_seconds(), 0)
            self.assertIsNotNone(server.process.returncode)

    def test_a_server_that_ends_is_an_error_with_its_words(self):
        with tempfile.TemporaryDirectory() as folder, Servers() as servers:
            command = ["sh", "-c", "echo no such luck; exit 3"]
            with self.assertRaisesRegex(BenchError, "status 3:\nno such luck"):
                servers.add(Server("x", command, free_port(), os.path.join(folder, "log")))


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(__import__(__name__, fromlist=["*"]))
    return 0 if unittest.TextTestRunner(verbosity=1).run(suite).wasSuccessful() else 1
