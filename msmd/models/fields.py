"""Every force field that a SpectralODE can have, by its name in a config."""

from __future__ import annotations

from typing import Literal

from msmd.models.body_fields import BodyFrameField, SeparableField
from msmd.models.modal_field import ForceField, ModalField

FieldName = Literal["pairs", "body-frame", "separable"]

FIELDS: dict[str, type[ForceField]] = {
    "pairs": ModalField,
    "body-frame": BodyFrameField,
    "separable": SeparableField,
}
"""``"pairs"`` is the model; the others are its ablations."""
