"""The convolution of the small networks that look at pictures: the critic's and the spotter's."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Convolution(nn.Module):
    """A convolution, batch norm and ReLU. Its kernel is kept as a matrix, which the weight file stores in int8."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.size, self.stride = size, stride
        width = inputs * size * size
        self.kernel = nn.Parameter(torch.randn(outputs, width) * (2 / width) ** 0.5)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.kernel.view(len(self.kernel), -1, self.size, self.size)
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        return F.relu_(self.norm(F.conv2d(x, kernel, stride=self.stride, padding=self.size // 2)))
