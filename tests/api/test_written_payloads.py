"""Payloads of what has just been written are not read again, and say what a read says."""

from datetime import date

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from support.api import Api, gid
from support.factories import ADA, an_account, an_agreement

from resolvers.context import Context
from schema import build_schema


def own(type_name: str) -> str:
    """Every field of a type that is a value, or an object of values, and takes no arguments."""
    served = build_schema().core.type_map[type_name]
    assert isinstance(served, GraphQLObjectType)
    found: list[str] = []
    for name, field in served.fields.items():
        shown = get_named_type(field.type)
        if field.args:
            continue
        if is_leaf_type(shown):
            found.append(name)
        elif isinstance(shown, GraphQLObjectType) and shown.name in {"Contact", "Address"}:
            found.append(f"{name} {{ {' '.join(shown.fields)} }}")
    return " ".join(found)


async def check(api: Api, mutation: str, entity: str, selected: str, /, **given: object) -> None:
    payload = await api.done(mutation, f"{entity} {{ {selected} }}", **given)
    assert not api.statements
    read = await api.data(
        f"query ($id: ID!) {{ {entity}(id: $id) {{ {selected} }} }}", id=given[f"{entity}Id"]
    )
    assert api.statements
    assert payload[entity] == read[entity]


@pytest.mark.parametrize("given", [{"name": "Straße «12»"}, {"primaryContact": None, "address": None}, {}])
async def test_an_updated_account_is_told_as_it_is_read(
    api: Api, context: Context, given: dict[str, object]
) -> None:
    account = await an_account(context, name="Fabrikam", primary_contact=ADA, domain="fabrikam.example")
    await check(api, "updateAccount", "account", own("Account"), accountId=gid(account), **given)


async def test_an_updated_agreement_is_told_as_it_is_read(api: Api, context: Context) -> None:
    agreement = await an_agreement(context, signed_by=ADA, executed_on=date(2026, 1, 15))
    await check(
        api,
        "updateAgreement",
        "agreement",
        own("Agreement"),
        agreementId=gid(agreement),
        createdOn="2026-01-10",
        description="Remarks",
    )


async def test_what_is_selected_beyond_the_row_is_read(api: Api, context: Context) -> None:
    account = await an_account(context, name="Fabrikam")

    payload = await api.done(
        "updateAccount", "account { name agreements { totalCount } }", accountId=gid(account), name="Contoso"
    )

    assert payload["account"] == {"name": "Contoso", "agreements": {"totalCount": 0}}
    assert api.statements
