# The hub as an image: `docker build -t orderhub .`, then any command of the hub, e.g. `worker`.
FROM python:3.11.13-slim-bookworm AS packages
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
COPY requirements/hub.txt /
RUN python -m venv /packages && /packages/bin/pip install --no-cache-dir --require-hashes --requirement /hub.txt
COPY requirements/build.txt /
RUN python -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes --requirement /build.txt
COPY hub /app/hub
RUN /build/bin/cythonize --inplace /app/hub/codec/binary.pyx && rm -r /app/hub/codec/binary.c /app/build

FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home hub && install --directory --owner hub /var/lib/hub
COPY --from=packages /packages /packages
COPY --from=packages /app/hub /app/hub
COPY connectors /app/connectors
COPY schemas /app/schemas
COPY rules /app/rules
ENV PATH=/packages/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HUB_DATA_DIR=/var/lib/hub
# A volume of each container's own: a worker's local stores, rebuilt from Kafka wherever they are missing.
VOLUME /var/lib/hub
WORKDIR /var/lib/hub
USER hub
ENTRYPOINT ["python", "-m", "hub"]
CMD ["worker"]
