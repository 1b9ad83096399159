import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from next_mm.captions import read_captions, split_sentences
from next_mm.captions.sentences import NOISE_WORDS, degrade_caption
from next_mm.captions.tokenizer import encode_text
from next_mm.datasets import TokenizeCaptions
from next_mm.datasets.transforms import text as text_transforms


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding='utf-8')
    return path


def test_read_captions_reports_what_it_leaves_out(tmp_path):
    path = write(
        tmp_path / 'a.json',
        [
            {'item': 'a.jpg', 'description': ' First. '},
            {'item': 'a.jpg', 'description': 'Second.'},
            {'item': 'b.jpg', 'description': '  '},
            {'item': 'c.jpg'},
            'text',
            {'item': 'd.jpg', 'description': '穿红衣的人。'},
        ],
    )
    captions = read_captions(path)
    assert captions == {'a.jpg': 'First.', 'd.jpg': '穿红衣的人。'}
    assert captions.duplicates == ['a.jpg']
    assert captions.malformed == [
        'entry 2: "description" is empty (b.jpg)',
        'entry 3: "description" should be a text, got None',
        'entry 4: expected an object, got a str',
    ]


def test_unreadable_json_names_file_and_place(tmp_path):
    with pytest.raises(
        ValueError, match=r'train_TI.json: not a readable JSON file \(.*line 1 column 2.*expected a list'
    ):
        read_captions(write(tmp_path / 'train_TI.json', '[{"item"'[:1] + 'x'))
    with pytest.raises(ValueError, match='expected a list of .* got a dict'):
        read_captions(write(tmp_path / 'train_TI.json', {'a.jpg': 'text'}))
    (tmp_path / 'bytes.json').write_bytes(b'[\xff]')
    with pytest.raises(ValueError, match='bytes.json: not UTF-8 text'):
        read_captions(tmp_path / 'bytes.json')


@pytest.mark.parametrize(
    'text, sentences',
    [
        ('One. Two! Three? ', ('One.', 'Two!', 'Three?')),
        ('No end', ('No end',)),
        (' \n ', ()),
        ('Holds something (e.g., a bag). Ends.', ('Holds something (e.g., a bag).', 'Ends.')),
        ('Shoes, e.g. boots. Hat.', ('Shoes, e.g. boots.', 'Hat.')),
        ('Height 1.80 m.  Old\tcoat.', ('Height 1.80 m.', 'Old coat.')),
    ],
)
def test_split_sentences(text, sentences):
    assert split_sentences(text) == sentences
    assert ' '.join(split_sentences(text)) == ' '.join(text.split())


@pytest.mark.parametrize('quality', [1.0, 0.7, 0.35, 0.0])
def test_degraded_caption_keeps_its_share_of_words(quality):
    words = [f'word{number}' for number in range(40)]
    text = ', '.join(words) + '.'
    degraded = degrade_caption(text, quality, 'seed')
    kept = [word for word in degraded.rstrip('.').split(', ') if word in words]
    assert len(kept) == round(quality * 40)
    assert len(degraded.split(', ')) == 40 and degraded.endswith('.')
    assert set(degraded.rstrip('.').split(', ')) - set(words) <= set(NOISE_WORDS)
    assert degraded == degrade_caption(text, quality, 'seed')
    assert quality in (0.0, 1.0) or degraded != degrade_caption(text, quality, 'other seed')


AWKWARD = [
    "She's wearing a T-shirt. It isn't new!! (12:30) don't",
    'Citroën sedan viewed from the front. The roof is clean.',
    'A &amp; B. C &lt; D.',
    'ÃƒÂ© broken. Plain.',
    '穿红衣的人。 第二句。',
    "He'll go. They've gone",
    'x' * 40 + '. ' + '!?' * 5,
    'smart “quotes” here. ﬁre',
    'a\u200bb. \u2028 c',
    '<start_of_text> odd. end <end_of_text>',
]


def tokenise(transform: TokenizeCaptions, text: str) -> np.ndarray:
    return transform({'sentences': [[split_sentences(text)] * 3]})['tokens'][0, 1]


@cache
def tokenizer():
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()


def reference(text: str, length: int = 77) -> np.ndarray:
    return tokenizer()(' '.join(split_sentences(text)), context_length=length)[0].numpy()


@pytest.mark.parametrize('text', AWKWARD)
def test_tokens_equal_those_of_the_joined_text(text):
    transform = TokenizeCaptions()
    for _ in range(2):  # from the tokenizer, then from the cache
        np.testing.assert_array_equal(tokenise(transform, text), reference(text))


def test_tokens_of_real_captions(shared_dir):
    transform = TokenizeCaptions()
    for name in ('RGBNT201/test_RGB.json', 'MSVR310/test_TI.json'):
        texts = list(read_captions(shared_dir / 'data/captions/NEXT' / name).values())[:150]
        for text in texts:
            sentences = split_sentences(text)
            while sum(len(transform._encode(sentence)) // 4 for sentence in sentences) > 75:
                sentences = sentences[:-1]
            np.testing.assert_array_equal(tokenise(transform, text), reference(' '.join(sentences)))


def test_long_captions_lose_whole_sentences_and_are_counted_once(caplog_mm):
    transform = TokenizeCaptions(context_length=12)
    text = 'one two three four. five six seven. eight nine ten eleven.'  # 5 + 4 + 5 tokens, two marks
    transform.attach([text, text, 'short.'])
    assert caplog_mm.count('2 of 3 captions (66.7%) are longer than 12 tokens') == 1
    np.testing.assert_array_equal(tokenise(transform, text), reference('one two three four. five six seven.', 12))
    alone = 'one two three four five six seven eight nine ten eleven twelve.'
    np.testing.assert_array_equal(tokenise(transform, alone), reference(alone, 12))
    unicode = 'öne two three four. five six seven. eight nine ten eleven.'
    np.testing.assert_array_equal(tokenise(transform, unicode), reference('öne two three four. five six seven.', 12))


@pytest.mark.parametrize(
    'text', ['one two three four. five six seven. eight nine ten eleven.', 'öne two. ' * 8, 'one.']
)
def test_texts_can_be_cut_inside_a_sentence(text: str) -> None:
    """As CLIP's own tokeniser cuts them."""
    transform = TokenizeCaptions(context_length=12, whole_sentences=False)
    np.testing.assert_array_equal(tokenise(transform, text), reference(text, 12))


def test_lengths_say_where_the_padding_begins():
    results = TokenizeCaptions(context_length=12)({'sentences': [[('one two.',), (), ('! !',)], [('a.',)] * 3]})
    assert results['lengths'].tolist() == [[5, 2, 4], [4, 4, 4]] and results['lengths'].dtype == np.int64
    for tokens, lengths in zip(results['tokens'], results['lengths']):
        for row, length in zip(tokens, lengths):
            assert row[length - 1] == row.max() == 49407 and not row[length:].any()


def test_no_torch_model_library_is_loaded_to_tokenise():
    code = (
        "import sys; from next_mm.datasets import TokenizeCaptions; t = TokenizeCaptions(); t.attach(['A red coat.']);"
        "assert 'open_clip' not in sys.modules"
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_no_sentence_is_tokenised_twice(monkeypatch):
    transform = TokenizeCaptions()
    asked = []
    monkeypatch.setattr(text_transforms, 'encode_text', lambda text: asked.append(text) or encode_text(text))
    texts = ['A red coat. A bag.', 'Citroën. A red coat.']
    transform.attach(texts)
    seen = len(asked)
    assert seen == len(set(asked)) > 0
    tokenise(transform, texts[0])
    assert len(asked) == seen
