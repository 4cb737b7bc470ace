"use strict";

// The tabs that a newcomer finds in the explorer. Each runs as it is.
const EXAMPLES = [
  `# What is here.
# Run it with the play button or Ctrl-Enter.
query Instruments {
  instruments(first: 20) {
    nodes {
      key
      symbol
      active
      tape
      base { code assetClass }
      quote { code }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# The newest 24 hourly candles.
# Others: S1 M1 M5 M15 M30 H1 H4 D1 W1 MO1.
# first and after page forward in time,
# last and before backward.
query HourlyCandles($key: String!) {
  instrument(key: $key) {
    key
    candles(spec: { interval: H1 }, last: 24) {
      nodes {
        openTime
        open
        high
        low
        close
        volume
        vwap
        tradeCount
        status
      }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}
`,
  `# The newest trades, in the venue's order.
query LatestTrades($key: String!) {
  instrument(key: $key) {
    trades(last: 20) {
      nodes { sequence ts price size side receivedAt }
    }
  }
}
`,
  `# Candles of any width, built from
# the largest interval that divides it.
query NinetyMinutes($key: String!) {
  instrument(key: $key) {
    candles(spec: { time: { every: "PT90M" } }, last: 16) {
      nodes { openTime closeTime open high low close volume }
    }
  }
}
`,
  `# Candles as they change, live.
subscription LiveCandles($key: String!) {
  candles(instruments: [$key], spec: { interval: M1 }) {
    __typename
    ... on CandleSnapshot { candles { openTime open high low close volume status } }
    ... on CandleUpdate { candles { openTime open high low close volume status } }
    ... on CandleRevised { candles { openTime open high low close volume status } }
  }
}
`,
  `# What this service is,
# and the database it runs on.
query Service {
  service { version edition capabilities }
}
`,
];
