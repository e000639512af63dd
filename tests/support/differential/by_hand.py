"""Documents that chance seldom writes: many joins, many rows, many ids."""

from support.differential.stock import Stock

_TEMPLATE = "template { name provider { name } supersedes { name provider { name } supersedes { name } } }"
_PLACE = "providerAccount { providerName account { name status } provider { name role } }"
JOINED = f"name account {{ id name country }} provider {{ name kind }} {_PLACE} {_TEMPLATE}"
"""Of an agreement, with ten other rows."""
_KEPT = "id name status createdAt createdBy updatedAt updatedBy revision"
_SELLER = f"provider {{ {_KEPT} kind role connector lastSyncedAt }}"
_TERMS = (
    f"{_KEPT} {_SELLER} agreementLink displayInline effectiveOn expiresOn isDefault kind portalInstructions"
    " templateId version"
)
WIDE = (
    f"{_KEPT} number statusReason executedOn origin description {_SELLER}"
    f" account {{ {_KEPT} domain country externalRef address {{ line1 line2 city region postalCode }} }}"
    f" template {{ {_TERMS} supersedes {{ {_TERMS} supersedes {{ {_TERMS} }} }} }}"
)
"""Of an agreement, with more than a hundred columns."""
EACH_ITS_OWN = """
... on Account { x: name y: agreements(first: 1) { totalCount edges { z: cursor } } id }
... on Provider { id x: createdBy }
... on Agreement { y: documents(last: 2) { totalCount edges { z: cursor } } x: number }
... on Node { __typename ... on Job { y: items(first: 2) { totalCount edges { z: cursor } } } }
"""
"""What has the same response name stands for something else in each type."""
MOST_IDS = 200
OF_DAMAGED_ROWS = (
    "{ accounts { edges { node { primaryContact { firstName email } address { line1 city country } } } } }",
    "{ accounts { edges { node { primaryContact { lastName } } } } }",
    "{ accounts { edges { node { address { line2 country } } } } }",
    "{ billingContracts { edges { node { account { name } } } } }",
    "{ jobs { edges { node { items(first: 20) { edges { node { agreement { number } } } } } } } }",
    "{ jobs { edges { node { created considered } } } }",
    "{ providerAccounts { edges { node { provider { name } } } } }",
    "{ agreements { edges { node { documents(last: 20) { edges { node { size visibleToCustomer } } } } } } }",
    "{ agreements { edges { node { acceptanceRequest { url status } } } } }",
    "{ accounts { edges { node { name revision } } } }",
)
OF_SECRET_ROWS = (
    "{ authors { edges { node { id mentor { id } publisher { id } } } } }",
    "{ authors { edges { node { mentor { name mentor { name publisher { name } } } } } } }",
    "{ books { edges { node { name author { id mentor { id __typename } } } } } }",
    "{ tags { totalCount edges { node { label books { totalCount edges { node { name } } } } } } }",
    "{ books(last: 7) { edges { node { tags(last: 2) { edges { node { label } } } } } } }",
)


def documents(stock: Stock) -> list[str]:
    """Documents that plans answer."""
    agreement, place = stock.ids["Agreement"][0], stock.ids["ProviderAccount"][0]
    others = [stock.ids[name][0] for name in ("Account", "Provider", "Job", "Account", "Document")]
    accounts = "accounts(first: 32) { edges { node { name contacts { edges { node { id } } } } } }"
    return [
        "{ accounts(last: 3) { pageInfo { hasPreviousPage } edges { node { name } } } }",
        "{ accounts { edges { node { primaryContact { phone } address { region line2 } } } } }",
        "{ agreements { edges { node { signedBy { phone } providerAccount { id __typename } } } } }",
        f"{{ agreements {{ edges {{ node {{ {JOINED} }} }} }} }}",
        f'{{ agreement(id: "{agreement}") {{ {JOINED} }} }}',
        f"{{ agreements {{ edges {{ node {{ {WIDE} }} }} }} }}",
        f'{{ agreement(id: "{agreement}") {{ {WIDE} }} }}',
        f'{{ node(id: "{agreement}") {{ ... on Agreement {{ {JOINED} }} }} }}',
        f'{{ providerAccount(id: "{place}") {{ agreements {{ edges {{ node {{ {JOINED} }} }} }} }} }}',
        f"{{ {' '.join(f'a{at}: {accounts}' for at in range(27))} }}",
        nodes([agreement] * MOST_IDS),
        nodes([agreement, *others, stock.absent["Job"]], EACH_ITS_OWN),
    ]


def nodes(ids: list[str], selection: str = "id ... on Agreement { name account { name } }") -> str:
    written = ", ".join(f'"{each}"' for each in ids)
    return f"{{ nodes(ids: [{written}]) {{ {selection} }} }}"
