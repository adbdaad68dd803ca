"""How the plugin's hooks are marked, in the form that pytest 7 knows, too."""

from typing import Any, Callable, TypeVar

import pytest

Hook = TypeVar("Hook", bound=Callable[..., Any])


def first(hook: Hook) -> Hook:
    """Before other plugins'."""
    marked: Hook = pytest.hookimpl(tryfirst=True)(hook)
    return marked


def around(hook: Hook) -> Hook:
    """Around the others."""
    marked: Hook = pytest.hookimpl(hookwrapper=True, tryfirst=True)(hook)
    return marked


def optional(hook: Hook) -> Hook:
    """Of another plugin, which may not be there."""
    marked: Hook = pytest.hookimpl(optionalhook=True)(hook)
    return marked
