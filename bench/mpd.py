"""MPD, as two benches run it: on a sink of the trial's own sound server, told what to play over a socket."""

from pathlib import Path

from firmware_py.demo.soundserver import SoundServer


def command(folder: Path, socket: Path, server: SoundServer, sink: str) -> list[str]:
    """Write its configuration into *folder*; how it is started."""
    config = folder / "mpd.conf"
    (folder / "music").mkdir(exist_ok=True)  # files under it would have to be in its database first
    config.write_text(
        f'music_directory "{folder}/music"\nbind_to_address "{socket}"\ndb_file "{folder}/mpd.db"\n'
        f'log_file "{folder}/mpd.log"\nauto_update "no"\n'
        f'audio_output {{\ntype "pulse"\nname "sink"\nserver "{server.address}"\nsink "{sink}"\n}}\n',
        encoding="utf-8",
    )
    return ["mpd", "--no-daemon", str(config)]
