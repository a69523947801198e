"""The films and when they are shown: FastAPI on SQLite."""

import os
import random
import sqlite3
import threading

import uvicorn
from fastapi import FastAPI, HTTPException

from control import is_on, work

FILMS = 12
_local = threading.local()


def database():
    """One connection a thread, as sqlite3 wants it."""
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(os.environ["DATABASE"], timeout=10)
        # A slow disk of the machine would be a fault of its own.
        _local.connection.execute("PRAGMA synchronous = OFF")
    return _local.connection


def prepare():
    connection = sqlite3.connect(os.environ["DATABASE"])
    connection.execute("CREATE TABLE IF NOT EXISTS films (id INTEGER PRIMARY KEY, title TEXT)")
    connection.execute("CREATE TABLE IF NOT EXISTS showings (film INTEGER, starts TEXT)")
    if connection.execute("SELECT count(*) FROM films").fetchone()[0] == 0:
        for film in range(1, FILMS + 1):
            connection.execute("INSERT INTO films VALUES (?, ?)", (film, f"Film {film}"))
            for hour in (15, 18, 21):
                connection.execute("INSERT INTO showings VALUES (?, ?)", (film, f"{hour}:00"))
    connection.commit()
    connection.close()


app = FastAPI()


@app.get("/films")
def films():
    cursor = database().cursor()
    work(8)
    if not is_on("n-plus-1"):
        query = "SELECT f.id, f.title, s.starts FROM films f JOIN showings s ON s.film = f.id"
        return cursor.execute(query).fetchall()
    listed = cursor.execute("SELECT id, title FROM films").fetchall()
    return [
        (film, title, cursor.execute("SELECT starts FROM showings WHERE film = ?", (film,)).fetchall())
        for film, title in listed
    ]


@app.get("/films/{film}")
def one_film(film: int):
    if is_on("errors") and random.random() < 0.2:
        raise RuntimeError("the new code does not like this film")
    found = database().cursor().execute("SELECT title FROM films WHERE id = ?", (film,)).fetchone()
    work(5)
    if found is None:
        raise HTTPException(404)
    return {"id": film, "title": found[0], "price": 11}


prepare()
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
