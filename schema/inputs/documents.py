"""What mutations on documents are given."""

import strawberry

import models
from graph.uploads import Upload
from resolvers.documents import NewDocument
from schema.ids import required_id
from schema.inputs.fields import IDEMPOTENCY_KEY, REVISION, default, given, optional, required
from schema.types.agreement import Agreement


@strawberry.input(description="A file to attach to an agreement.")
class AttachDocumentInput:
    agreement_id: strawberry.ID = required("The agreement; it may have ended.")
    file: Upload = required(
        "The file: PDF, PNG, JPEG, TIFF, DOCX and ODT without macros, e-mail (EML) or plain text in UTF-8."
    )
    kind: models.DocumentKind = required("What it is for.")
    visible_to_customer: bool = default(
        False,  # noqa: FBT003  # the default itself
        "Whether the customer may see it.",
    )
    note: str | None = optional("Remarks.")
    idempotency_key: str | None = optional(IDEMPOTENCY_KEY)

    def command(self) -> NewDocument:
        return NewDocument(
            agreement_id=required_id(self.agreement_id, Agreement, "agreementId"),
            kind=self.kind,
            visible_to_customer=self.visible_to_customer,
            note=given(self.note),
        )


@strawberry.input(description="Which document to take off its agreement.")
class RemoveDocumentInput:
    document_id: strawberry.ID = required("The document.")
    revision: int | None = optional(REVISION)
