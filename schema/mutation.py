"""Where writing begins. A field decodes its input, calls one resolver and answers with references."""

import strawberry

from resolvers import (
    accounts,
    agreements,
    awaiting,
    billing_contracts,
    bulk,
    jobs,
    new_agreements,
    offboarding,
    provider_accounts,
    providers,
    provisioning,
    sync,
    tags,
    templates,
)
from schema import payloads as answer
from schema.context import Info
from schema.document_mutations import DocumentMutations
from schema.ids import required_id
from schema.inputs import accounts as of_accounts
from schema.inputs import agreements as of_agreements
from schema.inputs import jobs as of_jobs
from schema.inputs import providers as of_providers
from schema.inputs.fields import contact, given
from schema.operations import mutation
from schema.types.account import Account
from schema.types.agreement import Agreement
from schema.types.agreement_template import AgreementTemplate
from schema.types.billing_contract import BillingContract
from schema.types.job import Job
from schema.types.provider import Provider
from schema.types.provider_account import ProviderAccount


@strawberry.type(
    description="Writes. Each mutation is one action: it takes effect as a whole, or `userErrors` says "
    "why it did not."
)
class Mutation(DocumentMutations):
    # Customers and their contracts

    @mutation(description="Take a customer into the books.")
    async def create_account(
        self, info: Info, input: of_accounts.CreateAccountInput
    ) -> answer.CreateAccountPayload:
        made = await accounts.create_account(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateAccountPayload(account=Account.ref(made.id))

    @mutation(description="Correct what is known of a customer.")
    async def update_account(
        self, info: Info, input: of_accounts.UpdateAccountInput
    ) -> answer.UpdateAccountPayload:
        account = await accounts.update_account(
            info.context.resolvers,
            required_id(input.account_id, Account, "accountId"),
            input.changes(),
            revision=given(input.revision),
        )
        return answer.UpdateAccountPayload(account=Account.ref(account.id, account))

    @mutation(description="Enter a billing contract with an account.")
    async def create_billing_contract(
        self, info: Info, input: of_accounts.CreateBillingContractInput
    ) -> answer.CreateBillingContractPayload:
        made = await billing_contracts.create_billing_contract(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateBillingContractPayload(billing_contract=BillingContract.ref(made.id))

    # Agreements

    @mutation(
        description="Record an agreement: accepted with `signedBy` and `executedOn`, otherwise pending. "
        "A provider that confirms is told of an accepted one."
    )
    async def create_agreement(
        self, info: Info, input: of_agreements.CreateAgreementInput
    ) -> answer.CreateAgreementPayload:
        made = await new_agreements.create_agreement(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateAgreementPayload(agreement=Agreement.ref(made.id))

    @mutation(
        description="Fill in or correct an agreement. It is never accepted by that. "
        "Of one that has ended only the remarks (`description`) can be changed."
    )
    async def update_agreement(
        self, info: Info, input: of_agreements.UpdateAgreementInput
    ) -> answer.UpdateAgreementPayload:
        agreement = await agreements.update_agreement(
            info.context.resolvers,
            required_id(input.agreement_id, Agreement, "agreementId"),
            input.changes(),
            revision=given(input.revision),
        )
        return answer.UpdateAgreementPayload(agreement=Agreement.ref(agreement.id, agreement))

    @mutation(
        description="Record that the customer has accepted. A provider that confirms is told. "
        "Repeating it with the same signer and day is harmless."
    )
    async def accept_agreement(
        self, info: Info, input: of_agreements.AcceptAgreementInput
    ) -> answer.AcceptAgreementPayload:
        outcome = await agreements.accept_agreement(
            info.context.resolvers,
            required_id(input.agreement_id, Agreement, "agreementId"),
            signed_by=contact(input.signed_by),
            executed_on=given(input.executed_on),
            supersede=input.supersede,
            revision=given(input.revision),
        )
        return answer.AcceptAgreementPayload(
            agreement=Agreement.ref(outcome.entity.id), warnings=list(outcome.warnings)
        )

    @mutation(
        description="End an agreement; its tags and acceptances stay, nothing is deleted. "
        "Repeating it is harmless."
    )
    async def deactivate_agreement(
        self, info: Info, input: of_agreements.DeactivateAgreementInput
    ) -> answer.DeactivateAgreementPayload:
        outcome = await agreements.deactivate_agreement(
            info.context.resolvers,
            required_id(input.agreement_id, Agreement, "agreementId"),
            reason=given(input.reason),
            on=given(input.on),
            revision=given(input.revision),
        )
        return answer.DeactivateAgreementPayload(
            agreement=Agreement.ref(outcome.entity.id),
            changed=outcome.changed,
            warnings=list(outcome.warnings),
        )

    @mutation(
        description="Bring a deactivated or withdrawn agreement back: accepted if its acceptance stands, "
        "else pending."
    )
    async def reactivate_agreement(
        self, info: Info, input: of_agreements.ReactivateAgreementInput
    ) -> answer.ReactivateAgreementPayload:
        agreement = await agreements.reactivate_agreement(
            info.context.resolvers,
            required_id(input.agreement_id, Agreement, "agreementId"),
            revision=given(input.revision),
        )
        return answer.ReactivateAgreementPayload(agreement=Agreement.ref(agreement.id))

    @mutation(
        description="Tell the provider again of an agreement that it has not taken, or ask a customer again "
        "that has refused its acceptance or let its time pass."
    )
    async def retry_agreement_push(
        self, info: Info, input: of_agreements.RetryAgreementPushInput
    ) -> answer.RetryAgreementPushPayload:
        agreement = await agreements.retry_agreement_push(
            info.context.resolvers,
            required_id(input.agreement_id, Agreement, "agreementId"),
            revision=given(input.revision),
        )
        return answer.RetryAgreementPushPayload(agreement=Agreement.ref(agreement.id))

    @mutation(description="Ask the provider now whether the customer has accepted, and record what it says.")
    async def refresh_agreement(
        self, info: Info, input: of_agreements.RefreshAgreementInput
    ) -> answer.RefreshAgreementPayload:
        outcome = await awaiting.refresh_agreement(
            info.context.resolvers, required_id(input.agreement_id, Agreement, "agreementId")
        )
        return answer.RefreshAgreementPayload(
            agreement=Agreement.ref(outcome.entity.id), changed=outcome.changed
        )

    @mutation(
        description="Put an agreement on a billing contract of the same account. Repeating it is harmless."
    )
    async def tag_agreement(
        self, info: Info, input: of_agreements.TagAgreementInput
    ) -> answer.TagAgreementPayload:
        tagging = await tags.tag_agreement(
            info.context.resolvers,
            agreement_id=required_id(input.agreement_id, Agreement, "agreementId"),
            billing_contract_id=required_id(input.billing_contract_id, BillingContract, "billingContractId"),
        )
        return answer.TagAgreementPayload(
            agreement=Agreement.ref(tagging.agreement.id),
            billing_contract=BillingContract.ref(tagging.billing_contract.id),
        )

    @mutation(description="Take an agreement off a billing contract. Repeating it is harmless.")
    async def untag_agreement(
        self, info: Info, input: of_agreements.UntagAgreementInput
    ) -> answer.UntagAgreementPayload:
        tagging = await tags.untag_agreement(
            info.context.resolvers,
            agreement_id=required_id(input.agreement_id, Agreement, "agreementId"),
            billing_contract_id=required_id(input.billing_contract_id, BillingContract, "billingContractId"),
        )
        return answer.UntagAgreementPayload(
            agreement=Agreement.ref(tagging.agreement.id),
            billing_contract=BillingContract.ref(tagging.billing_contract.id),
        )

    # Providers, their terms and their accounts

    @mutation(description="Begin to work with a provider.")
    async def create_provider(
        self, info: Info, input: of_providers.CreateProviderInput
    ) -> answer.CreateProviderPayload:
        made = await providers.create_provider(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateProviderPayload(provider=Provider.ref(made.id))

    @mutation(
        description="Stop or resume new business with a provider; what exists stays. Repeating it is "
        "harmless."
    )
    async def set_provider_status(
        self, info: Info, input: of_providers.SetProviderStatusInput
    ) -> answer.SetProviderStatusPayload:
        outcome = await providers.set_provider_status(
            info.context.resolvers,
            required_id(input.provider_id, Provider, "providerId"),
            input.status,
            revision=given(input.revision),
        )
        return answer.SetProviderStatusPayload(
            provider=Provider.ref(outcome.entity.id), changed=outcome.changed
        )

    @mutation(description="Add a provider's terms.")
    async def create_agreement_template(
        self, info: Info, input: of_providers.CreateAgreementTemplateInput
    ) -> answer.CreateAgreementTemplatePayload:
        made = await templates.create_agreement_template(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateAgreementTemplatePayload(agreement_template=AgreementTemplate.ref(made.id))

    @mutation(
        description="Add a newer version of terms. Agreements in the version before stand until the new "
        "one is accepted."
    )
    async def create_agreement_template_version(
        self, info: Info, input: of_providers.CreateAgreementTemplateVersionInput
    ) -> answer.CreateAgreementTemplateVersionPayload:
        made = await templates.create_agreement_template_version(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateAgreementTemplateVersionPayload(agreement_template=AgreementTemplate.ref(made.id))

    @mutation(description="Allow or stop new agreements in a template. Repeating it is harmless.")
    async def set_agreement_template_status(
        self, info: Info, input: of_providers.SetAgreementTemplateStatusInput
    ) -> answer.SetAgreementTemplateStatusPayload:
        outcome = await templates.set_agreement_template_status(
            info.context.resolvers,
            required_id(input.agreement_template_id, AgreementTemplate, "agreementTemplateId"),
            input.status,
            revision=given(input.revision),
        )
        return answer.SetAgreementTemplateStatusPayload(
            agreement_template=AgreementTemplate.ref(outcome.entity.id), changed=outcome.changed
        )

    @mutation(description="Enter a customer as a provider knows it.")
    async def create_provider_account(
        self, info: Info, input: of_providers.CreateProviderAccountInput
    ) -> answer.CreateProviderAccountPayload:
        made = await provider_accounts.create_provider_account(
            info.context.resolvers, input.command(), idempotency_key=given(input.idempotency_key)
        )
        return answer.CreateProviderAccountPayload(provider_account=ProviderAccount.ref(made.id))

    @mutation(
        description="Say whose a provider account is. At an automatic provider the pending agreements are "
        "created "
        "that a sync would create. Repeating it is harmless."
    )
    async def map_provider_account(
        self, info: Info, input: of_providers.MapProviderAccountInput
    ) -> answer.MapProviderAccountPayload:
        mapped = await provider_accounts.map_provider_account(
            info.context.resolvers,
            required_id(input.provider_account_id, ProviderAccount, "providerAccountId"),
            required_id(input.account_id, Account, "accountId"),
            revision=given(input.revision),
        )
        return answer.MapProviderAccountPayload(
            provider_account=ProviderAccount.ref(mapped.provider_account.id),
            agreements=[Agreement.ref(each.id) for each in mapped.agreements],
            changed=mapped.changed,
        )

    @mutation(
        description="Take a provider account off its account, as long as it has no agreement. Repeating "
        "it is harmless."
    )
    async def unmap_provider_account(
        self, info: Info, input: of_providers.UnmapProviderAccountInput
    ) -> answer.UnmapProviderAccountPayload:
        outcome = await provider_accounts.unmap_provider_account(
            info.context.resolvers,
            required_id(input.provider_account_id, ProviderAccount, "providerAccountId"),
            revision=given(input.revision),
        )
        return answer.UnmapProviderAccountPayload(
            provider_account=ProviderAccount.ref(outcome.entity.id), changed=outcome.changed
        )

    # Durable work

    @mutation(
        description="Take a customer on at a provider: create it there, confirm that it has accepted the "
        "terms, and "
        "keep the agreement. The request is taken in one commit; the work goes on if the answer does not "
        "wait for it."
    )
    async def provision_account(
        self, info: Info, input: of_jobs.ProvisionAccountInput
    ) -> answer.ProvisionAccountPayload:
        result = await provisioning.provision_account(
            info.context.resolvers,
            input.command(),
            wait_seconds=input.wait_seconds,
            idempotency_key=given(input.idempotency_key),
        )
        return answer.ProvisionAccountPayload.of(result)

    @mutation(
        description="Read a provider's customers and agreements, and create the pending agreements that "
        "are lacking. "
        "A second run creates nothing."
    )
    async def sync_provider_accounts(
        self, info: Info, input: of_jobs.SyncProviderAccountsInput
    ) -> answer.SyncProviderAccountsPayload:
        job = await sync.sync_provider_accounts(
            info.context.resolvers,
            sync.SyncProviderAccounts(
                provider_id=required_id(input.provider_id, Provider, "providerId"), dry_run=input.dry_run
            ),
            wait_seconds=input.wait_seconds,
            idempotency_key=given(input.idempotency_key),
        )
        return answer.SyncProviderAccountsPayload(job=Job.ref(job.id))

    @mutation(
        description="Create a pending agreement for every active, mapped provider account that has no "
        "active one in "
        "the template. A second run creates nothing."
    )
    async def bulk_create_customer_agreements(
        self, info: Info, input: of_jobs.BulkCreateCustomerAgreementsInput
    ) -> answer.BulkCreateCustomerAgreementsPayload:
        job = await bulk.bulk_create_customer_agreements(
            info.context.resolvers,
            input.command(),
            wait_seconds=input.wait_seconds,
            idempotency_key=given(input.idempotency_key),
        )
        return answer.BulkCreateCustomerAgreementsPayload(job=Job.ref(job.id))

    @mutation(
        description="End all that a customer has at a provider: each subscription is brought to the earliest "
        "end that its kind allows, cancelled, suspended or not renewed. What fails keeps nothing else from "
        "being ended. Agreements stay as they are. Repeating it ends what is left."
    )
    async def offboard_provider_account(
        self, info: Info, input: of_jobs.OffboardProviderAccountInput
    ) -> answer.OffboardProviderAccountPayload:
        result = await offboarding.offboard_provider_account(
            info.context.resolvers,
            input.command(),
            wait_seconds=input.wait_seconds,
            idempotency_key=given(input.idempotency_key),
        )
        return answer.OffboardProviderAccountPayload.of(result)

    @mutation(description="Stop a job at its next step; what it has done stays done.")
    async def cancel_job(self, info: Info, input: of_jobs.CancelJobInput) -> answer.CancelJobPayload:
        job = await jobs.cancel_job(info.context.resolvers, required_id(input.job_id, Job, "jobId"))
        return answer.CancelJobPayload(job=Job.ref(job.id))
