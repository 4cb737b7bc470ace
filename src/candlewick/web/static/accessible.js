"use strict";

// What GraphiQL leaves out for those who read with their ears: its editors have no names, its tabs hold buttons, which
// a tab may not, and its long lines cannot be scrolled with the keyboard. Mended as it appears, and as it changes.

const TOOLS = ["Variables", "Headers"];

function nameOf(area) {
  const tool = area.closest(".graphiql-editor-tool");
  if (tool) return TOOLS[[...tool.querySelectorAll("textarea")].indexOf(area)] ?? "Editor";
  return area.closest(".graphiql-response") ? "Answer" : "Query";
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function mend() {
  for (const area of document.querySelectorAll("#explorer .CodeMirror textarea")) set(area, "aria-label", nameOf(area));
  for (const scroller of document.querySelectorAll("#explorer .CodeMirror-scroll")) set(scroller, "tabindex", "0");
  for (const list of document.querySelectorAll("#explorer ul.graphiql-tabs")) set(list, "role", "list");
  for (const item of document.querySelectorAll("#explorer li.graphiql-tab")) {
    set(item, "role", "listitem");
    item.removeAttribute("aria-selected");
    const button = item.querySelector(".graphiql-tab-button");
    if (button) set(button, "aria-current", String(item.classList.contains("graphiql-tab-active")));
  }
}

new MutationObserver(mend).observe(document.getElementById("explorer"), {
  attributeFilter: ["role", "aria-selected", "class"],
  childList: true,
  subtree: true,
});
