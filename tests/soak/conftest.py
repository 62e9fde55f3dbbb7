"""The same station as in tests/station."""

from tests.station.conftest import station as station
