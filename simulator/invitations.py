"""A customer that exists elsewhere takes a partner up as its reseller."""

from simulator.audit import CUSTOMER_ITSELF, Change, record
from simulator.customers import Customer, detail, is_related, relate
from simulator.world import World


def follow_invitation(world: World, partner_id: str, customer: Customer) -> bool:
    """Make the partner a reseller of the customer, as the customer wished; false if it is one already."""
    if is_related(world.store, partner_id, customer.id):
        return False
    relate(world.store, partner_id, customer.id)
    change = Change("extend_relationship", "partner_customer_relationship", detail(customer))
    record(world, partner_id, customer, change, CUSTOMER_ITSELF)
    return True
