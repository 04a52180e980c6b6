# One image for web, worker, beat and the one-shot commands; the command says which (see compose.yaml).
# It runs as nobody special on a read-only root: only /var/lib/stella and /tmp are written to.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /srv/stella
COPY requirements-uv.txt requirements.txt ./
RUN python -m pip install --require-hashes -r requirements-uv.txt \
 && python -m venv /opt/stella \
 && uv pip install --python /opt/stella/bin/python --require-hashes -r requirements.txt
COPY manage.py ./
COPY stellapolicy ./stellapolicy
COPY exceptions ./exceptions
COPY policies ./policies
COPY gates ./gates
COPY templates ./templates
# The settings want to be told of servers; collecting files talks to none of them.
RUN SECRET_KEY=only-while-the-image-is-built ALLOWED_HOSTS=localhost PUBLIC_URL=https://localhost \
    DATABASE_URL=postgresql:///none CACHE_URL=redis://localhost/0 BROKER_URL=redis://localhost/1 \
    STATIC_ROOT=/srv/stella/static \
    /opt/stella/bin/python manage.py collectstatic --no-input \
 && /opt/stella/bin/python -m compileall -q stellapolicy exceptions policies gates

FROM python:3.11-slim
RUN groupadd --system --gid 10001 stella \
 && useradd --system --uid 10001 --gid stella --home-dir /var/lib/stella --shell /usr/sbin/nologin stella \
 && install --directory --owner stella --group stella --mode 0750 /var/lib/stella
COPY --from=build /opt/stella /opt/stella
COPY --from=build /srv/stella /srv/stella
ENV PATH=/opt/stella/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STELLA_VAR=/var/lib/stella \
    STATIC_ROOT=/srv/stella/static
WORKDIR /srv/stella
USER 10001:10001
VOLUME ["/var/lib/stella", "/tmp"]
EXPOSE 8080
# Of the web process; compose.yaml and the Kubernetes examples give worker and beat probes of their own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-m", "stellapolicy.probe", "http://127.0.0.1:8080/healthz"]
CMD ["gunicorn", "stellapolicy.wsgi", "--bind", "0.0.0.0:8080", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--timeout", "120", "--graceful-timeout", "30", "--keep-alive", "75", "--max-requests", "20000", \
     "--max-requests-jitter", "2000", "--worker-tmp-dir", "/tmp"]
