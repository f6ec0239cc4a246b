"""About: the method with its equations, the sources, and what a forecast is not."""

from pathlib import Path

import streamlit as st

from msmd.app import navigation, widgets
from msmd.data.registry import GFN2_CITATION, MD17_CITATION, RMD17_CITATION

LIMITS = Path(__file__).parents[3] / "LIMITS.md"
"""Beside app.py in a checkout; an installed package does not carry it."""

widgets.heading(
    "About",
    "How a forecast is made, in five equations; where the data come from; and what a forecast is not. "
    "**Next:** read the last part, then watch a forecast.",
)

method, sources = st.columns([3, 2], gap="large")

with method:
    st.header("The method", anchor="method")
    st.markdown(
        "**1 · Spatial scales.** Atoms are the nodes of a graph and bonds its edges. With adjacency $A$ and degrees "
        "$D$, the graph Laplacian and its eigenvectors are"
    )
    st.latex(r"L = D - A, \qquad L\,u_k = \lambda_k u_k, \qquad 0 = \lambda_0 \le \lambda_1 \le \dots")
    st.markdown(
        "$u_k^{\\mathsf T} L\\,u_k = \\lambda_k$ is the sum of squared differences across bonds: a small eigenvalue "
        "belongs to a pattern that is **smooth over the bonds**, a large one to a pattern that changes from atom to "
        "atom. A *mode* is one such pattern."
    )
    st.markdown("**2 · Graph Fourier transform.** Motion $x(t)$ (atoms × 3) becomes one vector per mode, and back:")
    st.latex(r"\hat{x}_k(t) = \sum_a U_{ak}\, x_a(t), \qquad x_a(t) = \sum_k U_{ak}\, \hat{x}_k(t)")
    st.markdown(
        "Keeping some modes and dropping the others is a low-, band- or high-pass filter over the molecule. The "
        "transform is an orthogonal change of variables: it explains and separates, it does not by itself make a "
        "forecast better."
    )
    st.markdown(
        "**3 · Time scales, measured.** How fast mode $k$ moves is read off the trajectory, as correlation time and "
        "spectral centroid:"
    )
    st.latex(
        r"C_k(\tau) = \frac{\langle \hat{x}_k(t)\cdot \hat{x}_k(t+\tau)\rangle}{\langle |\hat{x}_k|^2\rangle},"
        r"\qquad \bar\nu_k = \frac{\int \nu\, S_k(\nu)\,d\nu}{\int S_k(\nu)\,d\nu}"
    )
    st.markdown(
        "Whether smooth modes are also slow is a question to the data. The Modes page plots eigenvalue against time "
        "scale and quotes the rank correlation with its interval."
    )
    st.markdown(
        "**4 · A neural ODE in modal coordinates.** The forecaster learns a potential energy $E_\\theta$ that sees "
        "only distances between atoms, and integrates Newton's equation in the coordinates of the modes:"
    )
    st.latex(
        r"Y = U^{\mathsf T} M^{1/2} x, \qquad \dot{Y} = P, \qquad"
        r"\dot{P} = -\,U^{\mathsf T} M^{-1/2}\, \nabla_x E_\theta(x) - \xi P"
    )
    st.markdown(
        "$\\xi$ is the thermostat's variable where the data have one, else zero. Turning or shifting the start does "
        "the same to the forecast, by construction; so does numbering the atoms otherwise, where the model is "
        "renumbered with them. Equal atoms that change places in the input alone are alike only as far as training "
        "taught it. Energy is kept up to the time step, and at $t=0$ the start comes back exactly. Time is continuous, "
        "so that any list of times can be asked for."
    )
    st.markdown("**5 · The score.** Mean squared error over windows, times, atoms and x, y, z, in Å²:")
    st.latex(
        r"\text{A-MSE} = \frac{1}{W\,T\,N\,3}\sum_{w,t,a} \lVert \tilde{x}_{wta} - x_{wta} \rVert^2, \qquad"
        r"\text{RMSD}(t) = \sqrt{\tfrac{1}{N}\sum_a \lVert \tilde{x}_a(t) - x_a(t)\rVert^2}"
    )
    st.markdown(
        "A score says nothing alone. Beside every number stand the baselines that learn nothing or next to nothing: "
        "*persistence* (nothing moves), the *aligned mean* (the mean structure laid over the start), the *rigid body* "
        "and *damped normal modes* (springs)."
    )

with sources:
    st.header("What a forecast is not", anchor="not")
    st.markdown(
        "- **Not a simulation.** It follows one learned potential from one start. The true motion is chaotic: floppy "
        "molecules part from any forecast within a few hundred femtoseconds, rigid ones after picoseconds.\n"
        "- **Not chemistry it has not seen.** A checkpoint knows one molecule at one temperature, as one reference "
        "method describes it; bonds do not break.\n"
        "- **Not one truth.** Start positions and velocities do not tell the thermostat's state; the data decide how "
        "much of an error can be removed at all.\n"
        "- **Not a claim about scales.** Low modes are smooth over the bonds; slow they are only where the Modes page "
        "measures it."
    )
    if LIMITS.is_file():
        with st.expander("Everything that is known to fall short: LIMITS.md"):
            st.markdown(LIMITS.read_text(encoding="utf-8").partition("\n")[2])
    st.header("Sources", anchor="sources")
    st.markdown(
        "**The idea**: *Joint Modeling of Spatial and Temporal Multiscales in Molecular Dynamics*, later *Graph "
        "Fourier Neural ODEs* (GF-NODE), [arXiv:2411.01600](https://arxiv.org/abs/2411.01600).\n\n"
        "**Reference data**\n"
        f"- **GFN2**, shipped: ten molecules × 10 segments × 10 ps at constant energy, computed for this project with "
        f"GFN2-xTB through tblite. {GFN2_CITATION}.\n"
        f"- **MD17**: {MD17_CITATION}. Fetched with `msmd fetch MOLECULE --source md17`.\n"
        f"- **rMD17**, CC0: {RMD17_CITATION}. Fetched with `msmd fetch MOLECULE --source rmd17`.\n\n"
        "**Peers**: EGNN (Satorras 2021), EGNO (Xu 2024), LG-ODE (Huang 2020), NDCN (Zang and Wang 2020).\n\n"
        "**Software**: the viewer draws with [3Dmol.js](https://3dmol.org) (BSD-3), the plots with plotly, the pages "
        "are Streamlit's; models are written in PyTorch."
    )
    st.header("Units", anchor="units")
    st.markdown("Length Å · time fs · energy kcal/mol · force kcal/mol/Å · temperature K · frequency cm⁻¹.")

navigation.link_to("forecast", "Back to the moving molecule", ":material/motion_play:")
