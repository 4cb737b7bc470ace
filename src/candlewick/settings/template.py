"""Writes candlewick.toml as a commented template, made from the catalogue."""

from __future__ import annotations

import json
from itertools import groupby

from candlewick.settings.catalogue import Setting, catalogue, plain
from candlewick.settings.source import DEFAULT_FILE, FILE_VARIABLE

_HEADER = f"""\
# Settings of Candlewick. A line that begins with `#` shows a default (or an example): take the `#` away to change it.
# Read from {DEFAULT_FILE} of the working folder, or from the file that {FILE_VARIABLE} names.
# Variables win over this file; each is named beside its setting. `candlewick config show` says what is in force.
"""


def template() -> str:
    """The text of a candlewick.toml that changes nothing."""
    blocks = [_HEADER]
    for section, settings in groupby(catalogue().values(), key=lambda setting: setting.section):
        blocks.extend([f"[{section}]\n"] if section else [])
        blocks.extend(map(_block, settings))
    return "\n".join(blocks)


def _block(setting: Setting) -> str:
    shown = setting.examples[0] if setting.default is None else plain(setting.default)
    return (
        f"# {setting.description}\n"
        f"# Allowed: {setting.allowed}. Variable: {setting.variable}\n"
        f"# {setting.name.rpartition('.')[2]} = {json.dumps(shown)}\n"
    )
