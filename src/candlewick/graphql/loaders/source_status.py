"""How it stands with sources, by code."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.source import SourceFigures, SourceState, SourceStatus
from candlewick.graphql.services import Overview

type SourceStatusLoader = DataLoader[str, SourceStatus]


def source_status_loader(overview: Overview) -> SourceStatusLoader:
    """One look at all of them, whichever are asked for. Nothing is known of a source that this version lacks."""

    async def load(codes: Sequence[str]) -> list[SourceStatus]:
        found = await overview.statuses()
        return [found.get(code) or SourceStatus(code, SourceState.UNKNOWN, SourceFigures()) for code in codes]

    return DataLoader(load_fn=load)
