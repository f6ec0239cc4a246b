"""The units of the project and the constants that tie them together.

Length Å, time fs, velocity Å/fs, mass u, energy kcal/mol, force kcal/mol/Å,
temperature K, frequency cm⁻¹.  Constants are the CODATA 2018 values.
"""

from __future__ import annotations

KCAL_PER_MOL_PER_ANGSTROM_PER_U = 4.184e-4
"""Acceleration in Å/fs² of 1 u under 1 kcal/mol/Å (exact: 1 kcal = 4184 J)."""

BOLTZMANN_KCAL_PER_MOL_PER_KELVIN = 1.987204259e-3
"""Boltzmann's constant times Avogadro's number, kcal/mol/K."""

KJ_PER_KCAL = 4.184
ANGSTROM_PER_BOHR = 0.529177210903
KCAL_PER_MOL_PER_HARTREE = 627.5094740631
KCAL_PER_MOL_PER_EV = 23.060547830619

WAVENUMBER_PER_INVERSE_FS = 33356.40951981521
"""A frequency of 1 cycle/fs in cm⁻¹ (1e15 Hz over the speed of light in cm/s)."""

ASE_FS = 0.09822694788464063
"""One femtosecond in ASE's unit of time, Å·sqrt(u/eV)."""
