"""The page: its head, its parts in order, and the links to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files as resources

from sim2real.report.html import Html, code, join, paragraph, tag
from sim2real.report.run_files import RunFiles
from sim2real.report.sections.adaptation import adaptation
from sim2real.report.sections.comparison import comparison
from sim2real.report.sections.drawn_worlds import drawn_worlds
from sim2real.report.sections.elsewhere import elsewhere
from sim2real.report.sections.learning import learning
from sim2real.report.sections.limits import limits
from sim2real.report.sections.provenance import provenance
from sim2real.report.sections.robot_loop import robot_loop
from sim2real.report.sections.sensitivity import sensitivity
from sim2real.report.sections.summary import summary
from sim2real.report.sections.video import video


@dataclass(frozen=True)
class Part:
    """A section of the page."""

    anchor: str
    """What links call it."""
    heading: str
    content: Callable[[RunFiles], Html]

    def section(self, files: RunFiles) -> Html:
        """The section about a run."""
        return tag("section", tag("h2", self.heading), self.content(files), id=self.anchor)

    @property
    def link(self) -> Html:
        """A link to it."""
        return tag("a", self.anchor.capitalize(), href=f"#{self.anchor}")


PARTS = (
    Part("learning", "Learning", learning),
    Part("evaluation", "Seen and unseen worlds", comparison),
    Part("departures", "What each departure costs", elsewhere),
    Part("adaptation", "Adaptation within a trial", adaptation),
    Part("worlds", "The drawn worlds", drawn_worlds),
    Part("sensitivity", "What goes along with good and bad worlds", sensitivity),
    Part("video", "Video", video),
    Part("loop", "The control loop over ROS 2", robot_loop),
    Part("provenance", "Provenance", provenance),
    Part("limits", "Limits", limits),
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; media-src data:"
"""The page loads nothing from anywhere, and runs nothing."""


def page(files: RunFiles) -> Html:
    """The whole document."""
    style = Html(resources("sim2real.report").joinpath("style.css").read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", f"{files.record.task}: {files.name}"),
        tag("style", style),
    )
    header = tag(
        "header",
        paragraph(
            code(files.record.task), f" · seed {files.record.seed} · begun {files.record.started[:10]}", kind="note"
        ),
        tag("h1", files.name),
        summary(files),
    )
    links = tag("nav", *(part.link for part in PARTS), aria_label="Parts of the report")
    body = tag("body", tag("main", header, links, *(part.section(files) for part in PARTS)))
    return join(Html("<!doctype html>\n"), tag("html", head, body, lang="en"), Html("\n"))
