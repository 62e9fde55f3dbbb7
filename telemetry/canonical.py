"""One text for one value: what is hashed, stored and sent. Pure.

Keys sorted, no blanks, UTF-8, and a float that is a whole number written as one: for the values the house uses
(strings, integers, floats of at most three decimals) this is the form of RFC 8785, so that any language can check our
chain.
"""

import json
from typing import Any


def canonical(value: Any) -> str:
    """Raises ValueError on what JSON cannot say (NaN), TypeError on what is no JSON value."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
