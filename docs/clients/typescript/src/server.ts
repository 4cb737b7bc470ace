import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const url = process.env.API_URL ?? "http://127.0.0.1:8000/graphql";
const key = process.env.API_KEY; // nothing where reading is anonymous

/** For queries and mutations. urql sends queries by GET, so that a proxy or a browser may keep them. */
export const http = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: () => ({ headers: key ? { authorization: `Bearer ${key}` } : {} }),
});

/** For subscriptions. It does not connect again by itself: who follows says from where. */
export const socket = createClient({
  url: url.replace(/^http/, "ws"),
  webSocketImpl: WebSocket, // in a browser and from Node 22 on, leave it out
  connectionParams: key ? { authorization: `Bearer ${key}` } : {},
  retryAttempts: 0,
});
