"""What a calibration says, in sentences."""

from __future__ import annotations

from msmd.metrics.calibration import BandCalibration, Calibration, Scores

FROZEN = 0.9
"""Part of the reference's temperature below which a forecast visibly moves less."""

HONEST = (0.8, 1.25)
"""Ratios of spread to error that a few dozen windows cannot tell from 1."""


def verdict(found: Calibration) -> tuple[str, ...]:
    """Up to three sentences, of the latest band with scores, all atoms: is the spread honest, what is the ensemble
    worth, does it move.

    They are Markdown, lengths in Å.
    """
    scored = [band for band in found.bands if band.all is not None]
    if not scored:
        return ("No target time lies in any band of the horizon, so that there is nothing to compare.",)
    first, last = scored[0], scored[-1]
    sentences = [_spread_sentence(first, last), _score_sentence(last, last.all)]
    moving = [band for band in found.bands if band.members is not None and band.temperature_kelvin is not None]
    if moving:
        sentences.append(_motion_sentence(moving[-1]))
    return tuple(sentences)


def judgement(ratio: float) -> str:
    """What a ratio of spread to error says of the members.

    >>> judgement(0.5), judgement(1.1), judgement(2.0)
    ('too sure of themselves', 'honest', 'too timid')
    """
    if ratio < HONEST[0]:
        return "too sure of themselves"
    return "honest" if ratio <= HONEST[1] else "too timid"


def _spread_sentence(first: BandCalibration, last: BandCalibration) -> str:
    late, early = last.all, first.all
    sentence = (
        f"**Spread.** {_say(last)} after the start the members are {late.spread:.2g} Å apart and their mean is off by "
        f"{late.error:.2g} Å, a ratio of {late.ratio:.2f}: they are **{judgement(late.ratio)}**"
    )
    if first is last:
        return sentence + "."
    also = "also " if judgement(early.ratio) == judgement(late.ratio) else ""
    return f"{sentence}; {_say(first)} after it they are {also}{judgement(early.ratio)} ({early.ratio:.2f})."


def _score_sentence(band: BandCalibration, scores: Scores) -> str:
    beats_forecast, beats_structure = scores.crps < scores.forecast_error, scores.crps < scores.structure_error
    if beats_forecast == beats_structure:
        worth = "worth more than either" if beats_forecast else "worth no more than either"
    else:
        worth = f"worth more than the {'forecast' if beats_forecast else 'structure'} alone"
    return (
        f"**Score.** As a cloud of answers they score {scores.crps:.2g} Å there (CRPS, lower is better). A single "
        f"answer scores {scores.forecast_error:.2g} Å as the forecast of least error and "
        f"{scores.structure_error:.2g} Å as the aligned mean structure: the cloud is {worth}."
    )


def _motion_sentence(band: BandCalibration) -> str:
    words = (
        f"**Motion.** {_say(band)} after the start the molecule is {band.temperature_kelvin:.0f} K warm and the "
        f"members are {band.members.temperature_kelvin:.0f} K"
    )
    if band.forecast is None:
        return words + "."
    left = band.forecast.temperature_kelvin
    if left is None:
        return words + "."
    seen = "looks frozen" if left < FROZEN * band.temperature_kelvin else "moves as fast"
    return f"{words}; the forecast of least error has {left:.0f} K left and {seen}."


def _say(band: BandCalibration) -> str:
    return f"{band.from_fs:g}–{band.to_fs:g} fs"
