"""What a client can act on when a mutation is refused."""

import strawberry

import graph
from models import ErrorCode
from resolvers.errors import DomainError

graph.enum(
    ErrorCode,
    "Why a mutation was refused. More may be added: treat one that you do not know like INVALID.",
    name="UserErrorCode",
    NOT_FOUND="What `field` names does not exist, or you may not see it.",
    INVALID="What `field` holds cannot be, for the reason given.",
    REVISION_CONFLICT="The entity was changed since you read it. The payload holds it as it is now.",
    IDEMPOTENCY_CONFLICT="The idempotency key was used with other input.",
    PROVIDER_NAME_TAKEN="The payload's provider has this name already.",
    CAPABILITY_NOT_ALLOWED="A manual provider has neither capabilities nor a connector.",
    CONNECTOR_UNKNOWN="An automatic provider needs a connector.",
    PROVIDER_INACTIVE="Nothing new is done with an inactive provider.",
    PROVIDER_NOT_AUTOMATIC="Only an automatic provider can be asked for this.",
    PROVIDER_UNAVAILABLE="The provider did not answer. The same request may succeed later.",
    PROVIDER_REFUSED="The provider declined, for the reason given.",
    INVALID_EMAIL="This is not an e-mail address.",
    EXTERNAL_REF_TAKEN="The payload's account has this external reference already.",
    ACCOUNT_INACTIVE="Nothing new is made for an inactive account.",
    ACCOUNT_MISMATCH="Agreement and billing contract belong to different accounts.",
    TEMPLATE_REQUIRED="No template is named, and there is none to choose by default.",
    TEMPLATE_DUPLICATE="The payload's template has this template id and version already.",
    TEMPLATE_INACTIVE="No new agreement may be made in the template now.",
    TEMPLATE_EXPIRED="The template's last day is over.",
    TEMPLATE_PROVIDER_MISMATCH="The template is one of another provider.",
    INVALID_URL="A link must be an http or https address.",
    DATES_REVERSED="The last day comes before the first.",
    PROVIDER_ACCOUNT_DUPLICATE="The payload's provider account has this id at the provider already.",
    PROVIDER_ACCOUNT_REQUIRED="Say for which provider account: the payload's `candidates` are the choice.",
    PROVIDER_ACCOUNT_MISMATCH="The provider account is not this account's at this provider.",
    PROVIDER_ACCOUNT_INACTIVE="Nothing is done for an inactive provider account.",
    ALREADY_MAPPED="The provider account belongs to another account; unmap it first.",
    HAS_AGREEMENTS="The provider account has agreements, which never move to another customer.",
    EXECUTED_ON_REQUIRED="Say on which day the customer accepted.",
    EXECUTED_ON_IN_FUTURE="The day has not come yet (UTC).",
    DATE_IN_FUTURE="The day has not come yet (UTC).",
    SIGNER_REQUIRED="Say who accepted: nobody is named where a signer is looked for.",
    SIGNATURE_LOCKED="The agreement is accepted: its signer and day stand.",
    AGREEMENT_ALREADY_EXISTS="The payload's agreement stands for this customer in these terms already.",
    AGREEMENT_INACTIVE="The agreement has ended.",
    ALREADY_ACCEPTED="The agreement was accepted by somebody else or on another day.",
    NOT_REACTIVATABLE="Only a deactivated or withdrawn agreement can be brought back.",
    NOTHING_TO_PUSH="There is nothing that the provider should be told.",
    CONTRACT_INACTIVE="The billing contract has ended.",
    FILE_EMPTY="The file has no bytes.",
    FILE_TOO_LARGE="The file is longer than documents may be.",
    UNSUPPORTED_TYPE="By its content, the file is of no type that documents may have, or of another one than "
    "declared.",
    DUPLICATE_DOCUMENT="The payload's document has this very content already.",
    DOCUMENT_IS_EVIDENCE="Evidence of an acceptance is never removed.",
    CUSTOMER_CREATION_UNSUPPORTED="The provider does not create customers for us, or does not invite "
    "existing ones.",
    ALREADY_PROVISIONED="The customer is at the provider already, or on its way there: see the payload.",
    DOMAIN_REQUIRED="The provider creates a tenant, which needs a domain.",
    DOMAIN_UNAVAILABLE="Somebody else has the domain at the provider.",
    REGISTRATION_NUMBER_REQUIRED="The provider wants the number in the register of companies in this "
    "country.",
    REGISTRATION_NUMBER_INVALID="The provider does not know this registration number.",
    PHONE_REQUIRED="The provider wants the signer's telephone number.",
    ADDRESS_REQUIRED="The provider wants the account's address.",
    ADDRESS_INVALID="The provider does not accept the address.",
    SYNC_ALREADY_RUNNING="The payload's job syncs this provider already.",
    OFFBOARDING_UNSUPPORTED="The provider cannot be asked to end what a customer has there.",
    OFFBOARDING_ALREADY_RUNNING="The payload's job off-boards this provider account already.",
    JOB_FINISHED="The job has ended already.",
)


@strawberry.type(
    description="What the caller can act on; nothing was changed unless the payload says otherwise. On a "
    "conflict with "
    "an existing entity (REVISION_CONFLICT, AGREEMENT_ALREADY_EXISTS, …) the payload's entity is the one "
    "that "
    "stands in the way."
)
class UserError:
    code: ErrorCode = strawberry.field(description="What a program decides by.")
    message: str = strawberry.field(description="One sentence for a person, in English.")
    field: list[str] | None = strawberry.field(
        description="Path of the input field at fault, from the input object down; places in lists count "
        "from 0."
    )


def user_error(error: DomainError) -> UserError:
    return UserError(code=error.code, message=error.message, field=list(error.field) if error.field else None)
