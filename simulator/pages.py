"""Pages for people: how all are framed, and the admin centre where a customer accepts."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.customers import find_customer, sign_directly
from simulator.invitations import follow_invitation
from simulator.partners import find_partner
from simulator.values import guid, is_guid
from simulator.world import World

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:64rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}label{display:block;margin-top:1rem;font-weight:600}"
    "input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box;border:1px solid #555}"
    "button{font:inherit;margin-top:1rem;padding:.5rem 1.5rem}.error{color:#a80000}"
    "th,td{text-align:left;padding:.25rem 1rem .25rem 0;vertical-align:top}.wide{overflow-x:auto}"
    "td form{display:flex;gap:.5rem}td button{margin:0}select{font:inherit;padding:.5rem;width:100%}"
    "form{max-width:40rem}section{border-top:1px solid #767676;margin-top:2rem}code{overflow-wrap:anywhere}"
)


def routes() -> list[Route]:
    return [
        *(
            route
            for path in ("/AdminPortal/Home", "/Adminportal/Home")
            for route in (
                Route(path, _admin_centre, methods=["GET"]),
                Route(path, _accept, methods=["POST"]),
            )
        ),
    ]


def page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """Frame a page; `body` is HTML, `title` is text."""
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status,
        {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _admin_centre(request: Request) -> Response:
    query = request.query_params
    return _form_page(request, query.get("tenantId", ""), query.get("partnerId", ""))


async def _accept(request: Request) -> Response:
    """Sign for a tenant and, on an invitation, take up the partner as its reseller."""
    world: World = request.app.state.world
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    tenant_id, partner_id = form.get("tenantId", "").strip(), form.get("partnerId", "").strip()
    if not is_guid(tenant_id):
        return _form_page(request, tenant_id, partner_id, "Enter the tenant ID of your organization.", 400)
    customer = find_customer(world.store, guid(tenant_id))
    if customer is None:
        return _form_page(
            request, tenant_id, partner_id, "There is no organization with this tenant ID.", 404
        )
    partner = find_partner(world.store, partner_id) if partner_id else None
    if partner_id and partner is None:
        return _form_page(request, tenant_id, partner_id, "The invitation is not valid.", 404)
    accepted = "You accepted the Microsoft Customer Agreement"
    if partner is not None and follow_invitation(world, partner.tenant_id, customer):
        accepted += f" and {escape(partner.name)} as your reseller"
    sign_directly(world.store, customer.id)
    return page("Agreement accepted", f"<p>{accepted} for {escape(customer.company_name)}.</p>")


def _form_page(
    request: Request, tenant_id: str, partner_id: str, error: str = "", status: int = 200
) -> Response:
    world: World = request.app.state.world
    partner = find_partner(world.store, partner_id) if partner_id else None
    invitation = (
        f"<p>{escape(partner.name)} invites you to accept it as your reseller.</p>" if partner else ""
    )
    alert = f'<p class="error" id="error" role="alert">{escape(error)}</p>' if error else ""
    described = ' aria-invalid="true" aria-describedby="error"' if error else ""
    return page(
        "Microsoft Customer Agreement",
        f"{invitation}<p>By accepting the terms at aka.ms/customeragreement you bind your organization.</p>"
        f'{alert}<form method="post" action="/AdminPortal/Home">'
        f'<input type="hidden" name="partnerId" value="{escape(partner_id)}">'
        '<label for="tenantId">Tenant ID of your organization</label>'
        f'<input id="tenantId" name="tenantId" required value="{escape(tenant_id)}"{described}>'
        '<button type="submit">Accept</button></form>',
        status=status,
    )
