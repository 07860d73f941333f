"""Muon: momentum whose steps are made orthogonal, for the matrices inside the blocks (Jordan et al., 2024).

PyTorch has a Muon of its own, but it orthogonalises in bf16, which processors without bf16 units only emulate: there
that takes longer than the rest of a training step. This one works in fp32 and takes all matrices of a shape at once.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor


def orthogonal(x: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrices to x [M, rows, columns], roughly: singular values end in 0.7…1.2.

    Newton-Schulz iteration with the coefficients of Jordan et al. (2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + torch.baddbmm(b * gram, gram, gram, alpha=c) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, scaled so that its steps are as large as Adam's (arXiv 2502.16982)."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape].append(parameter)
            for shape, members in by_shape.items():
                grads = [parameter.grad for parameter in members]
                moving = [
                    self.state[parameter].setdefault("momentum", torch.zeros_like(parameter)) for parameter in members
                ]
                torch._foreach_lerp_(moving, grads, 1 - group["momentum"])
                ahead = torch.stack(torch._foreach_lerp(grads, moving, group["momentum"]))  # M rows columns
                size = group["lr"] * 0.2 * max(shape) ** 0.5
                torch._foreach_mul_(members, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(members, list(orthogonal(ahead).unbind(0)), alpha=-size)
