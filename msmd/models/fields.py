"""Every force field that a SpectralODE can have, by its name in a config."""

from __future__ import annotations

from msmd.models.body_fields import BodyFrameField, SeparableField
from msmd.models.modal_field import ForceField, ModalField

FIELDS: dict[str, type[ForceField]] = {
    "pairs": ModalField,
    "body-frame": BodyFrameField,
    "separable": SeparableField,
}
"""``"pairs"`` is the model; the others are its ablations."""
