"use strict";

// A link may carry a query: /graphql?query={service{version}}
const linked = new URLSearchParams(window.location.search).get("query") ?? undefined;
const tabs = EXAMPLES.map((query) => ({ query, variables: query.includes("$key") ? VARIABLES : undefined }));

ReactDOM.createRoot(document.getElementById("explorer")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultTabs: tabs,
    defaultEditorToolsVisibility: "variables",
    query: linked,
    shouldPersistHeaders: false, // a key typed into the headers stays in this tab
    inputValueDeprecation: true,
  }),
);
