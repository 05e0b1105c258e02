"""How training went: metrics, return and reward terms over the steps."""

from __future__ import annotations

from sim2real.report.axis import Axis
from sim2real.report.html import Html, join, paragraph, tag
from sim2real.report.numbers import named, number, words
from sim2real.report.plot import Plot, grid, legend
from sim2real.report.progress import POINTS, Progress
from sim2real.report.run_files import RunFiles

RETURN = "return"


def learning(files: RunFiles) -> Html:
    """The metrics, the compared one first; the return and what else was logged of episodes; the reward terms."""
    progress = files.progress
    metrics = {} if files.evaluation is None else files.evaluation.metrics
    logged = progress.names("episode")
    order = [*metrics, RETURN, *logged]
    names = sorted(logged, key=order.index)
    main = [_curve(progress, f"episode/{name}", named(name, metrics.get(name, ""))) for name in names[:2]]
    rest = [_curve(progress, f"episode/{name}", named(name, metrics.get(name, "")), "small") for name in names[2:]]
    terms = [_curve(progress, f"reward/{name}", words(name), "small") for name in progress.names("reward")]
    averaged = f" Curves of more than {POINTS} iterations are averaged over neighbouring ones."
    return join(
        paragraph(
            "Means over the latest training episodes, which explore and whose worlds are drawn as configured; "
            "the evaluation below acts without exploring.",
            averaged if len(progress.rows) > POINTS else "",
        ),
        grid(main, "large") if main else "",
        grid(rest, "small") if rest else "",
        _beside(progress, metrics),
        tag("h3", "Reward terms, mean per control step") if terms else "",
        grid(terms, "small") if terms else "",
    )


def _beside(progress: Progress, metrics: dict[str, str]) -> Html:
    """What was measured in seen and held-out worlds while training went on, if it was."""
    both = [name for name in progress.names("seen") if name in progress.names("unseen")]
    if not both:
        return join()
    figures = []
    for name in both:
        series = {kind: progress.series(f"{kind}/{name}") for kind in ("seen", "unseen")}
        values = [series[kind][1] for kind in series]
        x = Axis.around([0.0, *(steps for steps, _ in series.values())], "control steps", 3, margin=0.0)
        plot = Plot(x, Axis.around(values, ticks=3))
        marks = [
            plot.line(*points, kind) if len(points[0]) > 1 else plot.dots(*points, kind)
            for kind, points in series.items()
        ]
        last = ", ".join(f"{kind} {number(points[1][-1])}" for kind, points in series.items())
        title = named(name, metrics.get(name, ""))
        figures.append(
            plot.figure(title, f"{title} over control steps; at the end {last}", *marks, note=last, kind="small")
        )
    return join(
        tag("h3", "The same worlds again and again, seen and held out"),
        legend([("seen", "training worlds"), ("unseen", "held-out worlds")]),
        grid(figures, "small"),
        paragraph("Where the two part, the policy over-fits its worlds.", kind="note"),
    )


def _curve(progress: Progress, column: str, title: str, kind: str = "large") -> Html:
    steps, values = progress.series(column)
    ticks = 3 if kind == "small" else 5
    x = Axis.around([0.0, steps], "control steps", ticks, margin=0.0)
    plot = Plot(x, Axis.around([values], ticks=ticks))
    last = number(values[-1]) if len(values) else "nothing"
    says = f"{title} over control steps; at the end {last}"
    marks = plot.line(steps, values, "seen") if len(values) > 1 else plot.dots(steps, values, "seen")
    return plot.figure(title, says, marks, note=f"at the end {last}", kind=kind)
