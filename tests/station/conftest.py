"""A station for each test, ended whatever happens."""

import pytest

from tests.station.station import Station


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
        one.__exit__(None, None, None)
        print(one.rig.logs(40))  # noqa: T201 - pytest shows it with a failure
