"""The box: configuration, processes, console, command line."""
