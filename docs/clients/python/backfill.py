"""Ask for the last ten minutes: python backfill.py [KEY]"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from candlewick_client import BackfillBackfillJob, BackfillInput, GraphQLClientGraphQLMultiError, TimeRange
from connection import client


async def main(key: str) -> None:
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    span = TimeRange(**{"from": end - timedelta(minutes=10), "to": end})
    # The same key with the same request is the same job: whoever does not know whether it went through sends it again.
    wanted = BackfillInput(instruments=[key], range=span, idempotencyKey=f"python {key} {end.isoformat()}")
    async with client() as api:
        try:
            outcome = (await api.backfill(wanted)).backfill
        except GraphQLClientGraphQLMultiError as refused:  # no key, say, or not one with the role OPERATOR
            sys.exit("; ".join(f"{error.message} ({(error.extensions or {}).get('code')})" for error in refused.errors))
    if isinstance(outcome, BackfillBackfillJob):
        print(f"job {outcome.number} is {outcome.status.value}")
    else:  # InvalidRange, UnknownInstrument and the like: each says what to do
        print(f"{outcome.typename__}: {outcome.message}")


asyncio.run(main(*sys.argv[1:] or ["demo:BTC-USD"]))
