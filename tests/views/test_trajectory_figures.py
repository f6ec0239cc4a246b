"""Temperature and energy plots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.errors import ProtocolError
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory
from msmd.views.theme import how_to_read
from msmd.views.trajectory_figures import MOST_POINTS, energy_figure, temperature_figure

N_FRAMES = 5000


@pytest.fixture
def trajectory(random) -> Trajectory:
    energies = np.full(N_FRAMES, np.nan)
    energies[::5] = random.normal(size=N_FRAMES // 5) - 100
    return Trajectory(
        molecule=Molecule(name="H2", numbers=(1, 1), bonds=((0, 1),)),
        times_fs=4.0 * np.arange(N_FRAMES),
        positions=random.normal(size=(N_FRAMES, 2, 3)),
        velocities=0.01 * random.normal(size=(N_FRAMES, 2, 3)),
        energies=energies,
    )


def test_the_temperature_is_the_trajectory_s_in_picoseconds(trajectory):
    figure = temperature_figure(trajectory, target_kelvin=500.0)
    stride = -(-N_FRAMES // MOST_POINTS)
    assert np.allclose(figure.data[0].y, trajectory.kinetic_temperature()[::stride])
    assert figure.data[0].x[1] == pytest.approx(4.0 * stride / 1000)
    assert len(figure.data[0].x) <= MOST_POINTS
    assert "set to<br>500 K" in {note.text for note in figure.layout.annotations}


def test_a_setting_that_the_mean_equals_is_not_drawn_twice(trajectory):
    mean = float(trajectory.kinetic_temperature().mean())
    assert len(temperature_figure(trajectory, target_kelvin=mean).layout.annotations) == 1


def test_energies_count_from_the_lowest_and_unknown_ones_are_left_out(trajectory):
    figure = energy_figure(trajectory)
    assert np.isfinite(figure.data[0].y).all()
    assert figure.data[0].y.min() == 0
    assert len(figure.data[0].x) == N_FRAMES // 5


def test_no_energies_no_plot(trajectory):
    with pytest.raises(ProtocolError, match="needs energies"):
        energy_figure(replace(trajectory, energies=None))


@pytest.mark.parametrize(("make", "unit"), [(temperature_figure, "/ K"), (energy_figure, "/ kcal/mol")])
def test_axes_have_units_and_the_figure_says_how_to_read_it(trajectory, make, unit):
    figure = make(trajectory)
    assert figure.layout.yaxis.title.text.endswith(unit)
    assert figure.layout.xaxis.title.text == "time / ps"
    assert how_to_read(figure).endswith(".")
