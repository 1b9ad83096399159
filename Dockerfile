# The service on a CPU, as a user without rights; the model is mounted (docs/deploy.md):
#   docker build -t next-mm .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -v ./model:/model:ro -v ./gallery:/gallery \
#     -e NEXT_MM_TOKENS='desk:<token>' next-mm
FROM python:3.12-slim-bookworm AS wheel
WORKDIR /source
COPY setup.py README.md LICENSE ./
COPY configs ./configs
COPY next_mm ./next_mm
COPY projects ./projects
COPY tools ./tools
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim-bookworm
# OpenCV's libraries; the user, and the folder that it writes.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home service \
    && install -d -o service /gallery
# torch without CUDA, then the wheel.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir torch torchvision --index-url "$TORCH_INDEX" \
    && pip install --no-cache-dir "$(echo /wheels/*.whl)[export,openvino,serve]"
USER service
WORKDIR /tmp
ENV HOME=/tmp
EXPOSE 8080
HEALTHCHECK --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/v1/ready', timeout=5)"]
CMD ["next-mm", "serve", "/model", "--gallery", "/gallery/gallery", "--host", "0.0.0.0"]
