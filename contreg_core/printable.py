"""Text of files, names and models as a terminal may be given it."""

import re

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and new line, what turns the direction of writing, and bytes that are no UTF-8."""


def printable(text: str) -> str:
    r"""``text`` with what a terminal would obey, or cannot show, as JSON escapes it.

    >>> printable("a\x1b[31mb"), printable("brain_\udcff.nii"), printable("Gehirn λ")
    ('a\\u001b[31mb', 'brain_\\udcff.nii', 'Gehirn λ')
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
