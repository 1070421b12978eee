"""The command that prints a lesson: one page for students, or for their teacher."""

from pathlib import Path

import click

from mad_app.cli.options import Command, FileName, file_option
from mad_app.errors import ArgumentError
from mad_app.images import BUNDLED, DEFAULT_IMAGE, bundled_path, load_image
from mad_app.records.text import encodable

SIZE = 96
"""Longer side of the picture in pixels, as on the page."""

LONGEST_ADDRESS = 500
"""Characters; a phone reads no larger QR code from paper."""


@click.command(cls=Command)
@click.argument("name")
@file_option(".pdf")
@click.option("--teacher", is_flag=True, help="The teacher's copy, with answers and notes.")
@click.option(
    "--image", type=FileName(), default=DEFAULT_IMAGE, show_default=True, help="A file, or a bundled picture."
)
@click.option("--address", default="", help="Where the lesson is opened: printed, and as a QR code.")
def lesson(name: str, path: Path, teacher: bool, image: str, address: str) -> None:
    """Print a lesson on one page.

    NAME is that of a lesson in its address: mad, equal, lasi, lpips, numbers and others.
    """
    from mad_app.figures.export import save_as
    from mad_app.lessons.handout import make_handout

    if encodable(address) != address:
        raise ArgumentError("address", "must be text that a QR code can hold")
    if len(address) > LONGEST_ADDRESS:
        raise ArgumentError("address", f"must have at most {LONGEST_ADDRESS} characters, got {len(address)}")
    reference = load_image(bundled_path(image) if image in BUNDLED else image, size=SIZE)

    def content(_: str) -> bytes:
        return make_handout(name, reference, teacher=teacher, address=address)

    save_as(path, {".pdf": "pdf"}, content)
    click.echo(path)
