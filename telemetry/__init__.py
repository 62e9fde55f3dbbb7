"""Facts, airtime, faults, journals, ledger, wire, reports."""
