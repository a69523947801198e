"""Not part of the application: somebody's report, which locks the bookings for 1.2 s of every 2 s."""

import os
import sqlite3
import time

connection = sqlite3.connect(os.environ["DATABASE"], timeout=10, isolation_level=None)
while True:
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(1.2)
    connection.execute("COMMIT")
    time.sleep(0.8)
