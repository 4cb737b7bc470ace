"use strict";

const QUERY = `query StartPage {
  service { version edition }
  instruments(first: 12) {
    nodes { key candles(spec: { interval: D1 }, last: 1) { nodes { openTime high low close volume } } }
    pageInfo { hasNextPage }
  }
}`;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function showState() {
  const list = document.getElementById("components");
  const { components } = await (await fetch("/readyz")).json();
  list.replaceChildren(
    ...Object.entries(components).map(([name, state]) =>
      element("li", state === "ready" ? `✓ ${name}` : `✗ ${name}: ${state}`, state === "ready" ? "good" : "bad"),
    ),
  );
}

// "67123.450000" → "67,123.45", cut at eight places: digits are moved as text, never through a float.
function readable(decimal) {
  if (decimal === null) return "–";
  const [whole, fraction = ""] = decimal.split(".");
  const kept = fraction.slice(0, 8).replace(/0+$/, "");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (kept && `.${kept}`);
}

function row(instrument) {
  const made = document.createElement("tr");
  const candle = instrument.candles.nodes[0];
  made.append(element("td", instrument.key));
  for (const field of ["close", "high", "low", "volume"]) {
    made.append(element("td", candle ? readable(candle[field]) : "–", "number"));
  }
  made.append(element("td", candle ? candle.openTime.slice(0, 10) : "no data yet"));
  return made;
}

function table(nodes) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const title of ["Instrument", "Last", "High", "Low", "Volume", "Day (UTC)"]) {
    const cell = element("th", title, ["Instrument", "Day (UTC)"].includes(title) ? "" : "number");
    cell.scope = "col";
    head.append(cell);
  }
  made.createTBody().append(...nodes.map(row));
  const frame = element("div", "", "table");
  frame.tabIndex = 0; // so that the keyboard can scroll it where it does not fit
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Their latest day");
  frame.append(made);
  return frame;
}

async function showInstruments() {
  const place = document.getElementById("instruments");
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: QUERY }),
  });
  const { data, errors } = await response.json();
  if (!data) {
    place.replaceChildren(element("p", errors[0].message));
    return;
  }
  const { nodes, pageInfo } = data.instruments;
  const nothing = "None yet. `candlewick import` stores an archive file, `candlewick demo` makes prices up.";
  place.replaceChildren(nodes.length ? table(nodes) : element("p", nothing));
  if (pageInfo.hasNextPage) place.append(element("p", "The explorer lists the others."));
}

document.getElementById("command").textContent =
  `curl ${window.location.origin}/graphql -H 'content-type: application/json' \\\n` +
  `  -d '{"query": "{ instruments { nodes { key candles(spec: {interval: H1}, last: 3) { nodes { openTime close volume } } } } }"}'`;

for (const [show, id] of [[showState, "components"], [showInstruments, "instruments"]]) {
  show().catch(() => document.getElementById(id).replaceChildren(element("li", "The service does not answer.", "bad")));
}
