"""Jobs, and what became of each of their rows."""

from datetime import datetime
from typing import TYPE_CHECKING

import graph
import models
from graph import Connection, Node, column, relation, shows
from schema.filters import JobFilter, JobItemArguments

if TYPE_CHECKING:
    from schema.types.agreement import Agreement
    from schema.types.provider_account import ProviderAccount

graph.enum(
    models.JobKind,
    "What a job does.",
    PROVISION="Provisions an account at a provider.",
    SYNC="Reads a provider's customers and agreements.",
    BULK_CREATE="Creates agreements for customers that lack one.",
    OFFBOARD="Ends what a customer has at a provider.",
)
graph.enum(
    models.JobStatus,
    "How far a job is.",
    QUEUED="Waiting for its turn.",
    RUNNING="Under way.",
    SUCCEEDED="Ended; nothing failed.",
    PARTIAL="Ended; some rows failed.",
    FAILED="Ended: see `error`. The same idempotency key takes it up again.",
    CANCELLED="Ended because somebody asked for it; what was done stays done.",
)
graph.enum(
    models.JobItemOutcome,
    "What became of a row.",
    CREATED="Something was created for it.",
    UPDATED="It was brought up to date.",
    UNCHANGED="It was as it should be.",
    SKIPPED="Nothing could be done, for the reason given.",
    FAILED="It went wrong, for the reason given.",
)


@shows(
    models.Job,
    description="Work that outlives the request that asked for it. The counts grow while it runs.",
    filter=JobFilter,
    default_order=[graph.descending("id")],
)
class Job(Node):
    kind: models.JobKind = column(description="What it does.")
    status: models.JobStatus = column(description="How far it is.")
    considered: int = column(description="Rows looked at so far.")
    created: int = column(description="Rows for which something was created, or would be in a dry run.")
    updated: int = column(description="Rows brought up to date.")
    unchanged: int = column(description="Rows that were as they should be.")
    skipped: int = column(description="Rows that could not be helped.")
    failed: int = column(description="Rows that went wrong.")
    dry_run: bool = column(description="Whether it only says what it would do.")
    error: str | None = column(description="Why it failed.")
    started_at: datetime | None = column(description="When it began.")
    finished_at: datetime | None = column(description="When it ended.")
    items: "Connection[JobItem]" = relation(
        description="What became of each row.", arguments=JobItemArguments, filter=False, order=False
    )


@shows(models.JobItem, description="What became of one row of a job.")
class JobItem(Node):
    key: str = column(description="Names the row, e.g. the customer's id at the provider; unique in the job.")
    outcome: models.JobItemOutcome = column(description="What became of it.")
    reason: str | None = column(description="Why, as a code or a sentence.")
    agreement: "Agreement | None" = relation(description="The agreement concerned.")
    provider_account: "ProviderAccount | None" = relation(description="The provider account concerned.")
