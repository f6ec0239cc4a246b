"""Opening files: what can be read is shown, what cannot is told in a sentence."""

from __future__ import annotations

import io

import numpy as np
import pytest

from msmd.app import train_choice
from msmd.app.forecast_run import RIVALS
from msmd.app.opening import read_bytes
from msmd.errors import DataError
from msmd.forecasters import FORECASTERS
from tests.app.conftest import final_distances, first_card, said, scores, settle


def opened(app, name: str, content: bytes):
    """The app after a file was dropped on it."""
    app.file_uploader(key="file").set_value((name, content, "application/octet-stream"))
    return app.run()


def md17_npz(n_frames: int = 40, n_atoms: int = 3) -> bytes:
    """A vibrating water-like molecule in MD17's format, without forces."""
    times = 0.5 * np.arange(n_frames)
    rest = np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])[:n_atoms]
    motion = 1 + 0.02 * np.sin(2 * np.pi * times / 10)
    buffer = io.BytesIO()
    np.savez(buffer, R=rest * motion[:, None, None], z=np.array([8, 1, 1])[:n_atoms], dt_fs=np.array(0.5))
    return buffer.getvalue()


def test_a_molecule_of_no_registry_is_shown_on_every_page(open_app):
    app = opened(open_app("molecule"), "water.npz", md17_npz())
    assert not app.exception
    assert app.selectbox(key="molecule").value == "file"
    assert scores(app)["Atoms"] == 3
    for page in ("modes", "forecast", "molecule"):
        app.switch_page(f"msmd/app/screens/{page}.py").run()
        settle(app)
        assert not app.exception, page
        assert app.selectbox(key="molecule").value == "file"


def test_a_file_stays_open_while_the_ablations_are_looked_at(open_app):
    """That page has tables of the ten molecules only."""
    app = opened(open_app("molecule"), "water.npz", md17_npz())
    app.switch_page("msmd/app/screens/ablations.py").run()
    assert app.selectbox(key="molecule").value == "ethanol"
    assert not app.info
    app.switch_page("msmd/app/screens/molecule.py").run()
    assert app.selectbox(key="molecule").value == "file"


def test_the_first_forecast_of_an_opened_file_moves(open_app):
    app = settle(opened(open_app(), "water.npz", md17_npz(4000)))
    assert app.selectbox(key="forecaster").value == "normal-modes"
    assert not said(app.error)
    short = settle(opened(open_app(), "water.npz", md17_npz(40)))
    assert short.selectbox(key="forecaster").value == "persistence", "forty frames are too few to fit anything on"
    assert not said(short.error)


def test_a_broken_file_gives_a_sentence_and_keeps_the_page(open_app):
    app = opened(open_app("molecule"), "broken.npz", b"PK not really")
    assert not app.exception
    assert any("broken.npz" in text for text in said(app.error))
    assert app.selectbox(key="molecule").value == "ethanol"
    app.run()
    assert any("broken.npz" in text for text in said(app.error)), "the sentence stays until another file is opened"


def test_a_file_without_times_asks_for_them(open_app):
    text = "".join(f"2\n\nH 0 0 {0.001 * k}\nH 0 0 0.74\n" for k in range(20))
    app = opened(open_app("molecule"), "hydrogen.xyz", text.encode())
    assert any("time between its frames" in text for text in said(app.error))
    app.number_input(key="dt_fs").set_value(0.5).run()
    assert not said(app.error)
    assert app.selectbox(key="molecule").value == "file"


def test_too_many_atoms_are_refused():
    with pytest.raises(DataError, match="501 atoms"):
        read_bytes("big.xyz", ("501\n\n" + "He 0 0 0\n" * 501).encode())


def test_equal_bytes_have_equal_digests_unless_the_time_step_differs():
    content = b"2\n\nH 0 0 0\nH 0 0 0.74\n2\n\nH 0 0 0\nH 0 0 0.75\n"
    first, second = (read_bytes("a.xyz", content, dt).digest for dt in (0.5, 1.0))
    assert first == read_bytes("b.xyz", content, 0.5).digest
    assert first != second


@pytest.mark.real_data
def test_real_ethanol_plays_against_every_forecaster(open_app, real_data):
    content = (real_data / "md17_ethanol.npz").read_bytes()
    app = settle(opened(open_app(), "md17_ethanol.npz", content))
    assert first_card(app) == "Spectral ODE"
    assert any("learned other frames of the same MD17 trajectory" in text for text in said(app.caption))
    assert any("not on your file" in text for text in said(app.caption))
    baselines = [card for card in FORECASTERS if card.needs != "training"]
    assert len(baselines) > len(RIVALS)
    for card in baselines:
        app.selectbox(key="forecaster").select(card.name).run()
        assert first_card(settle(app)) == card.title
        assert not app.exception
        assert not said(app.error)


@pytest.mark.real_data
def test_frames_drawn_at_random_can_be_forecast_too(open_app, real_data):
    content = (real_data / "rmd17_naphthalene.npz").read_bytes()
    app = settle(opened(open_app(), "rmd17_naphthalene.npz", content))
    assert not app.exception
    assert not said(app.error)
    assert final_distances(app)["Persistence"] > 0
    assert any("learned other frames of the same MD17 trajectory" in text for text in said(app.caption))


def test_training_on_a_file_gets_the_time_step_that_was_given_for_it(open_app, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(train_choice, "start_job", lambda *args, **kwargs: asked.append((args, kwargs)) or tmp_path)
    text = "".join(f"2\n\nC 0 0 0\nO 0 0 {1.13 + 0.02 * np.sin(k / 3):.5f}\n" for k in range(3000))
    app = opened(open_app("train", trainee="egnn"), "carbon-monoxide.xyz", text.encode())
    app.number_input(key="dt_fs").set_value(0.5).run()
    app = settle(app)
    next(button for button in app.button if button.label == "Start training").click().run()
    (_, spec, _), given = asked[0]
    assert spec.arguments()[:2] == ["--data", "carbon-monoxide.xyz"]
    assert spec.arguments()[spec.arguments().index("--dt-fs") + 1] == "0.5"
    assert given["data"] == text.encode()
