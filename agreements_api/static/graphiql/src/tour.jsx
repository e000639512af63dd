// The example documents of this API, one click away from being run.
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";

/** Documents as tabs: {name, query, variables}, variables as JSON text. An empty list if there are none. */
export async function fetchTour() {
  const answer = await fetch("/graphiql/tour.json");
  if (!answer.ok) {
    return [];
  }
  const documents = await answer.json();
  return documents.map(({ name, query, variables }) => ({
    name,
    query,
    variables: variables && Object.keys(variables).length > 0 ? JSON.stringify(variables, null, 2) : "",
  }));
}

export function tourPlugin(documents) {
  return { title: "Tour", icon: TourIcon, content: () => <Tour documents={documents} /> };
}

function Tour({ documents }) {
  const open = useOpen();
  return (
    <section className="tour" aria-label="Tour">
      <h2>Tour</h2>
      {documents.length === 0 && <p>This server offers no example documents.</p>}
      <ol>
        {documents.map((document) => (
          <li key={document.name}>
            <button type="button" className="graphiql-un-styled" onClick={() => open(document)}>
              {document.name}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Opens a document in a tab of its own, or goes to the tab that has it. */
function useOpen() {
  const { addTab, changeTab } = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  return ({ query, variables }) => {
    const opened = tabs.findIndex((tab) => tab.query === query);
    if (opened >= 0) {
      changeTab(opened);
      return;
    }
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
  };
}

function TourIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <circle cx="12" cy="12" r="9" />
      <path d="m15.5 8.5-2 5-5 2 2-5z" />
    </svg>
  );
}
