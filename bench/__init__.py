"""Benchmarks: our figure, beside it a peer or a floor taken in the same run. `./dev bench` prints the tables."""
