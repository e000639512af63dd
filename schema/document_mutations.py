"""The mutations on documents."""

import strawberry

from resolvers import documents
from schema import payloads as answer
from schema.context import Info
from schema.ids import required_id
from schema.inputs import documents as of_documents
from schema.inputs.fields import given
from schema.operations import mutation
from schema.types.agreement import Agreement
from schema.types.document import Document


@strawberry.type(description="Writes of documents.")
class DocumentMutations:
    @mutation(
        description="Attach a file to an agreement. Nothing is accepted by that. The file comes in a "
        "multipart/form-data request."
    )
    async def attach_document(
        self, info: Info, input: of_documents.AttachDocumentInput
    ) -> answer.AttachDocumentPayload:
        made = await documents.attach_document(
            info.context.resolvers,
            input.command(),
            input.file,
            idempotency_key=given(input.idempotency_key),
        )
        return answer.AttachDocumentPayload(
            document=Document.ref(made.id), agreement=Agreement.ref(made.agreement_id)
        )

    @mutation(
        description="Take a document off its agreement; its content is kept. Evidence stays. Repeating it is "
        "harmless."
    )
    async def remove_document(
        self, info: Info, input: of_documents.RemoveDocumentInput
    ) -> answer.RemoveDocumentPayload:
        outcome = await documents.remove_document(
            info.context.resolvers,
            required_id(input.document_id, Document, "documentId"),
            revision=given(input.revision),
        )
        return answer.RemoveDocumentPayload(
            document=Document.ref(outcome.entity.id),
            agreement=Agreement.ref(outcome.entity.agreement_id),
            changed=outcome.changed,
        )
