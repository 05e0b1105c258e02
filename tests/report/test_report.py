import base64
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sim2real.errors import UserError
from sim2real.report import write_report

VOID = {"meta", "path"}
SECTIONS = (
    *("learning", "evaluation", "departures", "adaptation", "worlds", "sensitivity"),
    *("video", "loop", "provenance", "limits"),
)


class Page(HTMLParser):
    """Reads a page and refuses what is not well formed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self._section = "top"
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"repeated attribute in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "section":
            self._section = "top"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.sections[self._section] = self.sections.get(self._section, "") + data

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


def shown(value: float, decimals: int = 3) -> str:
    """As the page writes numbers."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(load(path) | values))


def test_a_complete_run_fills_every_section(run: Path) -> None:
    page = Page(write_report(run))
    assert tuple(page.sections)[1:] == SECTIONS
    assert "Make it with" not in page.source
    assert [href.removeprefix("#") for href in page.values("href")] == list(SECTIONS)
    assert page.source.count("<svg") > 30


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(run: Path) -> None:
    page = Page(write_report(run))
    assert not re.search(r"https?:|//[a-z]|url\(|@import", page.source.replace(page.values("src")[0], ""))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "img"})
    assert all(value.startswith("data:") for value in page.values("src"))
    assert len(page.source) < 3_000_000


def test_the_summary_says_the_key_number_with_its_interval_and_the_baselines(run: Path) -> None:
    top = Page(write_report(run)).sections["top"]
    of = {
        (r["policy"], r["worlds_kind"]): r["metrics"]["rotation_rate"] for r in load(run / "evaluation.json")["results"]
    }
    key = of["trained", "unseen"]
    assert (
        f"a rotation rate of {shown(key['mean'])} rad/s (95 % interval {shown(key['low'])} to {shown(key['high'])})"
        in top
    )
    for policy in ("zero", "random"):
        assert f"{shown(of[policy, 'unseen']['mean'])} rad/s" in top
    assert "clearly less" in top


def test_a_policy_that_does_not_beat_the_baselines_is_not_praised(run: Path) -> None:
    evaluation = load(run / "evaluation.json")
    zero = next(r for r in evaluation["results"] if (r["policy"], r["worlds_kind"]) == ("zero", "unseen"))
    trained = next(r for r in evaluation["results"] if (r["policy"], r["worlds_kind"]) == ("trained", "unseen"))
    trained["metrics"] = zero["metrics"]
    change(run / "evaluation.json", **evaluation)
    assert "neither clearly more nor less" in Page(write_report(run)).sections["top"]


def test_the_table_shows_every_number_of_the_evaluation(run: Path) -> None:
    table, results = Page(write_report(run)).sections["evaluation"], load(run / "evaluation.json")["results"]
    for name in ("rotation_rate", "drop", "seconds"):
        intervals = [[r["metrics"][name][end] for end in ("mean", "low", "high")] for r in results]
        decimals = 2 - math.floor(math.log10(np.abs(intervals).max()))
        for mean, low, high in intervals:
            assert f"{shown(mean, decimals)} [{shown(low, decimals)}, {shown(high, decimals)}]" in table
    assert "3 of 96" in table


def test_departures_stand_beside_the_seen_worlds_lowest_first(run: Path) -> None:
    evaluation = load(run / "evaluation.json")
    told = Page(write_report(run)).sections["departures"]
    rows = [r for r in (*evaluation["results"], *evaluation["elsewhere"]) if r["policy"] == "trained"]
    rows = [r for r in rows if r["worlds_kind"] != "nominal"]
    names = {"unseen cube_mass": "cube mass", "dactyl2018": "dactyl2018", "unseen": "all unseen", "seen": "seen"}
    labels = re.findall("cube mass|dactyl2018|all unseen|seen", told.partition("Lowest first.")[2])
    lowest_first = sorted(rows, key=lambda r: r["metrics"]["rotation_rate"]["mean"])
    assert labels[:4] == [names[r["worlds_kind"]] for r in lowest_first]


def test_adaptation_tells_the_first_and_the_last_episode(run: Path) -> None:
    told = Page(write_report(run)).sections["adaptation"]
    for result in load(run / "evaluation.json")["results"]:
        if result["policy"] == "trained" and result["worlds_kind"] != "nominal":
            first, *_, last = (shown(i["mean"]) for i in result["by_episode"]["rotation_rate"])
            assert f"In {result['worlds_kind']} worlds the first episode reaches {first} rad/s" in told
            assert f"the last {last} rad/s" in told


def test_elements_of_a_term_share_one_histogram(run: Path) -> None:
    worlds = Page(write_report(run)).sections["worlds"]
    assert worlds.count("joint limits [rad]") == 1
    assert "32 parameters together" in worlds
    assert "push acceleration [m/s²]" in worlds


def test_the_loop_shows_times_incidents_and_the_twin(run: Path) -> None:
    loop, deploy = Page(write_report(run)).sections["loop"], load(run / "deploy.json")
    for percentile in ("p50", "p95", "p99", "max"):
        assert shown(1e3 * deploy["period"][percentile], 1) in loop
        assert shown(1e3 * deploy["latency"][percentile], 2) in loop
    assert "31 of 7,040" in loop and "118 of 7,040" in loop
    assert "rotation rate 0.734 rad/s, 1 drop." in loop
    assert "th_dip [rad]" in loop


def test_a_fault_is_told(run: Path) -> None:
    change(run / "deploy.json", ended="fault", fault="if_mcp: no state for 0.25 s", twin=None)
    page = Page(write_report(run))
    assert "It ended with a fault: if_mcp: no state for 0.25 s." in page.sections["loop"]
    assert "a robot that the file does not describe" in page.sections["limits"]


def test_provenance_holds_seeds_versions_commands_and_configuration(run: Path) -> None:
    told = Page(write_report(run)).sections["provenance"]
    for expected in (
        "0123456789abcdef",
        "3.12.0",
        "learning_rate",
        "0.0005",
        "sim2real evaluate runs/first --n 40",
    ):
        assert expected in told


def test_a_policy_of_the_nominal_world_is_not_said_to_know_the_seen_ones(run: Path) -> None:
    (run / "config.yaml").write_text("nominal: true\n")
    page = Page(write_report(run))
    assert "drawn as in training" not in page.sections["top"]
    assert "trained in the nominal world alone" in page.sections["evaluation"]


def test_the_video_is_inside_the_page(run: Path) -> None:
    source = Page(write_report(run)).values("src")
    assert [base64.b64decode(s.removeprefix("data:video/mp4;base64,")) for s in source] == [
        (run / "video.mp4").read_bytes()
    ]


@pytest.mark.parametrize(
    ("file", "sections", "command"),
    [
        (
            "evaluation.json",
            ("top", "evaluation", "departures", "adaptation", "worlds", "sensitivity"),
            "sim2real evaluate",
        ),
        ("deploy.json", ("loop",), "sim2real deploy"),
        ("video.mp4", ("video",), "sim2real play"),
    ],
)
def test_what_is_missing_says_the_command_that_makes_it(
    run: Path, file: str, sections: tuple[str, ...], command: str
) -> None:
    (run / file).unlink()
    page = Page(write_report(run))
    assert {name for name, text in page.sections.items() if "Make it with" in text} == set(sections)
    for name in sections:
        assert command in page.sections[name] and str(run) in page.sections[name]


def test_untrained_policies_alone_are_shown(run: Path) -> None:
    evaluation = load(run / "evaluation.json")
    change(run / "evaluation.json", results=[r for r in evaluation["results"] if r["policy"] != "trained"])
    page = Page(write_report(run))
    assert "random" in page.sections["evaluation"]
    assert "sim2real evaluate" in page.sections["top"]


def test_a_loop_without_a_log_shows_its_numbers(run: Path) -> None:
    deploy = load(run / "deploy.json")
    del deploy["log"]
    (run / "deploy.json").write_text(json.dumps(deploy))
    loop = Page(write_report(run)).sections["loop"]
    assert "31 of 7,040" in loop and "no log" in loop


def test_one_iteration_is_enough(run: Path) -> None:
    (run / "progress.csv").write_text("episode/return,time/total_timesteps\n1.5,8192\n")
    page = Page(write_report(run))
    assert "8.19 k" in page.sections["top"]
    assert "at the end 1.5" in page.sections["learning"]


def test_hostile_names_stay_text(run: Path) -> None:
    evil = "<script>alert(1)</script>\"'&<b onload=x>\ud800"
    change(run / "run.json", task=evil, versions={evil: evil}, git=evil, started=evil)
    (run / "config.yaml").write_text(json.dumps({evil.rstrip("\ud800"): evil.rstrip("\ud800")}))
    (run / "worlds.yaml").write_text(evil.rstrip("\ud800"))
    for file, names in (
        ("evaluation.json", ("rotation_rate", "random", "cube_mass", "m/s^2", "rad/s")),
        ("deploy.json", ("th_dip", "completed", "cube_size", "rotation_rate", "rad/s")),
    ):
        text = (run / file).read_text()
        for name in names:
            text = text.replace(f'"{name}"', json.dumps(evil + name))
        (run / file).write_text(text)
    page = Page(write_report(run))
    assert not {"script", "b"} & {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert page.sections["evaluation"].count("<script>alert(1)</script>") >= 3


def test_the_same_files_give_the_same_page(run: Path, tmp_path: Path) -> None:
    first = write_report(run).read_bytes()
    elsewhere = tmp_path / "new" / "page.html"
    assert write_report(run, elsewhere) == elsewhere
    assert elsewhere.read_bytes() == first
    assert sorted(path.name for path in elsewhere.parent.iterdir()) == ["page.html"]


def test_a_place_that_cannot_be_written_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*first: .*"):
        write_report(run, run)
