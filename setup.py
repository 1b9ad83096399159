"""Package of NEXT-MM."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '([^']+)'", (HERE / 'next_mm' / '__init__.py').read_text(encoding='utf-8')).group(1)

# .github/oldest.txt holds the same floors.
REQUIRES = [
    'torch>=2.6',  # the first whose weights-only loader takes names for what it allows; see next_mm/compat.py
    'torchvision',
    'numpy>=2.0',
    'mmengine>=0.10.7',
    # mmcv itself no longer builds (its setup needs pkg_resources); the lite edition is the same module
    # without compiled operators.
    'mmcv-lite>=2.0.0,<2.4.0',
    'mmpretrain>=1.2.0',
    'open_clip_torch>=3.1',
    'ftfy>=6.0.1',
    'regex',
    'timm>=1.0.17',
    'opencv-python>=4.11',  # the first with IMREAD_COLOR_RGB
    'pillow>=10.1',
    'simplejpeg>=1.8',  # the decoder that says when a JPEG has lost data; OpenCV and Pillow fill the gap with grey
    'matplotlib>=3.8.4',
    'scikit-learn>=1.4.2',
    'tensorboard>=2.16.2',  # 2.16.0 asks for a nightly of tf-keras
    'rich>=13',
    'jinja2>=3.1',
    'pydantic>=2.6',
    'safetensors>=0.4.3',
    'pyyaml>=6',
]
EXPORT = ['onnx>=1.17', 'onnxruntime>=1.20', 'onnxscript>=0.3']
SERVE = ['fastapi>=0.115', 'prometheus-client>=0.20', 'python-multipart>=0.0.12', 'uvicorn>=0.30']
SEARCH = ['pymilvus>=2.6']
WEB = ['gradio>=6.0']
OPENVINO = ['onnx>=1.17', 'openvino>=2025.0']
CAPTIONS = ['aiohttp>=3.10', 'filelock>=3.12']
TEST = [
    *CAPTIONS,
    'codespell>=2.2',
    'hypothesis>=6.100',
    'mypy>=1.11',
    'psutil>=5.9',
    'pytest>=8',
    'pytest-xdist>=3.5',
    'pytorch-metric-learning>=2.6',
    'ruff>=0.9',
]
DOCS = ['furo>=2024.8.6', 'myst-parser>=4.0', 'sphinx>=8.1', 'sphinx-copybutton>=0.5.2']
ALL = [*CAPTIONS, *EXPORT, *OPENVINO, *SEARCH, *SERVE, *WEB]
# What the tests with the mark 'extra' need; the browser is Debian's chromium.
TEST_ALL = [*TEST, *ALL, *DOCS, 'httpx>=0.27', 'milvus-lite>=3.0', 'playwright>=1.48']

INSIDE = {'next_mm.configs': 'configs', 'next_mm.projects': 'projects', 'next_mm.tools': 'tools'}

setup(
    name='next-mm',
    version=VERSION,
    description='Multi-modal object re-identification with text-modulated mixtures of experts (NEXT), on MMEngine',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The NEXT-MM authors',
    license='MIT',
    python_requires='>=3.10',
    # Tools, configs and the synthetic data lie beside the package in a clone, and inside it in a wheel.
    packages=[*find_packages(include=['next_mm', 'next_mm.*']), *INSIDE],
    package_dir=INSIDE,
    entry_points={'console_scripts': ['next-mm = next_mm.command:main']},
    package_data={
        'next_mm': ['py.typed'],
        'next_mm.configs': ['**/*.py', '**/*.md'],
        'next_mm.projects': ['**/*.py', '**/*.css', '**/*.json', '**/*.md'],
        'next_mm.tools': ['*.py', 'analysis/*.py'],
        'next_mm.gallery': ['*.sql'],
        'next_mm.methods': ['*/metafile.yml'],
        'next_mm.visualization': ['*.j2'],
        'next_mm.captioning': ['schemas/*.yaml'],
    },
    install_requires=REQUIRES,
    extras_require={
        'all': ALL,
        'captions': CAPTIONS,
        'docs': DOCS,
        'export': EXPORT,
        'openvino': OPENVINO,
        'search': SEARCH,
        'serve': SERVE,
        'test': TEST,
        'test-all': TEST_ALL,
        'web': WEB,
    },
)
