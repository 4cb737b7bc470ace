import { graphql } from "./gql/index.js";
import type { CandlesQueryVariables } from "./gql/graphql.js";
import { http } from "./server.js";

const Candles = graphql(`
  query Candles($key: String!, $spec: BarSpec!, $range: TimeRange, $after: String) {
    instrument(key: $key) {
      candles(spec: $spec, range: $range, first: 500, after: $after) {
        nodes { openTime open high low close volume status }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

/** All candles that open in the range, page by page. */
async function* candles(wanted: CandlesQueryVariables) {
  let after: string | null = null;
  for (;;) {
    const variables: CandlesQueryVariables = { ...wanted, after };
    const { data, error } = await http.query(Candles, variables);
    if (error) throw new Error(error.message); // the request was faulty, or nobody answers
    if (!data?.instrument) throw new Error(`there is no instrument ${wanted.key}`);
    const { nodes, pageInfo } = data.instrument.candles;
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor ?? null;
  }
}

const [key = "demo:BTC-USD"] = process.argv.slice(2);
const now = new Date();
const range = { from: new Date(now.getTime() - 3_600_000).toISOString(), to: now.toISOString() };
for await (const { openTime, close, volume, status } of candles({ key, spec: { interval: "M1" }, range })) {
  // Prices and sizes are strings: exact. Number() is for charts, a decimal library for money.
  console.log(openTime, close, volume, status);
}
