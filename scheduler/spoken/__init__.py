"""What people type into a sheet: times, durations, days."""
