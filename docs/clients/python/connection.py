"""Where the server is, and who asks."""

import os

from candlewick_client import Client

URL = os.environ.get("API_URL", "http://127.0.0.1:8000/graphql")
KEY = os.environ.get("API_KEY")  # nothing where reading is anonymous


def client() -> Client:
    """For queries and mutations, and for subscriptions over a websocket."""
    headers = {"authorization": f"Bearer {KEY}"} if KEY else {}
    return Client(url=URL, headers=headers, ws_url=URL.replace("http", "ws", 1), ws_headers=headers)
