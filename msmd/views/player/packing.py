"""The player's one buffer: a JSON header, then int16 coordinates and amplitudes, float64 times, float32 curves.

Layout, little endian: ``b"MSP1"``, the length of the header as uint32, the header padded with spaces to a
multiple of 8 bytes, then the arrays, each starting at a multiple of 8 bytes so that the browser can lay a typed
array over it without copying.  The header says for every array its dtype, shape, offset and, for int16, its
``scale`` and ``origin``: ``value = origin + scale · integer``.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from msmd.errors import DataError
from msmd.views.player.scene import Scene, Series, Track

MAGIC = b"MSP1"
ALIGNMENT = 8  # bytes; the widest element is a float64
COORDINATE_STEP = 1e-3  # Å; rounding by 0.5e-3 Å is a thousandth of a bond, a tenth of a pixel at full zoom
INT16_MAX = 32767


def pack(scene: Scene) -> bytes:
    """The scene as one buffer for the browser.

    Coordinates are rounded to 1e-3 Å about the middle of their track; a track that spans more than 65 Å (a molecule
    that drifts away) gets the step that its span needs.

    >>> track = Track(name="reference", positions=np.zeros((2, 1, 3)))
    >>> scene = Scene(numbers=(2,), bonds=(), times_fs=np.array([0.0, 0.5]), tracks=(track,))
    >>> unpack(pack(scene)).n_frames
    2
    """
    blocks = _Blocks()
    header = {
        "title": scene.title,
        "symbols": scene.symbols,
        "numbers": scene.numbers,
        "bonds": scene.bonds,
        "view": initial_rotation(scene.tracks[0].positions[0]),
        "times": blocks.add(np.asarray(scene.times_fs, dtype="<f8")),
        "tracks": [_pack_track(track, blocks) for track in scene.tracks],
        "series": [
            {"label": s.label, "unit": s.unit, "values": blocks.add(np.asarray(s.values, dtype="<f4"))}
            for s in scene.series
        ],
    }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain).encode()
    text = _padded(text, offset=len(MAGIC) + 4, fill=b" ")
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, *blocks.parts])


def unpack(buffer: bytes) -> Scene:
    """The scene that :func:`pack` wrote, as the browser sees it: rounded coordinates, float32 curves.

    Raises:
        DataError: when the buffer is not one of ours or ends early.
    """
    if buffer[: len(MAGIC)] != MAGIC:
        raise DataError(f"The buffer starts with {buffer[:4]!r}; expected {MAGIC!r}, a scene packed for the player.")
    (length,) = struct.unpack_from("<I", buffer, len(MAGIC))
    start = len(MAGIC) + 4 + length
    header = json.loads(buffer[len(MAGIC) + 4 : start])
    return Scene(
        numbers=tuple(header["numbers"]),
        bonds=tuple((i, j) for i, j in header["bonds"]),
        times_fs=_read(buffer, start, header["times"]),
        tracks=tuple(_unpack_track(track, buffer, start) for track in header["tracks"]),
        series=tuple(
            Series(label=s["label"], unit=s["unit"], values=_read(buffer, start, s["values"])) for s in header["series"]
        ),
        title=header["title"],
    )


def initial_rotation(frame: Float[np.ndarray, "atoms 3"]) -> tuple[float, float, float, float]:
    """Quaternion (x, y, z, w) that turns the molecule's widest plane towards the viewer, its long axis level.

    A flat molecule is then seen face on, where the file may have it edge on.
    """
    centred = np.asarray(frame, dtype=float) - np.mean(frame, axis=0)
    axes = np.linalg.svd(np.vstack([centred, np.zeros((3, 3))]), full_matrices=False)[2]
    axes[2] = np.cross(axes[0], axes[1])
    # Rows of a rotation matrix are the body axes that end up along x, y, z; from matrix to quaternion by the
    # eigenvector of the largest eigenvalue (Bar-Itzhack 2000), which has no special cases near a half turn.
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = axes
    k = np.array([
        [xx - yy - zz, xy + yx, xz + zx, zy - yz],
        [xy + yx, yy - xx - zz, yz + zy, xz - zx],
        [xz + zx, yz + zy, zz - xx - yy, yx - xy],
        [zy - yz, xz - zx, yx - xy, xx + yy + zz],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(k)[1][:, -1]
    return float(x), float(y), float(z), float(w)


@dataclass
class _Blocks:
    """The arrays behind the header, each padded to the alignment."""

    parts: list[bytes] = field(default_factory=list)
    length: int = 0

    def add(self, values: np.ndarray, **scaling: Any) -> dict[str, Any]:
        data = _padded(np.ascontiguousarray(values).tobytes())
        entry = {"dtype": values.dtype.str[1:], "shape": values.shape, "offset": self.length, **scaling}
        self.parts.append(data)
        self.length += len(data)
        return entry

    def add_scaled(self, values: np.ndarray, *, step: float = 0.0, origin: tuple[float, ...] = ()) -> dict[str, Any]:
        """As int16: ``origin + scale · integer``, the scale at least ``step`` and wide enough for the largest value."""
        offsets = np.asarray(values, dtype=float) - (np.array(origin) if origin else 0.0)
        scale = max(step, float(np.max(np.abs(offsets), initial=0.0)) / INT16_MAX) or 1.0
        return self.add(np.rint(offsets / scale).astype("<i2"), scale=scale, origin=origin)


def _pack_track(track: Track, blocks: _Blocks) -> dict[str, Any]:
    flat = np.asarray(track.positions, dtype=float).reshape(-1, 3)
    middle = tuple((flat.min(axis=0) + flat.max(axis=0)) / 2)
    entry: dict[str, Any] = {
        "name": track.name,
        "role": track.role,
        "positions": blocks.add_scaled(track.positions, step=COORDINATE_STEP, origin=middle),
    }
    if track.scalars is not None:
        entry |= {"scalars": blocks.add_scaled(track.scalars), "scalarLabel": track.scalar_label}
        entry["scalarRange"] = track.color_range
    if track.arrows is not None:
        entry |= {"arrows": blocks.add_scaled(track.arrows), "arrowLabel": track.arrow_label}
    return entry


def _unpack_track(entry: dict[str, Any], buffer: bytes, start: int) -> Track:
    scalars, arrows = entry.get("scalars"), entry.get("arrows")
    return Track(
        name=entry["name"],
        role=entry["role"],
        positions=_read(buffer, start, entry["positions"]),
        scalars=None if scalars is None else _read(buffer, start, scalars),
        scalar_label=entry.get("scalarLabel", ""),
        scalar_range=None if scalars is None else tuple(entry["scalarRange"]),
        arrows=None if arrows is None else _read(buffer, start, arrows),
        arrow_label=entry.get("arrowLabel", ""),
    )


def _read(buffer: bytes, start: int, entry: dict[str, Any]) -> np.ndarray:
    count = int(np.prod(entry["shape"]))
    offset = start + entry["offset"]
    dtype = np.dtype("<" + entry["dtype"])
    if offset + count * dtype.itemsize > len(buffer):
        raise DataError(f"The packed scene ends at byte {len(buffer)}; an array in it needs more. It was cut short.")
    values = np.frombuffer(buffer, dtype, count, offset).reshape(entry["shape"]).astype(float)
    if "scale" not in entry:
        return values
    return values * entry["scale"] + (np.array(entry["origin"]) if entry["origin"] else 0.0)


def _padded(data: bytes, *, offset: int = 0, fill: bytes = b"\0") -> bytes:
    return data + fill * (-(offset + len(data)) % ALIGNMENT)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in the header of a packed scene.")
