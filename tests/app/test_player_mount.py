"""The player's Streamlit side, without a browser: it mounts, and tells of no frame before the viewer pauses."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import numpy as np
    import streamlit as st

    from msmd.app.player import player
    from msmd.views.player import Scene, Track, pack

    track = Track(name="reference", positions=np.zeros((2, 1, 3)))
    scene = Scene(numbers=(2,), bonds=(), times_fs=np.array([0.0, 0.5]), tracks=(track,), title="helium")
    first = player(scene, key="from-scene")
    second = player(pack(scene), key="from-bytes", report=True)
    st.text(f"{first.frame} {first.time_fs} {second.frame}")


def test_mounts_from_a_scene_or_its_bytes_over_and_over() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    for _ in range(2):
        assert not app.exception
        assert app.text[0].value == "None None None"
        app.run()
