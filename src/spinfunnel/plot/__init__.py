"""Pictures: result and axes in, axes out; each with a Plotly twin for the report.

`PICTURES` lists them; adding one is one file and one row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from spinfunnel.landscape.kinds import Kind
from spinfunnel.landscape.plugins import Registry
from spinfunnel.plot.density_picture import density_of_states, density_of_states_caption, density_of_states_figure
from spinfunnel.plot.disconnectivity import disconnectivity_caption, disconnectivity_figure, disconnectivity_graph
from spinfunnel.plot.free_energy_picture import free_energy, free_energy_caption, free_energy_figure
from spinfunnel.plot.hessian_density import hessian_density, hessian_density_caption, hessian_density_figure
from spinfunnel.plot.hessian_rows import hessian_rows_picture
from spinfunnel.plot.index_energy import IndexTheory, index_energy, index_energy_caption, index_energy_figure
from spinfunnel.plot.loss_line import loss_line, loss_line_caption, loss_line_figure
from spinfunnel.plot.loss_surface import loss_surface, loss_surface_caption, loss_surface_figure
from spinfunnel.plot.overlap_picture import overlap, overlap_caption, overlap_figure
from spinfunnel.plot.pathway_movie import pathway_picture
from spinfunnel.plot.picture import Picture
from spinfunnel.plot.profile_picture import funnel_profile, funnel_profile_caption, funnel_profile_figure
from spinfunnel.plot.scaling_picture import scaling, scaling_figure, scaling_sheet
from spinfunnel.plot.supergraph import supergraph, supergraph_caption, supergraph_figure
from spinfunnel.plot.terrain import funnel_terrain, funnel_terrain_caption, funnel_terrain_figure
from spinfunnel.plot.weight_spectra import weight_spectra, weight_spectra_caption, weight_spectra_figure

__all__ = [
    "NETWORK_PICTURES",
    "PICTURES",
    "Picture",
    "density_of_states",
    "density_of_states_figure",
    "disconnectivity_figure",
    "disconnectivity_graph",
    "free_energy",
    "free_energy_figure",
    "funnel_profile",
    "funnel_profile_figure",
    "funnel_terrain",
    "funnel_terrain_figure",
    "hessian_density",
    "hessian_density_figure",
    "index_energy",
    "index_energy_figure",
    "loss_line",
    "loss_line_figure",
    "loss_surface",
    "loss_surface_figure",
    "overlap",
    "overlap_figure",
    "pictures_of",
    "scaling",
    "scaling_figure",
    "scaling_sheet",
    "supergraph",
    "supergraph_figure",
    "weight_spectra",
    "weight_spectra_figure",
]


PICTURES: Registry[Picture] = Registry(
    "spinfunnel.pictures",
    Picture,
    (
        Picture(
            "terrain",
            "Funnel terrain",
            funnel_terrain,
            funnel_terrain_figure,
            funnel_terrain_caption,
            "a surface with exactly the landscape's barrier tree",
            "Weber, Bremer, Pascucci, IEEE Trans. Vis. Comput. Graph. 13, 1416 (2007)",
            flat=False,
            energy="colour",
        ),
        Picture(
            "disconnectivity",
            "Disconnectivity graph",
            disconnectivity_graph,
            disconnectivity_figure,
            disconnectivity_caption,
            "which minima are separated by barriers up to which energy",
            "Becker, Karplus, J. Chem. Phys. 106, 1495 (1997); Wales, Miller, Walsh, Nature 394, 758 (1998)",
            energy="y",
        ),
        Picture(
            "supergraph",
            "Supergraph",
            supergraph,
            supergraph_figure,
            supergraph_caption,
            "which minima are left for which others, and how often",
            "Garstecki, Hoang, Cieplak, Phys. Rev. E 60, 3219 (1999)",
            tab="dynamics",
            energy="y",
        ),
        Picture(
            "profile",
            "Funnel profile",
            funnel_profile,
            funnel_profile_figure,
            funnel_profile_caption,
            "how much of the state space drains to within eps of the ground state",
            "this project, on the funnels of Klemm, Flamm, Stadler, Eur. Phys. J. B 63, 387 (2008)",
            null="funnel_weight",
        ),
        Picture(
            "overlap",
            "Energy against overlap",
            overlap,
            overlap_figure,
            overlap_caption,
            "whether energy falls toward the native state",
            "Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995)",
            energy="y",
        ),
        Picture(
            "free_energy",
            "Free energy",
            free_energy,
            free_energy_figure,
            free_energy_caption,
            "whether folding goes downhill or over a barrier, and why",
            "Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997)",
            tab="thermodynamics",
            energy="y2",
        ),
        Picture(
            "density",
            "Density of states",
            density_of_states,
            density_of_states_figure,
            density_of_states_caption,
            "how far the native state stands out from all others",
            "Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)",
            tab="thermodynamics",
            energy="x",
        ),
    ),
)


def pictures_of(
    name: str, parameters: Mapping[str, Any], *, kind: Kind, views: Mapping[str, Any] | None = None
) -> tuple[Picture, ...]:
    """All pictures of a landscape: those of its views, `PICTURES`, and of a smooth one the index of stationary points.

    Parameters
    ----------
    name : str
        Of the system: over the index of the spherical p-spin model its theory is drawn.
    parameters : mapping
    kind : Kind
    views : mapping, optional
        What was computed to be drawn, by name (see `Study.views`).
    """
    seen = tuple(picture for view, data in (views or {}).items() for picture in _seen(view, data))
    if kind.word != "smooth":
        return (*seen, *PICTURES.values())
    theory = IndexTheory.of(name, parameters)
    index = Picture(
        "index_energy",
        "Index against energy",
        partial(index_energy, theory=theory),
        partial(index_energy_figure, theory=theory),
        partial(index_energy_caption, theory=theory),
        "whether the energy of a stationary point tells how many ways lead down from it",
        "Auffinger, Ben Arous, Cerny, Commun. Pure Appl. Math. 66, 165 (2013)",
        tab="dynamics",
        energy="x",
    )
    return (*seen, *PICTURES.values(), index)


def _seen(view: str, data: Any) -> tuple[Picture, ...]:
    """Pictures of a view; imported here, since those of networks need PyTorch."""
    if view == "network":
        from spinfunnel.plot.network_pictures import network_pictures

        return network_pictures(data)
    if view == "pathway":
        return (pathway_picture(data),)
    return (hessian_rows_picture(data),) if view == "hessian_rows" else ()


@dataclass(frozen=True, slots=True)
class NetworkPicture:
    """One picture of what was computed of a network; `draw`, `figure` and `caption` take that result.

    Attributes
    ----------
    name, title : str
    draw, figure, caption : callable
        As of `Picture`, of a `network.Surface`, `Interpolation`, `SpectralDensity` or the tuple of `LayerSpectrum`.
    summary, source : str
    flat : bool
        Whether the Plotly twin lies in a plane.
    """

    name: str
    title: str
    draw: Callable[..., Any]
    figure: Callable[..., Any]
    caption: Callable[[Any], str]
    summary: str
    source: str
    flat: bool = True


NETWORK_PICTURES: dict[str, NetworkPicture] = {
    picture.name: picture
    for picture in (
        NetworkPicture(
            "loss_surface",
            "Loss surface",
            loss_surface,
            loss_surface_figure,
            loss_surface_caption,
            "the loss on a plane through weight space",
            "Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018)",
            flat=False,
        ),
        NetworkPicture(
            "loss_line",
            "Interpolation",
            loss_line,
            loss_line_figure,
            loss_line_caption,
            "the loss along a straight line between two weight vectors",
            "Goodfellow, Vinyals, Saxe, ICLR (2015)",
        ),
        NetworkPicture(
            "hessian_density",
            "Hessian spectrum",
            hessian_density,
            hessian_density_figure,
            hessian_density_caption,
            "how many directions curve up, down, or not at all",
            "Ghorbani, Krishnan, Xiao, ICML (2019)",
        ),
        NetworkPicture(
            "weight_spectra",
            "Spectra of the weights",
            weight_spectra,
            weight_spectra_figure,
            weight_spectra_caption,
            "eigenvalues of each layer's weights and their power-law tails",
            "Martin, Mahoney, J. Mach. Learn. Res. 22, 165 (2021)",
        ),
    )
}
