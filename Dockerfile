# Two stages: the first installs from the hashed lock, the second carries only what runs, as a user without rights.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/shiming
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv .venv
COPY requirements.lock .
RUN .venv/bin/pip install --quiet --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY app app
COPY migrations migrations
RUN .venv/bin/pip install --quiet --no-deps --no-build-isolation -e . && .venv/bin/python -m compileall -q app migrations

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/shiming shiming \
    && install -d -o shiming -g shiming -m 0700 /var/lib/shiming /var/lib/shiming-keys
COPY --from=build --chown=root:root /srv/shiming /srv/shiming
WORKDIR /srv/shiming
ENV PATH=/srv/shiming/.venv/bin:$PATH \
    SHIMING_ENV=production \
    SHIMING_DATA_DIR=/var/lib/shiming \
    SHIMING_KEYS_DIR=/var/lib/shiming-keys
USER shiming
VOLUME ["/var/lib/shiming", "/var/lib/shiming-keys"]
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
CMD ["sh", "-c", "shiming init && exec shiming serve --host 0.0.0.0"]
