# IDEA on CLIP ViT-B/16. A leaf chooses branches and prefixes, and how far and with how many learned words.
_base_ = ['clip_cameras_vit-b16.py']

_branch = _base_._branch
_together = dict(classes=_branch, captions=_branch, visual=_branch, textual=_branch)
_alone = dict(
    classes_rgb=_branch,
    classes_nir=_branch,
    classes_tir=_branch,
    captions_rgb=_branch,
    captions_nir=_branch,
    captions_tir=_branch,
    visual=_branch,
    textual=_branch,
)
# The wording is ours; the authors' own is in their repository, and what a checkpoint of theirs was trained with.
_person_prefixes = dict(
    rgb='A photo of a {learned} person in visible light, which shows colours and textures:',
    nir='A photo of a {learned} person in near infrared, which shows shapes where light is poor:',
    tir='A photo of a {learned} person in thermal infrared, which shows the heat of the body:',
)
_vehicle_prefixes = dict(
    rgb='A photo of a {learned} vehicle in visible light:',
    nir='A photo of a {learned} vehicle in near infrared:',
    tir='A photo of a {learned} vehicle in thermal infrared:',
)
_authors_captions = [
    dict(type='SampleSentences', num_subsets=1, keep_prob=1.0),
    dict(type='TokenizeCaptions', whole_sentences=False),
    dict(type='PackTriplet'),
]
model = dict(
    type='IDEAReID',
    backbone=dict(type='InvertedCLIPVisual'),
    text=_base_._text,
    num_words=2,
    prefixes=_person_prefixes,
    reach=5,
    branches=_together,
)
