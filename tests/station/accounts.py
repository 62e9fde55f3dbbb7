"""What has to hold of the two ends of the wire, whatever happened between them."""

from firmware_py.demo.rig import STATION_ID
from telemetry.ledger_store import LedgerReader
from telemetry.upstream.archive import ArchiveReader


def archive_is_the_ledger(rig):
    """Entry for entry, in order, each once; and the chain holds. The entries, as far as they are acknowledged."""
    archive, ledger = ArchiveReader(rig.archive_path), LedgerReader(rig.state_dir / "ledger.db")
    try:
        upto = ledger.acknowledged()
        kept = ledger.entries_since(0, upto)
        assert [entry.seq for entry in kept] == list(range(1, upto + 1))
        assert list(archive.entries(STATION_ID))[:upto] == kept
        assert archive.refused() == []
    finally:
        archive.close()
        ledger.close()
    verified = rig.smartradio("journal", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    return kept
