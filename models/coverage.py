"""Coverage: for every customer and provider account, whether one template's agreement stands."""

from uuid import UUID

from sqlalchemy import (
    FromClause,
    Label,
    String,
    Subquery,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Mapped, relationship

from models.account import Account
from models.agreement import Agreement
from models.agreement_template import AgreementTemplate
from models.base import Base, text_enum
from models.enums import AgreementStatus, AgreementStatusReason, CoverageState
from models.provider_account import ProviderAccount

_STATE = text_enum(CoverageState)


def _state(agreement: FromClause) -> Label[str]:
    reason = agreement.c.status_reason
    state = case(
        (agreement.c.id.is_(None), CoverageState.NONE.value),
        (reason == AgreementStatusReason.PENDING, CoverageState.PENDING.value),
        (reason == AgreementStatusReason.ACCEPTED, CoverageState.ACCEPTED.value),
        (reason == AgreementStatusReason.EXPIRED, CoverageState.EXPIRED.value),
        else_=CoverageState.INACTIVE.value,
    )
    return cast(state, _STATE).label("state")


def _rows() -> Subquery:
    """One row per account and its provider accounts at the template's provider, and per unmapped one."""
    account, template = Account.__table__, AgreementTemplate.__table__
    tenant = ProviderAccount.__table__
    shown, candidate = Agreement.__table__.alias("shown"), Agreement.__table__.alias("candidate")
    best = (
        select(candidate.c.id)
        .where(
            candidate.c.template_id == template.c.id,
            candidate.c.account_id == account.c.id,
            or_(
                candidate.c.provider_account_id == tenant.c.id,
                and_(candidate.c.provider_account_id.is_(None), tenant.c.id.is_(None)),
            ),
        )
        .order_by(case((candidate.c.status == AgreementStatus.ACTIVE, 0), else_=1), candidate.c.id.desc())
        .limit(1)
        .correlate(template, account, tenant)
        .scalar_subquery()
    )
    of_accounts = (
        select(
            template.c.id.label("template_id"),
            func.coalesce(tenant.c.id, account.c.id, type_=Uuid()).label("id"),
            account.c.name_fold.label("name_fold"),
            account.c.id.label("account_id"),
            tenant.c.id.label("provider_account_id"),
            shown.c.id.label("agreement_id"),
            _state(shown),
        )
        .select_from(template)
        .join(account, true())
        .outerjoin(
            tenant,
            and_(
                tenant.c.provider_id == template.c.provider_id,
                tenant.c.account_id == account.c.id,
            ),
        )
        .outerjoin(shown, shown.c.id == best)
    )
    unmapped = (
        select(
            template.c.id,
            tenant.c.id,
            tenant.c.name_fold,
            cast(null(), Uuid()),
            tenant.c.id,
            cast(null(), Uuid()),
            cast(literal(CoverageState.UNMAPPED.value, String), _STATE),
        )
        .select_from(template)
        .join(tenant, tenant.c.provider_id == template.c.provider_id)
        .where(tenant.c.account_id.is_(None))
    )
    return union_all(of_accounts, unmapped).subquery("agreement_coverage")


_coverage = _rows()


class AgreementCoverage(Base):
    """Whether one customer, as one provider knows it, stands in one template. Read only."""

    __table__ = _coverage
    __mapper_args__ = {"primary_key": [_coverage.c.template_id, _coverage.c.id]}  # noqa: RUF012 -- read by SQLAlchemy

    id: Mapped[UUID]
    template_id: Mapped[UUID]
    name_fold: Mapped[str]
    account_id: Mapped[UUID | None]
    provider_account_id: Mapped[UUID | None]
    agreement_id: Mapped[UUID | None]
    state: Mapped[CoverageState]

    account: Mapped[Account | None] = relationship(
        primaryjoin=lambda: Account.id == _coverage.c.account_id,
        foreign_keys=_coverage.c.account_id,
        viewonly=True,
        lazy="raise",
    )
    provider_account: Mapped[ProviderAccount | None] = relationship(
        primaryjoin=lambda: ProviderAccount.id == _coverage.c.provider_account_id,
        foreign_keys=_coverage.c.provider_account_id,
        viewonly=True,
        lazy="raise",
    )
    agreement: Mapped[Agreement | None] = relationship(
        primaryjoin=lambda: Agreement.id == _coverage.c.agreement_id,
        foreign_keys=_coverage.c.agreement_id,
        viewonly=True,
        lazy="raise",
    )
