# One image for every role. Built from a checkout; nothing is fetched at run time.
FROM python:3.11-slim-bookworm
WORKDIR /srv/yiju
COPY requirements.lock pyproject.toml README.md ./
# torch first and by exactly this pin: its CPU build
RUN pip install --no-cache-dir torch==2.13.0 && pip install --no-cache-dir -r requirements.lock
COPY bot bot
COPY crm_bridge crm_bridge
COPY eval eval
COPY intents intents
COPY knowledge knowledge
COPY prompts prompts
RUN pip install --no-cache-dir --no-deps --editable . && useradd --create-home --uid 10001 yiju && mkdir /data && chown yiju /data
USER yiju
ENV YIJU_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["yiju"]
CMD ["serve", "--host", "0.0.0.0"]
