# The service on a CPU, as a user without rights: docker build -t next-mm . && docker run -p 8080:8080 \
#   -v ./model:/model:ro -v ./gallery:/gallery -e NEXT_MM_TOKENS='desk:<token>' next-mm
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY setup.py README.md ./
COPY next_mm ./next_mm
COPY configs ./configs
COPY projects ./projects
COPY tools ./tools
RUN pip install --no-cache-dir ".[serve,export,openvino]" \
    && useradd --create-home --uid 1000 service && mkdir /gallery && chown service /gallery
USER service
EXPOSE 8080
HEALTHCHECK CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/v1/ready', timeout=5)"
CMD ["next-mm", "serve", "/model", "--gallery", "/gallery/gallery", "--host", "0.0.0.0"]
