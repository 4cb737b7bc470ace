"use strict";

// The tabs that a newcomer finds in the explorer: one for each job. Each runs as it is. In variables the explorer puts an
// instrument that is here for KEY, its assets for BASE and QUOTE, and an hour that is over for FROM and TO.
const EXAMPLES = [
  {
    query: `# What the instruments here cost now,
# and how old that is.
# Run it with the play button or Ctrl-Enter.
query Prices($first: Int!) {
  instruments(first: $first) {
    nodes {
      key
      latest { price bid ask ts source { code } }
      freshness { lag openGaps }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: `{ "first": 20 }`,
  },
  {
    query: `# The newest hourly candles.
# Others: S1 M1 M5 M15 M30 H1 H4 D1 W1 MO1,
# or any width: { "time": { "every": "PT90M" } }
query Candles($key: String!, $spec: BarSpec!, $last: Int!) {
  instrument(key: $key) {
    candles(spec: $spec, last: $last) {
      nodes {
        openTime
        open high low close
        volume vwap tradeCount
        status coverage
      }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}
`,
    variables: `{ "key": "KEY", "spec": { "interval": "H1" }, "last": 24 }`,
  },
  {
    query: `# The same as columns: the fastest way to many,
# for charts and data frames. openTime is in
# milliseconds; only floats lose digits.
query Columns($key: String!, $spec: BarSpec!, $last: Int!) {
  instrument(key: $key) {
    candleColumns(spec: $spec, last: $last) {
      openTime
      close
      volume
      floats { open high low close }
    }
  }
}
`,
    variables: `{ "key": "KEY", "spec": { "interval": "M1" }, "last": 60 }`,
  },
  {
    query: `# Indicators of the same candles, many in one go.
# "stable" is false in the warm-up. All there are:
# { indicatorCatalogue { name title outputs } }
query Indicators(
  $key: String!, $spec: BarSpec!, $of: [IndicatorInput!]!
) {
  instrument(key: $key) {
    indicators(spec: $spec, of: $of, last: 10) {
      name
      parameters { name value }
      outputs
      points { openTime values stable }
    }
  }
}
`,
    variables: `{
  "key": "KEY",
  "spec": { "interval": "M1" },
  "of": [
    { "name": "rsi", "parameters": [{ "name": "length", "value": 7 }] },
    { "name": "bollinger" }
  ]
}`,
  },
  {
    query: `# Trades, page by page: the newest ones first.
# Put the answer's startCursor in "before", and
# run it again for the page before.
query Trades($key: String!, $before: String) {
  instrument(key: $key) {
    trades(last: 50, before: $before) {
      nodes { sequence ts price size side receivedAt }
      pageInfo { hasPreviousPage startCursor }
    }
  }
}
`,
    variables: `{ "key": "KEY", "before": null }`,
  },
  {
    query: `# Candles as they change, live: a snapshot first,
# then what is new. Put the last cursor in "after",
# and it goes on from there.
subscription Live($key: String!, $after: String) {
  candles(
    instruments: [$key], spec: { interval: M1 },
    after: $after
  ) {
    __typename
    ... on CandleSnapshot { cursor candles { ...Row } }
    ... on CandleUpdate { cursor candles { ...Row } }
    ... on CandleRevised { cursor candles { ...Row } }
    ... on FeedGap { cursor gap { state span { from to } } }
  }
}

fragment Row on Candle {
  openTime open high low close volume status
}
`,
    variables: `{ "key": "KEY", "after": null }`,
  },
  {
    query: `# Fetch the past, as a job. Needs a key with the role
# OPERATOR, under Headers. Make one with
# candlewick keys create --role operator
mutation Backfill($input: BackfillInput!) {
  backfill(input: $input) {
    __typename
    ... on Job { id number status }
    ... on Problem { message }
  }
}
`,
    variables: `{ "input": { "instruments": ["KEY"], "range": { "from": "FROM", "to": "TO" } } }`,
    role: "operator",
  },
  {
    query: `# Jobs, the newest first: how they stand,
# and how far they got.
query Jobs($first: Int!) {
  jobs(first: $first) {
    nodes {
      number
      kind
      status
      instruments
      range { from to }
      timeLeft
      error
      progress { part steps done failed stored dead }
    }
  }
}
`,
    variables: `{ "first": 10 }`,
  },
  {
    query: `# Take an instrument live from now on; unwatch
# does the opposite. Needs a key with the role
# OPERATOR, under Headers.
mutation Watch($instruments: [String!]!) {
  watch(instruments: $instruments) {
    __typename
    ... on WatchList {
      count
      watched(first: 10) {
        nodes { key fixed since requestedBy }
      }
    }
    ... on Problem { message }
  }
}
`,
    variables: `{ "instruments": ["KEY"] }`,
    role: "operator",
  },
  {
    query: `# Where data comes from, and how it stands
# with each source.
query Sources {
  sources {
    code
    name
    status
    capabilities
    lag
    lastError
    budgets { name used limit span }
    streams { name instruments connectedAt heardAt }
    openGaps
    deadLetters
  }
}
`,
    variables: `{}`,
  },
  {
    query: `# What is missing: gaps in the feed, and candles
# with what is known of them. fill: EMPTY gives
# windows without trades, too.
query Gaps($key: String!) {
  instrument(key: $key) {
    freshness { newestTrade coveredUntil openGaps }
    gaps(last: 20) {
      state evidence missing reason
      span { from to }
    }
    candles(spec: { interval: M1 }, last: 30, fill: EMPTY) {
      nodes { openTime close volume coverage origin }
    }
  }
}
`,
    variables: `{ "key": "KEY" }`,
  },
  {
    query: `# Bars that end when enough was traded, not when a
# minute is over. Needs a key with the role OPERATOR,
# under Headers. candles(spec: { event: … }) has them.
mutation BuildBars($input: BuildBarsInput!) {
  buildBars(input: $input) {
    __typename
    ... on Job { id number status }
    ... on Problem { message }
  }
}
`,
    variables: `{
      "input": {
        "instruments": ["KEY"],
        "spec": { "measure": "TICK", "threshold": "100" }
      }
    }`,
    role: "operator",
  },
  {
    query: `# An amount of one asset in another: straight, inverse
# or by a bridge, with the steps taken and their age.
query Convert(
  $amount: Decimal!, $from: String!, $to: String!
) {
  convert(amount: $amount, from: $from, to: $to) {
    __typename
    ... on Conversion {
      result rate at age
      path {
        instrument { key }
        direction price basis age
      }
      leftOut { instrument { key } reason }
    }
    ... on Problem { message }
  }
}
`,
    variables: `{ "amount": "2.5", "from": "BASE", "to": "QUOTE" }`,
  },
  {
    query: `# What came of strategies on candles of the past,
# beside buying and holding. The mutation backtest,
# or the command of that name, runs one.
query Backtests($key: String!) {
  strategyCatalogue {
    name title parameters { name default }
  }
  backtests(filter: { instrument: $key }, first: 5) {
    nodes {
      number strategy every candles revision
      statistics {
        finalEquity totalReturn heldReturn
        maxDrawdown sharpe
      }
      equity(points: 50) { time equity held drawdown }
      trades(first: 5) {
        nodes {
          quantity profit
          entry { time price } exit { time price }
        }
      }
    }
  }
}
`,
    variables: `{ "key": "KEY" }`,
  },
  {
    query: `# What this service is,
# and the database it runs on.
query Service {
  service { version edition capabilities }
}
`,
    variables: `{}`,
  },
];
