"""What a case puts before every name that it sends, so that cases cannot meet."""

from typing import Final

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def token(run: str, number: int) -> bytes:
    """Return a case's own prefix: `q`, five letters or digits of the run, four of the case (base 36).

    Letters and digits in lower case only, so that no target changes or splits it (semantics, section 4.2).
    """
    digits = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return f"q{run}{digits}".encode()
