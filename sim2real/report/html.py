"""Html: text that is markup already. Everything else is escaped when it becomes part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

VOID = ("meta", "path")
"""Elements written here that have no end tag of their own."""


class Html(str):
    """Markup."""

    __slots__ = ()


def text(value: object) -> Html:
    """The value as markup: Html as it is, anything else escaped."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def join(*parts: object) -> Html:
    """The parts one after the other, each escaped unless it is Html."""
    return Html("".join(text(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """An element. `class_` is written `class`, `_` in names `-`; None and False leave an attribute out, True gives no
    value."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{written}/>" if name == "path" else f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def paragraph(*children: object, kind: str | None = None) -> Html:
    """A paragraph; `kind` is its class in the style sheet."""
    return tag("p", *children, class_=kind)


def code(value: object) -> Html:
    """A name or command as one types it."""
    return tag("code", value)


def instruction(what: str, *commands: str) -> Html:
    """What is missing, and the commands that make it."""
    return tag("div", paragraph(what, " Make it with:"), tag("pre", code("\n".join(commands))), class_="missing")


def scrolling(label: str, *children: object) -> Html:
    """A box that scrolls sideways where its content is wider than the page, also from the keyboard."""
    return tag("div", *children, class_="scroll", role="region", aria_label=label, tabindex="0")


def table(label: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """A table whose first column names the rows."""
    head = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in header)))
    body = tag("tbody", *(_row(row) for row in rows))
    return scrolling(label, tag("table", head, body))


def _row(cells: Sequence[object]) -> Html:
    return tag("tr", tag("th", cells[0], scope="row"), *(tag("td", cell) for cell in cells[1:]))


def properties(label: str, values: Iterable[tuple[object, object]]) -> Html:
    """Names and their values."""
    return scrolling(label, tag("table", tag("tbody", *(_row(pair) for pair in values)), class_="properties"))


def sentence_list(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
