"""A container that is started again answers at another address: what was told of it follows."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tutor.session.demo_moment import Moment
    from tutor.session.demo_world import Running, World

T = TypeVar("T")


def with_address(value: T, old: str, new: str) -> T:
    """A plain value with every text in it that names ``HOST:PORT`` naming the new one."""
    # 127.0.0.1:3277 must not be found in 127.0.0.1:32770.
    return _changed(value, re.compile(rf"(?<![\d.]){re.escape(old)}(?!\d)"), new)  # type: ignore[no-any-return]  # of the same type


def _changed(value: Any, old: re.Pattern[str], new: str) -> Any:
    if type(value) is str:
        return old.sub(new, value)
    if isinstance(value, tuple):
        return tuple(_changed(each, old, new) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        texts = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        changed = {name: _changed(each, old, new) for name, each in texts.items()}
        return replace(value, **{name: each for name, each in changed.items() if each != texts[name]})
    return value


def moved_world(world: World, running: Running) -> World:
    """The world of a step with its container at its new address."""
    former = world.running
    assert former is not None  # else there is nothing that could have moved
    if not former.address or not running.address:
        return replace(world, running=running)
    return replace(
        world,
        running=running,
        exchanges=with_address(world.exchanges, former.address, running.address),
        shown=with_address(world.shown, former.address, running.address),
    )


def moved_moment(moment: Moment, old: str, new: str) -> Moment:
    """What was told at a step, with the new address."""
    return replace(moment, events=with_address(moment.events, old, new), address=new)
