"""A misspelt key anywhere in a config is an error that names it, its place and the closest known key."""
from pathlib import Path

import pytest

from next_mm.apis import ConfigError, apply_amp, check_config, load_config
from next_mm.registry import MODELS
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


@pytest.mark.parametrize(('key', 'value', 'message'), [
    ('train_dataloder', {}, r"the config: unknown key 'train_dataloder'; did you mean 'train_dataloader'\?"),
    ('env_cfg', dict(cudnn_bench=True), r"env_cfg: unknown key 'cudnn_bench'; did you mean 'cudnn_benchmark'\?"),
    ('env_cfg__mp_cfg', dict(start_method='fork'), "env_cfg.mp_cfg: unknown key 'start_method'"),
    ('default_hooks__chekpoint', dict(type='CheckpointHook'), r"default_hooks: unknown key 'chekpoint'; did you mean 'checkpoint'\?"),
    ('default_hooks__checkpoint__inteval', 1, r"default_hooks.checkpoint \(CheckpointHook\): unknown key 'inteval'"),
    ('randomness__sed', 1, r"randomness: unknown key 'sed'; did you mean 'seed'\?"),
    ('train_cfg__max_epoch', 1, r"train_cfg: unknown key 'max_epoch'; did you mean 'max_epochs'\?"),
    ('val_cfg__interval', 1, "val_cfg: unknown key 'interval'"),
    ('auto_scale_lr', dict(enabled=True), r"auto_scale_lr: unknown key 'enabled'; did you mean 'enable'\?"),
    ('train_dataloader__batchsize', 4, r"train_dataloader: unknown key 'batchsize'; did you mean 'batch_size'\?"),
    ('train_dataloader__dataset__cuont', 4, r"train_dataloader.dataset \(ToyPoints\): unknown key 'cuont'; did you mean 'count'\?"),
    ('val_dataloader__sampler__type', 'DefaultSampelr', r"val_dataloader.sampler: type 'DefaultSampelr' is not .* 'DefaultSampler'\?"),
    ('model__droput', 0.1, r"model \(ToyReID\): unknown key 'droput'; did you mean 'dropout'\?"),
    ('model__type', 'ToyReId', r"model: type 'ToyReId' is not registered; did you mean 'ToyReID'\?"),
    ('test_evaluator__colect_device', 'cpu', r"test_evaluator \(ToyMetric\): unknown key 'colect_device'"),
    ('optim_wrapper__clip_gard', {}, r"optim_wrapper \(OptimWrapper\): unknown key 'clip_gard'; did you mean 'clip_grad'\?"),
    ('optim_wrapper__optimizer__weigth_decay', 0, r"optim_wrapper.optimizer \(Adam\): unknown key 'weigth_decay'"),
    ('optim_wrapper__paramwise_cfg__visual_rate', 0, "optim_wrapper.paramwise_cfg: unknown key 'visual_rate'"),
    ('optim_wrapper__constructor', 'ReIDConstructor', "optim_wrapper.constructor: type 'ReIDConstructor' is not registered"),
    ('visualizer__vis_backend', [], r"visualizer \(Visualizer\): unknown key 'vis_backend'; did you mean 'vis_backends'\?"),
    ('prepare', dict(type='DemoDatta'), "prepare: type 'DemoDatta' is not registered"),
    ('custom_hooks', [dict(type='ReportHook', monitr='x')], r"custom_hooks\[0\] \(ReportHook\): unknown key 'monitr'"),
    ('param_scheduler', [dict(type='LinearLR', start_facter=1)], r"param_scheduler\[0\] \(LinearLR\): unknown key 'start_facter'"),
])
def test_misspelt_keys(tmp_path: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_config(toy_config(tmp_path, **{key: value}))


def test_a_component_inside_a_component_is_checked(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path)
    cfg.model = dict(type='OpenModel', head=dict(type='ClassTokenHead', num_classes=3, label_smothing=0.1))
    with pytest.raises(ConfigError, match=r"model.head \(ClassTokenHead\): unknown key 'label_smothing'.*'label_smoothing'"):
        check_config(cfg)


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
