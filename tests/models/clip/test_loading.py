"""The loading of CLIP's weights: names, files, and position embeddings of every grid."""

import json
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip import factory
from open_clip.model import resize_pos_embed

from next_mm.errors import CheckpointError, ConfigError
from next_mm.models.clip.loading import load_clip
from tests.utils.test_weights import save_crafted


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


def test_the_position_embedding_resized_bilinearly(tiny_clip: str, weights: tuple[Path, dict]) -> None:
    """From 4 to 2 columns without antialiasing, a new column lies between two old ones; the rows stay."""
    path, state = weights
    model = load_clip(tiny_clip, str(path), image_size=(32, 16), position_filter='bilinear')
    old = state['visual.positional_embedding'][1:].unflatten(0, (4, 4))
    expected = torch.stack([old[:, :2].mean(dim=1), old[:, 2:].mean(dim=1)], dim=1)
    torch.testing.assert_close(model.visual.positional_embedding[1:], expected.flatten(0, 1))


@pytest.mark.parametrize('image_size', [(32, 16), (64, 32), (16, 64)])
def test_square_weights_are_resized_as_open_clip_does(
    image_size: tuple[int, int], tiny_clip: str, weights: tuple[Path, dict]
) -> None:
    path, state = weights
    model = load_clip(tiny_clip, str(path), image_size=image_size)
    theirs = open_clip.create_model(Path(tiny_clip).stem, force_image_size=image_size)
    resize_pos_embed(state, theirs)
    assert torch.equal(model.visual.positional_embedding, state['visual.positional_embedding'])


@pytest.mark.parametrize(
    ('image_size', 'stride', 'grid'),
    [
        ((32, 16), 4, (7, 3)),
        ((64, 32), None, (8, 4)),
        ((16, 32), None, (2, 4)),  # as many tokens as the source has, in other places
    ],
)
def test_weights_on_the_configs_rectangle_are_resized_from_it(
    tiny_clip: str, tmp_path: Path, image_size: tuple[int, int], stride: int | None, grid: tuple[int, int]
) -> None:
    state = load_clip(tiny_clip, None).state_dict()
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(2.0), indexing='ij')
    position = state['visual.positional_embedding']
    position[1:, 0], position[1:, 1] = rows.flatten(), columns.flatten()  # two channels say where a token stands
    torch.save(state, tmp_path / 'clip.pt')
    resized = load_clip(
        tiny_clip, str(tmp_path / 'clip.pt'), image_size=image_size, stride=stride
    ).visual.positional_embedding
    assert torch.equal(resized[0], position[0])
    row, column = (resized[1:, channel].unflatten(0, grid) for channel in (0, 1))
    torch.testing.assert_close(row, row[:, :1].expand(grid))  # a row's tokens stand in one row still,
    torch.testing.assert_close(column, column[:1].expand(grid))
    assert (row[:, 0].diff() > 0).all()  # from top to bottom
    assert (column[0].diff() > 0).all()


def test_weights_saved_at_the_pictures_own_size_load_as_they_are(tiny_clip: str, tmp_path: Path) -> None:
    state = load_clip(tiny_clip, None, image_size=(48, 16)).state_dict()
    torch.save(state, tmp_path / 'clip.pt')
    loaded = load_clip(tiny_clip, str(tmp_path / 'clip.pt'), image_size=(48, 16))
    assert torch.equal(loaded.visual.positional_embedding, state['visual.positional_embedding'])


def test_weights_of_an_unknown_grid_are_refused(tiny_clip: str, tmp_path: Path) -> None:
    torch.save(load_clip(tiny_clip, None, image_size=(48, 16)).state_dict(), tmp_path / 'clip.pt')
    with pytest.raises(
        ConfigError,
        match='position embedding has 12 patches: expected 4 x 2 of the config, 8 x 4 of the pictures, or a square',
    ):
        load_clip(tiny_clip, str(tmp_path / 'clip.pt'), image_size=(64, 32))


def test_openai_archive_is_resized_to_the_pictures(tiny_clip: str, weights: tuple[Path, dict], tmp_path: Path) -> None:
    _save_archive({name: value.half() for name, value in weights[1].items()}, tmp_path / 'ViT-square.pt')
    resized = load_clip(tiny_clip, str(tmp_path / 'ViT-square.pt'), image_size=(32, 16)).visual.positional_embedding
    expected = load_clip(tiny_clip, str(weights[0]), image_size=(32, 16)).visual.positional_embedding
    torch.testing.assert_close(resized, expected, rtol=1e-3, atol=1e-3)


def test_openai_archive_loads_and_needs_quick_gelu(tiny_clip: str, tiny_clip_gelu: str, tmp_path: Path) -> None:
    """OpenAI ships TorchScript archives in half precision with three extra entries."""
    model = load_clip(tiny_clip, None, image_size=(32, 16))
    state = {name: value.half() for name, value in model.state_dict().items()}
    path = tmp_path / 'ViT-tiny.pt'
    _save_archive(
        state | {name: torch.tensor(1) for name in ('input_resolution', 'context_length', 'vocab_size')}, path
    )
    loaded = load_clip(tiny_clip, str(path), image_size=(32, 16))
    torch.testing.assert_close(loaded.visual.proj, state['visual.proj'].float())
    assert loaded.visual.proj.dtype == torch.float32
    with pytest.raises(
        ValueError,
        match='trained with QuickGELU, but the model tiny-clip is built without it; '
        "use model_name='tiny-clip-quickgelu'",
    ):
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


def test_tags_trained_with_quick_gelu_are_refused_by_gelu_models(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr('next_mm.models.clip.loading.download_pretrained', lambda tag: str(tmp_path / 'x.pt'))
    with pytest.raises(ValueError, match="use model_name='ViT-B-16-quickgelu'"):
        load_clip('ViT-B-16', 'openai', image_size=(32, 32))


@pytest.mark.parametrize(
    ('name', 'pretrained', 'error', 'text'),
    [
        ('ViT-Z', None, ValueError, "model_name='ViT-Z' is not a model of open_clip"),
        ('missing.json', None, FileNotFoundError, "model_name='missing.json': no such open_clip model config"),
        ('ViT-B-32', 'weights/none.pt', FileNotFoundError, "pretrained='weights/none.pt': no such file"),
        ('ViT-B-32', 'openia', ValueError, "pretrained='openia' is neither a file nor a pretrained tag of ViT-B-32"),
    ],
)
def test_wrong_names_are_named(name: str, pretrained: str | None, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        load_clip(name, pretrained)


def test_weights_of_another_model_are_refused(tiny_clip: str, tmp_path: Path) -> None:
    torch.save({'visual.conv1.weight': torch.zeros(1)}, tmp_path / 'other.pt')
    with pytest.raises(ValueError, match='its weights do not fit the model'):
        load_clip(tiny_clip, str(tmp_path / 'other.pt'))


@pytest.mark.parametrize('entry', ['my_constants.pkl', 'constants.pkl'])
def test_a_zip_made_to_look_like_an_openai_archive_runs_nothing(
    tiny_clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_crafted(Path('evil.pt'), entry)
    text = (
        r'refused, it holds (posix|nt|os).system'
        if entry == 'my_constants.pkl'
        else 'refused, its records are not those that torch.jit.save writes'
    )
    with pytest.raises(CheckpointError, match=f'evil.pt: {text}'):
        load_clip(tiny_clip, 'evil.pt')
    assert not Path('pwned').exists()


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('empty.pt', b''),
        ('page.pt', b'<!DOCTYPE html><html>404</html>'),
        ('zip.pt', b'PK\x03\x04 cut off'),
        ('empty.safetensors', b''),
        ('page.safetensors', b'<!DOCTYPE html><html>404</html>'),
    ],
)
def test_damaged_weights_end_in_one_line(tiny_clip: str, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf'{name}: damaged or no checkpoint[^\n]*$'):
        load_clip(tiny_clip, str(tmp_path / name))


def test_open_clips_reading_is_put_back(tiny_clip: str, weights: tuple[Path, dict]) -> None:
    theirs = factory.load_state_dict
    load_clip(tiny_clip, str(weights[0]), image_size=(32, 16))
    assert factory.load_state_dict is theirs


def test_a_config_file_under_the_name_of_another_model_is_refused(tmp_path: Path) -> None:
    config = open_clip.get_model_config('ViT-B-32')
    path = tmp_path / 'ViT-B-32.json'
    path.write_text(json.dumps({**config, 'embed_dim': 32}))
    with pytest.raises(
        ConfigError, match=r"ViT-B-32.json: .* knows another model config as 'ViT-B-32' already; rename the file"
    ):
        load_clip(str(path), None)
    path.write_text('{"embed_dim": ')
    with pytest.raises(ConfigError, match='ViT-B-32.json: expected an open_clip model config in JSON'):
        load_clip(str(path), None)


def test_a_model_config_file_may_be_named_again(tiny_clip: str, tmp_path: Path) -> None:
    load_clip(tiny_clip, None)
    copy = tmp_path / Path(tiny_clip).name
    copy.write_text(json.dumps(json.loads(Path(tiny_clip).read_text()), indent=2))
    load_clip(str(copy), None)


def test_open_clip_still_lists_what_we_name() -> None:
    assert 'ViT-B-16-quickgelu' in open_clip.list_models()
