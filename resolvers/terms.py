"""Where the text of some terms can be read just now."""

import asyncio
import re
from dataclasses import dataclass
from uuid import UUID

from models import AgreementTemplate, DomainError, ErrorCode, checked_link
from providers.errors import InputRefused, ProviderError, ProviderUnavailable, Unsupported
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.operations import require

LONGEST_WAIT_SECONDS = 20
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class TermsLink:
    """Two addresses of one text: a page that shows it, and the file; they may cease to work in minutes."""

    display_url: str
    download_url: str


async def find_terms(context: Context, template_id: UUID, *, country: str, language: str) -> TermsLink:
    """Ask the provider where the terms can be read; without such a provider it is the template's own link.

    Args:
        context: Who asks.
        template_id: The terms.
        country: The customer's, ISO 3166-1 alpha-2: what the terms say depends on it.
        language: A language tag; the provider gives another one where it lacks it.

    Raises:
        DomainError: NOT_FOUND, INVALID, PROVIDER_UNAVAILABLE, PROVIDER_REFUSED.
    """
    if not _COUNTRY.fullmatch(country):
        raise DomainError("Name the customer's country, e.g. country=DE.", field=("country",))
    if not _LANGUAGE.fullmatch(language):
        raise DomainError("A language is given as a tag, e.g. language=de-DE.", field=("language",))
    async with context.look() as view:
        template = require(await view.templates.peek(template_id), "agreement template")
    try:
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            client = await context.providers.get(template.provider_id)
            link = await client.document_link(
                template.template_id, language=language, country=country.upper()
            )
    except Unsupported:
        return _own_link(template)
    except (ProviderUnavailable, TimeoutError) as error:
        message = "The provider did not say where its terms can be read: try again later."
        raise DomainError(message, code=ErrorCode.PROVIDER_UNAVAILABLE) from error
    except InputRefused as error:
        raise NotFound("text of these terms") from error
    except ProviderError as error:
        raise DomainError(str(error), code=ErrorCode.PROVIDER_REFUSED) from error
    return TermsLink(_checked(link.display_url), _checked(link.download_url))


def _own_link(template: AgreementTemplate) -> TermsLink:
    if template.agreement_link is None:
        raise NotFound("text of these terms")
    return TermsLink(template.agreement_link, template.agreement_link)


def _checked(url: str) -> str:
    """The address; raises DomainError PROVIDER_REFUSED for one that no browser should be sent to."""
    try:
        return require(checked_link(url), "link")
    except DomainError as error:
        message = "The provider named no web address for its terms."
        raise DomainError(message, code=ErrorCode.PROVIDER_REFUSED) from error
