"""A station for each test, ended whatever happens."""

from pathlib import Path

import pytest

from tests.station.station import Station

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """The longest first, so that workers end together: a whole station lasts a minute, a command a second."""
    items.sort(key=_turn)


def _turn(item):
    if HERE not in item.path.parents:
        return 0
    return 1 if item.get_closest_marker("timeout") else 2 if "station" in item.fixturenames else 3


@pytest.fixture
def station(tmp_path):
    """``station(**settings)`` makes one; the fixture ends it, and shows its logs when the test failed."""
    made = []

    def make(settings=None, environment=None):
        one = Station(tmp_path / f"station-{len(made)}", settings, environment)
        made.append(one.__enter__())
        return one

    yield make
    for one in made:
        one.kill()
        one.__exit__(None, None, None)
        print(one.rig.logs(40))  # noqa: T201 - pytest shows it with a failure
