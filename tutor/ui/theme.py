"""The two themes of the tutor. Styles refer to their ``$variables`` only."""

from __future__ import annotations

from textual.theme import Theme

DARK = "scratch-dark"
LIGHT = "scratch-light"

THEMES = (
    Theme(
        name=DARK,
        dark=True,
        primary="#6cb2f2",
        secondary="#93a4ba",
        accent="#eebb66",
        success="#83cc8f",
        warning="#eebb66",
        error="#f58a80",
        foreground="#d5dce5",
        background="#0f1319",
        surface="#151a22",
        panel="#1d2430",
        variables={
            "pane-border": "#303a48",
            "pane-border-focus": "#6cb2f2",
            "quiet": "#8492a6",
            "selection-line": "#2c4a68",
            "next-background": "#2b2417",
            "bar-large": "#5b84ad",
            "bar-final": "#83cc8f",
            "bar-rest": "#232b37",
            "scrollbar": "#303a48",
            "scrollbar-hover": "#45546a",
            "scrollbar-active": "#6cb2f2",
            "scrollbar-background": "#0f1319",
            "scrollbar-background-hover": "#151a22",
            "scrollbar-background-active": "#151a22",
            "scrollbar-corner-color": "#0f1319",
            "footer-background": "#0f1319",
            "footer-description-background": "#0f1319",
            "footer-key-foreground": "#eebb66",
            "footer-description-foreground": "#8492a6",
            "input-selection-background": "#6cb2f2 35%",
            "block-cursor-text-style": "none",
        },
    ),
    Theme(
        name=LIGHT,
        dark=False,
        primary="#0a5fae",
        secondary="#5b6776",
        accent="#8f5300",
        success="#1b7533",
        warning="#8f5300",
        error="#b8282a",
        foreground="#22272e",
        background="#fbfaf7",
        surface="#f4f2ec",
        panel="#e8e5db",
        variables={
            "pane-border": "#cbc6b8",
            "pane-border-focus": "#0a5fae",
            "quiet": "#626b77",
            "selection-line": "#c3d9ee",
            "next-background": "#f6ead3",
            "bar-large": "#6f96bd",
            "bar-final": "#3c9655",
            "bar-rest": "#e2ded3",
            "scrollbar": "#cbc6b8",
            "scrollbar-hover": "#a9a393",
            "scrollbar-active": "#0a5fae",
            "scrollbar-background": "#fbfaf7",
            "scrollbar-background-hover": "#f4f2ec",
            "scrollbar-background-active": "#f4f2ec",
            "scrollbar-corner-color": "#fbfaf7",
            "footer-background": "#fbfaf7",
            "footer-description-background": "#fbfaf7",
            "footer-key-foreground": "#8f5300",
            "footer-description-foreground": "#626b77",
            "input-selection-background": "#0a5fae 30%",
            "block-cursor-text-style": "none",
        },
    ),
)


def fallback_variables(theme: Theme) -> dict[str, str]:
    """Our own variables for a theme that does not know them: those of ours with the same brightness."""
    ours = THEMES[0] if theme.dark else THEMES[1]
    own = {"pane-border", "pane-border-focus", "quiet", "selection-line", "next-background"}
    own |= {"bar-large", "bar-final", "bar-rest"}
    return {name: value for name, value in ours.variables.items() if name in own}


def other(theme: str) -> str:
    """The theme that ``t`` changes to: light after any dark one, dark after light."""
    return DARK if theme == LIGHT or theme.endswith("-light") else LIGHT
