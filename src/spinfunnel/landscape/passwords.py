"""Passwords in what users type, which no output may show."""

from __future__ import annotations

import re

__all__ = ["passwords_of", "without_passwords"]

_IN_ADDRESS = re.compile(r"(\w:/{1,2}[^\s:/@]*):(\S*)@")
_AS_OPTION = re.compile(r"(password=)([^\s&'\"]*)", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """Return a text with the passwords of its URLs as three stars.

    Examples
    --------
    >>> without_passwords("judge sk --atlas postgresql://me:s3cret@host/maps?password=s3cret&port=1")
    'judge sk --atlas postgresql://me:***@host/maps?password=***&port=1'
    """
    return _AS_OPTION.sub(r"\1***", _IN_ADDRESS.sub(r"\1:***@", text))


def passwords_of(text: str) -> set[str]:
    """Passwords of the URLs in a text.

    Examples
    --------
    >>> passwords_of("postgresql://me:s3cret@host/maps")
    {'s3cret'}
    """
    found = (*_IN_ADDRESS.finditer(text), *_AS_OPTION.finditer(text))
    return {match.group(2) for match in found if match.group(2)}
