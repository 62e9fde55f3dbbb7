"""Rules are tried on thousands of inputs, on computers that have other work to do: no time limit for one of them."""

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
