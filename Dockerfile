# syntax=docker/dockerfile:1
# The server, the worker and the migrations: one image, one program.

FROM python:3.13-slim AS build
RUN --mount=type=cache,target=/root/.cache/pip pip install "uv>=0.9"
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/candlewick
WORKDIR /build
# First what changes seldom: the locked packages.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-install-project
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-dev --no-editable

FROM python:3.13-slim
RUN groupadd --system --gid 10001 candlewick \
    && useradd --system --uid 10001 --gid candlewick --home-dir /var/lib/candlewick --shell /usr/sbin/nologin candlewick \
    && install --directory --owner candlewick --group candlewick --mode 0750 /var/lib/candlewick
COPY --from=build /opt/candlewick /opt/candlewick
# Numba keeps its compiled functions; the packages' own folders are not ours to write.
ENV PATH=/opt/candlewick/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CANDLEWICK_DATA_DIR=/var/lib/candlewick \
    CANDLEWICK_HTTP__HOST=0.0.0.0 \
    CANDLEWICK_HTTP__PORT=8000 \
    NUMBA_CACHE_DIR=/tmp/numba
USER candlewick
WORKDIR /var/lib/candlewick
VOLUME /var/lib/candlewick
EXPOSE 8000
STOPSIGNAL SIGTERM
# The server's; other commands say their own, or none (see docker-compose.yml).
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['CANDLEWICK_HTTP__PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["candlewick"]
CMD ["serve"]
