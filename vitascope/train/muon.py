"""Muon: momentum whose steps are made orthogonal, for the matrices inside the blocks (Jordan et al., 2024).

PyTorch has a Muon of its own, but it orthogonalises in bf16, which processors without bf16 units only emulate: there
that takes longer than the rest of a training step. This one takes the arithmetic that the device is good at, and all
matrices of a shape at once.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from vitascope.model import numerics

# One cubic-in-the-gram polynomial a step, the best for singular values down to 0.001 of the largest
# (Polar Express, arXiv 2505.16932).
_POLYNOMIALS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)
_SAFETY = 1.01  # without it what bf16 rounds beyond the largest singular value grows from step to step


def orthogonal(x: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices to x [M, rows, columns], roughly: most singular values end near 1."""
    tall, kind = x.shape[1] > x.shape[2], x.dtype
    x = x.transpose(1, 2) if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) * 1.01 + 1e-7)
    if numerics.computes_bf16(x.device):
        x = x.bfloat16()
    for a, b, c in _POLYNOMIALS:
        a, b, c = a / _SAFETY, b / _SAFETY**3, c / _SAFETY**5
        gram = x @ x.transpose(1, 2)
        x = a * x + torch.baddbmm(b * gram, gram, gram, alpha=c) @ x
    return (x.transpose(1, 2) if tall else x).to(kind)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, scaled so that its steps are as large as Adam's (arXiv 2502.16982)."""

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.01) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape].append(parameter)
            for shape, members in by_shape.items():
                grads = [parameter.grad for parameter in members if parameter.grad is not None]
                moving = [
                    self.state[parameter].setdefault("momentum", torch.zeros_like(parameter)) for parameter in members
                ]
                torch._foreach_lerp_(moving, grads, 1 - group["momentum"])
                ahead = torch.stack(torch._foreach_lerp(grads, moving, group["momentum"]))  # M rows columns
                size = group["lr"] * 0.2 * max(shape) ** 0.5
                torch._foreach_mul_(members, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(members, list(orthogonal(ahead).unbind(0)), alpha=-size)
