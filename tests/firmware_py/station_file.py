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
