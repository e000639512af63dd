"""What each type's connections can be ordered by; every key has its index."""

from graph import by, order

_NAME = by("name_fold", "By name, regardless of case.")
_CREATED_AT = by("created_at", "By the instant at which it was recorded.")

ACCOUNT_ORDER = order("Account", NAME=_NAME, CREATED_AT=_CREATED_AT)
AGREEMENT_ORDER = order(
    "Agreement",
    NAME=_NAME,
    NUMBER=by("serial", "By number."),
    EXECUTED_ON=by("executed_key", "By the day on which it was executed."),
    CREATED_AT=_CREATED_AT,
)
AGREEMENT_TEMPLATE_ORDER = order("AgreementTemplate", NAME=_NAME, CREATED_AT=_CREATED_AT)
BILLING_CONTRACT_ORDER = order(
    "BillingContract",
    NAME=_NAME,
    START_ON=by("start_on", "By the first day of the contract."),
    CREATED_AT=_CREATED_AT,
)
PROVIDER_ACCOUNT_ORDER = order("ProviderAccount", NAME=_NAME, CREATED_AT=_CREATED_AT)
