"""Office files as tables of cells, read in a child process that may die of what they hold. Imports nothing above it."""
