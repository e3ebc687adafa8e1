"""Nothing is done with any bytes: what Atheris takes for itself."""

from statsd_fuzz._driver import fuzz


def check(data: bytes) -> None:
    """Do nothing."""


if __name__ == "__main__":
    fuzz(check)
