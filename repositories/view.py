"""A look at what is committed: for whoever asks, waits or watches without changing anything."""

from sqlalchemy.ext.asyncio import AsyncSession

from repositories.agreements import AgreementRepository
from repositories.audit import AuditTrail
from repositories.documents import DocumentRepository
from repositories.history import History
from repositories.idempotency import IdempotencyRepository
from repositories.jobs import JobRepository
from repositories.provider_accounts import ProviderAccountRepository
from repositories.providers import ProviderRepository
from repositories.sync import SyncRepository
from repositories.templates import TemplateRepository


class View:
    """One snapshot that cannot write; the repositories that have something to tell."""

    def __init__(self, session: AsyncSession, history: History) -> None:
        self.agreements = AgreementRepository(session, history)
        self.audit = AuditTrail(session)
        self.documents = DocumentRepository(session)
        self.idempotency = IdempotencyRepository(session, history)
        self.jobs = JobRepository(session)
        self.provider_accounts = ProviderAccountRepository(session, history)
        self.providers = ProviderRepository(session)
        self.sync = SyncRepository(session)
        self.templates = TemplateRepository(session)
