"""Behind the scenes: partners, their applications and their people, also while a test runs."""

from dataclasses import replace

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.admin_models import ApplicationChange, PartnerChange, PartnerModel, UserChange, show_partner
from simulator.backstage import AdminCall, admin_route, missing, ok
from simulator.partners import (
    Partner,
    find_application,
    find_partner,
    list_applications,
    list_partners,
    list_users,
    save_application,
    save_partner,
    save_user,
)
from simulator.tokens import save_refresh_token, withdraw_refresh_tokens
from simulator.world import World

Call = AdminCall[World]


def routes() -> list[Route]:
    return [
        admin_route("GET", "/partners", _show_all),
        admin_route("POST", "/partners", _save),
        admin_route("PATCH", "/partners/{tenant_id}", _change),
        admin_route("PATCH", "/partners/{tenant_id}/applications/{client_id}", _change_application),
        admin_route("PATCH", "/partners/{tenant_id}/users/{upn}", _change_user),
        admin_route("DELETE", "/partners/{tenant_id}/refresh-tokens", _withdraw_consent),
    ]


def _show_all(call: Call) -> Response:
    return JSONResponse([_as_wire(call.world, partner) for partner in list_partners(call.world.store)])


def _save(call: Call) -> Response:
    model = PartnerModel.model_validate_json(call.content)
    save_all(call.world, model)
    return JSONResponse(_as_wire(call.world, model.partner()), 201)


def save_all(world: World, model: PartnerModel) -> None:
    """Create or change a partner; applications and users that are not named stay."""
    partner, store = model.partner(), world.store
    with store.transaction():
        save_partner(store, partner)
        for application in model.applications:
            save_application(store, partner.tenant_id, application.application())
        for user in model.users:
            saved = save_user(store, partner.tenant_id, user.upn, user.roles, mfa=user.mfa)
            if user.refresh_token:
                save_refresh_token(world, user.refresh_token, saved)


def _change(call: Call) -> Response:
    change = PartnerChange.model_validate_json(call.content)
    partner = find_partner(call.world.store, call.path["tenant_id"])
    if partner is None:
        return missing("partner")
    changed = replace(partner, **change.model_dump(exclude_none=True))
    save_partner(call.world.store, changed)
    return JSONResponse(_as_wire(call.world, changed))


def _change_application(call: Call) -> Response:
    change = ApplicationChange.model_validate_json(call.content)
    partner = find_partner(call.world.store, call.path["tenant_id"])
    application = find_application(call.world.store, call.path["tenant_id"], call.path["client_id"])
    if partner is None or application is None:
        return missing("application")
    changed = replace(application, **change.model_dump(exclude_none=True))
    save_application(call.world.store, partner.tenant_id, changed)
    return JSONResponse(_as_wire(call.world, partner))


def _change_user(call: Call) -> Response:
    """Change roles at once; MFA shows in the tokens that are issued from now on."""
    change = UserChange.model_validate_json(call.content)
    partner = find_partner(call.world.store, call.path["tenant_id"])
    users = [] if partner is None else list_users(call.world.store, partner.tenant_id)
    user = next((user for user in users if user.upn == call.path["upn"]), None)
    if partner is None or user is None:
        return missing("user")
    roles = sorted(user.roles) if change.roles is None else change.roles
    mfa = user.mfa if change.mfa is None else change.mfa
    save_user(call.world.store, partner.tenant_id, user.upn, roles, mfa=mfa)
    return JSONResponse(_as_wire(call.world, partner))


def _withdraw_consent(call: Call) -> Response:
    return ok(withdrawn=withdraw_refresh_tokens(call.world.store, call.path["tenant_id"].lower()))


def _as_wire(world: World, partner: Partner) -> dict[str, object]:
    applications = list_applications(world.store, partner.tenant_id)
    return show_partner(partner, applications, list_users(world.store, partner.tenant_id))
