"""A new file that is written whole, or not at all."""

from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is not there yet; where that fails, nothing of it is left.

    Raises:
        FileExistsError: it is there already, and stays as it is.
        OSError: it cannot be written.
    """
    file = path.open("xb")
    try:
        with file:
            file.write(data)
    except BaseException:
        # A half of an input is another input, which nobody made.
        path.unlink()
        raise
