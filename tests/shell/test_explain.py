"""`agreements explain` tells how a query is answered, without asking a database."""

import io
import sys
from pathlib import Path

import pytest
from support.program import Run

PAGE = (
    "query ($n: Int) { accounts(first: $n) { totalCount edges { node { name "
    "agreements { edges { node { number template { name } } } } } } } }"
)
TOO_LARGE = "{ accounts(first: 200) { edges { node { agreements(first: 100) { edges { node { id } } } } } } }"
POSTGRESQL = {
    "database_url": "postgresql://nobody@localhost:1/nothing",
    "secret_key": "a secret of the tests, long enough",
}


@pytest.mark.parametrize(
    ("settings", "kind", "parents"),
    [({}, "SQLite", "json_each(?)"), (POSTGRESQL, "PostgreSQL", "JOIN LATERAL")],
)
def test_a_plan_is_shown_with_cost_and_sql(
    run: Run, settings: dict[str, str], kind: str, parents: str
) -> None:
    ended = run("explain", PAGE, "--variables", '{"n": 7}', **settings)

    assert (ended.returncode, ended.stderr) == (0, "")
    cost, plan, sql, function, between, accounts, *lines = ended.stdout.splitlines()
    assert cost.startswith("Cost: at most 147 rows of 10000 allowed")
    assert plan.startswith(f"Plan, for {kind}: ")
    assert sql == "  |  SQL of a level; the values of its parameters stand below it"
    assert function == "  >  the Python function that is made of the query to write the rows as JSON"
    assert between == ""
    assert accounts == "accounts: Account a page"
    below = lines.index("    agreements: Agreement a page, with its AgreementTemplate")
    assert sum("FROM accounts" in line for line in lines[:below]) == 2
    assert any("count(*)" in line for line in lines[:below])
    assert any(line.endswith(("LIMIT 7", "LIMIT 7 OFFSET ?) AS found")) for line in lines[:below])
    assert any(parents in line for line in lines[below:])
    assert any("the keys" in line for line in lines[below:])
    assert any(line.strip() == "> def project(rows, page, b0):" for line in lines[:below])
    assert any("for (c0," in line for line in lines[below:])


def test_it_is_told_what_python_sorts(run: Run) -> None:
    query = "{ accounts { edges { node { agreements { edges { node { id } } } } } } }"

    lines = run("explain", query, **POSTGRESQL).stdout.splitlines()

    assert "          its rows are sorted by c1, c0" in lines
    assert not any("sorted by" in line for line in run("explain", query).stdout.splitlines())


def test_a_page_that_is_too_long_is_called_refused(run: Run) -> None:
    ended = run("explain", "{ accounts(first: 500) { edges { node { name } } } }")

    assert ended.stdout.splitlines()[1:] == [
        "accounts: Account a page",
        "    refused, as soon as it is reached: first is 500; at most 200 is allowed.",
    ]


def test_the_readme_shows_what_is_printed(run: Run) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    shown = readme.partition("$ agreements explain '")[2].partition("\n```")[0]
    query, _, output = shown.partition("'\n")

    assert run("explain", query).stdout == f"{output}\n"


def test_a_file_is_read_and_what_has_no_plan_says_why(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "who.graphql"
    document.write_text("query Who { viewer { name } }")

    ended = run("explain", str(document))

    assert ended.stdout.splitlines()[-1] == (
        "Answered by graphql-core: Query.viewer is no field that a binding serves."
    )


def test_a_hyphen_reads_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PAGE))

    ended = run("explain", "-", "--variables", '{"n": 7}')

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Cost: at most 147 rows")


@pytest.mark.parametrize(
    "arguments",
    [["--nonsense"], ["--nonsense", PAGE], [PAGE, "--nonsense"]],
    ids=["alone", "before", "after"],
)
def test_an_option_that_does_not_exist_is_no_query(run: Run, arguments: list[str]) -> None:
    ended = run("explain", *arguments)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "agreements: Unknown option: --nonsense. See agreements --help.\n"


def test_without_the_compiler_there_is_no_plan(run: Run) -> None:
    ended = run("explain", "{ accounts { totalCount } }", compiler="false")

    assert len(ended.stdout.splitlines()) == 2
    assert ended.stdout.splitlines()[-1].endswith("the compiler is switched off.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{ nobody }"], "Line 1, column 3: Cannot query field 'nobody'"),
        (
            ["{\n  a: node\n  a: viewer { name } }"],
            "Line 2, column 3 and line 3, column 3: Fields 'a' conflict",
        ),
        (["{ accounts( }"], "Line 1, column 13: Syntax Error: Expected Name, found '}'."),
        (["no-such-file.graphql"], "no-such-file.graphql: No such file or directory."),
        (["{ __typename }", "--variables", "[1]"], "The variables are no JSON object."),
        (["query ($n: Int!) { accounts(first: $n) { totalCount } }"], "Variable '$n'"),
        (["query A { __typename } query B { __typename }"], "name the one to run with --operation.\n"),
        (["query A { __typename }", "--operation", "B"], "There is no operation of that name.\n"),
        ([TOO_LARGE], "Lower `first` of accounts from 200 to 99.\n"),
        ([""], "The document is empty. Give a document, a file, or -."),
        (["-"], "The document is empty."),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" \n"))

    ended = run("explain", *arguments)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("query", ["{ nobody }", "{ accounts( }"])
def test_graphiql_is_named_where_it_shows_what_is_wrong(run: Run, query: str) -> None:
    assert run("explain", query).stderr.endswith("Send it to GraphiQL to see where it is wrong.\n")
