"""The least that a station.toml says, for commands that need no device."""

CONFIG = """
[station]
id = "dong-tam"
name = "Đồng Tâm"
province = "phu-tho"
[output]
device = "hw:0"
[paths]
state_dir = "{folder}"
run_dir = "{folder}/run"
media_dir = "{folder}/media"
"""

# With folders of its own and a clock that is believed: its processes can really run.
RUNS = """
[station]
id = "dong-tam"
name = "Đài truyền thanh xã Đồng Tâm"
province = "thai-nguyen"
[output]
device = "none"
[paths]
state_dir = "{folder}/state"
run_dir = "{folder}/run"
media_dir = "{folder}/media"
[clock]
trust = "host"
"""
