"""What the app remembers of checkpoints ends when they are replaced."""

from __future__ import annotations

import os

from msmd.app import cache


def test_a_checkpoint_that_was_replaced_is_forecast_with_anew(tmp_path, monkeypatch):
    card = tmp_path / "card.json"
    monkeypatch.setattr(cache, "checkpoint_folder", lambda *asked: tmp_path)
    forgotten = []
    monkeypatch.setattr(cache, "forget_forecasters", lambda: forgotten.append(True))
    cache.forget_replaced("egnn", "ethanol", "gfn2")  # there is none yet
    card.write_text("{}", encoding="utf-8")
    for _ in range(2):
        cache.forget_replaced("egnn", "ethanol", "gfn2")
    assert not forgotten
    os.utime(card, ns=(1, 1))
    for _ in range(2):
        cache.forget_replaced("egnn", "ethanol", "gfn2")
    assert forgotten == [True]
    nearer = tmp_path / "nearer"  # one that learned these very data appears beside the one that stood in for it
    nearer.mkdir()
    (nearer / "card.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(cache, "checkpoint_folder", lambda *asked: nearer)
    for _ in range(2):
        cache.forget_replaced("egnn", "ethanol", "gfn2")
    assert forgotten == [True, True]
