import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from next_mm.errors import DataError
from next_mm.models.text import CachedText, CLIPText
from next_mm.models.text.embedding_cache import EmbeddingCache
from next_mm.models.text.embedding_file import list_files, write_features
from tests.models.text.conftest import build_encoder


def test_memory_is_bounded_and_what_is_kept_stays(captions: torch.Tensor, tiny_clip: str):
    encoder, plain = build_encoder(tiny_clip, cache={'max_entries': 4}), build_encoder(tiny_clip, cache=None)
    for _ in range(2):
        for part in captions.split(3):
            assert torch.equal(encoder(part), plain(part))
    assert len(encoder.cache) == 4
    assert encoder.cache.table(torch.device('cpu')).shape[0] == 4
    assert captions[0, : captions[0].argmax() + 1].numpy().tobytes() in encoder.cache


def test_a_batch_larger_than_the_room(captions: torch.Tensor, tiny_clip: str):
    encoder = build_encoder(tiny_clip, cache={'max_entries': 2})
    assert torch.equal(encoder(captions), build_encoder(tiny_clip, cache=None)(captions))


def test_grows_and_keeps_its_entries():
    cache = EmbeddingCache(4, max_entries=5000)
    features = torch.randn(3000, 4)
    keys = [i.to_bytes(4, 'little') for i in range(3000)]
    for start in range(0, 3000, 700):
        cache.add(keys[start : start + 700], features[start : start + 700])
    assert torch.equal(cache.table(torch.device('cpu'))[cache.slots(keys)], features)
    assert cache.slots([b'none']) == [-1]


@pytest.mark.parametrize('options', [{'max_entries': 0}, {'max_entries': -1}])
def test_no_room_is_an_error(tiny_clip: str, options: dict):
    with pytest.raises(ValueError, match='expected at least 1'):
        build_encoder(tiny_clip, cache=options)


def test_a_second_process_reads_what_the_first_wrote(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    script = (
        'import torch; from tests.models.text.conftest import build_encoder; '
        f'e = build_encoder({tiny_clip!r}, cache={{"path": {str(tmp_path)!r}}}); '
        f'torch.save(e(torch.load({str(tmp_path / "t.pt")!r})), {str(tmp_path / "f.pt")!r})'
    )
    torch.save(captions, tmp_path / 't.pt')
    subprocess.run([sys.executable, '-c', script], check=True, cwd=Path(__file__).parents[3])  # written as it ends
    encoder = build_encoder(tiny_clip, cache={'path': tmp_path})
    assert len(encoder.cache) == 31
    encoder._frozen.tower = None  # nothing is left to encode
    encoder.lengths = lambda tokens: tokens.argmax(axis=1) + 1
    assert torch.equal(encoder(captions), torch.load(tmp_path / 'f.pt'))


def test_other_weights_do_not_read_it(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    first = build_encoder(tiny_clip, seed=0, cache={'path': tmp_path})
    first(captions)
    first.cache.flush()
    second = build_encoder(tiny_clip, seed=1, cache={'path': tmp_path})
    assert len(second.cache) == 0
    assert not torch.equal(second(captions), first(captions))
    second.cache.flush()
    assert len(build_encoder(tiny_clip, seed=0, cache={'path': tmp_path}).cache) == 31
    with pytest.raises(ValueError, match='of several text towers'):
        CachedText(path=str(tmp_path))


def test_written_every_so_many_captions(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    encoder = build_encoder(tiny_clip, cache={'path': tmp_path / 'new' / 'folder', 'flush_every': 10})
    for part in captions.split(4):
        encoder(part)
    folder = encoder.cache.path
    assert len(list_files(folder)) == 2
    encoder.cache.flush()
    encoder.cache.flush()  # nothing new, nothing written
    assert len(list_files(folder)) == 3
    assert not list(folder.glob('*.part'))


def test_cached_text_equals_clip_text(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    encoder: CLIPText = build_encoder(tiny_clip, cache={'path': tmp_path})
    expected = encoder(captions)
    encoder.cache.flush()
    for path in (tmp_path, list_files(tmp_path)[0]):
        cached = CachedText(path=str(path))
        assert cached.out_dim == encoder.out_dim and cached.digest == encoder.digest
        assert torch.equal(cached(captions.view(31, 1, 77)[:, :, :50]), expected.unsqueeze(1))
        assert not list(cached.parameters())


def test_cached_text_names_the_missing_caption(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    encoder = build_encoder(tiny_clip, cache={'path': tmp_path})
    encoder(captions[1:])
    encoder.cache.flush()
    with pytest.raises(
        DataError, match=r"no features of 1 of 31 captions, first: 'a young man in a red jacket \.'.*cache_text"
    ):
        CachedText(path=str(tmp_path))(captions)


def test_cached_text_refuses(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match='no caption features there'):
        CachedText(path=str(tmp_path / 'nothing'))
    with pytest.raises(FileNotFoundError, match='no caption features there'):
        CachedText(path=str(tmp_path))
    other = tmp_path / 'other.safetensors'
    save_file({'weight': torch.ones(2)}, other)
    with pytest.raises(ValueError, match='expected a file of caption features'):
        CachedText(path=str(other))
    good = write_features(tmp_path, 'ab' * 32, [b'\1\0\0\0'], torch.ones(1, 4))
    good.write_bytes(good.read_bytes()[:-3])
    with pytest.raises(ValueError, match='damaged'):
        CachedText(path=str(good))
    good.write_bytes(b'\x80\x04cos\nsystem\n')
    with pytest.raises(ValueError, match='damaged'):
        CachedText(path=str(good))


def test_a_damaged_table_is_found(tmp_path: Path):
    path = tmp_path / 'x.captions.safetensors'
    save_file(
        {
            'features': torch.ones(2, 4),
            'lengths': torch.ones(3, dtype=torch.int32),
            'tokens': torch.ones(3, dtype=torch.int32),
        },
        path,
        metadata={'format': 'next_mm caption features 1', 'tower': 'ab' * 32},
    )
    with pytest.raises(ValueError, match='2 features, 3 captions, 3 tokens'):
        CachedText(path=str(path))
