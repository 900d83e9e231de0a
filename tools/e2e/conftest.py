"""Fixtures: a simulated provider for the whole run, and gateways in folders of their own."""

import pytest

from support.book import FIRST
from support.tollgate import CLIENT_KEY, Gateway, Simulator


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    simulator = Simulator(tmp_path_factory.mktemp("simulator"))
    yield simulator
    simulator.close()


@pytest.fixture
def make_gateway(tmp_path, simulator):
    """Makes gateways that are not started yet; ends them after the test."""
    made = []

    def make(upstreams=None, name="gateway", book=FIRST, **settings) -> Gateway:
        folder = tmp_path / name
        folder.mkdir()
        path = book.write(folder / "prices.yaml") if book else None
        gateway = Gateway(folder, upstreams or simulator.url, path, **settings)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway().start()


@pytest.fixture
def key():
    return CLIENT_KEY
