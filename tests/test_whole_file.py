"""A file is replaced when it is finished, and stays as it was when it is not."""

from pathlib import Path

import pytest

from msmd.whole_file import write_json, written_whole


def test_readers_see_the_old_file_until_the_new_one_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_json(path, {"unit": "Å"})
    old = path.read_text(encoding="utf-8")
    with written_whole(path) as partial:
        partial.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == old
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_text("old")
    with pytest.raises(OSError, match="disk"):
        _write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_was_deleted_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_json(tmp_path / "deleted" / "status.json", {})
    assert not list(tmp_path.iterdir())


def _write_half(path: Path) -> None:
    with written_whole(path) as partial:
        partial.write_text("half")
        raise OSError("no space left on this disk")
