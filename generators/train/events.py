"""Events of a camera that looks at a still digit and moves: a model of how N-MNIST was recorded.

The digit lies in the middle of the sensor. The camera makes three straight saccades that form a triangle, as the
recording of N-MNIST did (Orchard et al. 2015). In every time step the picture is taken, moved by fractions of pixels
(bilinear); a pixel whose logarithm of brightness has risen (fallen) by ``contrast`` since its last event gives an ON
(OFF) event, at most one of a kind in a step, and its memory moves by one contrast.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Saccades:
    """How the camera moves and sees.

    Parameters
    ----------
    side : int
        Rows and columns of the sensor.
    steps : int
        Time steps, spread evenly over the three legs.
    reach : float
        Pixels from the triangle's middle to its corners.
    contrast : float
        Rise of the logarithm of brightness that is an event.
    dark : float
        Brightness of black, that of white being 1: it keeps the logarithm finite.
    """

    side: int = 34
    steps: int = 30
    reach: float = 2.5
    contrast: float = 0.35
    dark: float = 0.1

    def positions(self) -> Tensor:
        """Where the camera looks at the start and after each step: (steps + 1, 2), pixels down and right."""
        corners = torch.tensor([[0.0, -1.0], [1.0, 0.0], [-1.0, 0.6], [0.0, -1.0]], dtype=torch.float64) * self.reach
        at = torch.linspace(0, 3, self.steps + 1, dtype=torch.float64)
        leg = at.floor().clamp(max=2).long()
        return corners[leg] + (at - leg)[:, None] * (corners[leg + 1] - corners[leg])


def events(images: Tensor, saccades: Saccades | None = None) -> Tensor:
    """Events ``(images, steps, 2, side, side)``, int64 of 0 and 1: OFF, then ON.

    Parameters
    ----------
    images : Tensor
        ``(images, rows, columns)``, 0..255.
    saccades : Saccades or None
    """
    said = saccades or Saccades()
    room = said.side - images.shape[-1], said.side - images.shape[-2]
    edges = [room[0] // 2, room[0] - room[0] // 2, room[1] // 2, room[1] - room[1] // 2]
    scene = functional.pad(images.double() / 255, edges)[:, None]
    memory: Tensor | None = None
    found = []
    for down, right in said.positions().tolist():
        shift = torch.tensor([[[1, 0, 2 * right / said.side], [0, 1, 2 * down / said.side]]], dtype=torch.float64)
        grid = functional.affine_grid(shift.expand(len(scene), -1, -1), list(scene.shape), align_corners=False)
        seen = (functional.grid_sample(scene, grid, align_corners=False)[:, 0] + said.dark).log()
        if memory is None:
            memory = seen
            continue
        on, off = seen - memory >= said.contrast, memory - seen >= said.contrast
        memory = memory + said.contrast * (on.double() - off.double())
        found.append(torch.stack([off, on], 1))
    return torch.stack(found, 1).to(torch.int64)
