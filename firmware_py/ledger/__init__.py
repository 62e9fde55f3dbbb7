"""The ledger process: settles accounts, raises faults, sends records up."""
