"""Books seats: Flask on SQLite, asks films and payment over HTTP and seats over gRPC, tells Kafka."""

import json
import os
import sqlite3
import threading
import time

import grpc
import requests
from flask import Flask, jsonify, request
from kafka import KafkaProducer

from control import address_of, work

_local = threading.local()
app = Flask(__name__)
producer = KafkaProducer(
    bootstrap_servers=os.environ["KAFKA_BROKERS"].split(","),
    value_serializer=lambda value: json.dumps(value).encode(),
)
channel = grpc.insecure_channel(
    address_of("seats"),
    options=[("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 1000)],
)
reserve = channel.unary_unary(
    "/cinema.Seats/Reserve",
    request_serializer=lambda value: json.dumps(value).encode(),
    response_deserializer=json.loads,
)


def database():
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(os.environ["DATABASE"], timeout=10)
        # A slow disk of the machine would be a fault of its own.
        _local.connection.execute("PRAGMA synchronous = OFF")
    return _local.connection


def prepare():
    connection = sqlite3.connect(os.environ["DATABASE"])
    connection.execute(
        "CREATE TABLE IF NOT EXISTS bookings"
        " (id INTEGER PRIMARY KEY, film INTEGER, seat INTEGER, made REAL)"
    )
    connection.commit()
    connection.close()


@app.post("/bookings")
def book():
    film = request.get_json()["film"]
    answer = requests.get(f"http://{address_of('films')}/films/{film}", timeout=5)
    if answer.status_code != 200:
        return jsonify(error="films"), 502
    try:
        seat = reserve({"film": film}, timeout=2)["seat"]
    except grpc.RpcError:
        return jsonify(error="seats"), 503
    try:
        charge = requests.post(f"http://{address_of('payment')}/charge", json=answer.json(), timeout=5)
        charge.raise_for_status()
    except requests.RequestException:
        return jsonify(error="payment"), 503
    connection = database()
    cursor = connection.cursor()
    cursor.execute(
        "INSERT INTO bookings (film, seat, made) VALUES (?, ?, ?)", (film, seat, time.time())
    )
    connection.commit()
    producer.send("bookings", {"id": cursor.lastrowid, "film": film, "seat": seat})
    return jsonify(id=cursor.lastrowid)


@app.get("/bookings/<int:booking>")
def one_booking(booking):
    query = "SELECT film, seat FROM bookings WHERE id = ?"
    found = database().cursor().execute(query, (booking,)).fetchone()
    work(3)
    return jsonify(found)


@app.post("/holds/expire")
def expire():
    connection = database()
    cursor = connection.cursor()
    cursor.execute("DELETE FROM bookings WHERE made < ?", (time.time() - 7200,))
    connection.commit()
    return jsonify(expired=cursor.rowcount)


prepare()
app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
