"""A misspelt key anywhere in a config is an error that names it, its place and the closest known key."""

import inspect
from pathlib import Path

import pytest
from mmengine.dataset import worker_init_fn

from next_mm.apis import ConfigError, apply_amp, build_runner, check_config, load_config
from next_mm.apis.training import schedule_end_note
from next_mm.evaluation import ReIDMetric
from next_mm.models import CLIPText
from next_mm.models.text.embedding_cache import EmbeddingCache
from next_mm.registry import MODELS
from next_mm.retrieval import ReRanking
from tests.toys import toy_config


@MODELS.register_module()
class OpenModel:
    """Takes anything."""

    def __init__(self, **kwargs: object) -> None:
        self.kwargs = kwargs


def test_a_good_config_passes(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, _helper=1, find_unused_parameters=True)
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.1, priority='HIGH'))
    check_config(cfg)
    cfg.model = dict(type='OpenModel', anything=dict(goes=1))
    check_config(cfg)


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('train_dataloder', {}, r"the config: unknown key 'train_dataloder'; did you mean 'train_dataloader'\?"),
        ('env_cfg', dict(cudnn_bench=True), r"env_cfg: unknown key 'cudnn_bench'; did you mean 'cudnn_benchmark'\?"),
        ('env_cfg__mp_cfg', dict(start_method='fork'), "env_cfg.mp_cfg: unknown key 'start_method'"),
        (
            'default_hooks__chekpoint',
            dict(type='CheckpointHook'),
            r"default_hooks: unknown key 'chekpoint'; did you mean 'checkpoint'\?",
        ),
        (
            'default_hooks__checkpoint__inteval',
            1,
            r"default_hooks.checkpoint \(CheckpointHook\): unknown key 'inteval'",
        ),
        ('randomness__sed', 1, r"randomness: unknown key 'sed'; did you mean 'seed'\?"),
        ('train_cfg__max_epoch', 1, r"train_cfg: unknown key 'max_epoch'; did you mean 'max_epochs'\?"),
        ('val_cfg__interval', 1, "val_cfg: unknown key 'interval'"),
        ('auto_scale_lr', dict(enabled=True), r"auto_scale_lr: unknown key 'enabled'; did you mean 'enable'\?"),
        ('train_dataloader__batchsize', 4, r"train_dataloader: unknown key 'batchsize'; did you mean 'batch_size'\?"),
        (
            'train_dataloader__dataset__cuont',
            4,
            r"train_dataloader.dataset \(ToyPoints\): unknown key 'cuont'; did you mean 'count'\?",
        ),
        (
            'val_dataloader__sampler__type',
            'DefaultSampelr',
            r"val_dataloader.sampler: type 'DefaultSampelr' is not .* 'DefaultSampler'\?",
        ),
        ('model__droput', 0.1, r"model \(ToyReID\): unknown key 'droput'; did you mean 'dropout'\?"),
        ('model__type', 'ToyReId', r"model: type 'ToyReId' is not registered; did you mean 'ToyReID'\?"),
        ('test_evaluator__colect_device', 'cpu', r"test_evaluator \(ToyMetric\): unknown key 'colect_device'"),
        (
            'optim_wrapper__clip_gard',
            {},
            r"optim_wrapper \(OptimWrapper\): unknown key 'clip_gard'; did you mean 'clip_grad'\?",
        ),
        ('optim_wrapper__optimizer__weigth_decay', 0, r"optim_wrapper.optimizer \(Adam\): unknown key 'weigth_decay'"),
        ('optim_wrapper__paramwise_cfg__visual_rate', 0, "optim_wrapper.paramwise_cfg: unknown key 'visual_rate'"),
        (
            'optim_wrapper__constructor',
            'ReIDConstructor',
            "optim_wrapper.constructor: type 'ReIDConstructor' is not registered",
        ),
        (
            'visualizer__vis_backend',
            [],
            r"visualizer \(Visualizer\): unknown key 'vis_backend'; did you mean 'vis_backends'\?",
        ),
        ('prepare', dict(type='SyntheticDatta'), "prepare: type 'SyntheticDatta' is not registered"),
        (
            'custom_hooks',
            [dict(type='ReportHook', monitr='x')],
            r"custom_hooks\[0\] \(ReportHook\): unknown key 'monitr'",
        ),
        (
            'param_scheduler',
            [dict(type='LinearLR', start_facter=1)],
            r"param_scheduler\[0\] \(LinearLR\): unknown key 'start_facter'",
        ),
        # Classes without a constructor take nothing, functions what they name beside the batch.
        (
            'custom_hooks',
            [dict(type='EpochSeedHook', foo=1)],
            r"custom_hooks\[0\] \(EpochSeedHook\): unknown key 'foo'",
        ),
        (
            'default_hooks__sampler_seed',
            dict(type='DistSamplerSeedHook', foo=1),
            r"sampler_seed \(DistSamplerSeedHook\): unknown key 'foo'",
        ),
        (
            'train_dataloader__dataset__pipeline',
            [dict(type='PackTriplet', foo=1)],
            r"pipeline\[0\] \(PackTriplet\): unknown key 'foo'",
        ),
        (
            'train_dataloader__collate_fn',
            dict(type='collate_triplets', foo=1),
            r"collate_fn \(collate_triplets\): unknown key 'foo'",
        ),
        ('train_dataloader__collate_fn', dict(type='collate_triplets', batch=1), "collate_fn .*: unknown key 'batch'"),
        (
            'train_dataloader__collate_fn',
            dict(type='collate_triplet'),
            "collate_fn: type 'collate_triplet' is not .* 'collate_triplets'",
        ),
        (
            'val_dataloader__worker_init_fn',
            dict(type=worker_init_fn, sed=1),
            r"worker_init_fn \(worker_init_fn\): unknown key 'sed'",
        ),
        # Plain dictionaries of options.
        (
            'val_evaluator',
            dict(type='ReIDMetric', rerank=dict(k11=1)),
            r"val_evaluator.rerank: unknown key 'k11'; did you mean 'k1'\?",
        ),
        (
            'test_evaluator',
            [dict(type='ReIDMetric', rerank=dict(k11=1))],
            r"test_evaluator\[0\].rerank: unknown key 'k11'",
        ),
        (
            'optim_wrapper__clip_grad',
            dict(max_nrom=1.0),
            r"optim_wrapper.clip_grad: unknown key 'max_nrom'; did you mean 'max_norm'\?",
        ),
        # Texts where numbers are due.
        ('train_cfg__max_epochs', 'two', "train_cfg.max_epochs: expected a whole number, got 'two'"),
        (
            'val_dataloader__batch_size',
            'many',
            "val_dataloader.batch_size: expected a whole number or None, got 'many'",
        ),
        ('optim_wrapper__optimizer__lr', 'fast', "optim_wrapper.optimizer.lr='fast': expected a number from 0"),
    ],
)
def test_misspelt_keys(tmp_path: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_config(toy_config(tmp_path, **{key: value}))


def test_a_component_inside_a_component_is_checked(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path)
    cfg.model = dict(type='OpenModel', loss=dict(type='CrossEntropy', label_smothing=0.1))
    with pytest.raises(
        ConfigError, match=r"model.loss \(CrossEntropy\): unknown key 'label_smothing'.*'label_smoothing'"
    ):
        check_config(cfg)


def test_options_of_the_caption_cache_are_checked(tmp_path: Path) -> None:
    text = dict(type='CLIPText', model_name='x', pretrained=None, cache=dict(max_entries=5, path='x', flush_every=3))
    cfg = toy_config(tmp_path)
    cfg.model = dict(type='OpenModel', text=text)
    check_config(cfg)
    cfg.model.text.cache = dict(max_entrys=1)
    with pytest.raises(ConfigError, match=r"model.text.cache: unknown key 'max_entrys'; did you mean 'max_entries'\?"):
        check_config(cfg)
    cfg.model.text.cache = dict(tower='x')  # the encoder's own to give
    with pytest.raises(ConfigError, match=r"model.text.cache: unknown key 'tower'"):
        check_config(cfg)


def test_declared_options_are_those_of_the_signatures() -> None:
    for owner, option, receiver in ((ReIDMetric, 'rerank', ReRanking), (CLIPText, 'cache', EmbeddingCache)):
        assert set(owner.option_keys[option]) <= set(inspect.signature(receiver).parameters)
    assert set(ReIDMetric.option_keys['rerank']) == set(inspect.signature(ReRanking).parameters)


def _write(folder: Path, text: str) -> Path:
    path = folder / 'leaf.py'
    path.write_text(text)
    return path


def test_load_config_merges_options_and_names_the_work_dir(tmp_path: Path) -> None:
    path = _write(tmp_path, "model = dict(type='ToyReID')\n_base_rate = 3\n")
    cfg = load_config(path, {'model.dropout': 0.25})
    assert cfg.model.dropout == 0.25
    assert cfg.work_dir == 'work_dirs/leaf'
    assert cfg.default_scope == 'next_mm'
    assert load_config(path, work_dir=tmp_path).work_dir == str(tmp_path)
    with pytest.raises(ConfigError, match="model: type 'x'|unknown key"):
        load_config(path, {'model.dropuot': 0.25})


def test_what_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='nothing.py: no such config file'):
        load_config(tmp_path / 'nothing.py')
    with pytest.raises(ConfigError, match='no model; is it one of the base files'):
        load_config(_write(tmp_path, "log_level = 'INFO'\n"))


def test_projects_beside_the_configs_are_found(tmp_path: Path) -> None:
    (tmp_path / 'projects' / 'toy_project_x').mkdir(parents=True)
    (tmp_path / 'projects' / 'toy_project_x' / '__init__.py').write_text('')
    (tmp_path / 'configs').mkdir()
    load_config(_write(tmp_path / 'configs', "model = dict(type='ToyReID')\n"))
    import sys

    assert str(tmp_path) in sys.path
    sys.path.remove(str(tmp_path))


def test_amp(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path)
    apply_amp(cfg, 'bf16')
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.dtype) == ('AutocastOptimWrapper', 'bf16')
    check_config(cfg)
    cfg.optim_wrapper.type = 'ApexOptimWrapper'
    with pytest.raises(ConfigError, match='ApexOptimWrapper'):
        apply_amp(cfg, 'bf16')


@pytest.mark.parametrize(
    'text, message',
    [
        (
            "custom_imports = dict(imports=['no_such_module_here'])",
            r"config.py: what it imports cannot be imported \(No module named 'no_such_module_here'\)$",
        ),
        (
            "custom_imports = dict(imports=['next_mm.absent'], allow_failed_imports=False)",
            r"\(No module named 'next_mm.absent'\)$",
        ),
    ],
)
def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'config.py').write_text(text + '\n')
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / 'config.py')


@pytest.mark.parametrize(
    'text, message',
    [
        ('a = b', "reading this config ended with NameError: name 'b' is not defined"),
        ("a = dict(x=1)['y']", "reading this config ended with KeyError: 'y'"),
    ],
)
def test_a_config_that_fails_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'config.py').write_text(text + '\n')
    with pytest.raises(ConfigError, match=f'config.py: {message}'):
        load_config(tmp_path / 'config.py')


@pytest.mark.parametrize(
    'key, value, message',
    [
        ('val_dataloader', None, 'val_dataloader: None, but val_cfg and val_evaluator given: expected all of'),
        ('optim_wrapper', None, 'optim_wrapper: None, but train_dataloader and train_cfg given'),
        ('train_cfg__val_interval', 0, 'train_cfg.val_interval=0: expected a whole number from 1'),
        ('train_cfg__max_epochs', -2, 'train_cfg.max_epochs=-2: expected a whole number from 1'),
    ],
)
def test_a_loop_that_cannot_run_is_refused(tmp_path: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_config(toy_config(tmp_path, **{key: value}))


@pytest.mark.parametrize(
    'key, value, message',
    [
        ('train_dataloader__prefetch_factor', 0, 'train_dataloader.prefetch_factor=0: expected a whole number from 1'),
        ('train_dataloader__timeout', -1, 'train_dataloader.timeout=-1: expected a number from 0'),
        ('log_processor', dict(window_size=0), 'log_processor.window_size=0: expected a whole number from 1'),
        ('log_processor', dict(num_digits=-1), 'log_processor.num_digits=-1: expected a number from 0'),
        (
            'log_processor',
            dict(custom_cfg=[dict(data_src='loss', method_name='median')]),
            r"log_processor.custom_cfg\[0\].method_name='median': expected one of 'current', 'max', 'mean', 'min'",
        ),
        (
            'param_scheduler',
            [dict(type='CosineAnnealingLR', T_max=3, eta_min=0.02)],
            r'param_scheduler\[0\].eta_min=0.02: expected at most 0.01, the greatest rate of optim_wrapper',
        ),
        ('optim_wrapper__optimizer', 1.5, 'optim_wrapper.optimizer: expected a dictionary, got 1.5'),
        ('optim_wrapper__optimizer__lr', float('inf'), 'optim_wrapper.optimizer.lr=inf: expected a number from 0'),
        ('compile', dict(backend='fast'), "compile.backend='fast': expected one of .*'inductor'"),
    ],
)
def test_values_that_would_fail_or_harm_in_the_run_are_refused(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_config(toy_config(tmp_path, **{key: value}))


@pytest.mark.parametrize(
    'key, value',
    [
        ('log_processor', dict(custom_cfg=[dict(data_src='loss', method_name='max', window_size='epoch')])),
        ('param_scheduler', [dict(type='CosineAnnealingLR', T_max=3, eta_min=0.01)]),
        ('optim_wrapper__clip_grad', dict(max_norm=float('inf'))),  # logs the norm, clips nothing
        ('compile', dict(backend='eager')),
    ],
)
def test_values_of_sense_are_not_refused(tmp_path: Path, key: str, value: object) -> None:
    check_config(toy_config(tmp_path, **{key: value}))


def test_a_work_dir_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    cfg = toy_config(f'{tmp_path}/\udcd5\udcc5')
    with pytest.raises(ConfigError, match=r'work_dir=.*/\\xd5\\xc5: expected a name in UTF-8'):
        build_runner(cfg)


def test_a_schedule_that_cannot_be_shortened_by_its_end_alone(tmp_path: Path) -> None:
    """What the note advises must not be refused next."""
    cfg = toy_config(tmp_path, train_cfg__max_epochs=1)
    assert schedule_end_note(cfg) == (
        'The schedule of the learning rate ends with epoch 3, the training with epoch 1. '
        'If that is not meant, give param_scheduler anew: param_scheduler.1 begins with epoch 1.'
    )
    cfg.param_scheduler[1].end = 1
    with pytest.raises(ConfigError, match='end should be larger than begin'):
        build_runner(cfg).train()


def test_a_schedule_with_another_end_is_noted(tmp_path: Path) -> None:
    assert schedule_end_note(toy_config(tmp_path)) is None
    note = schedule_end_note(toy_config(tmp_path, train_cfg__max_epochs=2))
    assert note == (
        'The schedule of the learning rate ends with epoch 3, the training with epoch 2. '
        'If that is not meant, set param_scheduler.1.end=2 too.'
    )
    assert (
        schedule_end_note(
            toy_config(tmp_path, train_cfg__max_epochs=2, param_scheduler=[dict(type='MultiStepLR', milestones=[1])])
        )
        is None
    )
