"""The whole model around the text encoder: no waiting for the device, SDPA, torch.compile."""

from collections import Counter
from contextlib import nullcontext

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.tolerances import BLOCK, rounding
from tests.toys import make_samples


class CountOps(TorchDispatchMode):
    """Counts the operations that reach the device."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.counts[func.overloadpacket.__name__] += 1
        return func(*args, **(kwargs or {}))


WAITING = ('_local_scalar_dense', 'item', 'nonzero', 'masked_select', '_unique2', 'unique_dim', 'equal', 'is_nonzero')


def build(model_cfg: dict, **fields) -> tuple[torch.nn.Module, torch.Tensor, TripletBatch]:
    model = MODELS.build(model_cfg)
    batch = model.data_preprocessor(make_samples([0, 0, 1, 1], **fields))
    return model, batch['inputs'], batch['data_samples']


@pytest.mark.parametrize('incomplete', [False, True])
def test_a_step_never_waits_for_the_device(model_cfg: dict, incomplete: bool, monkeypatch: pytest.MonkeyPatch):
    # A meta tensor has no values: whatever asks for one raises, as .item(), .cpu(), .tolist() and
    # nonzero() would wait on a GPU.
    some = torch.tensor([[True, False, True]] * 4)
    model, inputs, batch = build(model_cfg, **({'present': some, 'has_text': some} if incomplete else {}))
    tokens = batch.tokens
    model = model.to('meta')
    batch = TripletBatch(
        batch.samples,
        *(value if value is None else value.to('meta') for value in (batch.labels, batch.cameras, batch.present)),
        tokens,
        batch.has_text if batch.has_text is None else batch.has_text.to('meta'),
    )
    optimizer = torch.optim.Adam(model.parameters())
    monkeypatch.setattr(torch, 'autocast', lambda *args, **kwargs: nullcontext())  # knows no meta device
    for _ in range(2):  # new captions, then known ones
        losses = model(inputs.to('meta'), batch, mode='loss')
        model.parse_losses(losses)[0].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert inputs.device.type == 'cpu' and tokens.device.type == 'cpu'


def test_no_operation_of_a_step_reads_a_value_back(model_cfg: dict):
    model, inputs, batch = build(model_cfg)
    with CountOps() as ops:
        losses = model(inputs, batch, mode='loss')
        model.parse_losses(losses)[0].backward()
    assert not {name: ops.counts[name] for name in WAITING if ops.counts[name]}


def test_all_attention_is_sdpa(model_cfg: dict):
    model, inputs, batch = build(model_cfg)
    with CountOps() as ops:
        model(inputs, batch, mode='loss')
    attention = sum(count for name, count in ops.counts.items() if name.startswith('_scaled_dot_product'))
    visual, text, mgfa = 2 * 3, 2 * 2, 4  # layers x passes, layers x packs, experts
    assert attention == visual + text + mgfa
    assert ops.counts['_native_multi_head_attention'] == 0
    assert (
        ops.counts['_softmax'] + ops.counts['_safe_softmax'] == 1
    )  # the router of the structure experts; no hand-made attention


def test_compiled_equals_eager(model_cfg: dict):
    model, inputs, batch = build(model_cfg)
    model.eval()  # no dropout
    expected = model(inputs, batch, mode='loss')
    compiled = torch.compile(model.forward, backend='eager')  # the graphs without the compiler behind them
    close = rounding(kernels=6 * BLOCK, terms=256)  # towers, experts, MGFA and head, each of at most two blocks
    torch.testing.assert_close(compiled(inputs, batch, mode='loss'), expected, rtol=close, atol=close)
