# The product as one image: the command decides whether it is web, worker or beat.
FROM python:3.11-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/production.txt /tmp/
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --require-hashes -r /tmp/production.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MEDIA_ROOT=/data/media
RUN useradd --system --uid 10001 --home-dir /app --no-create-home cpd \
    && install -d -o cpd -g cpd /app /data /data/media
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --chown=cpd:cpd . .
USER cpd
# Static files need settings to be collected, not secrets: these exist in this step only.
RUN set -a && . docker/build.env && set +a && python manage.py collectstatic --noinput
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "docker/healthcheck.py"]
CMD ["gunicorn", "config.wsgi", "--config", "python:config.gunicorn"]
