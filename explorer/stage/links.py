"""A panel's state as text and back: the call that makes it, and the query of a link to it.

A link's query holds the arguments of the panel's function: ``a=8&b=4&y=0.7``. Numbers have all
their digits; commas part the entries of a list (``0.2,0.9``; ``0.2,`` has one), a colon a family
from its numbers (``normal:0,1``); ``limits.a`` is the range of one slider and ``x.3`` one entry of
the data that the panel has by itself; a text that reads like something else stands in quotes.
Nothing in it is evaluated, and what it says is checked as if it had been typed.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from explorer import PANELS
from explorer.core import refuse
from explorer.parts.distributions import FAMILIES_BY_NAME
from explorer.scene import Blueprint, Slider, State
from explorer.stage.settings import controls_of, entry, with_entries

Given: TypeAlias = dict[str, Any]
Start: TypeAlias = Callable[[Given], Any]

LONGEST = 2000  # characters of a query that every browser and messenger carries
WHOLE = re.compile(r"-?\d{1,15}")
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
TRUTH = {"true": True, "false": False}


def code(name: str, state: State) -> str:
    """The call that makes this state: ``explorer.beta_loss(a=8, b=4, y=0.7)``."""
    given = arguments(name, state)
    return f"explorer.{name}({', '.join(f'{n}={_source(v)}' for n, v in given.items())})"


def query(name: str, state: State) -> str:
    """What a link to this state ends with: ``a=8&b=4&y=0.7``.

    Raises
    ------
    ValueError
        Where the data do not fit into 2000 characters.
    """
    function, given = _function(name), arguments(name, state)
    data = {n: len(v) for n, v in given.items() if _is_data(v)}
    rest, found = {n: v for n, v in given.items() if n not in data}, _joined(given)
    with suppress(ValueError):  # the panel has no data by itself, or fewer
        rest.pop("limits", None)
        changed = dict(_changes(function(**rest).state, state, data))

        def start(given: Given) -> Any:
            return with_entries(function(**given).state, changed)

        rest = _with_limits(rest, state, start)
        found = min(found, _joined({**rest, **changed}), key=len)
    if len(found) > LONGEST:
        name = max(data, key=lambda n: data[n])
        allowed = f"data whose link has at most {LONGEST} characters, not {len(found)}"
        refuse(name, list(given[name]), allowed)
    return found


def opened(name: str, text: str) -> tuple[Blueprint[Any], list[str]]:
    """The panel of this name as a link's query describes it; and what of it is ignored, and why."""
    function, problems = _function(name), []
    given: Given = {}
    for part in filter(None, text.lstrip("#?").split("&")):
        argument, _, raw = part.partition("=")
        argument = unquote(argument)
        if argument in given:
            problems.append(f"{argument} is there twice: the first is taken")
        else:
            given[argument] = _parsed(raw)
    while True:
        try:
            return _started(function, given), problems
        except (TypeError, ValueError) as error:
            problems.append(str(error))
            at_fault = [n for n in given if re.match(rf"{re.escape(n)}\b", str(error))]
            whole = re.match(r"\w*", str(error))
            assert whole
            at_fault = at_fault or [n for n in given if n.partition(".")[0] == whole[0]]
            for argument in at_fault or [*given][-1:]:
                del given[argument]


def arguments(name: str, state: State) -> Given:
    """The arguments with which a panel's function makes this state.

    Each visible number is among them; all else only where it is not what the function takes anyway.
    """
    function = _function(name)
    given = {n: v for n, v in state.arguments().items() if v is not None and v != ()}

    def start(given: Given) -> Any:
        return function(**given).state

    given = _with_limits(given, state, start)
    kept = [c.name for c in state.controls() if isinstance(c, Slider) and c.visible]
    optional = [n for n in given if n not in (*kept, "limits")]
    data = [n for n in optional if _is_data(given[n])]
    for names in (data, *([n] for n in optional)):  # some data go together only
        fewer = {n: v for n, v in given.items() if n not in names}
        given = fewer if _makes(start, fewer, state) else given
    given = _with_limits({n: v for n, v in given.items() if n != "limits"}, state, start)
    places = {n: i for i, n in enumerate(signature(function).parameters)}
    return dict(sorted(given.items(), key=lambda item: places.get(item[0], len(places))))


def _function(name: str) -> Callable[..., Blueprint[Any]]:
    if name not in PANELS:
        refuse("name", name, f"one of {', '.join(PANELS)}")
    function: Callable[..., Blueprint[Any]] = getattr(
        import_module(f"explorer.panels.{name}"), name
    )
    return function


def _makes(start: Start, given: Given, state: State) -> bool:
    with suppress(ValueError):
        return bool(start(given) == state)
    return False


def _with_limits(given: Given, state: Any, start: Start) -> Given:
    """What is given, with the ranges of sliders that do not follow from it."""
    if _makes(start, given, state):
        return given
    beside = {}
    with suppress(ValueError):  # a value may stand in no other range
        beside = start(given).limits
    wanted = {n: pair for n, pair in state.limits.items() if beside.get(n) != pair}
    for name in tuple(wanted):  # those of some sliders follow from those of others
        fewer = {n: pair for n, pair in wanted.items() if n != name}
        wanted = fewer if _makes(start, given | {"limits": fewer}, state) else wanted
    return given | {"limits": wanted}


def _is_data(value: Any) -> bool:
    return isinstance(value, tuple)


def _changes(start: State, state: State, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        before, now = entry(start, name), entry(state, name)
        if len(before) != len(now):
            refuse(name, now, f"{len(before)} entries")
        pairs = enumerate(zip(before, now, strict=True))
        yield from ((f"{name}.{i}", new) for i, (old, new) in pairs if old != new)


def _started(function: Callable[..., Blueprint[Any]], given: Given) -> Blueprint[Any]:
    taken = signature(function).parameters
    open_ended = any(p.kind is Parameter.VAR_KEYWORD for p in taken.values())
    plain: Given = {}
    entries: Given = {}
    for name, value in given.items():
        field, dot, index = name.partition(".")
        if field not in taken and not open_ended:
            refuse(name, value, f"one of the parameters {', '.join(taken)}")
        if name == "limits":
            refuse(name, value, "limits.NAME=low,high")
        if field == "limits":
            plain.setdefault("limits", {})[index] = value
        else:
            (entries if dot else plain)[name] = value
    blueprint = function(**plain)
    blueprint = replace(blueprint, state=with_entries(blueprint.state, entries))
    controls_of(blueprint.state)
    return blueprint


# ------------------------------------------------------------------------------- single values


def _source(value: Any) -> str:
    match value:
        case float() | int() if not isinstance(value, bool):
            return _digits(value)
        case Mapping():
            pairs = (f"{name!r}: ({_digits(a)}, {_digits(b)})" for name, (a, b) in value.items())
            return f"{{{', '.join(pairs)}}}"
        case (str(family), float(), *_):
            return _family(FAMILIES_BY_NAME[family], value)
        case tuple():
            return f"[{', '.join(map(_source, value))}]"
    return repr(value)


def _family(family: Any, value: tuple[Any, ...]) -> str:
    """A family's member by its class; by its numbers where the class would round them."""
    name, *numbers = value
    texts = ", ".join(map(_digits, numbers))
    if family.from_numbers(numbers).numbers != tuple(numbers):
        return f"({name!r}, {texts})"
    if family.described(len(numbers)) is family.parameters:
        return f"explorer.core.{family.__name__}({texts})"
    return f"explorer.core.{family.__name__}.from_numbers([{texts}])"


def _digits(value: float) -> str:
    """All digits, and none that are not needed."""
    text = repr(value)
    return text.removesuffix(".0") if value else "0"


def _joined(given: Given) -> str:
    flat = {n: v for n, v in given.items() if n != "limits"}
    flat |= {f"limits.{n}": v for n, v in given.get("limits", {}).items()}
    return "&".join(f"{n}={_query(v)}" for n, v in flat.items())


def _query(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() | int():
            return quote(_digits(value))
        case str():
            quoted = f'"{value}"'
            return quote(value if _item(value) == value else quoted, safe="")
        case (str(family), float(), *numbers):
            return f"{family}:{_query((value[1], *numbers))}"
    return ",".join(map(_query, value)) + ("," if len(value) == 1 else "")


def _parsed(raw: str) -> Any:
    family, colon, rest = raw.partition(":")
    if colon:
        items = _parsed(rest)
        return (unquote(family), *(items if isinstance(items, tuple) else (items,)))
    if "," in raw:
        return tuple(_item(unquote(part)) for part in raw.removesuffix(",").split(","))
    return _item(unquote(raw))


def _item(text: str) -> float | int | str | bool:
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return TRUTH.get(text, text)
