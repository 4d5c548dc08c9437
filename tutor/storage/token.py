"""A word for each learner, so that a copied image tells where it comes from."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.core.store import ProgressStore

TOKEN_FILE = "token.txt"  # noqa: S105 - the name of a file
"""Where a lesson's workspace holds it, in lessons that come with such a file."""
_SETTING = "learner.token"


def learner_token(store: ProgressStore) -> str:
    """This learner's token, made once on this machine: twelve hexadecimal digits."""
    token = store.setting(_SETTING)
    if not token:
        token = secrets.token_hex(6)
        store.save_setting(_SETTING, token)
    return token
