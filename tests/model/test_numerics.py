"""bf16 where the device has it, fp32 elsewhere."""

import pytest
import torch

from vitascope.model import numerics

CPU = torch.device("cpu")


@pytest.mark.parametrize("there", [True, False])
def test_products_are_in_bf16_only_where_the_processor_has_units_for_them(
    monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: there)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    with numerics.products(CPU):
        made = torch.ones(4, 4) @ torch.ones(4, 4)
    assert made.dtype == (torch.bfloat16 if there else torch.float32)
    assert not numerics.computes_bf16(torch.device("meta"))
