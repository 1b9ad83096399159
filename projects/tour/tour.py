# %% [markdown]
"""From pictures to a search, once from top to bottom: ``python projects/tour/tour.py``."""
# Run it in the root of the repository, with pip install -e ".[export,serve]" done.

# %%
from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path.cwd()))  # the root of the repository: the synthetic data are a project of it

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('--folder', type=Path, default=Path('work_dirs/tour'), help='of all results')
parser.add_argument('--toy', action='store_true', help='few people and one epoch: it runs, and finds nobody')
parser.add_argument('--port', type=int, default=8080, help='of the service')
options, _ = parser.parse_known_args()  # a notebook has arguments of its own
folder: Path = options.folder
data = folder / 'toy_data' if options.toy else Path('data/synthetic')

# %% [markdown]
# ## 1. Train
# The config renders synthetic people, each seen by four cameras in visible light (RGB), near infrared (NIR) and thermal
# infrared (TIR), and trains a small CLIP. Then NEXT learns to tell 80 of them apart, and is tested on 40 others.

# %%
from next_mm import apis

run = folder / 'run'
changes = {
    'prepare.root': str(data),
    'model.backbone.pretrained': f'{data}/clip.pt',
    'model.text.pretrained': f'{data}/clip.pt',
    **{f'{loop}_dataloader.dataset.data_root': f'{data}/RGBNT201' for loop in ('train', 'val', 'test')},
}
if options.toy:
    small = dict(train_identities=8, test_identities=13, clip_identities=16, clip_steps=2, clip_grounding_steps=2)
    changes |= {f'prepare.{name}': value for name, value in small.items()}
    changes |= {'model.num_classes': 8, 'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1}
if not (run / 'last_checkpoint').exists():
    apis.train(apis.load_config('configs/next_synthetic.py', changes, work_dir=run))

# %% [markdown]
# ## 2. Pack
# A pack is one folder with config, weights and a card. It works from any directory, without the training data.

# %%
from next_mm.apis.inference import load_bundle, write_pack

if not (folder / 'model').exists():
    write_pack(load_bundle(run), folder / 'model')
reid = apis.ReIDInferencer(folder / 'model')
print(f'The model takes {reid.card["image_size"]} pixels and gives {reid.space.dim} numbers a triplet.')

# %% [markdown]
# ## 3. Features
# A triplet is a dictionary: pictures as paths, bytes or arrays, captions where there are any. The names of these files
# say who is seen and by which camera: `000500_cam1_0_00.jpg`.

# %%
from projects.synthetic.inputs import list_inputs, name_camera, name_identity

triplets = list_inputs(data)
print(triplets[0])
features = reid(triplets, show_progress=True)
print(f'{len(features)} features, {features.features.shape[1]} wide, of {reid.space.modalities}')

# %% [markdown]
# ## 4. A gallery
# A folder on disk that grows. Once `add` returns, the entries are there, whatever happens to the machine.

# %%
from next_mm.gallery import Gallery

gallery = Gallery.open(folder / 'gallery', reid.space)
gallery.add(
    features,
    identity=[name_identity(name) for name in features.ids],
    camera=[name_camera(name) for name in features.ids],
    on_conflict='replace',
)
print(gallery.stats())

# %% [markdown]
# ## 5. Search
# Who is this, seen by another camera? A query may lack sensors or captions: they are left out on both sides, and each
# hit says what was compared.

# %%
query = triplets[0]
thermal = {'id': query['id'], 'tir': query['tir']}
for title, asked in (('all that there is', query), ('thermal infrared alone', thermal)):
    print(f'{query["id"]}, {title}:')
    for hit in gallery.search(reid([asked]), top=5, not_camera='cam1')[0]:
        print(f'  {hit.rank}. {hit.id}  {hit.score:.3f}  by {hit.compared.name()}')

# %% [markdown]
# ## 6. Decide
# Raw scores lie close together. Centred by the mean of the gallery they spread out, and strangers are near 0. Then
# pairs of known people say which score means "the same person"; here one pair of strangers in 20 may pass.

# %%
from next_mm.gallery.calibration import calibrate_gallery

gallery.fit_transform(again=True)
found, refused = calibrate_gallery(gallery, false_match_rate=0.05)
gallery.set_thresholds({name: value.thresholds() for name, value in found.items()})
for name, value in found.items():
    print(f'{name}: same from {value.same.value:.3f}; misses {value.false_non_match_rate.value:.0%} of genuine pairs')
for hit in gallery.search(gallery.features([query['id']]), top=5, not_camera='cam1')[0]:
    print(f'  {hit.rank}. {hit.id}  {hit.score:.3f}  {hit.verdict}')
gallery.close()

# %% [markdown]
# ## 7. Export
# One ONNX file for other runtimes. It is compared with the model first; one that differs is not written.

# %%
from next_mm.apis.inference.export import export_onnx

exported = folder / 'model.onnx'
difference = export_onnx(load_bundle(folder / 'model'), exported)['difference']
print(f'{exported}: {exported.stat().st_size / 1e6:.1f} MB, largest difference to the model {difference:.1e}')

# %% [markdown]
# ## 8. Serve
# Search over HTTP. The service runs the exported file; pictures travel as a form. The first hit is the triplet itself.

# %%
import json
import subprocess
import time
import urllib.request


def ask(path: str, **files: Path) -> dict:
    """Send files to the service, as a browser's form does; without files, ask only."""
    boundary = 'a-line-that-no-picture-holds'
    body = b''
    for name, file in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n\r\n'
        body += head.encode() + file.read_bytes() + b'\r\n'
    body += f'--{boundary}--\r\n'.encode()
    header = {'Content-Type': f'multipart/form-data; boundary={boundary}'}
    request = urllib.request.Request(f'{ADDRESS}{path}', body if files else None, header if files else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


ADDRESS = f'http://127.0.0.1:{options.port}'
command = ['tools/serve.py', str(exported), '--gallery', str(folder / 'gallery'), '--port', str(options.port)]
service = subprocess.Popen([sys.executable, *command])
try:
    for _ in range(120):  # it loads the model first
        time.sleep(0.5)
        try:
            ask('/v1/ready')
            break
        except OSError:
            continue
    answer = ask('/v1/search', **{sensor: query[sensor] for sensor in ('rgb', 'nir', 'tir')})
    for hit in answer['hits'][:5]:
        print(f'  {hit["rank"]}. {hit["entry"]["id"]}  {hit["score"]:.3f}  {hit["verdict"]}')
finally:
    service.terminate()
    service.wait()

# %% [markdown]
# Next: the page, `python tools/search_page.py work_dirs/tour/model work_dirs/tour/gallery`, and for own data
# docs/use.md.
