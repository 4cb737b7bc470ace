"use strict";

// A link may carry a query: /graphql?query={service{version}}
const linked = new URLSearchParams(window.location.search).get("query") ?? undefined;
const UNKNOWN = "binance:BTC-USDT"; // as good as any, where nothing is here
const KEY_OF_YOURS = "Bearer cwk_your_key";

// A link may carry an API key behind the #, which no server is sent: it goes into the headers, and out of the address.
function givenKey() {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("key");
  if (given) window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return given;
}

// The examples ask for an instrument that is here, best for one that is followed, if we may know it: some read on with a
// key only.
async function exampleKey(headers) {
  try {
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({
        query: "{ watched(first: 100) { nodes { key instrument { id } } } instruments(first: 1) { nodes { key } } }",
      }),
    });
    const { watched, instruments } = (await answer.json()).data;
    const known = [...watched.nodes.filter(({ instrument }) => instrument), ...instruments.nodes].map(({ key }) => key);
    return known.find((key) => key.includes(":BTC-")) ?? known[0] ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

// The hour before the last full one.
function pastHour() {
  const hour = 3_600_000;
  const end = Math.floor(Date.now() / hour) * hour;
  return [end - hour, end].map((time) => new Date(time).toISOString());
}

function filled(variables, key) {
  const [base, quote] = key.split(":")[1].split("-");
  const [from, to] = pastHour();
  const text = variables
    .replace("KEY", key)
    .replace("BASE", base)
    .replace("QUOTE", quote)
    .replace("FROM", from)
    .replace("TO", to);
  return JSON.stringify(JSON.parse(text), null, 2);
}

function tab({ query, variables, role }, key, headers) {
  const shown = role && !headers.authorization ? { authorization: KEY_OF_YOURS } : headers;
  return { query, variables: filled(variables, key), headers: JSON.stringify(shown, null, 2) };
}

// GraphiQL keeps what was run, headers included, whatever shouldPersistHeaders says: a key is kept nowhere.
const WITH_HEADERS = ["graphiql:queries", "graphiql:favorites"];
const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, value) => localStorage.setItem(name, WITH_HEADERS.includes(name) ? withoutHeaders(value) : value),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
};

function withoutHeaders(value) {
  return JSON.stringify(JSON.parse(value), (name, part) => (name === "headers" ? undefined : part));
}

function show(key, headers) {
  const tabs = EXAMPLES.map((example) => tab(example, key, headers));
  // Of the tab that it opens with GraphiQL takes the query alone, unless it is told the rest.
  const first = linked || localStorage.getItem("graphiql:tabState") ? {} : tabs[0];
  ReactDOM.createRoot(document.getElementById("explorer")).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({
        url: "/graphql",
        subscriptionUrl: new URL("/graphql", window.location).href.replace(/^http/, "ws"),
      }),
      defaultTabs: tabs,
      variables: first.variables,
      headers: first.headers,
      defaultEditorToolsVisibility: "variables",
      query: linked,
      storage,
      shouldPersistHeaders: false, // a key typed into the headers stays in this tab
      inputValueDeprecation: true,
    }),
  );
}

async function open() {
  const given = givenKey();
  const headers = given ? { authorization: `Bearer ${given}` } : {};
  show(await exampleKey(headers), headers);
}

open();
