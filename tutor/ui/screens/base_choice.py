"""A base image is missing: load it from the class kit, pull it, make a stand-in, or not now."""

from __future__ import annotations

from textual.content import Content

from tutor.core.base import BasePlan
from tutor.ui.present import megabytes
from tutor.ui.screens.dialog import Dialog

KIT = "kit"
PULL = "pull"
STAND_IN = "stand-in"


def plan_content(plan: BasePlan) -> Content:
    """What can be done, and what a stand-in is."""
    parts: list[tuple[str, str] | str] = [
        ("The build starts from ", ""),
        (plan.reference, "bold"),
        ", which is not on this machine yet.",
    ]
    if plan.kit_bytes is not None:
        parts += [
            ("\n\n● Load it from the class kit. ", "bold"),
            f"The real image, {megabytes(plan.kit_bytes)}, as it was imported here; no network is needed.",
        ]
    if plan.pull_bytes is not None:
        parts += [
            ("\n\n● Pull it. ", "bold"),
            f"Downloads {megabytes(plan.pull_bytes)} from its registry, once.",
        ]
    else:
        why = plan.registry_error.strip().rstrip(".") or "no registry answers"
        parts += [("\n\n○ It cannot be pulled: ", "bold"), f"{why}."]
    if plan.stand_in:
        parts += [
            ("\n\n● Make a stand-in. ", "bold"),
            "An image under the same name, made on this machine from the same Go release and a static ",
            "busybox. Your builds come out the same in kind and nearly the same in size. It carries a ",
            "label, is marked wherever its size is shown, and fromscratch clean removes it. ",
            "It never takes the place of a real image.",
        ]
    else:
        parts += [
            ("\n\n○ No stand-in can be made here: ", "bold"),
            plan.stand_in_note.strip() or "parts are missing.",
        ]
    if plan.stand_in and plan.stand_in_note:
        parts.append((f"\n\n{plan.stand_in_note.strip()}", "$quiet"))
    return Content.assemble(*parts)


class BaseChoiceScreen(Dialog):
    """Answers :data:`KIT`, :data:`PULL`, :data:`STAND_IN`, or anything else for not now."""

    def __init__(self, plan: BasePlan) -> None:
        buttons = []
        if plan.kit_bytes is not None:
            buttons.append((KIT, "Load from kit"))
        if plan.pull_bytes is not None:
            buttons.append((PULL, f"Pull {megabytes(plan.pull_bytes)}"))
        if plan.stand_in:
            buttons.append((STAND_IN, "Make stand-in"))
        buttons.append(("later", "Not now"))
        super().__init__("A base image is needed", plan_content(plan), buttons)
