"""The visual tower against open_clip's own, and the loading of weights."""
import copy
import json
from pathlib import Path

import open_clip
import pytest
import torch

from next_mm.models import CLIPVisual, TimmVisual
from next_mm.models.clip_loading import load_clip


@pytest.fixture
def backbone(tiny_clip: str) -> CLIPVisual:
    torch.manual_seed(0)
    return CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16)).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 3, 32, 16, generator=torch.Generator().manual_seed(1))


def test_features_are_those_of_open_clip(backbone: CLIPVisual, images: torch.Tensor) -> None:
    tower = copy.deepcopy(backbone.tower)
    tower.output_tokens = True
    features = backbone(images)
    for m in range(3):
        classes, tokens = tower(images[:, m])
        torch.testing.assert_close(features.classes[:, m], classes, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(features.tokens[:, m], tokens @ tower.proj, rtol=1e-5, atol=1e-6)


def test_real_size_tower_is_open_clips() -> None:
    torch.manual_seed(0)
    backbone = CLIPVisual(model_name='ViT-B-16-quickgelu', pretrained=None, image_size=(256, 128)).eval()
    assert sum(p.numel() for p in backbone.parameters()) == 86_140_416
    assert backbone.grid == (16, 8)
    images = torch.randn(1, 3, 3, 256, 128)
    with torch.no_grad():
        torch.testing.assert_close(backbone(images).classes[:, 0], backbone.tower(images[:, 0]), rtol=1e-4, atol=1e-5)


def test_one_pass_and_three_agree(backbone: CLIPVisual, images: torch.Tensor) -> None:
    separate = backbone(images)
    backbone.passes = 'joint'
    joint = backbone(images)
    torch.testing.assert_close(separate.tokens, joint.tokens, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(separate.classes, joint.classes, rtol=1e-5, atol=1e-6)
    backbone.passes = 'both'
    with pytest.raises(ValueError, match=r"passes='both': expected 'separate' or 'joint'"):
        backbone(images)


def test_wrong_picture_shape_is_named(backbone: CLIPVisual) -> None:
    with pytest.raises(ValueError, match=r'expected pictures of shape \(B, 3, 3, H, W\), got \(2, 3, 32, 16\)'):
        backbone(torch.zeros(2, 3, 32, 16))


def test_smaller_stride_overlaps_patches(tiny_clip: str, images: torch.Tensor) -> None:
    backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), stride=4)
    assert backbone.grid == (7, 3)
    assert backbone(images).tokens.shape == (2, 3, 21, 32)
    with pytest.raises(ValueError, match='stride=9: expected 1 to 8, the patch size'):
        CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), stride=9)


def test_checkpointing_changes_no_gradient(tiny_clip: str, images: torch.Tensor) -> None:
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), grad_checkpointing=checkpointing)
        backbone.train()(images).tokens.square().sum().backward()
        gradients.append(backbone.tower.conv1.weight.grad)
    torch.testing.assert_close(*gradients)


def test_camera_embedding_moves_known_cameras_only(tiny_clip: str, images: torch.Tensor) -> None:
    torch.manual_seed(0)
    backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), num_cameras=2).eval()
    unknown = backbone(images, torch.tensor([-1, 7])).classes
    known = backbone(images, torch.tensor([1, 2])).classes
    assert not torch.allclose(unknown, known)
    torch.nn.init.zeros_(backbone.camera_embedding.weight)
    torch.testing.assert_close(backbone(images, torch.tensor([1, 2])).classes, unknown)
    with pytest.raises(ValueError, match='camera embedding needs the camera of each sample'):
        backbone(images)


@pytest.fixture
def weights(tiny_clip: str, tmp_path: Path) -> tuple[Path, dict]:
    torch.manual_seed(3)
    state = load_clip(tiny_clip, None, image_size=(32, 32)).state_dict()  # square, as released weights are
    torch.save(state, tmp_path / 'clip.pt')
    return tmp_path / 'clip.pt', state


def test_local_weights_load_with_the_position_embedding_resized(tiny_clip: str, weights: tuple[Path, dict]) -> None:
    path, state = weights
    model = load_clip(tiny_clip, str(path), image_size=(32, 16))
    torch.testing.assert_close(model.visual.conv1.weight, state['visual.conv1.weight'])
    torch.testing.assert_close(model.token_embedding.weight, state['token_embedding.weight'])
    grid = state['visual.positional_embedding'][1:].view(1, 4, 4, 64).permute(0, 3, 1, 2)
    resized = torch.nn.functional.interpolate(grid, size=(4, 2), mode='bicubic', antialias=True)
    torch.testing.assert_close(model.visual.positional_embedding[1:], resized.flatten(2)[0].t())
    assert load_clip(tiny_clip, str(path), image_size=(32, 16), stride=4).visual.positional_embedding.shape == (22, 64)


def test_openai_archive_loads_and_needs_quick_gelu(tiny_clip: str, tiny_clip_gelu: str, tmp_path: Path) -> None:
    """OpenAI ships TorchScript archives in half precision with three extra entries."""
    model = load_clip(tiny_clip, None, image_size=(32, 16))
    state = {name: value.half() for name, value in model.state_dict().items()}
    path = tmp_path / 'ViT-tiny.pt'
    _save_archive(state | {name: torch.tensor(1) for name in ('input_resolution', 'context_length', 'vocab_size')}, path)
    loaded = load_clip(tiny_clip, str(path), image_size=(32, 16))
    torch.testing.assert_close(loaded.visual.proj, state['visual.proj'].float())
    assert loaded.visual.proj.dtype == torch.float32
    with pytest.raises(ValueError, match="trained with QuickGELU, but the model tiny-clip is built without it; "
                       "use model_name='tiny-clip-quickgelu'"):
        load_clip(tiny_clip_gelu, str(path), image_size=(32, 16))


def _save_archive(state: dict[str, torch.Tensor], path: Path) -> None:
    """Save a state dict as a TorchScript archive, whose state dict has the same names."""

    class Node(torch.nn.Module):

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    root = Node()
    for name, value in state.items():
        *folders, leaf = name.split('.')
        node = root
        for folder in folders:
            if not hasattr(node, folder):
                node.add_module(folder, Node())
            node = getattr(node, folder)
        node.register_buffer(leaf, value)
    torch.jit.script(root).save(str(path))


def test_tags_trained_with_quick_gelu_are_refused_by_gelu_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr('next_mm.models.clip_loading.download_pretrained', lambda tag: str(tmp_path / 'x.pt'))
    with pytest.raises(ValueError, match="use model_name='ViT-B-16-quickgelu'"):
        load_clip('ViT-B-16', 'openai', image_size=(32, 32))


@pytest.mark.parametrize(('name', 'pretrained', 'error', 'text'), [
    ('ViT-Z', None, ValueError, "model_name='ViT-Z' is not a model of open_clip"),
    ('missing.json', None, FileNotFoundError, "model_name='missing.json': no such open_clip model config"),
    ('ViT-B-32', 'weights/none.pt', FileNotFoundError, "pretrained='weights/none.pt': no such file"),
    ('ViT-B-32', 'openia', ValueError, "pretrained='openia' is neither a file nor a pretrained tag of ViT-B-32"),
])
def test_wrong_names_are_named(name: str, pretrained: str | None, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        load_clip(name, pretrained)


def test_weights_of_another_model_are_refused(tiny_clip: str, tmp_path: Path) -> None:
    torch.save({'visual.conv1.weight': torch.zeros(1)}, tmp_path / 'other.pt')
    with pytest.raises(ValueError, match='its weights do not fit the model'):
        load_clip(tiny_clip, str(tmp_path / 'other.pt'))


def test_towers_with_another_forward_are_refused(tmp_path: Path) -> None:
    vision = {'image_size': 32, 'layers': 1, 'width': 64, 'head_width': 32, 'patch_size': 8, 'pool_type': 'avg'}
    config = {'embed_dim': 32, 'vision_cfg': vision, 'text_cfg': {'width': 32, 'heads': 2, 'layers': 1}}
    (tmp_path / 'tiny-average.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match='no plain vision transformer with a class token'):
        CLIPVisual(model_name=str(tmp_path / 'tiny-average.json'), pretrained=None, image_size=(32, 32))


def test_timm_backbone_takes_the_place(images: torch.Tensor) -> None:
    backbone = TimmVisual(model_name='vit_tiny_patch16_224', pretrained=False, image_size=(32, 16)).eval()
    features = backbone(images)
    assert features.tokens.shape == (2, 3, 2, 192)
    assert backbone.out_dim == 192 and backbone.grid == (2, 1)
    reference = backbone.tower.forward_features(images[:, 1])
    torch.testing.assert_close(features.classes[:, 1], reference[:, 0], rtol=1e-5, atol=1e-6)


def test_timm_register_tokens_are_left_out(images: torch.Tensor) -> None:
    backbone = TimmVisual(model_name='vit_small_patch14_reg4_dinov2', pretrained=False, image_size=(28, 14))
    assert backbone(images[..., :28, :14]).tokens.shape == (2, 3, 2, 384)


def test_open_clip_still_lists_what_we_name() -> None:
    assert 'ViT-B-16-quickgelu' in open_clip.list_models()
