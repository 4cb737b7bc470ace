"""All groups of a process: a subscription finds its equals here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from graphql import DocumentNode

from candlewick.domain.access import ApiKey
from candlewick.graphql.execution import Execution, Operation
from candlewick.graphql.following.group import Group, Teller
from candlewick.graphql.following.sameness import Beginning, Sameness, beginning_of, sameness

_MOST_REMEMBERED: Final = 256


@dataclass(slots=True)
class _Entry:
    group: Group
    task: asyncio.Task[None]
    followers: int = 0


@dataclass(slots=True)
class Groups:
    """One a process. A group runs while somebody follows it."""

    execution: Execution
    _entries: dict[Hashable, _Entry] = field(default_factory=dict)
    _ending: set[asyncio.Task[None]] = field(default_factory=set)
    _beginnings: dict[str, Beginning | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def sameness(self, operation: Operation, caller: ApiKey | None) -> Sameness | None:
        """What the operation shares with others."""
        beginning = self._beginning(operation.text, operation.document)
        return sameness(operation, caller.role if caller else None, beginning)

    def _beginning(self, text: str, document: DocumentNode) -> Beginning | None:
        if text not in self._beginnings:
            if len(self._beginnings) >= _MOST_REMEMBERED:
                self._beginnings.clear()
            self._beginnings[text] = beginning_of(document)
        return self._beginnings[text]

    @contextmanager
    def joined(self, shared: Sameness, caller: ApiKey | None, trace_id: str) -> Iterator[Group]:
        """The group of all that is the same, for as long as the block lasts."""
        entry = self._entries.get(shared.key)
        if entry is None or entry.group.over:
            group = Group(Teller(self.execution, shared.operation, caller, trace_id))
            entry = _Entry(group, asyncio.create_task(group.run()))
            self._entries[shared.key] = entry
            self.execution.metrics.groups.set(len(self._entries))
        entry.followers += 1
        try:
            yield entry.group
        finally:
            entry.followers -= 1
            if not entry.followers:
                self._end(shared.key, entry)

    def _end(self, key: Hashable, entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]
            self.execution.metrics.groups.set(len(self._entries))
        entry.task.cancel()
        self._ending.add(entry.task)
        entry.task.add_done_callback(self._ending.discard)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Groups end with the block, if their followers have not ended them."""
        try:
            yield
        finally:
            tasks = {entry.task for entry in self._entries.values()} | self._ending
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
