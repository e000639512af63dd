"""Pieces of pages; whatever is not `Html` yet is escaped on its way in."""

from collections.abc import Mapping, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def html(value: object) -> Html:
    return value if isinstance(value, Html) else Html(escape("" if value is None else str(value)))


def join(*parts: object) -> Html:
    return Html("".join(html(part) for part in parts))


def tag(name: str, content: object) -> Html:
    return Html(f"<{name}>{html(content)}</{name}>")


def link(address: str, text: object) -> Html:
    return Html(f'<a href="{escape(address)}">{html(text)}</a>')


def section(title: str, *content: object) -> Html:
    return tag("section", join(tag("h2", title), *content))


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
    """Lay out rows, or say that there are none."""
    if not rows:
        return tag("p", "None.")
    head = "".join(f'<th scope="col">{html(header)}</th>' for header in headers)
    body = "".join(f"<tr>{''.join(tag('td', cell) for cell in row)}</tr>" for row in rows)
    return Html(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def form(action: str, button: str, hidden: Mapping[str, str], *fields: Html) -> Html:
    """Post fields, and what the page knows itself, to an action."""
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    return Html(
        f'<form method="post" action="{escape(action)}">{kept}{"".join(fields)}'
        f'<button type="submit">{html(button)}</button></form>'
    )


def field(name: str, label: str, value: object = "", *, kind: str = "text", required: bool = False) -> Html:
    attributes = f'type="{kind}" name="{escape(name)}" value="{html(value)}"{" required" if required else ""}'
    return Html(f"<label>{html(label)} <input {attributes}></label>")


def choice(name: str, label: str, options: Sequence[str]) -> Html:
    listed = "".join(tag("option", option) for option in options)
    return Html(f'<label>{html(label)} <select name="{escape(name)}">{listed}</select></label>')
