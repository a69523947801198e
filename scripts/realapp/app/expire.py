"""The cron job: started once a minute, frees what was held for too long, ends."""

import requests

from control import address_of

requests.post(f"http://{address_of('booking')}/holds/expire", timeout=20).raise_for_status()
