"""Figures and sentences of a calibration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msmd.views.calibration_figures import FIGURES, bonds, ranks, scores, spectra, spread_and_error, temperatures
from msmd.views.calibration_words import verdict
from msmd.views.theme import how_to_read
from tests.views.calibrations import CALIBRATION, SPARSE

BANDS = ("0–50", "50–150")


@pytest.mark.parametrize(("title", "make"), FIGURES, ids=[title for title, _ in FIGURES])
def test_every_figure_names_its_axes_and_says_how_to_read_it(title, make):
    figure = make(CALIBRATION)
    assert figure.layout.xaxis.title.text
    assert " / " in figure.layout.yaxis.title.text
    assert how_to_read(figure).endswith(".")
    assert len({(trace.name, trace.line.color, trace.line.dash) for trace in figure.data}) == len(figure.data)


def test_spread_stands_beside_error_and_the_ratio_in_the_hover():
    error, spread = spread_and_error(CALIBRATION).data
    assert tuple(error.x) == tuple(spread.x) == BANDS
    assert tuple(error.y) == (0.1, 1.0)
    assert tuple(spread.y) == (0.2, 0.5)
    assert "2.00" in error.text[0]


def test_the_score_stands_beside_those_of_single_answers():
    members, forecast, structure = scores(CALIBRATION).data
    assert (members.y[1], forecast.y[1], structure.y[1]) == (0.5, 0.8, 2.0)


def test_spectra_stand_over_the_reference_where_there_are_any():
    reference, members, forecast = spectra(CALIBRATION).data
    assert (reference.name, members.name, forecast.name) == ("reference", "members", "forecast of least error")
    assert max(reference.y) > max(members.y) > max(forecast.y)
    assert spectra(replace(CALIBRATION, spectra={})) is None


def test_ranks_are_relative_to_level_ones():
    figure = ranks(CALIBRATION)
    assert [trace.name for trace in figure.data] == ["0–50 fs", "50–150 fs"]
    assert tuple(figure.data[0].y) == (1.5, 0.5, 0.5, 1.5)


def test_temperature_and_bonds_show_what_fades():
    reference, members, forecast = temperatures(CALIBRATION).data
    assert tuple(reference.y) == (350.0, 350.0)
    assert tuple(members.y) == (351.0, 351.0)
    assert tuple(forecast.y) == (340.0, 250.0)
    assert tuple(bonds(CALIBRATION).data[1].y) == (-0.1, -1.0)


def test_bands_without_samples_or_reference_are_left_out():
    assert tuple(spread_and_error(SPARSE).data[0].x) == ("50–150",)
    assert tuple(temperatures(SPARSE).data[0].x) == ("0–50",)


def test_the_verdict_is_of_the_last_band_and_mentions_the_first():
    spread, score, motion = verdict(CALIBRATION)
    assert "50–150 fs after the start the members are 0.5 Å apart and their mean is off by 1 Å" in spread
    assert "**too sure of themselves**; 0–50 fs after it they are too timid (2.00)." in spread
    assert "score 0.5 Å" in score
    assert "the cloud is worth more than either" in score
    assert "the molecule is 350 K warm and the members are 351 K" in motion
    assert "250 K left and looks frozen" in motion


def test_the_verdict_does_not_praise_a_cloud_that_is_worth_less():
    last = CALIBRATION.bands[1]
    poor = replace(last, all=replace(last.all, crps=2.5))
    assert "worth no more than either" in verdict(replace(CALIBRATION, bands=(poor,)))[1]
    between = replace(last, all=replace(last.all, crps=0.9))
    assert "worth more than the structure alone" in verdict(replace(CALIBRATION, bands=(between,)))[1]


def test_a_forecast_that_moves_on_is_not_called_frozen():
    last = CALIBRATION.bands[1]
    quick = replace(last, forecast=replace(last.forecast, temperature_kelvin=340.0))
    assert "340 K left and moves as fast" in verdict(replace(CALIBRATION, bands=(quick,)))[2]


def test_without_a_reference_s_temperature_the_motion_is_not_spoken_of():
    assert len(verdict(replace(SPARSE, bands=SPARSE.bands[1:]))) == 2
    assert "nothing to compare" in verdict(replace(SPARSE, bands=SPARSE.bands[:1]))[0]
