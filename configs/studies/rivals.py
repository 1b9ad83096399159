# The methods of the package on one dataset, by the published mAP on RGBNT201; rows without a config for the dataset are
# left out. Titles and published figures, with the costs of Table VIII, are those of
# next_mm/methods/<method>/metafile.yml.
#   python tools/run_study.py rivals --dataset synthetic
from next_mm.apis.zoo import list_methods as _list_methods

title = 'Methods'
untrained = True  # from pretrained weights some rank well before they are trained
_in_the_root = ('baseline', 'next')  # the others have a folder
rows = {
    _method.name: dict(
        label=_method.title,
        config=f'../{"" if _method.name in _in_the_root else f"{_method.name}/"}{_method.name}_{{dataset}}.py',
        paper={
            dataset: {**figures, **(_method.cost if dataset == 'rgbnt201' else {})}
            for dataset, figures in _method.published.items()
        },
    )
    for _method in sorted(_list_methods(), key=lambda method: method.published.get('rgbnt201', {}).get('mAP', 0))
}
