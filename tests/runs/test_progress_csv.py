from __future__ import annotations

from sim2real.runs.progress_csv import STEPS, ProgressCSV, read_progress


def write(path, rows: list[dict[str, float]], resumed_at: int = 0) -> None:
    progress = ProgressCSV(path, resumed_at)
    for row in rows:
        progress.write(row, {key: () for key in row})
    progress.close()


def test_rows_are_read_back_and_cells_that_were_not_written_left_out(tmp_path) -> None:
    rows = [{STEPS: 64.0, "loss": 0.125}, {STEPS: 128.0, "loss": -3e-17, "reward": 1 / 3}]
    write(tmp_path / "progress.csv", rows)
    assert read_progress(tmp_path / "progress.csv") == rows


def test_a_resumed_run_keeps_the_rows_up_to_its_checkpoint_and_writes_the_others_anew(tmp_path) -> None:
    path = tmp_path / "progress.csv"
    rows = [{STEPS: 64.0 * k, "loss": 1.0 / k} for k in range(1, 6)]
    write(path, rows)
    anew = [{STEPS: 64.0 * k, "loss": 7.0, "reward": 2.0} for k in (4, 5)]
    write(path, anew, resumed_at=192)
    assert read_progress(path) == rows[:3] + anew


def test_a_last_line_that_was_cut_off_anywhere_is_left_out(tmp_path) -> None:
    path = tmp_path / "progress.csv"
    rows = [{"loss": 0.5, STEPS: 64.0}, {"loss": -2.5e-05, STEPS: 128.0}]
    write(path, rows)
    text = path.read_text()
    assert read_progress(path) == rows
    second = text.index("\n", text.index("\n") + 1) + 1
    for end in range(second, len(text)):
        path.write_text(text[:end])
        assert read_progress(path) == rows[:1]
        write(path, [], resumed_at=128)
        assert read_progress(path) == rows[:1]


def test_an_empty_file_has_no_rows(tmp_path) -> None:
    (tmp_path / "progress.csv").touch()
    assert read_progress(tmp_path / "progress.csv") == []
