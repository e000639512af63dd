"""The text of the customer agreement, behind links that die after five minutes."""

import base64
import html
import json
import secrets
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator.access import USER
from simulator.api import Call, Reply, operation
from simulator.countries import find_country
from simulator.errors import invalid, not_found
from simulator.pages import page
from simulator.templates import find_template
from simulator.world import World

LINK_LIFETIME_SECONDS = 300
DEFAULT_LANGUAGE = "en-US"


def routes() -> list[Route]:
    return [
        *(
            operation("GET", f"/{name}/{{template_id}}/document", _document, USER)
            for name in ("agreementtemplates", "agreementTemplates")
        ),
        Route("/officehost/agreement/preview", _preview, methods=["GET"]),
        Route("/agreementscontainer/agreement.txt", _download, methods=["GET"]),
    ]


def _document(call: Call) -> Reply:
    """Give new links to preview and file; a language the country lacks becomes English."""
    template = find_template(call.request.path_params["template_id"])
    if template is None or not template.confirmable:
        raise not_found("The agreement template was not found.")
    query = call.request.query_params
    country = find_country(query.get("country") or "US")
    if country is None:
        raise invalid("Invalid property: country", code=800002)
    wanted = query.get("language") or DEFAULT_LANGUAGE
    language = wanted if wanted == country.document_language else DEFAULT_LANGUAGE
    ticket = {
        "type": template.agreement_type,
        "country": country.code,
        "language": language,
        "expires": call.world.now().timestamp() + LINK_LIFETIME_SECONDS,
        "nonce": secrets.token_hex(8),
    }
    encoded = urlencode({"ticket": base64.urlsafe_b64encode(json.dumps(ticket).encode()).decode()})
    origin = str(call.request.base_url).rstrip("/")
    return Reply(
        200,
        {
            "displayUri": f"{origin}/officehost/agreement/preview?{encoded}",
            "downloadUri": f"{origin}/agreementscontainer/agreement.txt?{encoded}",
            "language": language,
            "country": country.code,
        },
    )


async def _preview(request: Request) -> Response:
    text = _text(request)
    if text is None:
        return page("Link expired", "<p>Ask for the document again.</p>", status=403)
    return page("Microsoft Customer Agreement", f"<p>{html.escape(text)}</p>")


async def _download(request: Request) -> Response:
    text = _text(request)
    if text is None:
        return PlainTextResponse("The link has expired.", 403)
    headers = {"Content-Disposition": 'attachment; filename="agreement.txt"'}
    return PlainTextResponse(text, headers=headers)


def _text(request: Request) -> str | None:
    """Give the document a link stands for; nothing when the link is too old or no link of ours."""
    world: World = request.app.state.world
    try:
        ticket = json.loads(base64.urlsafe_b64decode(request.query_params["ticket"]))
        expired = ticket["expires"] < world.now().timestamp()
        title = f"{ticket['type']}, {ticket['country']}, {ticket['language']}"
    except (LookupError, TypeError, ValueError):
        return None
    return None if expired else f"{title}. This text stands in for the terms; it binds nobody."
