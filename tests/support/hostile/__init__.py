"""Requests that no well-meaning client sends."""

from support.hostile import bodies, documents, forms, heads
from support.hostile.attack import Attack

_FAMILIES = (
    bodies.broken_json,
    bodies.wrong_members,
    bodies.charsets,
    bodies.numbers,
    bodies.nesting,
    bodies.unicode,
    bodies.sizes,
    heads.media_types,
    heads.accept,
    heads.methods,
    heads.targets,
    heads.headers,
    heads.get,
    documents.documents,
    documents.floods,
    documents.persisted,
    forms.multipart,
)


def attacks() -> list[Attack]:
    return [attack for family in _FAMILIES for attack in family()]


__all__ = ["Attack", "attacks"]
