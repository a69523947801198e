"""What the harness asks of the services right now; see control.cjs."""

import json
import math
import os
import random
import time

_FILE = os.environ["CONTROL_FILE"]


def _read():
    for _ in range(5):
        try:
            with open(_FILE, encoding="utf8") as file:
                return json.load(file)
        except (OSError, ValueError):
            time.sleep(0.01)
    return {"faults": [], "addresses": {}}


def is_on(fault):
    return fault in _read()["faults"]


def address_of(service):
    return _read()["addresses"][service]


def work(typical_ms):
    """As if somebody worked for about so long."""
    time.sleep(typical_ms / 1000 * math.exp(random.gauss(0, 0.3)))
