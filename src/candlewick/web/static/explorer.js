"use strict";

// A link may carry a query: /graphql?query={service{version}}
const linked = new URLSearchParams(window.location.search).get("query") ?? undefined;

// The examples ask for an instrument that is here, if we may know one: some read on with a key only.
async function exampleKey() {
  try {
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ instruments(first: 1) { nodes { key } } }" }),
    });
    return (await answer.json()).data.instruments.nodes[0].key;
  } catch {
    return "binance:BTC-USDT";
  }
}

function show(key) {
  const variables = JSON.stringify({ key }, null, 2);
  const tabs = EXAMPLES.map((query) => ({ query, variables: query.includes("$key") ? variables : undefined }));
  ReactDOM.createRoot(document.getElementById("explorer")).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({
        url: "/graphql",
        subscriptionUrl: new URL("/graphql", window.location).href.replace(/^http/, "ws"),
      }),
      defaultTabs: tabs,
      defaultEditorToolsVisibility: "variables",
      query: linked,
      shouldPersistHeaders: false, // a key typed into the headers stays in this tab
      inputValueDeprecation: true,
    }),
  );
}

exampleKey().then(show);
