import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { print } from "graphql";
import { CloseCode } from "graphql-ws";
import { graphql } from "./gql/index.js";
import type { TradesSubscription } from "./gql/graphql.js";
import { socket } from "./server.js";

const Trades = graphql(`
  subscription Trades($instruments: [String!]!, $after: String) {
    trades(instruments: $instruments, after: $after) {
      __typename
      ... on TradeBatch { instrument cursor trades { sequence ts price size side } }
    }
  }
`);

const FILE = "cursor.txt"; // keep it where your trades are, and write both in one transaction

function keep(cursor: string) {
  writeFileSync(`${FILE}.new`, cursor);
  renameSync(`${FILE}.new`, FILE);
}

/** Close codes after which the same would happen again: a bad message, no key, none with the right. */
const FINAL: number[] = [CloseCode.BadRequest, CloseCode.Unauthorized, CloseCode.Forbidden];

/** Batches of trades, each trade once: after a cut it goes on from the last batch that was taken. */
async function* trades(instruments: string[], after: string | null) {
  for (let failures = 0; ; failures++) {
    try {
      const variables = { instruments, after };
      for await (const { data, errors } of socket.iterate<TradesSubscription>({ query: print(Trades), variables })) {
        if (errors) throw new Error(errors.map((error) => error.message).join("; "));
        if (data?.trades.__typename !== "TradeBatch") continue;
        yield data.trades;
        after = data.trades.cursor;
        failures = 0;
      }
    } catch (reason) {
      if (Array.isArray(reason)) throw new Error(reason.map((error) => error.message).join("; ")); // a faulty request
      if (reason instanceof Error || FINAL.includes((reason as CloseEvent).code)) throw reason;
    }
    await sleep(Math.min(30_000, 250 * 2 ** failures) * (0.5 + Math.random())); // not all clients at once
  }
}

const [key = "demo:BTC-USD", wanted = "Infinity"] = process.argv.slice(2);
let left = Number(wanted);
const after = existsSync(FILE) ? readFileSync(FILE, "utf8") : null;
for await (const { cursor, trades: batch } of trades([key], after)) {
  for (const { sequence, ts, price, size, side } of batch) console.log(sequence, ts, price, size, side);
  keep(cursor); // what was printed before this line is not sent again
  left -= batch.length;
  if (left <= 0) break;
}
await socket.dispose();
