"""Looks at this machine: the data folder, its free space, the port."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

import httpx

from candlewick.cli.doctor.findings import Finding, failure, fine, warning
from candlewick.cli.listening import bind, url_of
from candlewick.domain.errors import PortInUse, SettingsError
from candlewick.settings import HttpSettings

SPACE_NEEDED: Final = 2 * 1024**3
"""Bytes: a few months of a busy instrument."""


def look_at_folder(folder: Path) -> Finding:
    """Whether we can write there, and how much."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        what_to_do = "Give this user the right to write there, or set CANDLEWICK_DATA_DIR to another folder."
        return failure("data folder", f"{folder} cannot be written: {error.strerror}", what_to_do)
    message = f"{folder} can be written, {free / 1024**3:.1f} GiB are free"
    if free < SPACE_NEEDED:
        return warning("data folder", message, "Make room, or set CANDLEWICK_DATA_DIR to a larger disk.")
    return fine("data folder", message)


def look_at_port(http: HttpSettings) -> Finding:
    """Whether the server can listen, or does already."""
    try:
        bind(http.host, http.port).close()
    except SettingsError as error:
        return failure("port", str(error), "Correct the address.")
    except PortInUse as error:
        if _is_ours(url_of(http)):
            return fine("port", f"a server of Candlewick answers at {url_of(http)}")
        what_to_do = "Stop what listens there, or set CANDLEWICK_HTTP__PORT to another."
        return failure("port", f"port {error.port} of {error.host} is in use by another program", what_to_do)
    return fine("port", f"port {http.port} of {http.host} is free")


def _is_ours(url: str) -> bool:
    try:
        answer = httpx.get(f"{url}healthz", timeout=2, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success and "x-trace-id" in answer.headers
