"""The policy at work, as a film."""

from __future__ import annotations

from base64 import b64encode

from sim2real.report.html import Html, instruction, tag
from sim2real.report.run_files import VIDEO, RunFiles


def video(files: RunFiles) -> Html:
    """The film itself, inside the page."""
    if files.video is None:
        return instruction("The policy has not been filmed.", files.command("play", "--video", str(files.path / VIDEO)))
    film = tag(
        "video",
        controls=True,
        loop=True,
        muted=True,
        playsinline=True,
        src=f"data:video/mp4;base64,{b64encode(files.video).decode()}",
        aria_label=f"The trained policy at work on {files.record.task}, in simulation",
    )
    caption = tag("figcaption", f"The trained policy at work on {files.record.task}, in simulation.")
    return tag("figure", film, caption, class_="film")
