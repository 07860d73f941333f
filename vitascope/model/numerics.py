"""Which arithmetic a device is good at.

Weights stay fp32 everywhere; only products may be made in bf16. The choice is by what the processor has and not by a
stopwatch, so that the same seed gives the same frames on one machine.
"""

import contextlib
import threading

import torch


def computes_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32 ones here. On a processor without units for them (AMX, AVX-512 BF16)
    they are emulated: measured three times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    return bool(torch.cpu._is_amx_tile_supported()) or bool(torch.cpu._is_avx512_bf16_supported())


def products(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """A context in which matrix products take the arithmetic that is best on this device."""
    return torch.autocast(device.type, torch.bfloat16, enabled=computes_bf16(device))


def keep_to_one_core(usual: int) -> None:
    """Let torch use one core for what this thread does from now on. `usual` is how many the others use.

    A thread's number is the last that was set anywhere when it first asks. So this one asks before it sets its own, and
    the usual one is set again after, by a thread of its own."""
    torch.get_num_threads()
    torch.set_num_threads(1)
    again = threading.Thread(target=torch.set_num_threads, args=(usual,))
    again.start()
    again.join()
