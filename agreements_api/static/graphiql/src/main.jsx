import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./page.css";
import { fetchTour, tourPlugin } from "./tour.jsx";

/* global WORKER_FILES */
globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(`/graphiql/assets/${WORKER_FILES[label] ?? WORKER_FILES.editor}`);
  },
};

const endpoint = new URL("/graphql", location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol.replace("http", "ws");

const fetcher = createGraphiQLFetcher({
  url: endpoint.href,
  wsClient: createClient({ url: socket.href, lazy: true }),
});

const documents = await fetchTour();
const tour = tourPlugin(documents);

// Somebody new meets the tour's first document; whoever was here before finds the tabs that were left open.
const isNew = localStorage.getItem("graphiql:tabState") === null;

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={[HISTORY_PLUGIN, tour]}
    visiblePlugin={tour}
    initialQuery={isNew ? documents[0]?.query : undefined}
    initialVariables={isNew ? documents[0]?.variables : undefined}
    defaultQuery=""
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo>Customer Agreements API</GraphiQL.Logo>
  </GraphiQL>,
);
