"""Documents: kept once they are valid, never beyond their bounds; and those that clients only name."""

import pytest
from support.library.engines import SCHEMA, Library, an_engine, answer_of

import graph
from graph import GraphQLRequest, TrustedDocuments
from graph.documents import Documents, NotRunnable, digest

COUNT = "{ books { totalCount } }"
NAMED = "query Count { books { totalCount } }"


def documents(**options: int) -> Documents:
    schema = SCHEMA()
    return Documents(graph.Demand(schema.core, graph.DemandLimits(), graph.Limits()), **options)


def test_a_valid_document_is_read_once() -> None:
    kept = documents()

    assert kept.get(COUNT) is kept.get(COUNT)


@pytest.mark.parametrize("text", ["{ nothing }", "{ books {", "", "{ books { totalCount } } query { x }"])
def test_what_cannot_be_run_is_not_kept(text: str) -> None:
    kept = documents()

    for _ in range(2):
        with pytest.raises(NotRunnable):
            kept.get(text)
    assert len(kept) == 0


def test_the_number_of_kept_documents_is_bounded_and_the_last_used_stay() -> None:
    kept = documents(most_kept=3)
    first = kept.get(COUNT)
    for n in range(10):
        kept.get(f"query Q{n} {COUNT}")
        assert kept.get(COUNT) is first

    assert len(kept) == 3


def test_the_length_of_kept_documents_is_bounded() -> None:
    kept = documents(most_kept_tokens=100)
    for n in range(50):
        kept.get(f"query Q{n} {COUNT}")

    assert len(kept) == 10  # of ten tokens, the first and the last one included


def test_a_document_that_alone_is_too_long_is_served_and_not_kept() -> None:
    kept = documents(most_kept_tokens=5)

    assert kept.get(COUNT).text == COUNT
    assert len(kept) == 0


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("query A { __typename } query B { __typename }", None, "several operations"),
        ("query A { __typename } query B { __typename }", "C", "no operation of that name"),
        ("query A { __typename }", "B", "no operation of that name"),
    ],
)
async def test_an_operation_that_cannot_be_told_is_refused(
    library: Library, query: str, name: str | None, message: str
) -> None:
    response = an_engine().prepare(GraphQLRequest(query, operation_name=name), "r")

    assert isinstance(response, graph.Response)
    assert not response.executed
    [error] = answer_of(response).errors or []
    assert message in error["message"]
    assert error["extensions"] == {"code": "BAD_REQUEST", "requestId": "r"}


def hashed(text: str, **members: object) -> GraphQLRequest:
    """A request that names the document by its hash."""
    persisted = {"version": 1, "sha256Hash": digest(text)}
    return GraphQLRequest(extensions={"persistedQuery": persisted}, **members)  # type: ignore[arg-type]


def code(engine: graph.Engine, request: GraphQLRequest) -> str:
    """The code of the refusal; empty when the request can be run."""
    prepared = engine.prepare(request, "r")
    return prepared.errors[0]["extensions"]["code"] if isinstance(prepared, graph.Response) else ""


def test_a_document_becomes_known_when_it_is_sent_with_its_hash() -> None:
    engine = an_engine()

    assert code(engine, hashed(COUNT)) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(engine, hashed(COUNT, query=COUNT)) == ""
    assert code(engine, hashed(COUNT)) == ""
    assert code(engine, GraphQLRequest(document_id=f"sha256:{digest(COUNT)}")) == ""
    assert code(engine, GraphQLRequest(document_id=digest(COUNT))) == ""


def test_a_document_becomes_known_by_its_hash_as_an_id_too() -> None:
    engine, named = an_engine(), f"sha256:{digest(COUNT)}"

    assert code(engine, GraphQLRequest(COUNT, document_id=named)) == ""
    assert code(engine, GraphQLRequest(document_id=named)) == ""
    assert code(engine, GraphQLRequest(NAMED, document_id=named)) == "PERSISTED_QUERY_MISMATCH"


def test_a_document_sent_without_its_hash_does_not_become_known() -> None:
    engine = an_engine()

    assert code(engine, GraphQLRequest(COUNT)) == ""
    assert code(engine, hashed(COUNT)) == "PERSISTED_QUERY_NOT_FOUND"


def test_an_invalid_document_does_not_become_known() -> None:
    engine, wrong = an_engine(), "{ nothing }"

    assert code(engine, hashed(wrong, query=wrong)) == "GRAPHQL_VALIDATION_FAILED"
    assert code(engine, hashed(wrong)) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_hash_of_another_document_is_refused_and_teaches_nothing() -> None:
    engine = an_engine()

    assert code(engine, hashed(NAMED, query=COUNT)) == "PERSISTED_QUERY_MISMATCH"
    assert code(engine, hashed(NAMED)) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("given", [1, [], "x", {}, {"sha256Hash": 1}, {"sha256Hash": None}])
def test_a_malformed_hash_is_a_bad_request(given: object) -> None:
    assert code(an_engine(), GraphQLRequest(extensions={"persistedQuery": given})) == "BAD_REQUEST"


def test_clients_recognise_a_miss_by_its_message() -> None:
    response = an_engine().prepare(hashed(COUNT), "r")

    assert isinstance(response, graph.Response)
    assert response.errors[0]["message"] == "PersistedQueryNotFound"


def test_documents_of_the_manifest_are_known_from_the_start_by_any_id() -> None:
    engine = an_engine(trusted=TrustedDocuments({"count-1": COUNT, digest(NAMED): NAMED}))

    assert code(engine, GraphQLRequest(document_id="count-1")) == ""
    assert code(engine, hashed(NAMED)) == ""
    assert code(engine, GraphQLRequest(document_id="count-2")) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(engine, GraphQLRequest("{ books { edges { cursor } } }")) == ""


def test_only_the_manifest_is_run_where_that_is_asked_for() -> None:
    engine = an_engine(trusted=TrustedDocuments({"count": COUNT}, only_manifest=True))

    assert code(engine, GraphQLRequest(document_id="count")) == ""
    assert code(engine, GraphQLRequest(COUNT)) == ""
    assert code(engine, GraphQLRequest(NAMED)) == "DOCUMENT_NOT_TRUSTED"
    assert code(engine, hashed(NAMED, query=NAMED)) == "DOCUMENT_NOT_TRUSTED"
    assert code(engine, hashed(NAMED)) == "DOCUMENT_NOT_TRUSTED"


def test_what_is_learnt_is_bounded() -> None:
    engine = an_engine(trusted=TrustedDocuments(most_learnt=3))
    texts = [f"query Q{n} {COUNT}" for n in range(10)]
    for text in texts:
        assert code(engine, hashed(text, query=text)) == ""

    known = [text for text in texts if not code(engine, hashed(text))]
    assert known == texts[-3:]


async def test_without_suggestions_no_name_of_the_schema_is_told(library: Library) -> None:
    hidden = an_engine(suggestions=False)
    for query in (
        "{ bookz { totalCount } }",
        "{ books(frist: 1) { totalCount } }",
        "{ __type(nam: 1) { name } }",
    ):
        loud, quiet = await library.ask(query), await library.ask(query, engine=hidden)

        assert "Did you mean" in (loud.errors or [])[0]["message"]
        assert "Did you mean" not in str(quiet.errors)


async def test_introspection_can_be_switched_off(library: Library) -> None:
    closed = an_engine(introspection=False)
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Book") { name } }'):
        answer = await library.ask(query, engine=closed)

        assert {error["extensions"]["code"] for error in answer.errors or []} == {"GRAPHQL_VALIDATION_FAILED"}
        assert (await library.ask(query)).errors is None
    assert (await library.ask("{ __typename }", engine=closed)).errors is None


async def test_the_cost_is_told_to_who_asks(library: Library) -> None:
    engine = an_engine()
    context = library.context()
    request = GraphQLRequest(COUNT, extensions={"cost": True})
    operation = engine.prepare(request, "r")
    assert isinstance(operation, graph.Operation)

    answer = answer_of(await engine.run(operation, context))

    assert answer.extensions == {
        "cost": {
            "requested": operation.cost,
            "limit": 10_000,
            "fields": {"requested": operation.work, "limit": 100_000},
        }
    }
    assert (await library.ask(COUNT)).extensions is None
